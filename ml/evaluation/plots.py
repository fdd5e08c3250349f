"""Plots as SVG text: lines in a unit square, and paired bars."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _HEIGHT = 420.0, 320.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 62.0, 12.0, 10.0, 44.0
_TICKS = 5
_SMALLEST = 1e-5  # the foot of a logarithmic axis of shares

Point = tuple[float, float]


@dataclass(frozen=True)
class Line:
    """A line through points; `colour` is `a` or `b`, with `dots` each point is marked."""

    x: Sequence[float]
    y: Sequence[float]
    colour: str
    dots: bool = False


def plot(lines: Sequence[Line], *, guide: tuple[Point, Point], x: str, y: str, top: float = 1.0) -> str:
    """Lines over a square from 0 to `top`, with a dashed guide between two points."""

    def at(point: Point) -> str:
        return f"{_across(point[0] / top):.1f},{_up(point[1] / top):.1f}"

    drawn = [_frame(x, y, top)]
    drawn.append(f'<polyline class="guide" points="{at(guide[0])} {at(guide[1])}"/>')
    for line in lines:
        points = _thinned(list(zip(line.x, line.y, strict=True)))
        path = " ".join(at(point) for point in points)
        drawn.append(f'<polyline class="stroke {line.colour}" points="{path}"/>')
        if line.dots:
            drawn += [_dot(point, top, line.colour) for point in points]
    return _svg("".join(drawn), f"{y} against {x}")


def rounded_up(largest: float) -> float:
    """The least end of an axis from 0, at most 1, whose ticks are short numbers and that holds `largest`."""
    digit = 10.0 ** math.floor(math.log10(max(largest, 1e-6)))
    return min(1.0, next(end * digit for end in (1, 1.5, 2, 2.5, 3, 4, 5, 10) if end * digit >= largest))


def bars(first: Sequence[float], second: Sequence[float], *, x: str) -> str:
    """Two rows of shares side by side over 0 to 1, on a logarithmic scale from 0.001 % to all."""
    decades = -math.log10(_SMALLEST)
    drawn = [_axes()]
    for tick in range(int(decades) + 1):
        height = _up(tick / decades)
        drawn.append(
            _rule(height) + _label(f"{100 * _SMALLEST * 10**tick:g} %", _LEFT - 6, height + 4, "end")
        )
    step = (_WIDTH - _LEFT - _RIGHT) / len(first)
    for place, pair in enumerate(zip(first, second, strict=True)):
        for side, (share, colour) in enumerate(zip(pair, ("a", "b"), strict=True)):
            if share > _SMALLEST:
                height = _up(1 + math.log10(share) / decades)
                left = _LEFT + step * place + step * (0.08 + 0.42 * side)
                drawn.append(
                    f'<rect class="fill-{colour}" x="{left:.1f}" y="{height:.1f}" width="{step * 0.42:.1f}" '
                    f'height="{_up(0) - height:.1f}"><title>{share:.2%}</title></rect>'
                )
    marks = [tick / _TICKS for tick in range(_TICKS + 1)]
    drawn += [_label(f"{mark:.1f}", _across(mark), _up(0) + 18, "middle") for mark in marks]
    drawn.append(_label(x, _across(0.5), _HEIGHT - 6, "middle"))
    return _svg("".join(drawn), f"histogram of {x}")


def _dot(point: Point, top: float, colour: str) -> str:
    x, y = _across(point[0] / top), _up(point[1] / top)
    told = f"<title>said {point[0]:.1%}, came true {point[1]:.1%}</title>"
    return f'<circle class="fill-{colour}" r="4" cx="{x:.1f}" cy="{y:.1f}">{told}</circle>'


def _frame(x: str, y: str, top: float) -> str:
    drawn = [_axes()]
    digits = max(1, 1 - math.floor(math.log10(top)))
    for tick in range(_TICKS + 1):
        share = tick / _TICKS
        said = f"{share * top:.{digits}f}" if tick else "0"
        drawn.append(_rule(_up(share)) + _label(said, _LEFT - 6, _up(share) + 4, "end"))
        drawn.append(_label(said, _across(share), _up(0) + 18, "middle"))
    drawn.append(_label(x, _across(0.5), _HEIGHT - 6, "middle"))
    turned = f'transform="rotate(-90 12 {_up(0.5)})" x="12" y="{_up(0.5)}" text-anchor="middle"'
    drawn.append(f"<text {turned}>{escape(y)}</text>")
    return "".join(drawn)


def _axes() -> str:
    return f'<path class="axis" fill="none" d="M{_LEFT},{_TOP}V{_up(0)}H{_WIDTH - _RIGHT}"/>'


def _rule(height: float) -> str:
    return f'<path class="axis" d="M{_LEFT},{height:.1f}H{_WIDTH - _RIGHT}"/>'


def _label(text: str, x: float, y: float, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _svg(content: str, described: str) -> str:
    opening = f'<svg viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}" role="img" aria-label="{escape(described)}">'
    return f"{opening}{content}</svg>"


def _across(share: float) -> float:
    return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)


def _up(share: float) -> float:
    return _HEIGHT - _BOTTOM - share * (_HEIGHT - _BOTTOM - _TOP)


def _thinned(points: list[Point], most: int = 400) -> list[Point]:
    """Every so many points, so that the page stays small; the ends stay."""
    step = max(1, len(points) // most)
    return points[::step] + ([] if (len(points) - 1) % step == 0 else points[-1:])
