"""What can be done with series of values, one for each period? Element by element, and the functions of
metric math."""

from __future__ import annotations

import math
import operator
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

Series = tuple[float | None, ...]
"""A value for each period, oldest first; None where nothing was measured."""


@dataclass(frozen=True)
class Several:
    """A list of series, as METRICS() gives it, or as `[m1, m2]` says it."""

    series: tuple[Series, ...]


Value = float | Series | Several


class SeriesError(Exception):
    """Values that do not go together; the text says which."""


def spread(value: Value, length: int) -> Series:
    """A number stands for a series of itself."""
    if isinstance(value, Several):
        raise SeriesError("a list stands where one series is wanted")
    return value if isinstance(value, tuple) else (value,) * length


def each(value: Value, apply: Callable[[float], float | None]) -> Value:
    if isinstance(value, Several):
        return Several(tuple(_each_of(one, apply) for one in value.series))
    if isinstance(value, tuple):
        return _each_of(value, apply)
    found = apply(value)
    return math.nan if found is None else found


def _each_of(series: Series, apply: Callable[[float], float | None]) -> Series:
    return tuple(None if one is None else apply(one) for one in series)


def both(left: Value, right: Value, apply: Callable[[float, float], float | None]) -> Value:
    if isinstance(left, Several) and isinstance(right, Several):
        raise SeriesError("two lists of series cannot be put together")
    if isinstance(left, Several):
        return Several(tuple(_pairwise(one, right, apply) for one in left.series))
    if isinstance(right, Several):
        return Several(tuple(_pairwise(left, one, apply) for one in right.series))
    found = _pairwise(left, right, apply)
    if isinstance(left, tuple) or isinstance(right, tuple):
        return found
    return math.nan if found[0] is None else found[0]


def _pairwise(left: Value, right: Value, apply: Callable[[float, float], float | None]) -> Series:
    length = max((len(one) for one in (left, right) if isinstance(one, tuple)), default=1)
    pairs = zip(spread(left, length), spread(right, length), strict=True)
    return tuple(None if a is None or b is None else apply(a, b) for a, b in pairs)


def _over(reduce: Callable[[Sequence[float]], float]) -> Callable[[Value], Value]:
    """Of one series its single value; of several a series, period by period, over what was measured."""

    def function(value: Value) -> Value:
        if isinstance(value, Several):
            columns = [
                [one for one in column if one is not None] for column in zip(*value.series, strict=True)
            ]
            return tuple(reduce(column) if column else None for column in columns)
        if isinstance(value, tuple):
            known = [one for one in value if one is not None]
            return reduce(known) if known else math.nan
        return value

    return function


def rate(series: Series, period: float) -> Series:
    return tuple(None if one is None else one / period for one in _difference(series))


def _difference(series: Series) -> Series:
    pairs = pairwise(series)
    return (None, *(None if a is None or b is None else b - a for a, b in pairs))


def _fill(value: Series, how: str | float) -> Series:
    if isinstance(how, int | float):
        return tuple(how if one is None else one for one in value)
    if how.upper() == "REPEAT":
        return tuple(accumulate(value, _latest))
    if how.upper() == "LINEAR":
        known = [place for place, one in enumerate(value) if one is not None]
        return tuple(_between(value, known, place) for place in range(len(value)))
    raise TypeError(how)


def _latest(before: float | None, one: float | None) -> float | None:
    return before if one is None else one


def _between(value: Series, known: Sequence[int], place: int) -> float | None:
    before = [one for one in known if one <= place]
    after = [one for one in known if one >= place]
    if not before or not after:
        return None
    low, high = before[-1], after[0]
    share = 0.0 if low == high else (place - low) / (high - low)
    first, last = value[low], value[high]
    assert first is not None  # noqa: S101
    assert last is not None  # noqa: S101
    return first + (last - first) * share


def _edge(place: int) -> Callable[[Several], Series]:
    return lambda several: several.series[place]


def _running(series: Series) -> Series:
    return tuple(accumulate((one or 0.0 for one in series), operator.add))


FUNCTIONS: Mapping[str, Callable[..., Value]] = {
    "ABS": lambda value: each(value, abs),
    "AVG": _over(statistics.fmean),
    "CEIL": lambda value: each(value, math.ceil),
    "DIFF": _difference,
    "FILL": _fill,
    "FIRST": _edge(0),
    "FLOOR": lambda value: each(value, math.floor),
    "LAST": _edge(-1),
    "LOG": lambda value: each(value, lambda one: math.log(one) if one > 0 else None),
    "LOG10": lambda value: each(value, lambda one: math.log10(one) if one > 0 else None),
    "MAX": _over(max),
    "METRIC_COUNT": lambda several: float(len(several.series)),
    "MIN": _over(min),
    "RUNNING_SUM": _running,
    "STDDEV": _over(statistics.pstdev),
    "SUM": _over(math.fsum),
}
