"""What has changed in a resource: the provider's word or the inputs compared, and options that bend it."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from sandbox.engine import paths
from sandbox.engine.adapter import Adapter, plain
from sandbox.engine.builtin import contains_unknown
from sandbox.engine.provider import DiffKind, DiffResult
from sandbox.engine.state import Resource
from sandbox.engine.values import Located, PropertyMap, Unknown

_INIT_ERROR: Final = "#initerror"
"""Pulumi's name for "the last create or update did not finish", usable in `replaceOnChanges`."""


def resource_diff(
    adapter: Adapter | None, old: Resource, news: PropertyMap, ignore_changes: Sequence[str]
) -> DiffResult:
    """The provider's diff; by the inputs for components and where the provider cannot tell.

    A component's change forces nothing and is an update, secrets that were none before included.
    """
    if adapter is None:
        new, _ = ignoring(news, old.inputs, ignore_changes)
        return DiffResult(changes=bool(compared(old.inputs, new)))
    result = adapter.diff(old, news, ignore_changes)
    if result.changes is not None:
        return result
    new, _ = ignoring(news, old.inputs, ignore_changes)
    detailed = compared(plain(old.inputs), plain(new))
    return replace(result, changes=bool(detailed), detailed=detailed)


def compared(old: PropertyMap, new: PropertyMap) -> dict[str, DiffKind]:
    """The paths at which two property maps differ, leaves only."""
    return {str(Located(path)): kind for path, kind in _differences((), old, new)}


def _differences(
    path: tuple[str | int, ...], old: Any, new: Any
) -> Iterator[tuple[tuple[str | int, ...], DiffKind]]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            if key not in new:
                yield (*path, key), "delete"
            elif key not in old:
                yield (*path, key), "add"
            else:
                yield from _differences((*path, key), old[key], new[key])
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            if index >= len(new):
                yield (*path, index), "delete"
            elif index >= len(old):
                yield (*path, index), "add"
            else:
                yield from _differences((*path, index), old[index], new[index])
    elif isinstance(new, Unknown) or old != new or isinstance(old, bool) != isinstance(new, bool):
        yield path, "update"


def ignoring(
    news: PropertyMap, olds: PropertyMap, ignore_changes: Sequence[str]
) -> tuple[PropertyMap, list[str]]:
    """The new inputs with the ignored paths as they were, and the paths where that could not be."""
    if not ignore_changes:
        return news, []
    result = copy.deepcopy(news)
    refused = [text for text in ignore_changes if not paths.reset(paths.parse(text), olds, result)]
    return result, refused


def forced(diff: DiffResult, replace_on_changes: Sequence[str], has_init_errors: bool) -> DiffResult:
    """The diff with `replaceOnChanges` applied: a change below one of its paths becomes a replacement."""
    if not replace_on_changes or not (diff.changes or has_init_errors):
        return diff
    wanted = [paths.parse(text) for text in replace_on_changes]

    def is_wanted(text: str) -> bool:
        return any(paths.contains(path, paths.parse(text)) for path in wanted)

    detailed = dict(diff.detailed)
    replaces = list(diff.replaces)
    for text, kind in diff.detailed.items():
        if is_wanted(text) and not kind.endswith("-replace"):
            detailed[text] = _REPLACING[kind]
            replaces.append(text)
    if has_init_errors and is_wanted(_INIT_ERROR):
        replaces.append(_INIT_ERROR)
        detailed[_INIT_ERROR] = "update-replace"
        return replace(diff, changes=True, replaces=tuple(replaces), detailed=detailed)
    return replace(diff, replaces=tuple(replaces), detailed=detailed)


_REPLACING: Final[dict[DiffKind, DiffKind]] = {
    "add": "add-replace",
    "delete": "delete-replace",
    "update": "update-replace",
}


def is_replacement(diff: DiffResult) -> bool:
    """Whether the change cannot be made in place."""
    return bool(diff.replaces) or any(kind.endswith("-replace") for kind in diff.detailed.values())


def trigger_fires(old: Any, new: Any) -> bool:
    """Whether a `replacementTrigger` asks for replacement: it changed, having been set before."""
    old, new = plain(old), plain(new)
    if contains_unknown(old) or contains_unknown(new):
        return True
    return old is not None and new is not None and old != new
