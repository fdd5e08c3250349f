"""Plots of several series as SVG text, over axes that fit them; the legend stands below."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _HEIGHT = 520.0, 340.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 66.0, 14.0, 10.0, 44.0
_MOST_POINTS = 300

COLOURS = ("#1f77b4", "#d1641b", "#2a9d5c", "#b1419e", "#8a6d1f", "#c23b3b", "#2a9aa8", "#7a7f88")
"""Told apart in light and in dark."""


@dataclass(frozen=True)
class Series:
    """Points in order; `joined` by a line, or marked alone. `colour` is a place in COLOURS."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    colour: int = 0
    joined: bool = True
    marked: bool = False


@dataclass(frozen=True)
class Axis:
    """What an axis says, and from where to where it goes: without ends, as far as the points do."""

    name: str
    low: float | None = None
    high: float | None = None
    log: bool = False


def chart(series: Sequence[Series], x: Axis, y: Axis, *, upright: float | None = None) -> str:
    """The plot and its legend; `upright` is where a dashed line stands."""
    across = _Scale.of(x, [value for one in series for value in one.x], _LEFT, _WIDTH - _RIGHT)
    up = _Scale.of(y, [value for one in series for value in one.y], _HEIGHT - _BOTTOM, _TOP)
    drawn = [_frame(x, y, across, up)]
    if upright is not None:
        drawn.append(f'<path class="guide" d="M{across.at(upright):.1f},{_TOP}V{_HEIGHT - _BOTTOM}"/>')
    for one in series:
        colour = COLOURS[one.colour % len(COLOURS)]
        points = _thinned(list(zip(one.x, one.y, strict=True)))
        if one.joined:
            path = " ".join(f"{across.at(a):.1f},{up.at(b):.1f}" for a, b in points)
            drawn.append(f'<polyline class="stroke" stroke="{colour}" points="{path}"/>')
        if one.marked or not one.joined:
            drawn += [
                f'<circle r="3.5" fill="{colour}" cx="{across.at(a):.1f}" cy="{up.at(b):.1f}">'
                f"<title>{escape(one.name)}: {a:.4g}, {b:.4g}</title></circle>"
                for a, b in points
            ]
    return _svg("".join(drawn), f"{y.name} against {x.name}") + _legend(series)


def horizontal(names: Sequence[str], values: Sequence[float], *, x: str) -> str:
    """Bars from 0, one below the other, each with its name and value."""
    top, step = max([*values, 1e-12]), (_HEIGHT - _BOTTOM - _TOP) / max(len(names), 1)
    left = 150.0
    drawn = []
    for place, (name, value) in enumerate(zip(names, values, strict=True)):
        middle = _TOP + step * (place + 0.5)
        wide = (_WIDTH - left - 60) * max(value, 0) / top
        drawn.append(
            f'<text x="{left - 8}" y="{middle + 4:.1f}" text-anchor="end">{escape(name)}</text>'
            f'<rect fill="{COLOURS[0]}" x="{left}" y="{middle - step * 0.3:.1f}" width="{wide:.1f}" '
            f'height="{step * 0.6:.1f}"/>'
            f'<text class="value" x="{left + wide + 6:.1f}" y="{middle + 4:.1f}">{value:.2f}</text>'
        )
    drawn.append(f'<text x="{_WIDTH / 2}" y="{_HEIGHT - 10}" text-anchor="middle">{escape(x)}</text>')
    return _svg("".join(drawn), x)


@dataclass(frozen=True)
class _Scale:
    low: float
    high: float
    start: float
    end: float
    log: bool

    @classmethod
    def of(cls, axis: Axis, values: Sequence[float], start: float, end: float) -> _Scale:
        low = min(values) if axis.low is None else axis.low
        high = max(values) if axis.high is None else axis.high
        if low == high:
            low, high = (low / 2, high * 2) if axis.log and low > 0 else (low - 0.5, high + 0.5)
        room = 0.0 if axis.log else 0.04 * (high - low)
        return cls(
            low - room if axis.low is None else low,
            high + room if axis.high is None else high,
            start,
            end,
            axis.log,
        )

    def at(self, value: float) -> float:
        if self.log:
            share = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return self.start + min(max(share, 0.0), 1.0) * (self.end - self.start)

    def ticks(self) -> list[float]:
        if self.log:
            decades = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
            found = [digit * 10.0**decade for decade in decades for digit in (1, 2, 5)]
            kept = [value for value in found if self.low <= value <= self.high]
            return kept if len(kept) <= 7 else kept[:: len(kept) // 6]
        rough = (self.high - self.low) / 5
        digit = 10.0 ** math.floor(math.log10(rough))
        step = next(digit * times for times in (1, 2, 5, 10) if digit * times >= rough)
        first = math.ceil(self.low / step)
        return [place * step for place in range(first, math.floor(self.high / step) + 1)]


def _frame(x: Axis, y: Axis, across: _Scale, up: _Scale) -> str:
    foot = _HEIGHT - _BOTTOM
    drawn = [f'<path class="axis" fill="none" d="M{_LEFT},{_TOP}V{foot}H{_WIDTH - _RIGHT}"/>']
    for tick in up.ticks():
        height = up.at(tick)
        drawn.append(
            f'<path class="axis" d="M{_LEFT},{height:.1f}H{_WIDTH - _RIGHT}"/>'
            f'<text x="{_LEFT - 6}" y="{height + 4:.1f}" text-anchor="end">{tick:.4g}</text>'
        )
    drawn += [
        f'<text x="{across.at(tick):.1f}" y="{foot + 18}" text-anchor="middle">{_short(tick)}</text>'
        for tick in across.ticks()
    ]
    middle = (_TOP + foot) / 2
    drawn.append(
        f'<text x="{_WIDTH / 2}" y="{_HEIGHT - 6}" text-anchor="middle">{escape(x.name)}</text>'
        f'<text transform="rotate(-90 12 {middle})" x="12" y="{middle}" text-anchor="middle">'
        f"{escape(y.name)}</text>"
    )
    return "".join(drawn)


def _short(value: float) -> str:
    return f"{value / 1000:g}k" if value >= 10_000 else f"{value:.4g}"


def _legend(series: Sequence[Series]) -> str:
    named = {one.name: COLOURS[one.colour % len(COLOURS)] for one in series if one.name}
    if len(named) < 2:
        return ""
    told = " ".join(
        f'<span style="white-space:nowrap;margin-right:14px"><b style="color:{colour}">●</b> '
        f"{escape(name)}</span>"
        for name, colour in named.items()
    )
    return f"<p>{told}</p>"


def _svg(content: str, described: str) -> str:
    opening = f'<svg style="max-width:680px" viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}" role="img" '
    return f'{opening}aria-label="{escape(described)}">{content}</svg>'


def _thinned(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    step = max(1, len(points) // _MOST_POINTS)
    return points[::step] + ([] if (len(points) - 1) % step == 0 else points[-1:])
