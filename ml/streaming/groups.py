"""How does the feature store take features? As texts of a group's types, latest by the event's own time."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ml.streaming.event import NoEventError, entity_of, happened
from ml.streaming.marks import iso, minutes


@dataclass(frozen=True)
class Group:
    """Where the events of one type are written. `features`: name → `String`, `Integral` or `Fractional`."""

    name: str
    entity: str
    event_time: str
    features: Mapping[str, str]

    def record(self, entity: str, at: float, features: Mapping[str, Any]) -> dict[str, str]:
        """The values of a record as texts; what is none is left out. `at` is in minutes since 1970.

        Raises NoEventError for a feature or a value that the group does not take.
        """
        values = {self.entity: entity, self.event_time: iso(at)}
        for name, value in features.items():
            kind = self.features.get(name)
            if kind is None:
                raise NoEventError(f"features has {name!r}. Allowed: {', '.join(sorted(self.features))}")
            if value is not None:
                values[name] = _text(name, kind, value)
        return values


def groups_of(document: str) -> dict[str, Group]:
    """The groups by type of event, as the platform tells them."""
    return {kind: Group(**told) for kind, told in json.loads(document).items()}


def features_of(
    told: Mapping[str, Any], groups: Mapping[str, Group], now: datetime
) -> tuple[Group, dict[str, str]]:
    """The group that an event belongs to, and its features as the store takes them. Raises NoEventError."""
    group = groups.get(str(told.get("type")))
    if group is None:
        raise NoEventError(f"type is {told.get('type')!r}. Allowed: {', '.join(sorted(groups))}")
    entity = entity_of(told, group.entity)
    features = told.get("features")
    if not isinstance(features, dict) or not features:
        raise NoEventError("features is none. Allowed: an object of names and values")
    return group, group.record(entity, minutes(happened(told, now)), features)


def _text(name: str, kind: str, value: Any) -> str:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    if kind == "String" and isinstance(value, str):
        return value
    if kind == "Fractional" and is_number:
        return repr(float(value))
    if kind == "Integral" and is_number and float(value).is_integer():
        return str(int(value))
    wanted = {"String": "a text", "Fractional": "a number", "Integral": "a whole number"}[kind]
    raise NoEventError(f"features.{name} is {value!r}. Allowed: {wanted}")
