"""What had happened by a moment: sums over the events of the last hours, joined to the rows that ask."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import ibis
from ibis.expr.types import Column, IntegerValue, Table

RESOLUTION = 10
"""Minutes. An event counts from the next mark on, a question looks at the last mark: never the other way."""


def known_from(moment: IntegerValue) -> IntegerValue:
    """The mark, in minutes since 1970, from which an event at `moment` (same unit) counts as known."""
    return ((moment + (RESOLUTION - 1)) // RESOLUTION * RESOLUTION).cast("int32")


def asked_at(moment: IntegerValue) -> IntegerValue:
    """The last mark, in minutes since 1970, at or before `moment` (same unit)."""
    return (moment // RESOLUTION * RESOLUTION).cast("int32")


@dataclass(frozen=True, kw_only=True)
class Sums:
    """What to add up: `columns` (integers) of `events`, over the last `minutes`; None is all of the past.

    `events` has the keys, `mark` (from `known_from`) and the columns. The results are named
    `<prefix>_<column>`.
    """

    prefix: str
    events: Table
    columns: tuple[str, ...]
    minutes: int | None = None

    def names(self) -> list[str]:
        return [f"{self.prefix}_{column}" for column in self.columns]

    def steps(self, group: Sequence[str]) -> Table:
        """How the running sums move: up when an event is known, down when it leaves the window."""
        up = self.events.select(
            *group,
            **{f"{self.prefix}_{column}": self.events[column].cast("float64") for column in self.columns},
        )
        if self.minutes is None:
            return up
        leaves = (up.mark + self.minutes).cast("int32")
        return up.union(up.mutate(mark=leaves, **{name: -up[name] for name in self.names()}))


def known_by(questions: Table, *, keys: Sequence[str], sums: Sequence[Sums]) -> Table:
    """For each distinct question (keys and `mark`, from `asked_at`), the sums of its events.

    A window of `minutes` is (mark - minutes, mark]; a sum is 0 where nothing happened. One running sum over
    the steps does for every window at once: several times as fast as a window frame for each, and as exact,
    because the sums are of integers.
    """
    group = [*keys, "mark"]
    names = [name for part in sums for name in part.names()]

    def padded(part: Sums) -> Table:
        zeros = {name: ibis.literal(0.0) for name in names if name not in part.names()}
        return part.steps(group).mutate(**zeros).select(*group, *names)

    steps = reduce(lambda table, other: table.union(other), (padded(part) for part in sums))
    happened = steps.group_by(group).aggregate(**{name: steps[name].sum() for name in names})
    asking = questions.select(*group).distinct().mutate(**{name: ibis.literal(0.0) for name in names})
    timeline = happened.mutate(asks=ibis.literal(0, "int8")).union(
        asking.select(*group, *names).mutate(asks=ibis.literal(1, "int8"))
    )
    past = ibis.window(
        group_by=list(keys), order_by=[timeline.mark, timeline.asks], preceding=None, following=0
    )
    summed = timeline.mutate(**{name: timeline[name].sum().over(past) for name in names})
    return summed.filter(summed.asks == 1).drop("asks")


def mean(total: Column, count: Column) -> Column:
    """`total / count`, null where the count is 0."""
    return total / count.nullif(0)
