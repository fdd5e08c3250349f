"""kill -9 before and after every call that the engine makes to its provider: what is left is counted.

Each chain kills the engine at one call after the other, runs it again each time, and ends when a
run gets through. An orphan or a duplicate shows as a resource in the emulator that a plain `up` does not
make.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "reliability"))

from inventory import twins
from kill_chain import chain
from sandboxed import Stack, changes

pytestmark = pytest.mark.soak

SHARE = float(os.environ.get("GROUNDPLAN_SOAK_SHARE", "1"))
"""The part of the calls at which the engine is killed."""


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_engine_killed_at_every_call_leaves_no_orphan_and_no_duplicate(clone: Any, when: str) -> None:
    stack = Stack(clone.folder)
    stack.succeed("up")
    plain, made = stack.inventory(), len(stack.managed())
    stack.succeed("destroy")
    assert stack.inventory() == {}

    up = chain(clone.folder, "up", when, clone.environment, share=SHARE)
    assert stack.inventory() == plain
    assert twins(stack.resources()) == []
    assert changes(stack.succeed("refresh")) == {}
    assert changes(stack.succeed("up")) == {}

    destroy = chain(clone.folder, "destroy", when, clone.environment, share=SHARE)
    assert stack.inventory() == {}
    assert stack.resources() == []
    if SHARE == 1:
        # What was under way beside a call that a run died at is recovered, and is not called for again.
        assert up.kills > made
        assert destroy.kills > made


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_engine_killed_at_each_create_and_each_delete_alone_converges(clone: Any, when: str) -> None:
    stack = Stack(clone.folder)
    stack.succeed("up")
    plain, made = stack.inventory(), len(stack.managed())
    stack.succeed("destroy")

    up = chain(clone.folder, "up", when, clone.environment, share=SHARE, only="create")
    assert stack.inventory() == plain
    assert twins(stack.resources()) == []
    assert changes(stack.succeed("refresh")) == {}
    assert changes(stack.succeed("up")) == {}

    destroy = chain(clone.folder, "destroy", when, clone.environment, share=SHARE, only="delete")
    assert stack.inventory() == {}
    assert stack.resources() == []
    assert set(up.calls) == {"create"}
    assert set(destroy.calls) == {"delete"}
    if SHARE == 1:
        # A setting that had begun when a run died is set by its recovery, without a create of its own.
        assert up.kills >= 0.9 * made
        assert destroy.kills >= 0.9 * made
