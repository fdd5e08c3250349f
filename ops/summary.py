"""The end of a run in words: the stack's outputs, and how many resources saw which operation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ops.properties import plain, written
from ops.rows import WORDINGS
from ops.screen import counted
from sandbox.engine.events import Operation
from sandbox.engine.values import PropertyMap

_PARTS: Final = frozenset({"create-replacement", "delete-replaced", "discard-replaced"})
"""Parts of a replacement, which is counted once."""


def output_lines(old: PropertyMap, new: PropertyMap, *, changed_only: bool = False) -> list[str]:
    """The stack's outputs, by name, each with `+`, `~` or `-` where it changed."""
    names = sorted({*old, *new})
    width = max((len(name) for name in names), default=0)
    lines = []
    for name in names:
        label = f"{name:<{width}}:"
        if name not in old:
            lines.append(f"  + {label} {written(new[name], longest=400)}")
        elif name not in new:
            lines.append(f"  - {label} {written(old[name], longest=400)}")
        elif plain(old[name], show_secrets=True) != plain(new[name], show_secrets=True):
            lines.append(f"  ~ {label} {written(old[name])} => {written(new[name])}")
        elif not changed_only:
            lines.append(f"    {label} {written(new[name], longest=400)}")
    return lines


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
