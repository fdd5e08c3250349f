"""Is a request one that SageMaker would accept? Checked against the service's own model."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import botocore.session

from sandbox.runtime.overlay import Params, ServiceError


class RequestRules:
    """The service model's required members, lengths, ranges, enumerations and patterns."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._model: Any = None

    def check(self, operation: str, params: Params) -> None:
        """Raises ServiceError with every fault at once, worded as the service does."""
        with self._lock:
            if self._model is None:
                self._model = botocore.session.get_session().get_service_model("sagemaker")
            shape = self._model.operation_model(operation).input_shape
        faults = list(_faults(shape, params, "")) if shape is not None else []
        if faults:
            count = "1 validation error" if len(faults) == 1 else f"{len(faults)} validation errors"
            raise ServiceError("ValidationException", f"{count} detected: {'; '.join(faults)}")


def _faults(shape: Any, value: Any, path: str) -> Iterator[str]:
    kind = shape.type_name
    if kind == "structure":
        if not isinstance(value, Mapping):
            yield _fault(value, path, "Member must be a structure")
            return
        for name in shape.required_members:
            if value.get(name) is None:
                yield _fault(None, _join(path, name), "Member must not be null")
        for name, item in value.items():
            if name not in shape.members:
                allowed = ", ".join(sorted(shape.members))
                yield _fault(item, _join(path, name), f"Unknown member; the members are: {allowed}")
            elif item is not None:
                yield from _faults(shape.members[name], item, _join(path, name))
    elif kind == "list":
        yield from _bounds(shape, len(value), value, path, "length")
        for index, item in enumerate(value):
            yield from _faults(shape.member, item, f"{path}.{index + 1}.member")
    elif kind == "map":
        yield from _bounds(shape, len(value), value, path, "length")
        for key, item in value.items():
            yield from _faults(shape.key, key, f"{path}.key")
            yield from _faults(shape.value, item, f"{path}.{key}.value")
    elif kind == "string":
        yield from _string_faults(shape, value, path)
    elif kind in {"integer", "long", "float", "double"}:
        if isinstance(value, bool) or not isinstance(value, int | float):
            yield _fault(value, path, "Member must be a number")
        else:
            yield from _bounds(shape, value, value, path, "value")
    elif kind == "boolean" and not isinstance(value, bool):
        yield _fault(value, path, "Member must be a boolean")


def _string_faults(shape: Any, value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, str):
        yield _fault(value, path, "Member must be a string")
        return
    if shape.enum and value not in shape.enum:
        yield _fault(value, path, f"Member must satisfy enum value set: [{', '.join(shape.enum)}]")
    yield from _bounds(shape, len(value), value, path, "length")
    pattern = shape.metadata.get("pattern")
    if pattern and (compiled := _compiled(pattern)) is not None and not compiled.fullmatch(value):
        yield _fault(value, path, f"Member must satisfy regular expression pattern: {pattern}")


def _bounds(shape: Any, size: float, value: Any, path: str, noun: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        yield _fault(value, path, f"Member must have {noun} greater than or equal to {least}")
    if most is not None and size > most:
        yield _fault(value, path, f"Member must have {noun} less than or equal to {most}")


def _fault(value: Any, path: str, rule: str) -> str:
    shown = "null" if value is None else f"'{value if len(str(value)) <= 200 else str(value)[:200] + '…'}'"
    return f"Value {shown} at '{path}' failed to satisfy constraint: {rule}"


def _join(path: str, name: str) -> str:
    member = name[:1].lower() + name[1:]
    return f"{path}.{member}" if path else member


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """None for a pattern in Java's dialect (`\\p{L}`), which Python cannot read."""
    try:
        return re.compile(pattern, re.DOTALL)
    except re.error:
        return None
