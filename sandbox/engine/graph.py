"""Who depends on whom in a state, as a list in which everything follows what it depends on."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence

from sandbox.engine.state import Resource


class Graph:
    """Dependencies among the resources of one state.

    Several resources may share a URN (the live one and those still to delete). A URN means the one before the
    resource that names it, nearest first, as in `pkg/resource/graph`.
    """

    def __init__(self, resources: Sequence[Resource]) -> None:
        self._resources = list(resources)
        self._place = {id(item): index for index, item in enumerate(self._resources)}
        self._needs: dict[int, list[Resource]] = {}
        latest: dict[str, Resource] = {}
        for item in self._resources:
            self._needs[id(item)] = [latest[urn] for urn in item.depends_on() if urn in latest]
            latest[item.urn] = item

    def __contains__(self, resource: Resource) -> bool:
        return id(resource) in self._place

    def needs(self, resource: Resource) -> list[Resource]:
        """What a resource directly depends on."""
        return self._needs.get(id(resource), [])

    def dependents(self, root: Resource, ignored: Iterable[str] = ()) -> list[Resource]:
        """All that depends on `root`, however indirectly, in the state's order; not URNs `ignored`."""
        skip = set(ignored)
        reached = {id(root)}
        found = []
        for item in self._resources[self._place.get(id(root), len(self._resources)) + 1 :]:
            if item.urn in skip:
                continue
            if any(id(needed) in reached for needed in self._needs[id(item)]):
                reached.add(id(item))
                found.append(item)
        return found

    def deletion_layers(self, condemned: Sequence[Resource]) -> list[list[Resource]]:
        """The condemned in layers that can be deleted one after the other, each layer in parallel.

        What depends on a component depends on its children; what needs nothing goes last, as in
        `stepGenerator.ScheduleDeletes`.
        """
        left = {id(item): item for item in condemned}
        waits_for = _deletion_order(self._resources, left.keys())
        layers: list[list[Resource]] = []
        while left:
            layer = [item for item in left.values() if waits_for[id(item)].isdisjoint(left)]
            layers.append(layer)
            for item in layer:
                del left[id(item)]
        return layers[::-1]

    def all_needs(self, resource: Resource) -> set[int]:
        """The identities of everything that a resource depends on, however indirectly."""
        found: set[int] = set()
        frontier = [resource]
        while frontier:
            for needed in self.needs(frontier.pop()):
                if id(needed) not in found:
                    found.add(id(needed))
                    frontier.append(needed)
        return found


def _deletion_order(resources: Sequence[Resource], chosen: Collection[int]) -> dict[int, set[int]]:
    """By identity, what may only be deleted after it: whatever before it bears a URN that it names."""
    order: dict[int, set[int]] = {}
    named: dict[str, list[Resource]] = {}
    children: dict[str, list[Resource]] = {}
    for item in resources:
        if id(item) in chosen:
            found = {id(other) for urn in item.depends_on() for other in named.get(urn, ())}
            for urn in {*item.dependencies, *itertools.chain(*item.property_dependencies.values())}:
                if any(not other.custom for other in named.get(urn, ())):
                    found |= _below(urn, children)
            order[id(item)] = found
        named.setdefault(item.urn, []).append(item)
        if item.parent:
            children.setdefault(item.parent, []).append(item)
    return order


def _below(urn: str, children: Mapping[str, Sequence[Resource]]) -> set[int]:
    found: set[int] = set()
    frontier = [urn]
    while frontier:
        for child in children.get(frontier.pop(), ()):
            found.add(id(child))
            frontier.append(child.urn)
    return found
