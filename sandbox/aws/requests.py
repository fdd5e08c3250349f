"""How Pulumi's inputs become a request's parameters, checked against the service's own model on the way.

Pulumi writes `rules[0].bucketKeyEnabled` where S3's model has `Rules[0].BucketKeyEnabled`: names follow each
other by case, and a call's `names` lists the exceptions. The model's required members, types, lengths,
ranges, enums and patterns are checked in the same walk, so that a refusal names the author's own path.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

from sandbox.aws.table import Call, Params
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import UNKNOWN, Archive, Asset, PropertyMap, PropertyValue

_NEVER_SENT: Final = frozenset({"tags", "tagsAll", "region"})
"""Tags have ways of their own (`sandbox.aws.tagging`); the region chooses the client."""
_SWITCH: Final = ("DISABLED", "ENABLED")
"""What some services write where Pulumi has a boolean."""
_SHOWN_VALUES: Final = 40
_INDEX: Final = re.compile(r"\[\d+\]")
_PROPERTY_CLASSES: Final = {"L": r"\w", "N": r"\d", "Z": r"\s", "Lu": "A-Z", "Ll": "a-z", "Nd": r"\d"}


class _Omitted:
    """What an unknown value leaves in a request that is only checked."""


_OMITTED: Final = _Omitted()


@dataclass(frozen=True)
class Request:
    """A request's parameters, and why they would be refused."""

    params: Params
    failures: tuple[CheckFailure, ...] = ()


def build(call: Call, shape: StructureShape | None, inputs: PropertyMap) -> Request:
    """The parameters of `call` for these inputs; `call.adds` is left to the caller.

    Unknown values are left out. `failures` come in the order of the inputs, each once.
    """
    if shape is None:
        return Request({})
    walk = _Walk(call.names, call.fills)
    params: Params = {}
    for name, value in inputs.items():
        if value is None or name.startswith("__") or name in _NEVER_SENT or name in call.omits:
            continue
        if call.sends is not None and name not in call.sends:
            continue
        target = call.names.get(name)
        path = target.split(".") if target else [member_for(name, shape) or ""]
        if target == "" or path == [""]:
            continue
        converted = walk.convert(value, _shape_at(shape, path, call), name, name)
        if not isinstance(converted, _Omitted):
            _place(params, path, converted)
    for name, value in params.items():
        if isinstance(value, dict) and isinstance(shape.members[name], ListShape):
            params[name] = [value]  # Properties that together are the one entry of a list.
    return Request(params, tuple(walk.failures))


@lru_cache(maxsize=4096)
def member_for(name: str, shape: StructureShape) -> str | None:
    """The member that a property's name stands for, if there is one."""
    members = _by_plain_name(shape)
    return next((members[plain] for plain in spellings(name) if plain in members), None)


@lru_cache(maxsize=4096)
def spellings(name: str) -> tuple[str, ...]:
    """What a property's name may be called in a service's model, in small letters: itself, or its plural."""
    plain = name.lower()
    found = [plain, plain + "s", plain + "es", plain.removesuffix("s"), plain.removesuffix("es")]
    if plain.endswith("ies"):
        found.append(plain.removesuffix("ies") + "y")
    if plain.endswith("y"):
        found.append(plain.removesuffix("y") + "ies")
    return tuple(found)


@lru_cache(maxsize=2048)
def _by_plain_name(shape: StructureShape) -> Mapping[str, str]:
    return {re.sub(r"[^a-z0-9]", "", member.lower()): member for member in shape.members}


def _shape_at(shape: Shape, path: Iterable[str], call: Call) -> Shape:
    for part in path:
        while isinstance(shape, ListShape):
            shape = shape.member
        if not isinstance(shape, StructureShape) or part not in shape.members:
            raise LookupError(f"{call.operation} has no member {'.'.join(path)}")
        shape = shape.members[part]
    return shape


def _place(params: Params, path: list[str], value: Any) -> None:
    for part in path[:-1]:
        params = params.setdefault(part, {})
    last = path[-1]
    if isinstance(params.get(last), list) and isinstance(value, list):
        params[last] = [*params[last], *value]
    else:
        params[last] = value


@dataclass
class _Walk:
    names: Mapping[str, str]
    fills: tuple[str, ...]
    failures: list[CheckFailure] = field(default_factory=list)

    def convert(self, value: PropertyValue, shape: Shape, path: str, plain: str) -> Any:
        """`value` as the shape has it. `plain` is the path without indexes, as `names` has it."""
        if value is UNKNOWN:
            return _OMITTED
        if isinstance(shape, StructureShape):
            return self._structure(value, shape, path, plain)
        if isinstance(shape, ListShape):
            return self._list(value, shape, path, plain)
        if isinstance(shape, MapShape):
            return self._map(value, shape, path, plain)
        return self._scalar(value, shape, path)

    def _refuse(self, path: str, reason: str) -> Any:
        failure = CheckFailure(path, reason)
        if failure not in self.failures:
            self.failures.append(failure)
        return _OMITTED

    def _structure(self, value: PropertyValue, shape: StructureShape, path: str, plain: str) -> Any:
        if isinstance(value, list):
            if len(value) > 1:
                return self._refuse(path, f"may hold one object, not {len(value)}")
            value = value[0] if value else {}
        if not isinstance(value, dict):
            return self._refuse(path, f"must be an object, not {value!r}")
        result: Params = {}
        unknown = False
        for name, item in value.items():
            if item is None or name.startswith("__"):
                continue
            target = self.names.get(f"{plain}.{name}")
            members = target.split(".") if target else [member_for(name, shape) or ""]
            if target == "" or members == [""]:
                continue
            inner: Shape = shape
            for member in members:
                inner = inner.members[member] if isinstance(inner, StructureShape) else inner
            converted = self.convert(item, inner, f"{path}.{name}", f"{plain}.{name}")
            unknown = unknown or isinstance(converted, _Omitted)
            if isinstance(converted, _Omitted):
                _place(result, members, _OMITTED)
            else:
                _place(result, members, converted)
        for member in shape.required_members:
            if member not in result and member not in self.fills:
                self._refuse(f"{path}.{pulumi_name(member)}", "is required and was not given")
        return _without_omitted(result)

    def _list(self, value: PropertyValue, shape: ListShape, path: str, plain: str) -> Any:
        if isinstance(value, dict):
            pair = _pair_members(shape.member)
            if pair is not None:
                pairs = self._pairs(value, shape.member, pair, path)
                self._length(len(pairs), shape, path, "items")
                return pairs
            value = [value]
        if not isinstance(value, list):
            value = [value]
        items = [
            self.convert(item, shape.member, f"{path}[{index}]", plain)
            for index, item in enumerate(value)
            if item is not None
        ]
        self._length(len(items), shape, path, "items")
        return [item for item in items if not isinstance(item, _Omitted)]

    def _pairs(
        self, value: Mapping[str, PropertyValue], shape: Shape, pair: tuple[str, str], path: str
    ) -> list[Params]:
        """A map where the service has a list of names and values."""
        assert isinstance(shape, StructureShape)  # noqa: S101 - by the caller's test; narrows the type
        entries = []
        for name, item in value.items():
            if item is None:
                continue
            key = self._scalar(name, shape.members[pair[0]], f"{path}.{name}")
            converted = self.convert(item, shape.members[pair[1]], f"{path}.{name}", path)
            if not isinstance(converted, _Omitted) and not isinstance(key, _Omitted):
                entries.append({pair[0]: key, pair[1]: converted})
        return entries

    def _map(self, value: PropertyValue, shape: MapShape, path: str, plain: str) -> Any:
        if not isinstance(value, dict):
            return self._refuse(path, f"must be a map, not {value!r}")
        result: Params = {}
        for name, item in value.items():
            if item is None:  # What a program reads from a setting that is not there: no entry.
                continue
            key = self._scalar(name, shape.key, f"{path}.{name}")
            converted = self.convert(item, shape.value, f"{path}.{name}", plain)
            if not isinstance(converted, _Omitted) and not isinstance(key, _Omitted):
                result[key] = converted
        self._length(len(value), shape, path, "entries")
        return result

    def _scalar(self, value: PropertyValue, shape: Shape, path: str) -> Any:
        if isinstance(value, (Asset, Archive)):
            return value
        kind = shape.type_name
        if kind in ("integer", "long"):
            number = _number(value)
            if number is None or number != int(number):
                return self._refuse(path, f"must be a whole number, not {value!r}")
            return self._ranged(int(number), shape, path)
        if kind in ("float", "double"):
            number = _number(value)
            if number is None:
                return self._refuse(path, f"must be a number, not {value!r}")
            return self._ranged(number, shape, path)
        if kind == "boolean":
            if value in ("true", "false"):
                return value == "true"
            if not isinstance(value, bool):
                return self._refuse(path, f"must be true or false, not {value!r}")
            return value
        if kind == "string":
            return self._string(value, shape, path)
        return value

    def _string(self, value: PropertyValue, shape: Shape, path: str) -> Any:
        allowed = shape.enum if isinstance(shape, StringShape) else []
        if isinstance(value, bool):
            words = _SWITCH if set(allowed) == set(_SWITCH) else ("false", "true")
            value = words[value]
        if isinstance(value, (int, float)):
            value = f"{value:g}" if value == int(value) else repr(value)
        if not isinstance(value, str):
            return self._refuse(path, f"must be a string, not {value!r}")
        if allowed and value not in allowed:
            return self._refuse(path, f"{value!r} is not one of {_listed(allowed, value)}")
        self._length(len(value), shape, path, "characters")
        pattern = shape.metadata.get("pattern")
        compiled = _pattern(pattern) if pattern else None
        if compiled is not None and not compiled.search(value):
            self._refuse(path, f"{value!r} does not match the pattern {pattern}")
        return value

    def _length(self, length: int, shape: Shape, path: str, unit: str) -> None:
        low, high = shape.metadata.get("min"), shape.metadata.get("max")
        if low is not None and length < low:
            self._refuse(path, f"has {length} {unit}, fewer than the {low} that are needed")
        if high is not None and length > high:
            self._refuse(path, f"has {length} {unit}, more than the {high} that are allowed")

    def _ranged(self, number: float, shape: Shape, path: str) -> Any:
        low, high = shape.metadata.get("min"), shape.metadata.get("max")
        if (low is not None and number < low) or (high is not None and number > high):
            span = f"from {low}" if high is None else f"at most {high}" if low is None else f"{low} to {high}"
            return self._refuse(path, f"{number:g} is out of range: allowed is {span}")
        return number


def pulumi_name(member: str) -> str:
    """A member's name as Pulumi would most likely spell it: `KMSMasterKeyID` is `kmsMasterKeyId`."""
    words = re.findall(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z]+|\d+", member)
    return "".join(word.lower() if index == 0 else word.capitalize() for index, word in enumerate(words))


def _pair_members(shape: Shape) -> tuple[str, str] | None:
    if not isinstance(shape, StructureShape):
        return None
    plain = _by_plain_name(shape)
    key = plain.get("name") or plain.get("key")
    value = plain.get("value")
    return (key, value) if key and value else None


def _without_omitted(params: Params) -> Params:
    kept: Params = {}
    for name, value in params.items():
        if isinstance(value, _Omitted):
            continue
        kept[name] = _without_omitted(value) if isinstance(value, dict) else value
    return kept


def _number(value: PropertyValue) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return value
    try:
        return float(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _listed(allowed: Iterable[str], value: str) -> str:
    """The allowed values; of a long list those that begin alike come first, and the rest are counted."""
    values = list(allowed)
    if len(values) <= _SHOWN_VALUES:
        return ", ".join(values)
    stem = value.split(".")[0] + "." if "." in value else value[:3]
    near = [item for item in values if item.startswith(stem)] or [
        item for item in values if item.startswith(stem[:4])
    ]
    shown = (near or values)[:_SHOWN_VALUES]
    return f"{', '.join(shown)} (and {len(values) - len(shown)} more)"


@lru_cache(maxsize=1024)
def _pattern(source: str) -> re.Pattern[str] | None:
    """A model's pattern, matching whole values; None where Python's `re` cannot say it (Java's dialect)."""

    def translate(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in _PROPERTY_CLASSES:
            raise re.error(f"no translation of \\p{{{name}}}")
        return _PROPERTY_CLASSES[name]

    try:
        translated = re.sub(r"\\p\{(\w+)\}", translate, source)
        return re.compile(rf"\A(?:{translated})\Z", re.DOTALL)
    except re.error:
        return None
