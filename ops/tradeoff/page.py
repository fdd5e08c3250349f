"""The options as a picture: price across, quality upwards, the recommended one ringed."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Final

from ops.tradeoff.frontier import Needs, Option, Variant

_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 860, 430, 70, 20, 50
_COLOURS: Final = ("#1f77b4", "#2ca02c", "#d62728", "#9467bd", "#8c564b")


def page(
    stack: str,
    model: str,
    variants: Sequence[Variant],
    found: Sequence[Option],
    best: Sequence[Option],
    chosen: Option | None,
    needs: Needs,
) -> str:
    """A page that stands alone, in light and dark."""
    rows = "".join(
        f"<tr><td>{html.escape(one.name)}</td><td>{one.pr_auc:.4f}</td><td>{one.brier:.4f}</td>"
        f"<td>{one.bytes / 1000:,.0f} kB</td><td>{one.one_row_ms * 1000:.0f} µs</td>"
        f"<td>{html.escape(one.why_not or 'accepted')}</td><td>{html.escape(one.what)}</td></tr>"
        for one in variants
    )
    lines = "".join(
        f"<tr{' class=chosen' if one is chosen else ''}><td>{html.escape(one.variant.name)}</td>"
        f"<td>{one.machines} × {html.escape(one.instance)}</td><td>{one.variant.pr_auc:.4f}</td>"
        f"<td>{one.p99_ms:.2f} ms</td><td>{one.capacity:,.0f}</td><td>{one.monthly_usd:,.2f}</td>"
        f"<td>{one.usd_per_million:.4f}</td></tr>"
        for one in best
    )
    title = f"{html.escape(model)}: quality, latency, price"
    return (
        "<!doctype html><html lang=en><meta charset=utf-8>"
        '<meta name=viewport content="width=device-width">'
        f"<title>{title}</title><style>{_STYLE}</style><h1>{title}</h1>"
        f"<p>For {needs.rate:g} requests a second at the peak, answers within {needs.p99_ms:g} ms, "
        f"{needs.machines} machines at least. Stack {html.escape(stack)}. A core is taken to be as quick as "
        "one of the machine that this was measured on.</p>"
        f"{_chart(found, best, chosen)}<h2>The frontier</h2><table><tr><th>variant<th>machines<th>PR-AUC"
        f"<th>p99 of one row<th>requests a second<th>USD a month<th>USD a million</tr>{lines}</table>"
        "<h2>The variants</h2><table><tr><th>variant<th>PR-AUC<th>Brier<th>size<th>one row<th>judged<th>what"
        "</tr>"
        f"{rows}</table></html>\n"
    )


_STYLE: Final = (
    ":root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;"
    "padding:0 1rem}table{border-collapse:collapse}td,th{padding:.2rem .8rem .2rem 0;text-align:left;"
    "border-bottom:1px solid #8884;font-variant-numeric:tabular-nums}.chosen{font-weight:700}"
    "svg{width:100%;height:auto}text{fill:currentColor;font:12px system-ui,sans-serif}"
)


def _chart(found: Sequence[Option], best: Sequence[Option], chosen: Option | None) -> str:
    shown = [one for one in found if one.monthly_usd <= 6 * min(other.monthly_usd for other in found)]
    most = max(one.monthly_usd for one in shown) * 1.05
    quality = [one.variant.pr_auc for one in shown]
    low, high = min(quality) - 0.002, max(quality) + 0.002
    names = list(dict.fromkeys(one.variant.name for one in shown))

    def across(usd: float) -> float:
        return _LEFT + usd / most * (_WIDTH - _LEFT - 20)

    def upwards(value: float) -> float:
        return _HEIGHT - _BOTTOM - (value - low) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)

    parts = [
        f'<line x1="{_LEFT}" y1="{_HEIGHT - _BOTTOM}" x2="{_WIDTH}" y2="{_HEIGHT - _BOTTOM}" stroke="#888"/>',
        f'<line x1="{_LEFT}" y1="{_TOP}" x2="{_LEFT}" y2="{_HEIGHT - _BOTTOM}" stroke="#888"/>',
        f'<text x="{_WIDTH - 110}" y="{_HEIGHT - 10}">USD a month</text><text x="4" y="14">PR-AUC</text>',
    ]
    for number in range(6):
        usd, value = most * number / 5, low + (high - low) * number / 5
        parts.append(f'<text x="{across(usd) - 12:.0f}" y="{_HEIGHT - _BOTTOM + 18}">{usd:,.0f}</text>')
        parts.append(f'<text x="20" y="{upwards(value) + 4:.0f}">{value:.3f}</text>')
    joined = " ".join(
        f"{across(one.monthly_usd):.1f},{upwards(one.variant.pr_auc):.1f}" for one in best if one in shown
    )
    parts.append(f'<polyline points="{joined}" fill="none" stroke="#888" stroke-dasharray="4 3"/>')
    for one in shown:
        colour = _COLOURS[names.index(one.variant.name) % len(_COLOURS)]
        x, y = across(one.monthly_usd), upwards(one.variant.pr_auc)
        told = f"{one.variant.name} on {one.machines} × {one.instance}: {one.monthly_usd:,.0f} USD a month"
        parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{colour}">'
            f"<title>{html.escape(told)}</title></circle>"
        )
        if one is chosen:
            parts.append(
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="11" fill="none" stroke="{colour}" stroke-width="2"/>'
                f'<text x="{x + 16:.1f}" y="{y + 4:.1f}">{html.escape(told)}</text>'
            )
    for place, name in enumerate(names):
        x = _LEFT + 30 + 120 * place
        parts.append(
            f'<circle cx="{x}" cy="{_TOP}" r="5" fill="{_COLOURS[place % len(_COLOURS)]}"/>'
            f'<text x="{x + 10}" y="{_TOP + 4}">{html.escape(name)}</text>'
        )
    return f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">{"".join(parts)}</svg>'
