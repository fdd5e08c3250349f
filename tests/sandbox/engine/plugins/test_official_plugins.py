"""The official CLI goes on with what plugins have made, and the other way round. Needs `pulumi` on PATH."""

from __future__ import annotations

import shutil
import sys
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(
    not (shutil.which("pulumi") and shutil.which("pulumi-language-python")),
    reason="the official Pulumi CLI is not on PATH",
)

PLUGGED = """
from gadgets import Gadget, Gadgets
from notes import Note
p = Gadgets("mine", area="here", key=pulumi.Output.secret("hush"))
g = Gadget("g", Opts(provider=p), label="a", token=pulumi.Output.secret("t"))
n = Note("n", g.label)
pulumi.export("made", [g.serial, n.length])
"""


@pytest.fixture
def plugged(shop: Any, office: Any, official_cli: Any) -> tuple[Any, Any]:
    """A program with a plugin's resources and a dynamic one, for both engines."""
    office.program(PLUGGED)
    office.state.mkdir()
    dynamic = shop.bin / "pulumi-resource-pulumi-python"
    dynamic.write_text(f"#!/bin/sh\nexec {sys.executable} -u -m pulumi.dynamic $@\n")
    dynamic.chmod(0o755)
    return office, official_cli(office, office.environment)


def test_the_cli_goes_on_with_the_resources_of_plugins(plugged: tuple[Any, Any]) -> None:
    workspace, cli = plugged
    assert workspace.succeed().summary.outputs == {"made": [1, 1]}
    cli("preview", "--stack", "dev", "--expect-no-changes")
    cli("refresh", "--stack", "dev", "--yes", "--skip-preview", "--expect-no-changes")
    cli("destroy", "--stack", "dev", "--yes", "--skip-preview")
    assert workspace.engine().resources("dev") == []


def test_this_engine_goes_on_with_the_plugins_resources_of_the_cli(plugged: tuple[Any, Any]) -> None:
    workspace, cli = plugged
    cli("stack", "init", "dev")
    cli("up", "--stack", "dev", "--yes", "--skip-preview")
    assert workspace.run("preview", expect_no_changes=True).summary.result == "succeeded"
    assert workspace.run("refresh", expect_no_changes=True).summary.result == "succeeded"
    assert workspace.run("destroy").summary.result == "succeeded"
