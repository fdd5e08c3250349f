"""What had happened by a moment: counts and totals over the events of the last hours, for rows that ask."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import ibis
from ibis.expr.types import Column, IntegerValue, NumericValue, Table

RESOLUTION = 10
"""Minutes. An event counts from the next mark on, a question looks at the last mark: never the other way."""

_PLACE = 2.0**38
"""One window sum carries a count and a total, as `count * _PLACE + total`: the time goes into window sums.

Double precision is exact below 2**53: room for a count below 2**15 and a total within ±2**37. An airline has
some thousand flights in six hours; minutes since 1970 stay below 2**25.
"""


def known_from(moment: IntegerValue) -> IntegerValue:
    """The mark, in minutes since 1970, from which an event at `moment` (same unit) counts as known."""
    return ((moment + (RESOLUTION - 1)) // RESOLUTION * RESOLUTION).cast("int32")


def asked_at(moment: IntegerValue) -> IntegerValue:
    """The last mark, in minutes since 1970, at or before `moment` (same unit)."""
    return (moment // RESOLUTION * RESOLUTION).cast("int32")


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What to add up: the integers `one` (1, or -1 to take an event back) and `value` of `events`.

    `events` also has the keys and `mark` (from `known_from`). What counts is the last `minutes`; None is all
    of the past. The results are `<name>_count` (below 2**15) and `<name>_total` (within ±2**37).
    """

    name: str
    events: Table
    minutes: int | None = None


def known_by(questions: Table, *, keys: Sequence[str], tallies: Sequence[Tally]) -> Table:
    """For each distinct question (keys and `mark`, from `asked_at`), the tallies of its events.

    A window of `minutes` is (mark - minutes, mark]; where nothing happened both results are 0. Events and
    questions become one timeline of marks for each key, over which the windows run once.
    """
    group = [*keys, "mark"]
    names = [tally.name for tally in tallies]
    nothing = dict.fromkeys(names, ibis.literal(0.0)) | {"asks": ibis.literal(False)}

    def steps(tally: Tally) -> Table:
        packed = tally.events.one.cast("float64") * _PLACE + tally.events.value
        return tally.events.select(*group, **(nothing | {tally.name: packed}))

    asking = questions.select(*group, **(nothing | {"asks": ibis.literal(True)}))
    steps_of_all = reduce(lambda table, other: table.union(other), map(steps, tallies), asking)
    marks = steps_of_all.group_by(group).aggregate(
        **{name: steps_of_all[name].sum() for name in names}, asks=steps_of_all.asks.any()
    )
    summed = marks.mutate(**{tally.name: _over(marks, keys, tally) for tally in tallies})
    summed = summed.filter(summed.asks)
    results: dict[str, Column] = {}
    for name in names:
        count = (summed[name] / _PLACE).round().cast("float64")
        results |= {f"{name}_count": count, f"{name}_total": summed[name] - count * _PLACE}
    return summed.select(*group, **results)


def _over(marks: Table, keys: Sequence[str], tally: Tally) -> Column:
    if tally.minutes is not None and tally.minutes <= RESOLUTION:
        # No other mark lies within it.
        return marks[tally.name]
    # A frame includes both its ends, marks are whole minutes: a minute less leaves the far end out.
    far = None if tally.minutes is None else tally.minutes - 1
    frame = ibis.range_window(group_by=list(keys), order_by=marks.mark, preceding=far, following=0)
    total: Column = marks[tally.name].sum().over(frame)
    return total


def mean(total: NumericValue, count: NumericValue) -> NumericValue:
    """`total / count`, null where the count is 0."""
    return total / count.nullif(0)
