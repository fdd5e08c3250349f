"""What does a use case declare of the quality of its data? Rules on rows and on batches, with severities.

A rule on rows looks at each row of a source that keeps its contract. What a row breaks decides its severity:
`warning` counts it, `error` sets the row aside, `fatal` stops the run. A rule on a batch looks at a source as
a whole, so it can only count (`warning`) or stop (`fatal`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from ibis.expr.types import BooleanValue, Table

Severity = Literal["warning", "error", "fatal"]

Predicate = Callable[["Table"], "BooleanValue"]
"""From a source's table to whether a row is as it should be; unknown (null) counts as being so."""

Beside = Callable[[Mapping[str, "Table"]], "Table"]
"""From all tables to the source's table with more columns beside; the same rows, none twice."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What all rules have. `why` says what the rule rests on, with the source of any number."""

    name: str
    source: str
    why: str
    severity: Severity = "error"


@dataclass(frozen=True, kw_only=True)
class Within(Rule):
    """The column's value lies between two numbers, both inclusive."""

    column: str
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True, kw_only=True)
class Matches(Rule):
    """The pattern matches all of the column's text."""

    column: str
    pattern: str


@dataclass(frozen=True, kw_only=True)
class Present(Rule):
    """The column has a value; `where` says of which rows that is asked."""

    column: str
    where: Predicate | None = None


@dataclass(frozen=True, kw_only=True)
class Unique(Rule):
    """No two rows have the same in these columns. Of several the first by all their columns is sound."""

    columns: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Refers(Rule):
    """The column's value is a `key` of the source `to`."""

    column: str
    to: str
    key: str


@dataclass(frozen=True, kw_only=True)
class Holds(Rule):
    """The columns agree with each other. `beside` brings what the predicate needs of other sources."""

    columns: tuple[str, ...]
    """The columns that the predicate reads: they are told with the row."""
    holds: Predicate
    beside: Beside | None = None


RowRule = Within | Matches | Present | Unique | Refers | Holds


@dataclass(frozen=True, kw_only=True)
class RowCount(Rule):
    """A batch has so many rows."""

    minimum: int = 1
    maximum: int | None = None


@dataclass(frozen=True, kw_only=True)
class Missing(Rule):
    """At most this share of the column's values is missing."""

    column: str
    at_most: float


@dataclass(frozen=True, kw_only=True)
class Fresh(Rule):
    """The newest of a column of moments is no older than so many days when the run looks."""

    column: str
    days: float


BatchRule = RowCount | Missing | Fresh
QualityRule = RowRule | BatchRule


class UnsoundRule(ValueError):
    """A rule that cannot be meant as it stands."""

    def __init__(self, rule: Rule, why: str, allowed: str) -> None:
        super().__init__(f"The quality rule {rule.name} of {rule.source}: {why}; allowed: {allowed}.")


def require_sound(rules: tuple[QualityRule, ...]) -> None:
    """Raises UnsoundRule on a name that stands there twice, or a batch's rule that sets rows aside."""
    seen: set[str] = set()
    for rule in rules:
        if rule.name in seen:
            raise UnsoundRule(rule, "the name stands there twice", "each name once")
        seen.add(rule.name)
        if isinstance(rule, BatchRule) and rule.severity == "error":
            raise UnsoundRule(rule, "a batch cannot be set aside by rows", "the severity warning or fatal")
