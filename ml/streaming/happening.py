"""What happened, as whoever puts events to a stream has it: an event, when it was, and where it goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Happening:
    """`at` is the event's time in minutes since 1970 (UTC); events of one `partition` stay in order."""

    at: float
    partition: str
    event: Mapping[str, Any]
