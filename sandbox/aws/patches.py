"""Updates that are lists of patch operations, as API Gateway takes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sandbox.aws.table import Params, Subject
from sandbox.engine.values import PropertyValue


def patching(
    service: str, operation: str, target: Callable[[Subject], Params], paths: Mapping[str, str]
) -> Callable[[Subject], None]:
    """Sends one patch operation for each property that differs from before; `paths` by property.

    A map has one operation an entry, a list one an item (`add` and `remove`), an object one a member.
    """

    def change(subject: Subject) -> None:
        operations = [
            one
            for name, path in paths.items()
            for one in _operations(path, subject.before.get(name), subject.inputs.get(name))
        ]
        if operations:
            subject.cloud.call(service, operation, {**target(subject), "patchOperations": operations})

    return change


def _operations(path: str, old: PropertyValue, new: PropertyValue) -> list[Params]:
    if old == new:
        return []
    if isinstance(old, dict) or isinstance(new, dict):
        before, after = old or {}, new or {}
        gone = [{"op": "remove", "path": f"{path}/{_escaped(key)}"} for key in before if key not in after]
        return gone + [
            {"op": "replace", "path": f"{path}/{_escaped(key)}", "value": _text(value)}
            for key, value in after.items()
            if before.get(key) != value
        ]
    if isinstance(old, list) or isinstance(new, list):
        held, wanted = old or [], new or []
        gone = [{"op": "remove", "path": f"{path}/{_escaped(item)}"} for item in held if item not in wanted]
        return gone + [
            {"op": "add", "path": f"{path}/{_escaped(item)}"} for item in wanted if item not in held
        ]
    return [{"op": "replace", "path": path, "value": _text(new)}]


def _escaped(part: PropertyValue) -> str:
    """A part of a JSON pointer (RFC 6901)."""
    return str(part).replace("~", "~0").replace("/", "~1")


def _text(value: PropertyValue) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)
