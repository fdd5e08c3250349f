"""kill -9 before and after calls of the engine to its provider, a dozen of them: nothing lost, nothing twice.

`tests/e2e/test_soak_every_call.py` does it at every call of the whole platform.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from inventory import Inventory, twins
from kill_chain import chain
from sandboxed import Stack, changes

SEED = 137
"""One that chooses seven calls of each chain, creates and deletes among them."""
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_engine_killed_at_calls_of_chance_leaves_no_orphan_and_no_duplicate(
    small: Stack, plain: Inventory, when: str
) -> None:
    folder = small.workspace.folder
    assert chain(folder, "up", when, ENVIRONMENT, share=0.09, seed=SEED).kills >= 2
    # What differs from a cloud in which nobody was killed is an orphan, a duplicate, or lost.
    assert small.inventory() == plain
    assert twins(small.resources()) == []
    assert changes(small.succeed("refresh")) == {}
    assert chain(folder, "destroy", when, ENVIRONMENT, share=0.12, seed=SEED).kills >= 2
    assert small.inventory() == {}
    assert small.resources() == []
