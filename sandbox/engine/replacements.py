"""What must go before a resource that is deleted before its replacement is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sandbox.engine import diffs
from sandbox.engine import urn as urns
from sandbox.engine.provider import DiffKind
from sandbox.engine.state import Resource
from sandbox.engine.values import UNKNOWN

if TYPE_CHECKING:
    from sandbox.engine.planner import Planner


@dataclass(frozen=True)
class DependentReplacement:
    """A resource that is replaced because of another, and which of its properties say so."""

    resource: Resource
    detailed: Mapping[str, DiffKind] = field(default_factory=dict)


def dependent_replacements(planner: Planner, root: Resource, urn: str) -> list[DependentReplacement]:
    """The dependents whose own provider says that they must be replaced too, in the state's order.

    Each is asked with the inputs that come from the replaced ones unknown; those that can be changed in
    place, and those that only name them in `dependsOn` or as their parent, stay.
    """
    replaced = {root.urn}
    found: list[DependentReplacement] = []
    for item in planner.graph.dependents(root, planner.operated):
        detailed = _must_go(planner, item, replaced)
        if detailed is not None:
            replaced.add(item.urn)
            found.append(DependentReplacement(item, detailed))
    named = {id(item.resource) for item in found}
    found += [
        DependentReplacement(item)
        for item in planner.olds.values()
        if (item.deleted_with == urn or urn in item.replace_with)
        and id(item) not in named
        and item is not root
    ]
    return found


def _must_go(planner: Planner, item: Resource, replaced: set[str]) -> Mapping[str, DiffKind] | None:
    if not item.custom or item.external:
        return None
    if item.provider and urns.split_reference(item.provider)[0] in replaced:
        return {}
    if item.deleted_with in replaced:
        return {}
    inputs = {
        key: UNKNOWN if replaced.intersection(item.property_dependencies.get(key, ())) else value
        for key, value in item.inputs.items()
    }
    if not any(value is UNKNOWN for value in inputs.values()):
        return None
    if item.is_provider:
        diff = planner._registry.diff(item, inputs)
    else:
        diff = diffs.resource_diff(planner.adapter_of(item), item, inputs, item.ignore_changes)
    diff = diffs.forced(diff, item.replace_on_changes, False)
    return diff.detailed if diffs.is_replacement(diff) else None
