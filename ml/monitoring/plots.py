"""Plots of monitoring as SVG text: a heat map of features and days, lines over days, paired bars."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_WIDTH = 1032.0
_LEFT, _RIGHT = 206.0, 14.0
_CELL = 17.0
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True)
class Cell:
    """How far a feature was on a day, relative to its bound; NaN where the day said nothing."""

    relative: float
    told: str
    marked: bool = False
    """Whether it had lasted."""


@dataclass(frozen=True)
class Band:
    """A line over days with what surrounds it; NaN breaks it. `colour` is `a` or `b`."""

    y: Sequence[float]
    colour: str = "a"
    dots: bool = False


def heat_map(rows: Sequence[tuple[str, Sequence[Cell]]], dates: Sequence[str]) -> str:
    """A row a feature, a column a day: the deeper the blue the nearer to the bound, orange above it."""
    height = _CELL * len(rows) + 30
    step = (_WIDTH - _LEFT - _RIGHT) / max(len(dates), 1)
    drawn = []
    for number, (name, cells) in enumerate(rows):
        top = _CELL * number
        drawn.append(_label(name, _LEFT - 8, top + 13, "end", "value"))
        for place, cell in enumerate(cells):
            if math.isnan(cell.relative):
                continue
            over = cell.relative > 1
            depth = min(1.0, 0.35 + 0.22 * cell.relative) if over else 0.06 + 0.44 * cell.relative**2
            classes = ("fill-b" if over else "fill-a") + (" lasting" if cell.marked else "")
            drawn.append(
                f'<rect class="{classes}" fill-opacity="{depth:.2f}" x="{_LEFT + step * place:.2f}" '
                f'y="{top + 1:.1f}" width="{max(step - 0.4, 0.5):.2f}" height="{_CELL - 2:.1f}">'
                f"<title>{escape(cell.told)}</title></rect>"
            )
    drawn += _dates(dates, step, _CELL * len(rows) + 18, _CELL * len(rows))
    return _svg("".join(drawn), height, "heat map of drift by feature and day")


def series(
    bands: Sequence[Band],
    dates: Sequence[str],
    *,
    y: str,
    limit: float | None = None,
    shaded: Sequence[bool] = (),
    percent: bool = False,
    interval: tuple[Sequence[float], Sequence[float]] | None = None,
    zero: bool = True,
) -> str:
    """Lines over days, a dashed limit, and the days shaded that had a verdict against them."""
    height, top, foot = 240.0, 10.0, 34.0
    values = [value for band in bands for value in band.y if not math.isnan(value)]
    values += [limit] if limit is not None else []
    values += [value for side in interval or () for value in side if not math.isnan(value)]
    low, high = min(values, default=0.0), max(values, default=1.0)
    low = min(low, 0.0) if zero else low
    low, high = _rounded(low, high)
    step = (_WIDTH - _LEFT - _RIGHT) / max(len(dates), 1)

    def across(place: int) -> float:
        return _LEFT + step * (place + 0.5)

    def up(value: float) -> float:
        return height - foot - (value - low) / (high - low) * (height - foot - top)

    drawn = [
        f'<rect class="shade" x="{_LEFT + step * place:.2f}" y="{top}" width="{step + 0.3:.2f}" '
        f'height="{height - foot - top}"/>'
        for place, bad in enumerate(shaded)
        if bad
    ]
    for tick in range(5):
        value = low + (high - low) * tick / 4
        drawn.append(f'<path class="axis" d="M{_LEFT},{up(value):.1f}H{_WIDTH - _RIGHT}"/>')
        said = f"{100 * value:.3g} %" if percent else f"{value:.3g}"
        drawn.append(_label(said, _LEFT - 8, up(value) + 4, "end"))
    if interval is not None:
        drawn += _filled(interval, across, up)
    if limit is not None:
        drawn.append(f'<path class="guide" d="M{_LEFT},{up(limit):.1f}H{_WIDTH - _RIGHT}"/>')
    for band in bands:
        for part in _unbroken(band.y):
            points = " ".join(f"{across(place):.1f},{up(band.y[place]):.1f}" for place in part)
            if band.dots or len(part) == 1:
                drawn += [
                    f'<circle class="fill-{band.colour}" r="2" cx="{across(place):.1f}" '
                    f'cy="{up(band.y[place]):.1f}"><title>{dates[place]}: {band.y[place]:.4g}</title>'
                    "</circle>"
                    for place in part
                ]
            if not band.dots:
                drawn.append(f'<polyline class="stroke {band.colour}" points="{points}"/>')
    drawn += _dates(dates, step, height - foot + 18, height - foot)
    turned = (
        f'transform="rotate(-90 132 {height / 2 - 10})" x="132" y="{height / 2 - 10}" text-anchor="middle"'
    )
    drawn.append(f"<text {turned}>{escape(y)}</text>")
    return _svg("".join(drawn), height, f"{y} by day")


def pairs(labels: Sequence[str], before: Sequence[float], now: Sequence[float]) -> str:
    """Shares in bins, before and now, side by side."""
    width, height, left, foot, top = 500.0, 230.0, 44.0, 62.0, 8.0
    high = _rounded(0.0, max([*before, *now, 0.01]))[1]
    step = (width - left - 6) / len(labels)

    def up(share: float) -> float:
        return height - foot - share / high * (height - foot - top)

    drawn = []
    for tick in range(5):
        share = high * tick / 4
        drawn.append(f'<path class="axis" d="M{left},{up(share):.1f}H{width - 6}"/>')
        drawn.append(_label(f"{100 * share:.3g} %", left - 6, up(share) + 4, "end"))
    for place, label in enumerate(labels):
        for side, (share, colour) in enumerate(((before[place], "a"), (now[place], "b"))):
            x = left + step * place + step * (0.08 + 0.42 * side)
            drawn.append(
                f'<rect class="fill-{colour}" x="{x:.1f}" y="{up(share):.1f}" width="{step * 0.42:.1f}" '
                f'height="{up(0) - up(share):.1f}"><title>{escape(label)}: {share:.2%}</title></rect>'
            )
        x, y = left + step * (place + 0.5), height - foot + 12
        short = label if len(label) <= 16 else label[:15] + "…"
        drawn.append(
            f'<text class="small" transform="rotate(-38 {x:.1f} {y})" x="{x:.1f}" y="{y}" '
            f'text-anchor="end">{escape(short)}</text>'
        )
    return _svg("".join(drawn), height, "shares by bin, before and now", width)


def _filled(interval: tuple[Sequence[float], Sequence[float]], across: object, up: object) -> list[str]:
    low, high = interval
    drawn = []
    for part in _unbroken(low):
        there = [f"{across(place):.1f},{up(high[place]):.1f}" for place in part]  # type: ignore[operator]
        back = [f"{across(place):.1f},{up(low[place]):.1f}" for place in reversed(part)]  # type: ignore[operator]
        drawn.append(f'<polygon class="between" points="{" ".join([*there, *back])}"/>')
    return drawn


def _unbroken(values: Sequence[float]) -> list[list[int]]:
    found: list[list[int]] = []
    for place, value in enumerate(values):
        if math.isnan(value):
            continue
        if found and found[-1][-1] == place - 1:
            found[-1].append(place)
        else:
            found.append([place])
    return found


def _dates(dates: Sequence[str], step: float, y: float, foot: float) -> list[str]:
    """A mark at the first of each month, or at each Monday-like seventh day of a short time."""
    if len(dates) > 70:
        marks = [place for place, date in enumerate(dates) if date.endswith("-01")]
        said = [f"{_MONTHS[int(dates[place][5:7]) - 1]}" for place in marks]
    else:
        marks = list(range(0, len(dates), max(1, -(-len(dates) // 10))))
        said = [f"{int(dates[place][8:])} {_MONTHS[int(dates[place][5:7]) - 1]}" for place in marks]
    drawn = []
    for place, text in zip(marks, said, strict=True):
        x = _LEFT + step * place
        if x > _WIDTH - _RIGHT - 24:
            continue
        drawn.append(f'<path class="axis" d="M{x:.1f},{foot - 4:.1f}v8"/>')
        drawn.append(_label(text, x + 3, y, "start"))
    return drawn


def _rounded(low: float, high: float) -> tuple[float, float]:
    if high <= low:
        high = low + 1e-3
    size = 10.0 ** math.floor(math.log10(high - low))
    unit = next(one * size for one in (0.2, 0.4, 0.5, 1, 2, 4, 5) if one * size * 4 >= (high - low))
    begin = math.floor(low / unit) * unit
    while begin + 4 * unit < high:
        unit *= 1.25
    return begin, begin + 4 * unit


def _label(text: str, x: float, y: float, anchor: str, kind: str = "") -> str:
    of = f' class="{kind}"' if kind else ""
    return f'<text{of} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _svg(content: str, height: float, described: str, width: float = _WIDTH) -> str:
    opening = f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{escape(described)}">'
    return f"{opening}{content}</svg>"
