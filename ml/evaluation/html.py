"""How do our pages look? One style for cards and experiments: light, dark, printed, nothing loaded."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

_STYLE = """
:root { --ink: #1c2430; --soft: #5d6b7c; --line: #d9e0e8; --paper: #ffffff; --wash: #f4f7fa;
  --a: #1769aa; --b: #c8501e; --good: #1c7a45; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8edf3; --soft: #9fb0c2; --line: #33404f;
  --paper: #141a21; --wash: #1c242d; --a: #5cb0f0; --b: #f28f5f; --good: #63c98c; --bad: #f2857c; } }
@media print { :root { --ink: #000; --soft: #444; --line: #bbb; --paper: #fff; --wash: #f4f4f4;
  --a: #1769aa; --b: #c8501e; --good: #1c7a45; --bad: #b3261e; } body { padding: 0; }
  section, figure, .tile, tr { break-inside: avoid; } h2 { break-after: avoid; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1080px; padding: 40px 24px 64px; background: var(--paper);
  color: var(--ink); font: 16px/1.5 system-ui, sans-serif; -webkit-print-color-adjust: exact;
  print-color-adjust: exact; }
h1 { font-size: 28px; margin: 0 0 4px; letter-spacing: -.01em; }
h2 { font-size: 20px; margin: 0 0 4px; } h3 { font-size: 16px; margin: 0 0 2px; }
p, li { color: var(--soft); max-width: 75ch; } p { margin: 0 0 12px; } ul { margin: 0; padding-left: 20px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(170px, 1fr)); gap: 12px;
  margin: 20px 0 0; }
.tile { background: var(--wash); border-radius: 10px; padding: 14px 16px; }
.tile b { display: block; font-size: 28px; font-weight: 600; font-variant-numeric: tabular-nums; }
.tile i { font-style: normal; font-size: 14px; font-variant-numeric: tabular-nums; }
.tile span { display: block; color: var(--soft); font-size: 14px; }
.two { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr));
  gap: 28px 36px; }
figure { margin: 0; display: flex; flex-direction: column; } figure p { flex: 1; }
figure.wide { margin-top: 12px; }
svg { width: 100%; height: auto; display: block; }
svg text { fill: var(--soft); font: 12px system-ui, sans-serif; } svg text.value { fill: var(--ink); }
.axis { stroke: var(--line); stroke-width: 1; } .a { stroke: var(--a); } .b { stroke: var(--b); }
.fill-a { fill: var(--a); } .fill-b { fill: var(--b); } .stroke { fill: none; stroke-width: 2; }
.band-a { fill: var(--a); opacity: .16; } .band-b { fill: var(--b); opacity: .16; }
.guide { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 4 4; fill: none; }
.mark { stroke: var(--ink); stroke-width: 1; fill: none; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 15px; }
th, td { text-align: right; padding: 5px 10px; border-bottom: 1px solid var(--line); vertical-align: top;
  white-space: nowrap; }
th { color: var(--soft); font-weight: 500; } th:first-child, td:first-child { text-align: left; }
td.left, th.left { text-align: left; } td.left { white-space: normal; overflow-wrap: anywhere; }
th:empty { padding: 0; } td.left:first-child { white-space: nowrap; }
section { margin-top: 40px; } .scroll { overflow-x: auto; }
.badge { display: inline-block; border-radius: 999px; padding: 2px 12px; font-weight: 600; font-size: 15px;
  border: 1.5px solid currentColor; margin: 8px 0 12px; }
.good { color: var(--good); } .bad { color: var(--bad); } .open { color: var(--soft); }
"""


def document(title: str, body: str) -> str:
    """A whole page."""
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(title)}</title><style>{_STYLE}</style></head><body>
{body}
</body></html>
"""


def section(title: str, about: str, content: str) -> str:
    """A titled part; nothing where it has no content."""
    told = f"<p>{escape(about)}</p>" if about else ""
    return f"<section><h2>{escape(title)}</h2>{told}{content}</section>" if content else ""


def figure(title: str, about: str, drawing: str, *, wide: bool = False) -> str:
    """A titled plot."""
    kind = ' class="wide"' if wide else ""
    return f"<figure{kind}><h3>{escape(title)}</h3><p>{escape(about)}</p>{drawing}</figure>"


def tile(value: str, between: str, label: str) -> str:
    """A figure with its interval and what it is."""
    return (
        f'<div class="tile"><b>{escape(value)}</b><i>{escape(between)}</i><span>{escape(label)}</span></div>'
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, left: Sequence[int] = ()) -> str:
    """Text in columns; those in `left` are words. A cell that begins with `good:`, `bad:` or `open:` is
    coloured so.
    """
    if not rows:
        return ""

    def cell(text: str, place: int, kind: str) -> str:
        classes = ["left"] if place in left else []
        colour, mark, rest = text.partition(":")
        if mark and colour in ("good", "bad", "open"):
            classes, text = [*classes, colour], rest
        marked = f' class="{" ".join(classes)}"' if classes else ""
        return f"<{kind}{marked}>{escape(text)}</{kind}>"

    top = "".join(cell(text, place, "th") for place, text in enumerate(head))
    body = "".join(
        "<tr>" + "".join(cell(text, place, "td") for place, text in enumerate(row)) + "</tr>" for row in rows
    )
    return f'<div class="scroll"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'


def listed(items: Sequence[str]) -> str:
    """A list; nothing where it is empty."""
    return f"<ul>{''.join(f'<li>{escape(item)}</li>' for item in items)}</ul>" if items else ""
