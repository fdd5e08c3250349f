"""What did a preparation do? A document for programs, lines and a page for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from html import escape

from ml.integration.stages import Counted, SourceRead
from ml.quality.contract import PRESENT

_DONE = {"missing": "taken as missing", "mend": "mended", "drop": "left out", "unmatched": "without a match"}

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: 0 0 1.5rem; }
th, td { text-align: left; padding: .25rem 1rem .25rem 0; border-bottom: 1px solid #ccc; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
"""


@dataclass(frozen=True, kw_only=True)
class Report:
    """What the preparation did: rows of each source and set, what was cleaned, what did not match."""

    sources: dict[str, int]
    read: dict[str, SourceRead]
    quality: dict[str, object]
    privacy: dict[str, object]
    cleaned: dict[str, Counted]
    unmatched: dict[str, Counted]
    left_out: dict[str, int]
    periods: dict[str, tuple[int, ...]]
    sets: dict[str, int]
    positive_share: dict[str, float]
    engine: str
    seconds: float


def said_of_sources(read: Mapping[str, SourceRead]) -> Iterator[str]:
    """What was read, a line a source."""
    for name, one in read.items():
        fresh = sum(part.fresh for part in one.parts)
        parts = f" in {len(one.parts)} parts" if len(one.parts) > 1 else ""
        known = f", {len(one.parts) - fresh} of them known from before" if fresh < len(one.parts) else ""
        late = f", {one.late:,} rows late" if one.late else ""
        replaced = f", {one.replaced:,} rows replaced by later ones" if one.replaced else ""
        old = sorted({part.version for part in one.parts if part.version != PRESENT})
        version = f", version {', '.join(old)}" if old else ""
        yield f"read {one.rows:,} of {name}{parts}{version}{known}{late}{replaced}"


def said_of_counts(counts: Mapping[str, Counted]) -> Iterator[str]:
    """What a rule or a reference found, a line each; nothing of what found nothing."""
    for name, one in counts.items():
        if one.rows:
            yield f"{name}: {one.rows:,} of {one.source} ({one.share:.2%}) {_DONE[one.action]}"


def page(report: Report, question: str) -> str:
    """The report as an HTML page that needs nothing else."""
    sources = _table(
        ("Source", "Rows", "Parts", "Read now", "Versions", "Late", "Replaced"),
        (
            (
                name,
                f"{one.rows:,}",
                str(len(one.parts)),
                str(sum(part.fresh for part in one.parts)),
                ", ".join(dict.fromkeys(part.version for part in one.parts)),
                f"{one.late:,}",
                f"{one.replaced:,}",
            )
            for name, one in report.read.items()
        ),
    )
    found = _table(
        ("Rule or reference", "Source", "What became of it", "Rows", "Share", "At most"),
        (
            (name, one.source, _DONE[one.action], f"{one.rows:,}", f"{one.share:.3%}", f"{one.at_most:.2%}")
            for name, one in [*report.cleaned.items(), *report.unmatched.items()]
        ),
    )
    left = _table(("Left out", "Rows"), ((name, f"{rows:,}") for name, rows in report.left_out.items()))
    sets = _table(
        ("Set", "Periods", "Rows", "Positive"),
        (
            (
                name,
                f"{min(report.periods[name])} to {max(report.periods[name])}",
                f"{rows:,}",
                f"{report.positive_share[name]:.2%}",
            )
            for name, rows in report.sets.items()
        ),
    )
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Preparation</title>'
        f"<style>{_STYLE}</style><h1>Preparation: {escape(question)}</h1>"
        f"<p>By {escape(report.engine)}, in {report.seconds:.1f} seconds.</p>"
        f"<h2>Sources</h2>{sources}<h2>Cleaned and unmatched</h2>{found}<h2>No questions</h2>{left}"
        f"<h2>Sets</h2>{sets}</html>\n"
    )


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [_row("th", header), *(_row("td", row) for row in rows)]
    return f"<table>{''.join(lines)}</table>"


def _row(tag: str, cells: tuple[str, ...]) -> str:
    def cell(text: str) -> str:
        number = ' class="n"' if text[:1].isdigit() else ""
        return f"<{tag}{number}>{escape(text)}</{tag}>"

    return f"<tr>{''.join(map(cell, cells))}</tr>"
