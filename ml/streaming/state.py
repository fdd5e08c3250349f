"""What is known, and how far have we come? States by key and a clock for each shard, behind one interface."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from ml.streaming.declared import Kept, State

SLACK = 6 * 60
"""Minutes that states reach further back than questions look: so late may a question, or a shard, be."""


@dataclass
class Held:
    """A key's state as it was read. `version` is 0 for one that was never written."""

    key: str
    state: State
    version: int


@dataclass
class Clock:
    """How far the events of one shard have come, and what of them waits until it is due.

    `newest` is the latest time of an event, in minutes since 1970. `pending` is by type and id what waits, as
    it came, with the number of tries; `done` what was dealt with, with its time, so that it is not again.
    `touched` is when this was written, in seconds since 1970 by the clock of whoever wrote it.
    """

    newest: float | None = None
    pending: dict[str, dict[str, Any]] = field(default_factory=dict)
    done: dict[str, float] = field(default_factory=dict)
    touched: float = 0.0
    version: int = 0

    def joined(self, other: Clock) -> Clock:
        """This clock with what another invocation on the same shard has kept meanwhile."""
        done = other.done | self.done
        pending = {key: one for key, one in (other.pending | self.pending).items() if key not in done}
        known = [one for one in (self.newest, other.newest) if one is not None]
        return Clock(max(known, default=None), pending, done, self.touched, other.version)


class Store(Protocol):
    """Where states and clocks are kept. A write succeeds only over the version that was read."""

    def clocks(self) -> dict[str, Clock]:
        """Every shard's clock."""
        ...

    def save_clock(self, shard: str, clock: Clock) -> bool:
        """Whether it was written; False where another write came first."""
        ...

    def load(self, keys: Collection[str]) -> dict[str, Held]:
        """The states of the keys; an empty one where nothing is kept."""
        ...

    def save(self, changed: Collection[Held]) -> list[str]:
        """The keys that were not written, since another write came first."""
        ...


Kinds = Mapping[str, Mapping[str, Kept]]


def empty(kinds: Kinds, key: str) -> State:
    """The state of a key of which nothing is known."""
    return {name: kept.made(None) for name, kept in kinds[kind_of(key)].items()}


def restored(kinds: Kinds, key: str, dumped: Mapping[str, Any]) -> State:
    """The state that was written down; a part that is new since then is empty."""
    return {name: kept.made(dumped.get(name)) for name, kept in kinds[kind_of(key)].items()}


def expire(kinds: Kinds, key: str, state: State, watermark: float) -> None:
    """Forgets what no question can look into any more."""
    for name, kept in kinds[kind_of(key)].items():
        state[name].expire(watermark - kept.minutes - SLACK)


def kind_of(key: str) -> str:
    """The kind of a key: what stands before its first slash."""
    return key.partition("/")[0]


class Memory:
    """Keeps states as they are, in this process alone: for one consumer of one shard, and for tests."""

    def __init__(self, kinds: Kinds) -> None:
        self._kinds = kinds
        self._held: dict[str, Held] = {}
        self._clocks: dict[str, Clock] = {}

    def clocks(self) -> dict[str, Clock]:
        return dict(self._clocks)

    def save_clock(self, shard: str, clock: Clock) -> bool:
        clock.version += 1
        self._clocks[shard] = clock
        return True

    def load(self, keys: Collection[str]) -> dict[str, Held]:
        found = {}
        for key in keys:
            held = self._held.get(key)
            if held is None:
                held = self._held[key] = Held(key, empty(self._kinds, key), 0)
            found[key] = held
        return found

    def save(self, changed: Collection[Held]) -> list[str]:
        for held in changed:
            held.version += 1
        return []
