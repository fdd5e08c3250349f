"""Which properties a type has: the shape of its inputs, as the Pulumi SDK knows it."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import UNKNOWN, Archive, Asset, PropertyMap, PropertyValue

SCHEMA_FOLDER: Final = Path(__file__).with_name("schemas")
"""One file a module of the SDK, such as `s3.json`, written by `python -m sandbox.aws.schema_source`."""

Kind = str
"""`string`, `boolean`, `integer`, `number`, `any`, `[]Kind`, `{}Kind`, or `@name` of an object."""

_KINDS: Final[Mapping[str, tuple[type, ...]]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int, float),
    "number": (int, float),
}


@dataclass(frozen=True)
class ObjectSchema:
    """The members of a resource's inputs, or of an object inside them, in Pulumi's spelling."""

    inputs: Mapping[str, Kind]
    required: tuple[str, ...]


@dataclass(frozen=True)
class TypeSchema(ObjectSchema):
    """A resource type: its inputs and its outputs."""

    outputs: Mapping[str, Kind]


@cache
def _document(module: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((SCHEMA_FOLDER / f"{module}.json").read_text(encoding="utf-8"))
    return document


@cache
def type_schema(token: str) -> TypeSchema:
    """The schema of a type of the table; raises KeyError where `schemas/` is older than the table."""
    entry = _document(module_of(token))["types"][token]
    return TypeSchema(entry["inputs"], tuple(entry["required"]), entry["outputs"])


@cache
def object_schema(kind: Kind) -> ObjectSchema:
    """The schema of `@name`."""
    module, _, name = kind[1:].partition("/")
    entry = _document(module)["objects"][name]
    return ObjectSchema(entry["inputs"], tuple(entry["required"]))


def row_file(token: str) -> str | None:
    """The file in `sandbox/aws/types/` that holds the row of a type; None for a type that no schema knows."""
    try:
        entry = _document(module_of(token))["types"].get(token)
    except (FileNotFoundError, IndexError):
        return None
    return None if entry is None else str(entry["row"])


def module_of(token: str) -> str:
    """The SDK's module of a type: `s3` for `aws:s3/bucket:Bucket`."""
    return token.split(":")[1].split("/")[0]


def shape_failures(token: str, inputs: PropertyMap) -> Iterator[CheckFailure]:
    """What no version of the program could mean: unknown names, missing properties, wrong kinds."""
    yield from _object_failures(type_schema(token), inputs, "")


def _object_failures(schema: ObjectSchema, value: PropertyMap, path: str) -> Iterator[CheckFailure]:
    for name in schema.required:
        if value.get(name) is None:
            yield CheckFailure(_join(path, name), "is required and was not given")
    for name, member in value.items():
        if name.startswith("__"):
            continue
        kind = schema.inputs.get(name)
        if kind is None:
            near = difflib.get_close_matches(name, schema.inputs, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            allowed = ", ".join(sorted(schema.inputs))
            yield CheckFailure(_join(path, name), f"is no property here{hint} (there are: {allowed})")
        elif member is not None:
            yield from _kind_failures(kind, member, _join(path, name))


def _kind_failures(kind: Kind, value: PropertyValue, path: str) -> Iterator[CheckFailure]:
    if value is UNKNOWN or value is None or kind == "any":
        return
    if kind.startswith("[]"):
        if not isinstance(value, list):
            yield CheckFailure(path, f"must be a list, not {_named(value)}")
            return
        for index, item in enumerate(value):
            yield from _kind_failures(kind[2:], item, f"{path}[{index}]")
    elif kind.startswith("{}"):
        if not isinstance(value, dict):
            yield CheckFailure(path, f"must be a map, not {_named(value)}")
            return
        for name, item in value.items():
            yield from _kind_failures(kind[2:], item, _join(path, name))
    elif kind.startswith("@"):
        if not isinstance(value, dict):
            yield CheckFailure(path, f"must be an object, not {_named(value)}")
            return
        yield from _object_failures(object_schema(kind), value, path)
    elif not isinstance(value, _KINDS[kind]) or (isinstance(value, bool) and kind != "boolean"):
        yield CheckFailure(path, f"must be a {kind}, not {_named(value)}")
    elif kind == "integer" and isinstance(value, float) and not value.is_integer():
        yield CheckFailure(path, f"must be a whole number, not {value}")


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _named(value: PropertyValue) -> str:
    if isinstance(value, bool):
        return f"the boolean {str(value).lower()}"
    if isinstance(value, (Asset, Archive)):
        return "an asset"
    if isinstance(value, (dict, list)):
        return "an object" if isinstance(value, dict) else "a list"
    return f"the {'string' if isinstance(value, str) else 'number'} {value!r}"
