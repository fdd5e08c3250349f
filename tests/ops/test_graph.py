"""The graph of a stack: components, what needs what, and how it is drawn."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ops.graph.components import component_graph, reduced, resource_graph, rooms_of
from ops.graph.drawing import dot, mermaid
from sandbox.engine.state import Resource

STACK = "urn:pulumi:dev::p::pulumi:pulumi:Stack::p-dev"


def component(name: str, parent: str = STACK) -> Resource:
    type = f"p:infra:{name.capitalize()}"
    return Resource(f"urn:pulumi:dev::p::{type}::{name}", type, False, parent=parent)


def made(name: str, parent: Resource, *needs: Resource) -> Resource:
    urn = f"urn:pulumi:dev::p::aws:s3/bucket:Bucket::{name}"
    return Resource(
        urn,
        "aws:s3/bucket:Bucket",
        True,
        parent=parent.urn,
        property_dependencies={"bucket": [one.urn for one in needs]},
    )


def a_stack() -> list[Resource]:
    keys, store, deep, serve = component("keys"), component("store"), component("deep"), component("serve")
    deep.parent = store.urn
    key = made("key", keys)
    bucket = made("bucket", deep, key)
    return [
        Resource(STACK, "pulumi:pulumi:Stack", False),
        Resource("urn:pulumi:dev::p::pulumi:providers:aws::default", "pulumi:providers:aws", True),
        keys,
        store,
        deep,
        serve,
        key,
        bucket,
        made("policy", store, bucket),
        made("endpoint", serve, bucket, key),
    ]


def test_what_stands_in_a_component_of_a_component_counts_with_the_outer_one() -> None:
    graph = component_graph("dev", a_stack(), {"p:infra:Keys": "foundation"})
    assert {node.name: (node.resources, node.group) for node in graph.nodes} == {
        "keys": (1, "foundation"),
        "store": (2, ""),
        "serve": (1, ""),
    }
    assert graph.resources == 4


def test_edges_that_follow_from_others_are_left_out() -> None:
    assert component_graph("dev", a_stack(), {}).edges == [("keys", "store"), ("store", "serve")]
    assert reduced({("a", "b"), ("b", "c"), ("a", "c")}) == {("a", "b"), ("b", "c")}


def test_edges_of_a_cycle_stay() -> None:
    cycle = {("a", "b"), ("b", "a"), ("b", "c"), ("a", "c")}
    assert {("a", "b"), ("b", "a")} <= reduced(cycle)
    assert reduced(cycle) - {("a", "b"), ("b", "a")}


def test_a_component_opens_to_its_resources() -> None:
    graph = resource_graph("dev", a_stack(), "store")
    assert graph is not None
    assert [node.name for node in graph.nodes] == ["bucket", "policy"]
    assert graph.edges == [("bucket", "policy")]
    assert resource_graph("dev", a_stack(), "absent") is None


def test_a_graph_is_the_same_in_whatever_order_a_state_holds_it() -> None:
    forwards, backwards = a_stack(), a_stack()[::-1]
    assert component_graph("dev", forwards, {}) == component_graph("dev", backwards, {})


def test_drawings_name_rooms_components_and_their_resources() -> None:
    graph = component_graph("dev", a_stack(), {"p:infra:Keys": "foundation"})
    drawn = mermaid(graph)
    assert drawn.startswith("flowchart LR\n")
    assert '  subgraph room_foundation["foundation"]\n    c_keys["keys<br/>1 resource"]\n  end' in drawn
    assert "  c_store --> c_serve" in drawn
    assert '"store" -> "serve";' in dot(graph)


def test_rooms_are_the_folders_of_the_sources_that_name_a_type(tmp_path: Path) -> None:
    (tmp_path / "infra" / "network").mkdir(parents=True)
    source = 'class N(C):\n    def __init__(self):\n        super().__init__("p:infra:Network", "n")\n'
    (tmp_path / "infra" / "network" / "network.py").write_text(source)
    assert rooms_of(tmp_path) == {"p:infra:Network": "network"}


def test_the_command_draws_a_state(project: Path, groundplan: Any) -> None:
    assert groundplan(project, "graph", "dev").status == 1
    assert groundplan(project, "up", "dev").status == 0
    drawn = groundplan(project, "graph", "dev")
    assert drawn.status == 0, drawn.err
    assert 'c_raw["raw<br/>2 resources"]' in drawn.out
    found = json.loads(groundplan(project, "graph", "dev", "--component", "raw", "--format", "json").out)
    assert found["edges"] == [{"from": "raw-bucket", "to": "raw-versioned"}]
    unknown = groundplan(project, "graph", "dev", "--component", "rawer")
    assert unknown.status == 2
    assert "its components are: curated, models, raw" in unknown.err
    assert groundplan(project, "destroy", "dev", "--yes").status == 0
