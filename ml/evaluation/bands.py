"""Plots of figures that have intervals: one under the other, or along an axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _HEIGHT = 900.0, 300.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 74.0, 16.0, 12.0, 44.0
_ROW = 26.0
_NAMES = 190.0
_TOLD = 200.0
_POINTS = 400


@dataclass(frozen=True)
class Whisker:
    """A named figure and its interval; `flagged` draws it in the second colour."""

    name: str
    value: float
    low: float
    high: float
    told: str
    flagged: bool = False


@dataclass(frozen=True)
class Band:
    """A line along an axis with what it lies between; `low` and `high` may be the line itself."""

    x: Sequence[float]
    value: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]
    colour: str = "a"


def forest(rows: Sequence[Whisker], *, guides: Sequence[float], described: str) -> str:
    """Figures under each other, with dashed guides at some values."""
    ends = [end for row in rows for end in (row.low, row.high)] + list(guides)
    ticks = _ticks(min(ends), max(ends))
    low, high = min(ticks[0], *ends), max(ticks[-1], *ends)
    left, right = _NAMES, _WIDTH - _TOLD
    height = _TOP + _ROW * len(rows) + 28

    def across(value: float) -> float:
        return left + (value - low) / ((high - low) or 1) * (right - left)

    foot = height - 28
    drawn = [
        f'<path class="axis" d="M{across(tick):.1f},{_TOP}V{foot}"/>'
        + _label(_short(tick, ticks), across(tick), foot + 18, "middle")
        for tick in ticks
    ]
    drawn += [f'<path class="guide" d="M{across(guide):.1f},{_TOP}V{foot}"/>' for guide in guides]
    for place, row in enumerate(rows):
        y = _TOP + _ROW * (place + 0.5)
        colour = "b" if row.flagged else "a"
        drawn.append(
            f'<path class="stroke {colour}" d="M{across(row.low):.1f},{y}H{across(row.high):.1f}"/>'
            f'<circle class="fill-{colour}" r="4" cx="{across(row.value):.1f}" cy="{y}"/>'
            + _label(row.name, left - 12, y + 4, "end", "value")
            + _label(row.told, right + 12, y + 4, "start")
        )
    return _svg("".join(drawn), described, height)


def along(
    bands: Sequence[Band],
    *,
    x: str,
    y: str,
    guides: Sequence[float] = (),
    marks: Sequence[tuple[float, str]] = (),
    clip: tuple[float, float] | None = None,
) -> str:
    """Bands along an axis; `guides` are dashed at heights, `marks` at named places of the axis; `clip` bounds
    the heights, for bands that begin very wide.
    """
    xs = [value for band in bands for value in band.x]
    ys = [value for band in bands for part in (band.low, band.high) for value in part] + list(guides)
    if clip is not None:
        ys = [min(max(value, clip[0]), clip[1]) for value in ys]
    across_ticks, up_ticks = _ticks(min(xs), max(xs)), _ticks(min(ys), max(ys))
    left, right = min(xs), max(xs)
    bottom, top = min(up_ticks[0], *ys), max(up_ticks[-1], *ys)

    def across(value: float) -> float:
        return _LEFT + (value - left) / ((right - left) or 1) * (_WIDTH - _LEFT - _RIGHT)

    def up(value: float) -> float:
        held = min(max(value, bottom), top)
        return _HEIGHT - _BOTTOM - (held - bottom) / ((top - bottom) or 1) * (_HEIGHT - _BOTTOM - _TOP)

    drawn = [
        f'<path class="axis" d="M{_LEFT},{up(tick):.1f}H{_WIDTH - _RIGHT}"/>'
        + _label(_short(tick, up_ticks), _LEFT - 6, up(tick) + 4, "end")
        for tick in up_ticks
    ]
    drawn += [
        _label(_short(tick, across_ticks), across(tick), _HEIGHT - _BOTTOM + 18, "middle")
        for tick in across_ticks
        if left <= tick <= right
    ]
    for band in bands:
        places = _thinned(len(band.x))
        edge = [(across(band.x[place]), up(band.high[place])) for place in places]
        edge += [(across(band.x[place]), up(band.low[place])) for place in reversed(places)]
        line = [(across(band.x[place]), up(band.value[place])) for place in places]
        drawn.append(f'<polygon class="band-{band.colour}" points="{_points(edge)}"/>')
        drawn.append(f'<polyline class="stroke {band.colour}" points="{_points(line)}"/>')
    drawn += [f'<path class="guide" d="M{_LEFT},{up(guide):.1f}H{_WIDTH - _RIGHT}"/>' for guide in guides]
    for place, name in marks:
        late = place > (left + right) / 2
        drawn.append(
            f'<path class="mark" d="M{across(place):.1f},{_TOP}V{_HEIGHT - _BOTTOM}"/>'
            + _label(
                name, across(place) + (-6 if late else 6), _TOP + 12, "end" if late else "start", "value"
            )
        )
    drawn.append(_label(x, (_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 6, "middle"))
    middle = (_TOP + _HEIGHT - _BOTTOM) / 2
    turned = f'transform="rotate(-90 12 {middle})" x="12" y="{middle}" text-anchor="middle"'
    drawn.append(f"<text {turned}>{escape(y)}</text>")
    return _svg("".join(drawn), f"{y} against {x}", _HEIGHT)


def _ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers from at or below `low` to at or above `high`."""
    if high <= low:
        low, high = low - 0.5, high + 0.5
    rough = (high - low) / about
    digit = 10.0 ** math.floor(math.log10(rough))
    step = next(size * digit for size in (1, 2, 2.5, 5, 10) if size * digit >= rough * 0.999)
    first = math.floor(low / step + 1e-9)
    count = math.ceil(high / step - 1e-9) - first
    return [round((first + place) * step, 12) for place in range(count + 1)]


def _short(value: float, ticks: Sequence[float]) -> str:
    step = ticks[1] - ticks[0] if len(ticks) > 1 else abs(value) or 1
    # 2.5 steps need a digit more than their size says.
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    if abs(step * 10**digits - round(step * 10**digits)) > 1e-6:
        digits += 1
    return f"{value:,.{digits}f}"


def _thinned(count: int) -> list[int]:
    step = max(1, count // _POINTS)
    places = list(range(0, count, step))
    return places if places[-1] == count - 1 else [*places, count - 1]


def _points(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _label(text: str, x: float, y: float, anchor: str, kind: str = "") -> str:
    marked = f' class="{kind}"' if kind else ""
    return f'<text{marked} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _svg(content: str, described: str, height: float) -> str:
    opening = f'<svg viewBox="0 0 {_WIDTH:g} {height:g}" role="img" aria-label="{escape(described)}">'
    return f"{opening}{content}</svg>"
