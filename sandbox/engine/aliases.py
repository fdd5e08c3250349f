"""Under which URNs a resource may stand in the state: its aliases, and those of its parent."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.engine import urn as urns
from sandbox.engine.goal import AliasSpec, Goal, ReadGoal


def former_urns(goal: Goal | ReadGoal, stack: str, project: str, alias_of: Mapping[str, str]) -> list[str]:
    """The former URNs of a registration, likeliest first. `alias_of` maps new URNs to those in the state."""
    own = [_urn(alias, goal, stack, project, alias_of) for alias in goal.aliases]
    found = list(own)
    parent_alias = alias_of.get(goal.parent)
    if parent_alias:
        parent_name = urns.name_of(goal.parent)
        found.append(_inherited(goal.type, goal.name, parent_name, parent_alias, stack, project))
        found += [
            _inherited(urns.type_of(urn), urns.name_of(urn), parent_name, parent_alias, stack, project)
            for urn in own
        ]
    return list(dict.fromkeys(found))


def _urn(
    alias: str | AliasSpec, goal: Goal | ReadGoal, stack: str, project: str, alias_of: Mapping[str, str]
) -> str:
    if isinstance(alias, str):
        return alias
    # A former parent may have had another name itself.
    parent = goal.parent if alias.parent is None else alias_of.get(alias.parent, alias.parent)
    parent = "" if alias.no_parent else parent
    return urns.make(
        alias.stack or stack,
        alias.project or project,
        parent,
        alias.type or goal.type,
        alias.name or goal.name,
    )


def _inherited(type: str, name: str, parent_name: str, parent_alias: str, stack: str, project: str) -> str:
    """A child's name follows its parent's only where it begins with it."""
    if name.startswith(parent_name):
        name = urns.name_of(parent_alias) + name[len(parent_name) :]
    return urns.make(stack, project, parent_alias, type, name)
