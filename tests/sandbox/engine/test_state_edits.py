"""Edits of a state by hand: what they change, and what they refuse."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.engine import state_edits
from sandbox.engine.state_edits import EditRefused

URN = "urn:pulumi:dev::test::toy:index:Toy::"


def test_a_resource_is_unprotected_or_forgotten_and_the_cloud_keeps_it(workspace: Any) -> None:
    workspace.succeed("a = Toy('a', Opts(protect=True))\nToy('b', size=a.serial)")
    engine = workspace.engine()
    with pytest.raises(EditRefused, match="is protected"):
        engine.edit_state("dev", lambda found: state_edits.forgotten(found, f"{URN}a"))
    engine.edit_state("dev", lambda found: state_edits.unprotected(found, f"{URN}a"))
    assert not workspace.state_of("a").protect
    with pytest.raises(EditRefused, match="::b"):
        engine.edit_state("dev", lambda found: state_edits.forgotten(found, f"{URN}a"))
    engine.edit_state("dev", lambda found: state_edits.forgotten(found, f"{URN}b"))
    assert "b" not in workspace.names()
    assert len(workspace.cloud.toys) == 2
    with pytest.raises(EditRefused, match="holds no resource"):
        engine.edit_state("dev", lambda found: state_edits.forgotten(found, f"{URN}nobody"))
    assert workspace.run("destroy").summary.result == "succeeded"
    assert len(workspace.cloud.toys) == 1
