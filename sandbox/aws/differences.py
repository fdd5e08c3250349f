"""What changed between two sets of inputs, and what that asks for: an update, a replacement or nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from sandbox.aws.documents import same_document
from sandbox.aws.table import ResourceType
from sandbox.engine.provider import DiffKind
from sandbox.engine.values import UNKNOWN, Archive, Asset, PropertyMap, PropertyValue

_KINDS: dict[str, tuple[DiffKind, DiffKind]] = {
    "add": ("add", "add-replace"),
    "delete": ("delete", "delete-replace"),
    "update": ("update", "update-replace"),
}


def detailed(
    kind: ResourceType, old: PropertyMap, new: PropertyMap, ignored: Sequence[str]
) -> dict[str, DiffKind]:
    """Every changed path with its kind. `old` and `new` are plain."""
    found: dict[str, DiffKind] = {}
    updatable = kind.updatable() - frozenset(kind.replaced_by(old, new))
    for name in [*new, *(name for name in old if name not in new)]:
        if name.startswith("__") or any(_covers(path, name) for path in ignored):
            continue
        before, after = old.get(name), new.get(name)
        if name in kind.documents and before is not None and same_document(before, after):
            continue
        before = _in_order(before, name, kind.unordered)
        after = _in_order(after, name, kind.unordered)
        for path, change in _changes(before, after, name):
            found[path] = _KINDS[change][name not in updatable or _within(path, kind.fixed)]
    return found


def changed_names(changes: dict[str, DiffKind]) -> frozenset[str]:
    """The top-level properties behind detailed paths."""
    return frozenset(path.split(".")[0].split("[")[0] for path in changes)


def _changes(old: PropertyValue, new: PropertyValue, path: str) -> Iterator[tuple[str, str]]:
    if new is UNKNOWN:
        yield path, "update" if _given(old) else "add"
        return
    if not _given(old) or not _given(new):
        if _given(new):
            yield path, "add"
        elif _given(old):
            yield path, "delete"
        return
    if isinstance(old, dict) and isinstance(new, dict):
        found: list[tuple[str, str]] = []
        for name in [*new, *(name for name in old if name not in new)]:
            found += _changes(old.get(name), new.get(name), f"{path}.{name}")
        yield from found or ([(path, "update")] if _choice(old) != _choice(new) else ())
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            before = old[index] if index < len(old) else None
            after = new[index] if index < len(new) else None
            yield from _changes(before, after, f"{path}[{index}]")
    elif isinstance(old, (Asset, Archive)) and isinstance(new, (Asset, Archive)):
        if (old.hash or old) != (new.hash or new):
            yield path, "update"
    elif not _same(old, new):
        yield path, "update"


def _choice(value: PropertyMap) -> frozenset[str]:
    """What an object of empty objects alone says: `{allow: {}}` is another choice than `{block: {}}`."""
    chosen = {name: item for name, item in value.items() if item is not None}
    return frozenset(chosen if all(item == {} for item in chosen.values()) else ())


def _given(value: PropertyValue) -> bool:
    """An empty list or map says as much as none, to the real provider too."""
    return value is UNKNOWN or (value is not None and value != [] and value != {})


def _same(old: PropertyValue, new: PropertyValue) -> bool:
    if isinstance(old, bool) != isinstance(new, bool):
        return str(old).lower() == str(new).lower()
    if isinstance(old, (int, float)) and isinstance(new, (int, float)):
        return float(old) == float(new)
    return bool(old == new)


def _in_order(value: PropertyValue, path: str, unordered: Sequence[str]) -> PropertyValue:
    """The value with the lists at these paths sorted; a path has no indexes, and may lead into an object."""
    if isinstance(value, list) and path in unordered and not any(item is UNKNOWN for item in value):
        return sorted(value, key=_sort_key)
    if isinstance(value, dict) and any(other.startswith(f"{path}.") for other in unordered):
        return {name: _in_order(item, f"{path}.{name}", unordered) for name, item in value.items()}
    return value


def _sort_key(value: Any) -> str:
    return repr(sorted(value.items(), key=repr)) if isinstance(value, dict) else repr(value)


def _within(path: str, fixed: Sequence[str]) -> bool:
    plain = re.sub(r"\[\d+\]", "", path)
    return any(plain == one or plain.startswith(f"{one}.") for one in fixed)


def _covers(ignored: str, name: str) -> bool:
    return ignored == "*" or ignored.split(".")[0].split("[")[0] == name
