"""What does a use case declare of how its sources become one table? Cleaning, and what refers to what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from ibis.expr.types import BooleanValue, Table, Value


Action = Literal["missing", "mend", "drop"]


@dataclass(frozen=True, kw_only=True)
class CleaningRule:
    """What is done where a source's rows cannot be true, counted under the rule's name in the report.

    Rules run in their order, each on what the ones before have left.
    """

    name: str
    source: str
    why: str
    """Why it cannot be true, with the source of any number."""
    wrong: Callable[[Table], BooleanValue]
    """Where in the source's table it is wrong."""
    column: str | None = None
    """The column whose value is taken as missing, or mended; None leaves the whole row out."""
    mend: Callable[[Table], Value] | None = None
    """What the value most likely was; None takes it as missing."""
    at_most: float = 1.0
    """The share of the source's rows above which the source has gone bad, and the run fails."""

    @property
    def action(self) -> Action:
        if self.column is None:
            return "drop"
        return "missing" if self.mend is None else "mend"


@dataclass(frozen=True, kw_only=True)
class Reference:
    """`source.column` names a row of `to` by its `key`; what does not match is counted."""

    source: str
    column: str
    to: str
    key: str
    at_most: float = 1.0
    """The share of the source's rows that may lack a match: above it the run fails."""
