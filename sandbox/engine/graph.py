"""Who depends on whom in a state, as a list in which everything follows what it depends on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

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
        """The condemned in layers that can be deleted one after the other, each layer in parallel."""
        left = {id(item): item for item in condemned}
        layers: list[list[Resource]] = []
        while left:
            needed = {id(other) for item in left.values() for other in self.needs(item) if id(other) in left}
            layer = [item for item in left.values() if id(item) not in needed]
            layers.append(layer)
            for item in layer:
                del left[id(item)]
        return layers

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
