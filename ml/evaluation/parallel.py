"""A plot of parallel coordinates as SVG text: an axis for each dimension, a line for each point."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from ml.evaluation.series import COLOURS, Axis

_WIDTH, _HEIGHT = 1000.0, 320.0
_SIDE, _TOP, _FOOT = 60.0, 34.0, 290.0


@dataclass(frozen=True)
class Way:
    """A point's values in the order of the axes; `bright` ones stand out."""

    values: Sequence[float]
    bright: bool


def parallel(axes: Sequence[Axis], ways: Sequence[Way]) -> str:
    """At least two axes and one way; an axis without ends goes as far as the values do."""
    step = (_WIDTH - 2 * _SIDE) / (len(axes) - 1)
    columns = list(zip(*(way.values for way in ways), strict=True))
    ends = [
        (min(column) if axis.low is None else axis.low, max(column) if axis.high is None else axis.high)
        for axis, column in zip(axes, columns, strict=True)
    ]
    drawn = []
    for way in sorted(ways, key=lambda one: one.bright):
        points = " ".join(
            f"{_SIDE + step * place:.1f},{_up(value, *ends[place], axes[place].log):.1f}"
            for place, value in enumerate(way.values)
        )
        look = (
            f'stroke="{COLOURS[1]}" opacity="0.9"' if way.bright else f'stroke="{COLOURS[7]}" opacity="0.4"'
        )
        drawn.append(f'<polyline class="stroke" {look} points="{points}"/>')
    for place, (axis, (low, high)) in enumerate(zip(axes, ends, strict=True)):
        x = _SIDE + step * place
        drawn.append(
            f'<path class="mark" d="M{x:.1f},{_TOP}V{_FOOT}"/>'
            f'<text x="{x:.1f}" y="14" text-anchor="middle">{escape(axis.name)}</text>'
            f'<text x="{x:.1f}" y="{_TOP - 4}" text-anchor="middle">{high:.4g}</text>'
            f'<text x="{x:.1f}" y="{_FOOT + 16}" text-anchor="middle">{low:.4g}</text>'
        )
    named = escape(", ".join(axis.name for axis in axes))
    return f'<svg viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}" role="img" aria-label="{named}">{"".join(drawn)}</svg>'


def _up(value: float, low: float, high: float, log: bool) -> float:
    if low == high:
        share = 0.5
    elif log:
        share = math.log(value / low) / math.log(high / low)
    else:
        share = (value - low) / (high - low)
    return _FOOT - share * (_FOOT - _TOP)
