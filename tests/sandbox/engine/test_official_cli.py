"""The official CLI opens what this engine wrote, and the other way round. Needs `pulumi` on PATH."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sandbox.engine.values import Secret

pytestmark = pytest.mark.skipif(
    not (shutil.which("pulumi") and shutil.which("pulumi-language-python")),
    reason="the official Pulumi CLI is not on PATH",
)

PROGRAM = """
config = pulumi.Config()
outer = Box("outer")
inner = Box("inner", Opts(parent=outer))
value = {"list": [1, 2.5, True, None], "key": config.require_secret("key")}
stash = pulumi.Stash("kept", input=value, opts=Opts(parent=inner))
files = pulumi.Stash("files", input=pulumi.FileArchive("stacks"))
inner.register_outputs({"deep": config.require_object("deep")})
pulumi.export("key", config.require_secret("key"))
pulumi.export("stash", stash.output)
pulumi.export("plain", {"a": [1, "x", None]})
"""


class Cli:
    """Runs the CLI on a workspace's project and state."""

    def __init__(self, workspace: Any) -> None:
        self._folder = workspace.folder
        self._environment = {
            **os.environ,
            "PULUMI_BACKEND_URL": f"file://{workspace.state}",
            "PULUMI_CONFIG_PASSPHRASE": "open sesame",
            "PULUMI_HOME": str(workspace.folder / ".home"),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        }

    def __call__(self, *arguments: str) -> str:
        done = subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def both(workspace: Any) -> tuple[Any, Cli]:
    workspace.program(PROGRAM)
    crypter = workspace.backend.crypter("test", "dev")
    workspace.project.stack_file("dev").write_text(
        f"encryptionsalt: {crypter.state}\n"
        "config:\n  test:deep: {b: [1, on], a: x}\n"
        f"  test:key:\n    secure: {crypter.encrypt('hush')}\n"
    )
    workspace.state.mkdir()
    return workspace, Cli(workspace)


def test_the_cli_goes_on_from_a_state_of_this_engine(both: tuple[Any, Cli]) -> None:
    workspace, cli = both
    workspace.succeed()
    cli("preview", "--stack", "dev", "--expect-no-changes")
    outputs = json.loads(cli("stack", "output", "--stack", "dev", "--json", "--show-secrets"))
    assert outputs["key"] == "hush"
    assert outputs["plain"] == {"a": [1, "x", None]}
    cli("up", "--stack", "dev", "--yes", "--skip-preview", "--expect-no-changes")
    assert workspace.succeed(expect_no_changes=True).summary.changes == {"same": 5}
    assert '"update"' in cli("stack", "history", "--stack", "dev", "--json")
    cli("destroy", "--stack", "dev", "--yes", "--skip-preview")
    assert workspace.engine().resources("dev") == []


def test_this_engine_goes_on_from_a_state_of_the_cli(both: tuple[Any, Cli]) -> None:
    workspace, cli = both
    cli("stack", "init", "dev")
    cli("up", "--stack", "dev", "--yes", "--skip-preview")
    assert workspace.engine().outputs("dev")["key"] == Secret("hush")
    assert workspace.run("preview", expect_no_changes=True).summary.changes == {"same": 5}
    assert workspace.succeed(expect_no_changes=True).summary.result == "succeeded"
    assert workspace.run("destroy").summary.result == "succeeded"
    assert json.loads(cli("stack", "export", "--stack", "dev"))["deployment"].get("resources") is None
