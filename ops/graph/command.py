"""The command `graph`: a stack drawn from its state, or one of its components."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Final

from ops.errors import OK, StackNotUpError, UsageError
from ops.graph.components import Graph, component_graph, resource_graph, rooms_of
from ops.graph.drawing import document, dot, mermaid
from ops.session import Session

DRAWN: Final[Mapping[str, Callable[[Graph], str]]] = {
    "mermaid": mermaid,
    "dot": dot,
    "json": lambda graph: json.dumps(document(graph), indent=2),
}


def graph(session: Session, *, preview: bool, component: str | None, form: str) -> int:
    """`groundplan graph`."""
    resources = session.plan() if preview else session.resources()
    if not resources:
        raise StackNotUpError(session.stack)
    whole = component_graph(session.stack, resources, rooms_of(session.workspace.folder))
    found = whole if component is None else resource_graph(session.stack, resources, component)
    if found is None:
        known = ", ".join(sorted(node.name for node in whole.nodes))
        raise UsageError(
            f"the stack '{session.stack}' has no component '{component}' with resources",
            f"its components are: {known}",
        )
    screen = session.screen
    if screen.as_json:
        screen.document(document(found))
    else:
        screen.line(DRAWN[form](found))
    return OK
