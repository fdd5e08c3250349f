"""What does a use case declare of how its sources become one table? Cleaning, and what refers to what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ibis.expr.types import BooleanValue, Table


@dataclass(frozen=True, kw_only=True)
class CleaningRule:
    """A value that cannot be true is taken as missing, and counted under the rule's name in the report."""

    name: str
    source: str
    column: str
    why: str
    """Why it cannot be true, with the source of any number."""
    wrong: Callable[[Table], BooleanValue]
    """Where in the source's table the value is wrong."""


@dataclass(frozen=True, kw_only=True)
class Reference:
    """`source.column` names a row of `to` by its `key`; what does not match is counted."""

    source: str
    column: str
    to: str
    key: str
