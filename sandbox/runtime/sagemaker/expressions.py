"""What is an expression of a pipeline worth? References, Std:Join, Std:JsonGet and conditions."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_TOKEN = re.compile(r"\.?([A-Za-z0-9_:-]+)|\[(?:'([^']*)'|\"([^\"]*)\"|(\d+))\]")
_NAME_MEMBERS = ("OutputName", "InputName", "MetricName", "ChannelName", "VariantName")


class ExpressionError(Exception):
    """An expression that has no value; the text is fit for a step's FailureReason."""


@dataclass(frozen=True)
class Scope:
    """What expressions may read.

    `steps` holds, by step, the answer of its Describe operation; `property_file` reads a property file's
    text by step and file name.
    """

    parameters: Mapping[str, Any]
    execution: Mapping[str, Any]
    steps: Mapping[str, Any]
    property_file: Callable[[str, str], str]


def resolve(value: Any, scope: Scope) -> Any:
    """A value with every expression in it replaced by what it is worth."""
    if isinstance(value, list):
        return [resolve(item, scope) for item in value]
    if not isinstance(value, Mapping):
        return value
    if value.keys() == {"Get"}:
        return _get(value["Get"], scope)
    if value.keys() == {"Std:Join"}:
        join = value["Std:Join"]
        return str(join.get("On", "")).join(_text(resolve(item, scope)) for item in join["Values"])
    if value.keys() == {"Std:JsonGet"}:
        return _json_get(value["Std:JsonGet"], scope)
    return {key: resolve(item, scope) for key, item in value.items()}


def holds(condition: Mapping[str, Any], scope: Scope) -> bool:
    """Whether a condition is true. Numbers and numeric text compare as numbers."""
    kind = condition.get("Type")
    if kind == "Not":
        return not holds(condition["Expression"], scope)
    if kind == "And":
        return all(holds(part, scope) for part in condition["Conditions"])
    if kind == "Or":
        return any(holds(part, scope) for part in condition["Conditions"])
    if kind == "In":
        query = resolve(condition["QueryValue"], scope)
        return any(query == resolve(item, scope) for item in condition["Values"])
    left, right = resolve(condition["LeftValue"], scope), resolve(condition["RightValue"], scope)
    if kind == "Equals":
        return bool(left == right)
    left, right = _number(left), _number(right)
    if kind == "GreaterThan":
        return left > right
    if kind == "GreaterThanOrEqualTo":
        return left >= right
    if kind == "LessThan":
        return left < right
    if kind == "LessThanOrEqualTo":
        return left <= right
    raise ExpressionError(
        f"condition type {kind!r} is not one of Equals, GreaterThan, GreaterThanOrEqualTo, LessThan, "
        "LessThanOrEqualTo, In, Not, And, Or"
    )


def walk(value: Any, path: str) -> Any:
    """Follows a path such as `a.b[0]['c']`. A name picks, in a list, the item of that name."""
    position = 0
    while position < len(path):
        token = _TOKEN.match(path, position)
        if token is None:
            raise ExpressionError(f"the path {path!r} cannot be read from its place {position} on")
        position = token.end()
        name = next((group for group in token.groups()[:3] if group is not None), None)
        key: str | int = name if name is not None else int(token.group(4))
        value = _pick(value, key, path)
    return value


def _get(path: str, scope: Scope) -> Any:
    kind, _, rest = path.partition(".")
    if kind == "Parameters":
        return walk(scope.parameters, rest)
    if kind == "Execution":
        return walk(scope.execution, rest)
    step, _, member = rest.partition(".")
    if step not in scope.steps:
        raise ExpressionError(f"{path!r}: step {step!r} has not run")
    return walk(scope.steps[step], member)


def _json_get(body: Mapping[str, Any], scope: Scope) -> Any:
    if "S3Uri" in body:
        raise ExpressionError("Std:JsonGet reads PropertyFile in the sandbox; it was given S3Uri")
    file = body["PropertyFile"]
    reference = file["Get"] if isinstance(file, Mapping) else file
    parts = reference.split(".")
    if len(parts) != 4 or parts[2] != "PropertyFiles":
        raise ExpressionError(
            f"PropertyFile {reference!r} is not of the form Steps.<step>.PropertyFiles.<name>"
        )
    text = scope.property_file(parts[1], parts[3])
    try:
        document = json.loads(text)
    except ValueError as error:
        raise ExpressionError(
            f"property file {parts[3]!r} of step {parts[1]!r} is not JSON: {error}"
        ) from error
    return walk(document, body["Path"])


def _pick(value: Any, key: str | int, path: str) -> Any:
    if isinstance(value, Mapping) and key in value:
        return value[key]
    if isinstance(value, list) and isinstance(key, int) and key < len(value):
        return value[key]
    if isinstance(value, list) and isinstance(key, str):
        for item in value:
            if isinstance(item, Mapping) and any(item.get(member) == key for member in _NAME_MEMBERS):
                return item
    raise ExpressionError(f"there is no {key!r} on the path {path!r}")


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ExpressionError(f"{value!r} is not a number")
    try:
        return float(value)
    except ValueError as error:
        raise ExpressionError(f"{value!r} is not a number") from error


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value)
