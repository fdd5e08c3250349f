"""The end of a run in words: the stack's outputs, and how many resources saw which operation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from ops.properties import plain, written
from ops.rows import WORDINGS
from ops.screen import counted
from sandbox.engine.events import Operation
from sandbox.engine.values import PropertyMap

_PARTS: Final = frozenset({"create-replacement", "delete-replaced", "discard-replaced"})
"""Parts of a replacement, which is counted once."""
_LONGEST_OUTPUT: Final = 400


def output_lines(old: PropertyMap, new: PropertyMap, *, changed_only: bool = False) -> list[str]:
    """The stack's outputs, by name, each with `+`, `~` or `-` where it changed; an object key by key."""
    return list(_differences(old, new, 2, changed_only=changed_only))


def object_lines(values: Mapping[str, Any], indent: int) -> list[str]:
    """The members of an object as they stand, those that are objects key by key."""
    return list(_differences(values, values, indent - 2))


def _differences(
    old: Mapping[str, Any], new: Mapping[str, Any], indent: int, *, changed_only: bool = False
) -> Iterator[str]:
    names = sorted(name for name in {*old, *new} if not name.startswith("__"))
    width = max((len(name) for name in names), default=0)
    for name in names:
        before, after = old.get(name), new.get(name)
        sign = (
            "+"
            if name not in old
            else "-"
            if name not in new
            else " "
            if plain(before, show_secrets=True) == plain(after, show_secrets=True)
            else "~"
        )
        if sign == " " and changed_only:
            continue
        head = f"{' ' * indent}{sign} {name:<{width}}:"
        if sign == "~" and isinstance(before, Mapping) and isinstance(after, Mapping):
            yield f"{head} {{"
            yield from _differences(before, after, indent + 4)
            yield f"{' ' * (indent + 2)}}}"
        elif sign == "~":
            yield f"{head} {written(before)} => {written(after)}"
        else:
            shown = before if sign == "-" else after
            if isinstance(shown, Mapping) and shown:
                yield f"{head} {{"
                yield from object_lines(shown, indent + 6)
                yield f"{' ' * (indent + 2)}}}"
            else:
                yield f"{head} {written(shown, longest=_LONGEST_OUTPUT)}"


def count_lines(changes: Mapping[Operation, int], *, planning: bool = False) -> list[str]:
    """`+ 132 created`, one line an operation, and how many stay as they are."""
    counts = {name: number for name, number in changes.items() if number and name not in _PARTS}
    if "replace" not in counts and changes.get("create-replacement"):
        counts["replace"] = changes["create-replacement"]
    unchanged = counts.pop("same", 0)
    lines = []
    for operation, wording in WORDINGS.items():
        number = counts.get(operation, 0)
        if number:
            words = f"to {wording.planned}" if planning else wording.done
            lines.append(f"{wording.sign} {number} {words}")
    total = sum(counts.values())
    if unchanged:
        if total:
            lines.append(f"{counted(total, 'change')}. {unchanged} unchanged")
        else:
            lines.append(f"{unchanged} unchanged")
    return lines or ["none"]
