"""The graph of a stack: its components, or the resources of one, and what each needs of the others."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox.engine.state import Resource
from sandbox.engine.urn import name_of

_STACK = "pulumi:pulumi:Stack"


@dataclass(frozen=True)
class Node:
    """A component with all that is below it, or one resource."""

    name: str
    type: str
    group: str
    """The room that a component's code stands in; the service of a resource."""
    resources: int
    """Resources that a provider made; components, providers and the stack itself are not counted."""
    types: Mapping[str, int]


@dataclass(frozen=True)
class Graph:
    """Nodes in the order in which they can be made, and edges from what is made first to what needs it."""

    stack: str
    nodes: Sequence[Node]
    edges: Sequence[tuple[str, str]]
    """Without those that follow from others."""

    @property
    def resources(self) -> int:
        return sum(node.resources for node in self.nodes)

    @property
    def groups(self) -> list[str]:
        """The groups in the order of their first nodes."""
        return list(dict.fromkeys(node.group for node in self.nodes))


def component_graph(stack: str, resources: Sequence[Resource], rooms: Mapping[str, str]) -> Graph:
    """The top components of a stack. `rooms` has the room of a component's type.

    A resource that stands in no component is a node of its own.
    """
    there = _present(resources)
    owners = {urn: _owner(urn, there) for urn in there}
    needs = _needs(there, owners)
    nodes = []
    for urn in dict.fromkeys(owners.values()):
        item = there[urn]
        below = [there[one].type for one, owner in owners.items() if owner == urn and _counts(there[one])]
        group = _service(item.type) if item.custom else rooms.get(item.type, "")
        nodes.append(Node(name_of(urn), item.type, group, len(below), Counter(sorted(below))))
    return _graph(stack, nodes, needs)


def resource_graph(stack: str, resources: Sequence[Resource], component: str) -> Graph | None:
    """The resources of one component, and what they need of each other; None where it has none."""
    there = _present(resources)
    inside = {
        urn: item
        for urn, item in there.items()
        if item.custom and component in _ancestors(urn, there) and not item.is_provider
    }
    if not inside:
        return None
    needs = _needs(inside, {urn: urn for urn in inside})
    nodes = [
        Node(name_of(urn), item.type, _service(item.type), 1, {item.type: 1}) for urn, item in inside.items()
    ]
    return _graph(stack, nodes, needs)


def rooms_of(folder: Path) -> dict[str, str]:
    """The room of each component's type: the folder of the source file that names the type.

    Looks at the project's Python files for texts such as `"groundplan:infra:Network"`.
    """
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*.py")):
        if any(
            part.startswith(".") or part in ("tests", "node_modules")
            for part in path.relative_to(folder).parts
        ):
            continue
        for type in _TYPE.findall(path.read_text(encoding="utf-8", errors="replace")):
            found.setdefault(type, path.parent.name)
    return found


_TYPE = re.compile(r"""super\(\).__init__\(\s*["']([\w-]+:[\w/-]+:\w+)["']""")


def _present(resources: Sequence[Resource]) -> dict[str, Resource]:
    """By URN, without what is about to go, providers and the stack itself; sorted, for graphs that stay."""
    return {
        item.urn: item
        for item in sorted(resources, key=lambda one: one.urn)
        if not item.delete and not item.is_provider and item.type != _STACK
    }


def _counts(item: Resource) -> bool:
    return item.custom and not item.external


def _owner(urn: str, there: Mapping[str, Resource]) -> str:
    """The component at the top of the resource's parents; the resource itself where it has none."""
    while there[urn].parent in there:
        urn = there[urn].parent
    return urn


def _ancestors(urn: str, there: Mapping[str, Resource]) -> set[str]:
    names = set()
    while there[urn].parent in there:
        urn = there[urn].parent
        names.add(name_of(urn))
    return names


def _needs(there: Mapping[str, Resource], owners: Mapping[str, str]) -> set[tuple[str, str]]:
    """Pairs of names: what is needed, and what needs it."""
    found = set()
    for urn, item in there.items():
        for needed in {
            *item.dependencies,
            *(one for all in item.property_dependencies.values() for one in all),
        }:
            if needed in owners and owners[needed] != owners[urn]:
                found.add((name_of(owners[needed]), name_of(owners[urn])))
    return found


def _graph(stack: str, nodes: Iterable[Node], needs: set[tuple[str, str]]) -> Graph:
    edges = reduced(needs)
    depth = _depths(edges)
    first = sorted(nodes, key=lambda node: (depth.get(node.name, 0), node.name))
    # Groups stay together, each where its nodes stand on the average.
    depths: dict[str, list[int]] = {}
    for node in first:
        depths.setdefault(node.group, []).append(depth.get(node.name, 0))
    middle = {group: sum(all_of) / len(all_of) for group, all_of in depths.items()}
    ordered = sorted(first, key=lambda node: (middle[node.group], node.group))
    place = {node.name: number for number, node in enumerate(ordered)}
    return Graph(stack, ordered, sorted(edges, key=lambda edge: (place[edge[0]], place[edge[1]])))


def reduced(edges: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """The edges without those that follow from a longer way; those within a cycle all stay."""
    after: dict[str, set[str]] = {}
    for begin, end in edges:
        after.setdefault(begin, set()).add(end)
    reach = {node: _reachable(node, after) for node in after}
    return {
        (begin, end)
        for begin, end in edges
        if begin in reach.get(end, set())
        or not any(
            end in reach.get(other, set()) and begin not in reach.get(other, set())
            for other in after[begin] - {end}
        )
    }


def _reachable(node: str, after: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = list(after.get(node, ()))
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting.extend(after.get(one, ()))
    return found


def _depths(edges: set[tuple[str, str]]) -> dict[str, int]:
    """How many others must stand before each at least; a cycle counts as far as it has been followed."""
    depth: dict[str, int] = {}
    for _ in range(len({name for edge in edges for name in edge})):
        moved = False
        for begin, end in edges:
            wanted = depth.get(begin, 0) + 1
            if depth.get(end, 0) < wanted <= len(edges):
                depth[end], moved = wanted, True
        if not moved:
            break
    return depth


def _service(type: str) -> str:
    """`s3` for `aws:s3/bucket:Bucket`, `dynamic` for `pulumi-python:dynamic:Resource`."""
    return type.split(":")[1].partition("/")[0] if type.count(":") > 1 else type
