"""What is an event, and what is none? JSON of a declared type, about something, at a moment."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from ml.streaming.marks import minutes

Kind = Literal["text", "number", "integer", "moment"]

TICK = "tick"
"""The type of an event that says no more than how late it is: producers send one where it is quiet."""

AHEAD = timedelta(hours=1)
"""How far ahead of our clock an event's time may be: a wrong clock must not win over all that follows."""

_MOMENT = "ISO 8601 with a zone, such as 2026-01-31T09:30:00Z"
_SAYS: Mapping[Kind, str] = {
    "text": "a text",
    "number": "a number",
    "integer": "a whole number",
    "moment": _MOMENT,
}


class NoEventError(ValueError):
    """A record that is no event: what is wrong, and what is allowed."""


@dataclass(frozen=True, kw_only=True)
class EventType:
    """What the `features` of a type hold; the `optional` ones may be null or lack."""

    fields: Mapping[str, Kind]
    optional: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class Event:
    """`at` is the event's own time in minutes since 1970; `fields` are judged, moments as datetime."""

    id: str
    type: str
    entity: str
    at: float
    fields: Mapping[str, Any]
    told: Mapping[str, Any]
    """As it came."""


def parsed(data: bytes) -> Mapping[str, Any]:
    """The object that a record holds. Raises NoEventError."""
    try:
        told = json.loads(data)
    except (ValueError, RecursionError):
        raise NoEventError("It is no JSON. Allowed: one JSON object in UTF-8") from None
    if not isinstance(told, dict):
        raise NoEventError(f"It is {type(told).__name__}. Allowed: a JSON object")
    return told


def moment_of(given: Any, name: str = "time") -> datetime:
    """A moment as an event tells it. Raises NoEventError."""
    try:
        moment = datetime.fromisoformat(given)
    except (TypeError, ValueError):
        raise NoEventError(f"{name} is {given!r}. Allowed: {_MOMENT}") from None
    if moment.tzinfo is None:
        raise NoEventError(f"{name} is {given!r}, without a zone. Allowed: {_MOMENT}")
    return moment


def happened(told: Mapping[str, Any], now: datetime) -> datetime:
    """When an event happened, by itself. Raises NoEventError for one ahead of the present."""
    moment = moment_of(told.get("time"))
    if moment > now + AHEAD:
        raise NoEventError(f"time is {told['time']!r}, ahead of the present. Allowed: an hour ahead at most")
    return moment.astimezone(UTC)


def entity_of(told: Mapping[str, Any], about: str = "what") -> str:
    """Whom or what an event is about. Raises NoEventError."""
    entity = told.get("entity")
    if not isinstance(entity, str) or not entity.strip():
        raise NoEventError(f"entity is {entity!r}. Allowed: a text, the {about} that the event is about")
    return entity


def judged(told: Mapping[str, Any], kind: EventType, now: datetime) -> Event:
    """The event of a declared type. Its id, where it has none, is made of type, entity and time.

    Raises NoEventError.
    """
    entity, moment = entity_of(told), happened(told, now)
    given = told.get("features")
    if given is None and not kind.fields:
        given = {}
    if not isinstance(given, dict):
        raise NoEventError("features is none. Allowed: an object of names and values")
    for name in given:
        if name not in kind.fields:
            raise NoEventError(f"features has {name!r}. Allowed: {', '.join(sorted(kind.fields))}")
    fields: dict[str, Any] = {}
    for name, wanted in kind.fields.items():
        value = given.get(name)
        if value is None:
            if name not in kind.optional:
                raise NoEventError(f"features.{name} is none. Allowed: {_SAYS[wanted]}")
            fields[name] = None
        else:
            fields[name] = _value(name, wanted, value)
    identity = told.get("id")
    if identity is None:
        identity = f"{told['type']}/{entity}/{told['time']}"
    elif not isinstance(identity, str) or not identity:
        raise NoEventError(f"id is {identity!r}. Allowed: a text, or none")
    return Event(identity, told["type"], entity, minutes(moment), fields, told)


def _value(name: str, wanted: Kind, value: Any) -> Any:
    if wanted == "text":
        if isinstance(value, str) and value:
            return value
    elif wanted == "moment":
        return moment_of(value, f"features.{name}")
    elif isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
        if wanted == "number":
            return value
        if value == int(value):
            return int(value)
    raise NoEventError(f"features.{name} is {value!r}. Allowed: {_SAYS[wanted]}")
