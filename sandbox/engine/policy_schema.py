"""What is wrong with a policy's configuration by its schema: the part of JSON Schema that policies use.

The keywords are those of the policy SDK (`PolicyConfigJSONSchema` of github.com/pulumi/pulumi-policy); others
say nothing here, as an unknown keyword does everywhere.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from sandbox.engine.values import Located

Path = tuple[str | int, ...]

_TYPES: Final[Mapping[str, Callable[[Any], bool]]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: _is_number(value) and float(value).is_integer(),
    "number": lambda value: _is_number(value),
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, Mapping),
}


def violations(schema: Mapping[str, Any], value: Any, path: Path = ()) -> Iterator[str]:
    """What the schema does not allow in the value: where, what is allowed, what was given."""
    wanted = schema.get("type")
    types = [wanted] if isinstance(wanted, str) else list(wanted or [])
    if types and not any(_TYPES.get(name, lambda _: True)(value) for name in types):
        yield f"{_at(path)}must be of type {' or '.join(types)}, not {_written(value)}"
        return
    yield from _choices(schema, value, path)
    if _is_number(value):
        yield from _number(schema, value, path)
    elif isinstance(value, str):
        yield from _text(schema, value, path)
    elif isinstance(value, list):
        yield from _list(schema, value, path)
    elif isinstance(value, Mapping):
        yield from _object(schema, value, path)


def _choices(schema: Mapping[str, Any], value: Any, path: Path) -> Iterator[str]:
    if "enum" in schema and not any(_same(value, allowed) for allowed in schema["enum"]):
        allowed = ", ".join(_written(item) for item in schema["enum"])
        yield f"{_at(path)}must be one of {allowed}, not {_written(value)}"
    if "const" in schema and not _same(value, schema["const"]):
        yield f"{_at(path)}must be {_written(schema['const'])}, not {_written(value)}"
    if "not" in schema and not list(violations(schema["not"], value, path)):
        yield f"{_at(path)}must not be {_written(value)}"
    for part in schema.get("allOf", ()):
        yield from violations(part, value, path)
    for keyword, most in (("anyOf", None), ("oneOf", 1)):
        parts = schema.get(keyword)
        fitting = sum(not list(violations(part, value, path)) for part in parts or ())
        if parts and (not fitting or (most is not None and fitting > most)):
            yield f"{_at(path)}{_written(value)} does not fit '{keyword}' of its schema"


def _number(schema: Mapping[str, Any], value: float, path: Path) -> Iterator[str]:
    for keyword, words, right in (
        ("minimum", "at least", lambda bound: value >= bound),
        ("maximum", "at most", lambda bound: value <= bound),
        ("exclusiveMinimum", "greater than", lambda bound: value > bound),
        ("exclusiveMaximum", "less than", lambda bound: value < bound),
        ("multipleOf", "a multiple of", lambda bound: float(value / bound).is_integer()),
    ):
        bound = schema.get(keyword)
        if _is_number(bound) and not right(bound):
            yield f"{_at(path)}must be {words} {_written(bound)}, not {_written(value)}"


def _text(schema: Mapping[str, Any], value: str, path: Path) -> Iterator[str]:
    yield from _size(schema, len(value), "Length", "characters", path)
    pattern = schema.get("pattern")
    if pattern and not _matches(pattern, value):
        yield f"{_at(path)}must match the pattern '{pattern}', which {_written(value)} does not"


def _list(schema: Mapping[str, Any], value: list[Any], path: Path) -> Iterator[str]:
    yield from _size(schema, len(value), "Items", "elements", path)
    if schema.get("uniqueItems") and len({json.dumps(item, sort_keys=True) for item in value}) < len(value):
        yield f"{_at(path)}must not hold the same element twice"
    items = schema.get("items")
    for index, item in enumerate(value):
        if isinstance(items, Mapping):
            yield from violations(items, item, (*path, index))
        elif isinstance(items, list) and index < len(items):
            yield from violations(items[index], item, (*path, index))


def _object(schema: Mapping[str, Any], value: Mapping[str, Any], path: Path) -> Iterator[str]:
    yield from _size(schema, len(value), "Properties", "properties", path)
    for name in schema.get("required") or ():
        if name not in value:
            yield f"{_at((*path, name))}is required"
    properties = schema.get("properties") or {}
    patterns = schema.get("patternProperties") or {}
    for name, item in value.items():
        fitting = [part for pattern, part in patterns.items() if _matches(pattern, name)]
        if name in properties:
            fitting.append(properties[name])
        for part in fitting:
            yield from violations(part, item, (*path, name))
        more = schema.get("additionalProperties")
        if not fitting and more is False:
            yield f"{_at((*path, name))}is not allowed; allowed: {', '.join(properties) or 'nothing'}"
        elif not fitting and isinstance(more, Mapping):
            yield from violations(more, item, (*path, name))


def _size(schema: Mapping[str, Any], size: int, what: str, words: str, path: Path) -> Iterator[str]:
    least, most = schema.get(f"min{what}"), schema.get(f"max{what}")
    if least is not None and size < least:
        yield f"{_at(path)}must have at least {_written(least)} {words}, not {size}"
    if most is not None and size > most:
        yield f"{_at(path)}must have at most {_written(most)} {words}, not {size}"


def _at(path: Path) -> str:
    return f"{Located(path)} " if path else ""


def _written(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, ensure_ascii=False)


def _matches(pattern: str, text: str) -> bool:
    try:
        return re.search(pattern, text) is not None
    except re.error:
        # A pattern of another dialect: the pack that wrote it checks for itself.
        return True


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _same(one: Any, other: Any) -> bool:
    # Python takes True for 1; JSON does not.
    return isinstance(one, bool) is isinstance(other, bool) and bool(one == other)
