"""What does each stage of the preparation hand to the next? Tables, and what the report says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ibis.expr.types import Table

    from ml.quality.quarantine import BadRow


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """After reading: every source as its contract has it."""

    tables: Mapping[str, Table]
    rows: Mapping[str, int]
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
class Cleaned:
    """After cleaning: what a rule took out or mended, in rows by the rule's name."""

    tables: Mapping[str, Table]
    rows: Mapping[str, int]
