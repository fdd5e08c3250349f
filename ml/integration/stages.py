"""What does each stage of the preparation hand to the next? Tables, and what the report says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from ml.integration.declared import Action

if TYPE_CHECKING:
    from ibis.expr.types import Table

    from ml.quality.quarantine import BadRow


@dataclass(frozen=True, kw_only=True)
class PartRead:
    """A file of a source: its version, its rows, and whether this run read it (or found it read before)."""

    name: str
    version: str
    rows: int
    fresh: bool


@dataclass(frozen=True, kw_only=True)
class SourceRead:
    """What was read of a source: `late` rows came after their time, `replaced` ones gave way to later."""

    parts: tuple[PartRead, ...]
    rows: int
    late: int
    replaced: int


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """After reading: every source as its contract has it."""

    tables: Mapping[str, Table]
    read: Mapping[str, SourceRead]
    aside: Mapping[str, list[BadRow]] = field(default_factory=dict)
    """The rows that were set aside at the reading, by source."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """After quality: the good rows. `said` goes into the report under `quality`, as JSON."""

    tables: Mapping[str, Table]
    said: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Protected:
    """After privacy: no identities, no column nobody needs. `said` goes into the report under `privacy`."""

    tables: Mapping[str, Table]
    key: str | None = None
    """The id of the key that made pseudonyms, where there are any."""
    said: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Counted:
    """How many rows of a source something was found in, and up to which share that is borne."""

    source: str
    action: Action | Literal["unmatched"]
    rows: int
    share: float
    at_most: float

    @classmethod
    def of(
        cls, source: str, action: Action | Literal["unmatched"], rows: int, total: int, at_most: float
    ) -> Counted:
        return cls(
            source=source, action=action, rows=rows, share=rows / total if total else 0.0, at_most=at_most
        )


@dataclass(frozen=True, kw_only=True)
class Cleaned:
    """After cleaning: what each rule did, by its name."""

    tables: Mapping[str, Table]
    rules: Mapping[str, Counted]
