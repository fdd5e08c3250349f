"""The whole platform in a cloud that throttles, breaks, or has lost everything: one run makes it good."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "reliability"))

from inventory import twins
from sandboxed import Stack, changes, names
from test_trouble_with_the_cloud import Heard, Refusing

from sandbox.aws import provider

pytestmark = pytest.mark.soak


def test_every_call_and_every_operation_fails_once_and_one_up_makes_everything(
    clone: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = Stack(clone.folder)
    monkeypatch.setattr(provider, "Cloud", Heard)
    stack.succeed("up")
    plain, operations = stack.inventory(), set(Heard.operations)
    stack.succeed("destroy")

    monkeypatch.setattr(provider, "Cloud", Refusing)
    stack.succeed("up")
    print(f"{Refusing.refused} calls refused")
    assert stack.inventory() == plain
    assert twins(stack.resources()) == []
    stack.succeed("destroy")
    monkeypatch.undo()

    for service, operation in operations:
        for fault in ("throttle", "error500"):
            stack.client.fault(fault, f"{service}:{operation}")
    print(f"{len(operations)} operations fail twice")
    stack.succeed("up")
    assert stack.inventory() == plain
    assert twins(stack.resources()) == []
    stack.unchanged()
    stack.succeed("destroy")
    assert stack.inventory() == {}


def test_everything_deleted_by_hand_is_found_by_a_refresh_and_repaired_by_one_up(clone: Any) -> None:
    stack = Stack(clone.folder)
    stack.succeed("up")
    plain, managed = stack.inventory(), stack.managed()
    cloud = stack.provider()
    cloud.configure({"region": "us-east-1"})
    for item in reversed(managed):
        cloud.delete(item.urn, item.id, item.inputs, item.outputs, 0)
    cloud.close()
    assert stack.inventory() == {}
    assert changes(stack.succeed("refresh")) == {"delete": len(managed)}
    assert stack.done("delete") == names(managed)
    assert changes(stack.succeed("up")) == {"create": len(managed)}
    assert stack.inventory() == plain
    stack.unchanged()
    stack.succeed("destroy")
    assert stack.inventory() == {}
