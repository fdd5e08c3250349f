"""The commands that report on a whole stack: cost, graph."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ops.commands.parsed import session
from ops.commands.shared import Commands, add, engine, of_a_preview
from ops.commands.values import amount

if TYPE_CHECKING:
    from ops.screen import Screen


def add_cost(commands: Commands[argparse.ArgumentParser]) -> None:
    one = add(commands, "cost", "estimate what the stack costs a month, line by line", _cost)
    of_a_preview(one)
    one.add_argument("--usage", type=Path, metavar="FILE", help="add use: YAML, a price's id and its units")
    one.add_argument(
        "--parked",
        action=argparse.BooleanOptionalAction,
        help="with the endpoint parked; by default as the stack's settings say",
    )
    one.add_argument(
        "--limit", type=amount, metavar="USD", help="fail where the month costs more US dollars than this"
    )
    engine(one)


def _cost(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.cost.command import cost

    return cost(
        session(arguments, screen),
        preview=arguments.preview,
        usage=arguments.usage,
        parked=arguments.parked,
        limit=arguments.limit,
    )


def add_graph(commands: Commands[argparse.ArgumentParser]) -> None:
    one = add(commands, "graph", "draw the stack's components, and what each needs of the others", _graph)
    of_a_preview(one)
    one.add_argument("--component", metavar="NAME", help="the resources of this component")
    one.add_argument("--format", choices=("mermaid", "dot", "json"), default="mermaid", help="(mermaid)")
    engine(one)


def _graph(arguments: argparse.Namespace, screen: Screen) -> int:
    from ops.graph.command import graph

    return graph(
        session(arguments, screen),
        preview=arguments.preview,
        component=arguments.component,
        form=arguments.format,
    )
