"""How a service's answer becomes Pulumi's properties: the way back of `requests.build`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sandbox.aws.requests import spellings
from sandbox.aws.schema import Kind, object_schema
from sandbox.aws.table import at
from sandbox.engine.values import PropertyValue


def to_pulumi(kind: Kind, value: Any, path: str, names: Mapping[str, str]) -> PropertyValue:
    """The value as the property's kind has it; members that the answer lacks are left out."""
    if value is None:
        return None
    if kind.startswith("[]"):
        items = value if isinstance(value, list) else [value]
        return [to_pulumi(kind[2:], item, path, names) for item in items]
    if kind.startswith("{}"):
        return _map(kind, value, path, names)
    if kind.startswith("@"):
        value = value[0] if isinstance(value, list) and value else value
        return _object(kind, value, path, names) if isinstance(value, Mapping) else None
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if kind == "string" and isinstance(value, (int, float)) else value


def guided(stored: PropertyValue, value: PropertyValue) -> PropertyValue:
    """`value`, where the stored inputs say what to look at: members that they lack say nothing of drift,
    and members that the emulator lost keep what was stored."""
    if isinstance(stored, dict) and isinstance(value, dict):
        return {name: guided(item, value[name]) if name in value else item for name, item in stored.items()}
    if isinstance(stored, list) and isinstance(value, list) and len(stored) == len(value):
        return [guided(first, second) for first, second in zip(stored, value, strict=True)]
    return value


def _map(kind: Kind, value: Any, path: str, names: Mapping[str, str]) -> PropertyValue:
    if isinstance(value, Mapping):
        return {str(key): to_pulumi(kind[2:], item, path, names) for key, item in value.items()}
    pairs: dict[str, PropertyValue] = {}
    for item in value:
        plain = {key.lower(): part for key, part in item.items()}
        pairs[str(plain.get("name", plain.get("key")))] = to_pulumi(kind[2:], plain.get("value"), path, names)
    return pairs


def _object(kind: Kind, value: Mapping[str, Any], path: str, names: Mapping[str, str]) -> PropertyValue:
    found: dict[str, PropertyValue] = {}
    for name, inner in object_schema(kind).inputs.items():
        answer = property_of(name, inner, value, names, f"{path}.{name}")
        if answer is not None:
            found[name] = answer
    return found


def property_of(
    name: str, kind: Kind, value: Mapping[str, Any], names: Mapping[str, str], path: str = ""
) -> PropertyValue:
    """One property out of an answer's object; None where the answer lacks it, or `names` leaves it out."""
    path = path or name
    target = names.get(path)
    if target == "":
        return None
    if target:
        answer = at(value, target)
    else:
        plain = {re.sub(r"[^a-z0-9]", "", member.lower()): member for member in value}
        member = next((plain[item] for item in spellings(name) if item in plain), None)
        answer = value[member] if member is not None else None
    return to_pulumi(kind, answer, path, names)
