"""What stands in what: nothing without its owner, and no owner leaves behind what stands in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sandbox.runtime.overlay import Caller, Params, ServiceError
from sandbox.runtime.recorded.kind import RecordedKind
from sandbox.runtime.recorded.shelf import Shelf

Shelve = Callable[[RecordedKind], Shelf]


def require(
    kinds: Sequence[RecordedKind], shelve: Shelve, kind: RecordedKind, document: Params, caller: Caller
) -> Params:
    """What the owner gives to a new document. Raises ServiceError where there is none, or it takes none."""
    within = kind.within
    if within is None:
        return {}
    owner = next(other for other in kinds if other.name == within.name)
    named = {name: document.get(here) for name, here in within.key.items()}
    found = shelve(owner).find(named, caller)
    if found is None:
        text = f"There is no {owner.name} {'/'.join(map(str, named.values()))}."
        raise ServiceError(within.missing, text, within.missing_status)
    refused = within.refuses(found)
    if refused is not None:
        raise ServiceError("InvalidRequestException", refused)
    return {name: found[name] for name in within.gives}


def release(
    kinds: Sequence[RecordedKind], shelve: Shelve, kind: RecordedKind, document: Params, caller: Caller
) -> None:
    """Takes along what goes with its owner. Raises ServiceError where something keeps the owner."""
    along: list[tuple[RecordedKind, Params]] = []
    for other in kinds:
        within = other.within
        if within is None or within.name != kind.name:
            continue
        for inside in shelve(other).here(caller):
            if any(inside.get(here) != document.get(name) for name, here in within.key.items()):
                continue
            if within.bars_deletion:
                text = f"The {kind.name} still has the {other.name} {shelve(other).named(inside)}."
                raise ServiceError(within.in_use, text, within.in_use_status)
            along.append((other, inside))
    for other, inside in along:
        release(kinds, shelve, other, inside, caller)
        shelve(other).forget(inside, caller)
