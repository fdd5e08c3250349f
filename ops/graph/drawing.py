"""How is a graph written? As Mermaid, which renders in Markdown, as Graphviz's dot, or as JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ops.graph.components import Graph, Node
from ops.screen import counted

_LONGEST_ZOOM = 1


def mermaid(graph: Graph) -> str:
    """A flowchart from left to right, its nodes in boxes by group."""
    lines = ["flowchart LR"]
    for group in graph.groups:
        inside = [node for node in graph.nodes if node.group == group]
        box = f'  subgraph {_id("room", group)}["{group}"]' if group else ""
        lines += [box] if box else []
        lines += [
            f'  {"  " if box else ""}{_id("c", node.name)}["{"<br/>".join(_label(node))}"]' for node in inside
        ]
        lines += ["  end"] if box else []
    lines += [f"  {_id('c', begin)} --> {_id('c', end)}" for begin, end in graph.edges]
    return "\n".join(lines)


def dot(graph: Graph) -> str:
    """For Graphviz: `groundplan graph prod --format dot | dot -Tsvg`."""
    return "\n".join(_dot(graph))


def document(graph: Graph) -> dict[str, Any]:
    """In JSON's terms."""
    return {
        "stack": graph.stack,
        "resources": graph.resources,
        "nodes": [
            {
                "name": node.name,
                "type": node.type,
                "group": node.group,
                "resources": node.resources,
                "types": dict(node.types),
            }
            for node in graph.nodes
        ],
        "edges": [{"from": begin, "to": end} for begin, end in graph.edges],
    }


def _dot(graph: Graph) -> Iterator[str]:
    yield f'digraph "{graph.stack}" {{'
    yield "  rankdir=LR; node [shape=box];"
    for number, group in enumerate(graph.groups):
        yield f"  subgraph cluster_{number} {{"
        yield f'    label="{group}";'
        for node in graph.nodes:
            if node.group == group:
                label = "\\n".join(_label(node))
                yield f'    "{node.name}" [label="{label}"];'
        yield "  }"
    for begin, end in graph.edges:
        yield f'  "{begin}" -> "{end}";'
    yield "}"


def _label(node: Node) -> tuple[str, str]:
    one = node.resources == _LONGEST_ZOOM and list(node.types) == [node.type]
    return node.name, node.type.rpartition(":")[2] if one else counted(node.resources, "resource")


def _id(kind: str, name: str) -> str:
    """A name that Mermaid takes, whatever words it keeps for itself."""
    return f"{kind}_{re.sub(r'[^A-Za-z0-9]', '_', name)}"
