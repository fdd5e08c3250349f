"""The text of docs/platform.md: what each environment is made of, drawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from ops.graph.components import Graph, component_graph, rooms_of
from ops.graph.drawing import mermaid
from sandbox.engine.state import Resource

_HEAD: Final = """# The platform, drawn

What each environment is made of once a model is released, from a plan of each stack as its file in `stacks/`
has it. Written by `make pages`; do not edit it. For a stack of yours, from its state:

```
groundplan graph dev                        # Mermaid; --format dot or json
groundplan graph dev --component network    # the resources of one component
```

A box is a room of `infra/`, a node a component with the number of its resources. An arrow leads from what is
made first to what needs it; arrows that follow from others are left out.
"""


def platform_page(folder: Path, found: Mapping[str, Sequence[Resource]]) -> str:
    """The page, as Markdown. `found` has the resources of each stack."""
    rooms = rooms_of(folder)
    graphs = {stack: component_graph(stack, resources, rooms) for stack, resources in found.items()}
    lines = [_HEAD, *_counts(graphs)]
    for stack, one in graphs.items():
        lines += ["", f"## {stack}", "", "```mermaid", mermaid(one), "```"]
    return "\n".join(lines) + "\n"


def _counts(graphs: Mapping[str, Graph]) -> Iterator[str]:
    """A row a component, a column a stack; then how many types there are."""
    yield f"| resources | {' | '.join(graphs)} |"
    yield f"|---|{'---:|' * len(graphs)}"
    by_name = {stack: {node.name: node.resources for node in one.nodes} for stack, one in graphs.items()}
    largest = max(graphs.values(), key=lambda one: len(one.nodes))
    every = dict.fromkeys(node.name for one in (largest, *graphs.values()) for node in one.nodes)
    for name in every:
        yield f"| {name} | {' | '.join(str(by_name[stack].get(name, '–')) for stack in graphs)} |"
    yield f"| **all** | {' | '.join(f'**{one.resources}**' for one in graphs.values())} |"
    types = [len(Counter(type for node in one.nodes for type in node.types)) for one in graphs.values()]
    yield f"| types | {' | '.join(map(str, types))} |"
