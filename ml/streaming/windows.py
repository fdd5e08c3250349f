"""What is kept of a key's events? Windows, spans and latest values, each of which takes an event once.

All answer as of a moment, so that a question is answered by its own time whatever else has come since.
Moments and marks are minutes since 1970. What changes something says so; an event that is there already
changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from ml.streaming.marks import RESOLUTION


class Part(Protocol):
    """A part of a key's state: it can be written down, and forgets what is over."""

    def dump(self) -> Any: ...

    def expire(self, before: float) -> None: ...


class Window:
    """Counts and totals of events by the mark from which each is known."""

    __slots__ = ("_marks", "_seen")

    def __init__(self, dumped: Mapping[str, tuple[int, float]] | None = None) -> None:
        self._seen: dict[str, tuple[int, float]] = {}
        self._marks: dict[int, list[float]] = {}
        for identity, (mark, value) in (dumped or {}).items():
            self.add(identity, mark, value)

    def add(self, identity: str, mark: int, value: float) -> bool:
        """Counts an event once."""
        if identity in self._seen:
            return False
        self._seen[identity] = (mark, value)
        sums = self._marks.get(mark)
        if sums is None:
            self._marks[mark] = [1, value]
        else:
            sums[0] += 1
            sums[1] += value
        return True

    def take_back(self, identity: str) -> bool:
        """Counts an event no more, as if it had never come."""
        found = self._seen.pop(identity, None)
        if found is None:
            return False
        mark, value = found
        sums = self._marks[mark]
        sums[0] -= 1
        sums[1] -= value
        if not sums[0]:
            del self._marks[mark]
        return True

    def over(self, mark: int, span: int) -> tuple[int, float]:
        """Count and total of what is known from a mark in (mark - span, mark]."""
        count, total = 0, 0.0
        marks = self._marks
        for one in range(mark - span + RESOLUTION, mark + 1, RESOLUTION):
            sums = marks.get(one)
            if sums is not None:
                count += int(sums[0])
                total += sums[1]
        return count, total

    def expire(self, before: float) -> None:
        """Forgets what was known before a moment."""
        if not any(mark < before for mark in self._marks):
            return
        self._seen = {identity: one for identity, one in self._seen.items() if one[0] >= before}
        self._marks = {mark: sums for mark, sums in self._marks.items() if mark >= before}

    def dump(self) -> dict[str, tuple[int, float]]:
        return self._seen


class Spans:
    """What lasts from a mark to a mark, such as a wait. Either may be told first; the earlier end counts."""

    __slots__ = ("_known",)

    def __init__(self, dumped: Mapping[str, tuple[int | None, int, float]] | None = None) -> None:
        self._known: dict[str, tuple[int | None, int, float]] = {
            identity: (one[0], one[1], one[2]) for identity, one in (dumped or {}).items()
        }

    def begin(self, identity: str, begin: int, end: int, value: float) -> bool:
        """Says that something lasts from `begin` to `end` at the latest."""
        known = self._known.get(identity)
        if known is not None and known[0] is not None:
            return False
        self._known[identity] = (begin, end if known is None else min(end, known[1]), value)
        return True

    def end(self, identity: str, end: int) -> bool:
        """Says that something is over at `end`. What never was told to begin does not count."""
        known = self._known.get(identity)
        if known is None:
            self._known[identity] = (None, end, 0)
            return True
        if known[1] <= end:
            return False
        self._known[identity] = (known[0], end, known[2])
        return True

    def over(self, mark: int) -> tuple[int, float]:
        """How many last at a mark, and the total of their values."""
        count, total = 0, 0.0
        for begin, end, value in self._known.values():
            if begin is not None and begin <= mark < end:
                count += 1
                total += value
        return count, total

    def expire(self, before: float) -> None:
        """Forgets what was over before a moment."""
        gone = [identity for identity, one in self._known.items() if one[1] < before]
        for identity in gone:
            del self._known[identity]

    def dump(self) -> dict[str, tuple[int | None, int, float]]:
        return self._known


class Latest:
    """Values by the moment that they are of, such as observations: asked for the last one by a moment."""

    __slots__ = ("_known",)

    def __init__(self, dumped: Mapping[str, dict[str, Any]] | None = None) -> None:
        self._known: dict[str, dict[str, Any]] = dict(dumped or {})

    def put(self, identity: str, at: float, rank: str = "", **values: Any) -> bool:
        """Adds what is known of one; later calls add to it. Of two at one moment the lesser rank is first."""
        known = self._known.get(identity)
        if known is None:
            self._known[identity] = {"at": at, "rank": rank, **values}
            return True
        fresh = {name: value for name, value in values.items() if name not in known}
        known.update(fresh)
        return bool(fresh)

    def as_of(self, moment: float, needs: str = "") -> Mapping[str, Any] | None:
        """The last one at or before a moment, of those that have the value that it `needs`."""
        last = None
        for one in self._known.values():
            if one["at"] > moment or (needs and needs not in one):
                continue
            later = last is None or one["at"] > last["at"]
            if later or (last is not None and one["at"] == last["at"] and one["rank"] < last["rank"]):
                last = one
        return last

    def between(self, first: float, last: float) -> list[Mapping[str, Any]]:
        """Those of a moment from `first` to `last`, both included, in order."""
        found = [one for one in self._known.values() if first <= one["at"] <= last]
        return sorted(found, key=lambda one: (one["at"], one["rank"]))

    def expire(self, before: float) -> None:
        """Forgets what is of a moment before this one, but for the last of them, which still holds."""
        if len(self._known) < 2:
            return
        last = self.as_of(before)
        keep = before if last is None else last["at"]
        self._known = {identity: one for identity, one in self._known.items() if one["at"] >= keep}

    def dump(self) -> dict[str, dict[str, Any]]:
        return self._known
