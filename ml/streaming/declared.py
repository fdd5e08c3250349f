"""What does a use case declare of its stream? Its events, which states they change, and its question."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ml.streaming.event import Event, EventType
from ml.streaming.windows import Part

State = Mapping[str, Any]
"""The parts of one key's state by name, each a Window, Spans or Latest."""

Change = Callable[[State], bool]
"""Puts an event into a state; says whether that changed anything. Doing it twice is doing it once."""


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A part of the states of a kind. `minutes` is how far back of the present a question looks into it."""

    made: Callable[[Any], Part]
    """The class: Window, Spans or Latest."""
    minutes: int


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """What is written to the feature store of each key of a kind: the features as of a mark."""

    event: str
    """The type of event, as its feature group is declared by."""
    features: Callable[[State, int], Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Stream:
    """What the consumer knows of a use case. A key is `<kind>/<name>`, such as `airport/JFK`."""

    types: Mapping[str, EventType]
    kinds: Mapping[str, Mapping[str, Kept]]
    """Kind of key → the parts of its states."""
    changes: Callable[[Event], Sequence[tuple[str, Change]]]
    """The keys that an event changes, and how."""
    ask: str
    """The type of the event that asks; its entity is the inference id."""
    asked_of: Callable[[Event], Sequence[str]]
    """The keys that a question looks into."""
    features: Callable[[Event, Mapping[str, State]], Mapping[str, Any]]
    """The model's features as known at the question's time, from the states by key."""
    subject: Callable[[Event], str]
    """What a question is about, as a person would say it."""
    snapshots: Mapping[str, Snapshot] = field(default_factory=dict)
    """Kind of key → what the feature store shows of it."""
