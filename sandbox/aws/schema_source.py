"""Where the property names come from: reads `pulumi_aws` and writes `schemas/` for the types of the table.

Run `python -m sandbox.aws.schema_source` after adding a type or raising the version of `pulumi_aws`. The
sandbox itself reads only the written file: importing the SDK's larger modules takes seconds.
"""

from __future__ import annotations

import importlib
import inspect
import json
import re
import types
import typing
from collections.abc import Iterable
from importlib.metadata import version
from typing import Any

from pulumi import _types as pulumi_types

from sandbox.aws.catalog import TYPES
from sandbox.aws.schema import SCHEMA_FOLDER, module_of

_PRIMITIVES = {bool: "boolean", int: "integer", float: "number", str: "string"}
_TOKEN = re.compile(r"^aws:(?P<folder>\w+)/\w+:(?P<name>\w+)$")


def resource_class(token: str) -> type[Any]:
    """The SDK's class of a type; raises LookupError where the SDK has none."""
    match = _TOKEN.match(token)
    if match is None:
        raise LookupError(f"{token} is not a type token such as aws:s3/bucket:Bucket")
    folder = "lambda_" if match["folder"] == "lambda" else match["folder"]
    module = importlib.import_module(f"pulumi_aws.{folder}")
    found = getattr(module, match["name"], None)
    if found is None or getattr(found, "pulumi_type", token) != token:
        raise LookupError(f"pulumi_aws {version('pulumi_aws')} has no {token}")
    return typing.cast("type[Any]", found)


def describe(tokens: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The schemas of these types by module, each as its file has it."""
    objects: dict[str, Any] = {}
    described: dict[str, Any] = {}
    for token in sorted(tokens):
        resource = resource_class(token)
        arguments = _arguments_class(resource)
        entry = _members(arguments, objects)
        if token in TYPES:
            entry["row"] = TYPES.file_of(token)
        entry["outputs"] = {
            name: _kind(kind, {}) if not _is_object(kind) else "any"
            for name, kind in sorted(pulumi_types.resource_types(resource).items())
        }
        described[token] = entry
    source = f"pulumi_aws {version('pulumi_aws')}"
    modules: dict[str, dict[str, Any]] = {}
    for token, entry in described.items():
        modules.setdefault(module_of(token), {"source": source, "types": {}, "objects": {}})["types"][
            token
        ] = entry
    for name, entry in sorted(objects.items()):
        module, _, plain = name.partition("/")
        modules.setdefault(module, {"source": source, "types": {}, "objects": {}})["objects"][plain] = entry
    return modules


def _arguments_class(resource: type[Any]) -> type[Any]:
    """The class of a resource's arguments, from the second overload of its constructor.

    By name it cannot be found: where a nested type has it already, the SDK calls it `...InitArgs`.
    """
    module = inspect.getmodule(resource)
    for overload in typing.get_overloads(resource.__init__):
        parameter = inspect.signature(overload).parameters.get("args")
        if parameter is None:
            continue
        annotation = parameter.annotation
        for candidate in typing.get_args(annotation) or (annotation,):
            name = candidate.__forward_arg__ if isinstance(candidate, typing.ForwardRef) else candidate
            found = getattr(module, name, None) if isinstance(name, str) else name
            if isinstance(found, type) and found is not type(None):
                return found
    raise LookupError(f"{resource.__name__} has no class of arguments")


def _members(arguments: type[Any], objects: dict[str, Any]) -> dict[str, Any]:
    to_wire = pulumi_types.input_type_py_to_pulumi_names(arguments)
    parameters = inspect.signature(arguments.__init__).parameters
    required = [
        wire
        for python, wire in to_wire.items()
        if python in parameters and parameters[python].default is inspect.Parameter.empty
    ]
    kinds = pulumi_types.input_type_types(arguments)
    return {
        "inputs": {name: _kind(kind, objects) for name, kind in sorted(kinds.items())},
        "required": sorted(required),
    }


def _is_object(kind: Any) -> bool:
    return "outputs." in str(kind) or (isinstance(kind, type) and kind not in _PRIMITIVES)


def _kind(kind: Any, objects: dict[str, Any]) -> str:
    kind = pulumi_types.unwrap_optional_type(kind)
    if kind in _PRIMITIVES:
        return _PRIMITIVES[kind]
    origin = typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        plain = [part for part in typing.get_args(kind) if not _is_deferred(part)]
        return _kind(plain[0], objects) if len(plain) == 1 else "any"
    if origin is not None and origin.__name__ in ("Sequence", "list"):
        return "[]" + _kind(typing.get_args(kind)[0], objects)
    if origin is not None and origin.__name__ in ("Mapping", "dict"):
        return "{}" + _kind(typing.get_args(kind)[1], objects)
    if isinstance(kind, type) and pulumi_types.is_input_type(kind):
        name = f"{kind.__module__.split('.')[1]}/{kind.__name__}"
        if name not in objects:
            objects[name] = {}  # Before the descent: some types hold themselves.
            objects[name] = _members(kind, objects)
        return f"@{name}"
    return "any"


def _is_deferred(part: Any) -> bool:
    text = str(part)
    return part is type(None) or "Awaitable" in text or "Output" in text


def main() -> None:
    SCHEMA_FOLDER.mkdir(exist_ok=True)
    for old in SCHEMA_FOLDER.glob("*.json"):
        old.unlink()
    for module, document in describe(TYPES).items():
        text = json.dumps(document, indent=1, sort_keys=True) + "\n"
        (SCHEMA_FOLDER / f"{module}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
