"""kill -9 before and after every call that the engine makes to its provider: what is left is counted.

Each chain kills the engine at one call after the other, runs it again each time, and ends when a
run gets through. An orphan or a duplicate shows as a resource in the emulator that a plain `up` does not
make.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "reliability"))

from inventory import inventory, twins  # noqa: E402

from ops.workspace import Workspace  # noqa: E402

pytestmark = pytest.mark.soak

SHARE = os.environ.get("GROUNDPLAN_SOAK_SHARE", "1.0")
"""The part of the calls at which the engine is killed."""


def killed(clone: Any, action: str, when: str) -> dict[str, Any]:
    """One chain of kills to its end: what `killed_engine.py` tells of it."""
    done = subprocess.run(
        [
            *(sys.executable, ROOT / "tests" / "reliability" / "killed_engine.py"),
            *(clone.folder, "dev", action, when, "--share", SHARE),
        ],
        cwd=clone.folder,
        env=clone.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    print(f"{action}, killed {when} each call: {told}")
    assert told["result"] == "succeeded", told
    return told


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_engine_killed_at_every_call_leaves_no_orphan_and_no_duplicate(clone: Any, when: str) -> None:
    root = clone.folder / ".groundplan" / "sandbox"
    clone.run("up", "dev")
    plain = inventory(root)
    # What a first release adds is not part of a plain up; the platform has 112 resources without it.
    workspace = Workspace.find(clone.folder)
    resources = workspace.backend.load(
        workspace.project.name, "dev", workspace.backend.crypter(workspace.project.name, "dev")
    ).resources
    assert twins(resources) == []
    made = sum(1 for item in resources if item.custom and not item.is_provider)
    assert clone.json("destroy", "dev", "--yes")["remaining"] == []

    told = killed(clone, "up", when)
    assert inventory(root) == plain
    clone.run("refresh", "dev", "--expect-no-changes")
    clone.run("up", "dev", "--expect-no-changes")
    assert inventory(root) == plain
    if float(SHARE) == 1:
        assert told["calls"]["create"] == made

    told = killed(clone, "destroy", when)
    assert inventory(root) == {}
    if float(SHARE) == 1:
        assert told["calls"]["delete"] == made
