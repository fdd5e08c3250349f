"""What a run with targets does with the rest: it stays as it is, together with all that it needs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sandbox.engine import urn as urns
from sandbox.engine.errors import PlanError
from sandbox.engine.state import Resource
from sandbox.engine.steps import Step

if TYPE_CHECKING:
    from sandbox.engine.planner import Planner


def steps_of(planner: Planner, old: Resource | None, new: Resource) -> list[Step]:
    """The steps of a registration that the targets leave out."""
    planner.operated.add(new.urn)
    if old is None:
        planner.skipped_creates.add(new.urn)
        return [Step("same", None, new, skipped=True)]
    if old.provider and planner._registry.get(old.provider) is None:
        raise PlanError(
            f"'{old.urn}' is not among the targets, and its provider {old.provider} is not in the program any"
            " more: go back to the program's former providers, or add the resource to the targets"
        )
    planner.seen.add(old.urn)
    planner.operated.add(old.urn)
    return [*_steps_of_needs(planner, old), Step("same", old, old.copy(), untargeted=True)]


def carried(planner: Planner, new: Resource) -> list[Step]:
    """What a targeted resource needs and the program does not register, as it stands in the state."""
    if not planner.targets:
        return []
    return _steps_of_needs(planner, new)


def refuse_skipped(planner: Planner, new: Resource) -> None:
    """Tells of what a targeted resource needs and the targets have left out. Raises `PlanError` in an up."""
    for missing in sorted(new.depends_on() & planner.skipped_creates):
        text = (
            f"the resource '{new.urn}' depends on '{missing}', which does not exist and is not among "
            "the targets: add it to them"
        )
        if not planner._run.preview:
            raise PlanError(text)
        planner._run.fail(text, new.urn, stop=False)


def _steps_of_needs(planner: Planner, resource: Resource) -> list[Step]:
    """What the resource needs and the program has not registered yet stays, and comes before it."""
    steps: list[Step] = []
    for urn in _all_needs(resource):
        old = planner.olds.get(urn)
        if old is None or urn in planner.seen or urn in planner.aliased or urn in planner.carried:
            continue
        planner.carried.add(urn)
        planner.operated.add(urn)
        # The program may register it yet: then it goes on from here.
        kept = planner.olds[urn] = old.copy()
        steps += [*_steps_of_needs(planner, old), Step("same", old, kept, untargeted=True)]
    return steps


def _all_needs(resource: Resource) -> Iterable[str]:
    """Providers first: what they serve is read after them."""
    provider = urns.split_reference(resource.provider)[0] if resource.provider else ""
    return dict.fromkeys([provider, *sorted(resource.depends_on())]) if provider else resource.depends_on()
