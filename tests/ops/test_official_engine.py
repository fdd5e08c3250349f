"""A small project by the official CLI in the sandbox: failures, locks, releases. Needs `pulumi` on PATH."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ops.releases import Release
from ops.workspace import Workspace
from sandbox.engine.project import Project

pytestmark = pytest.mark.skipif(
    not (shutil.which("pulumi") and shutil.which("pulumi-language-python")),
    reason="the official Pulumi CLI is not on PATH",
)

CLI = ("--engine", "pulumi")
BAD = """
import json
release = pulumi.Config().get_object("release")
pulumi.export("release", release and release["modelPackageArn"])
aws.s3.Bucket("Bad", bucket="Bad_Name")
"""
SLOW = """
import pathlib, time
pathlib.Path("reached").touch()
while not pathlib.Path("go").exists():
    time.sleep(0.1)
"""


def of_session(leader: int) -> list[int]:
    """The processes of a session: the CLI gives its plugins groups of their own."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(ProcessLookupError):
            if os.getsid(int(entry.name)) == leader:
                found.append(int(entry.name))
    return found


@pytest.fixture
def home(project: Path) -> Mapping[str, str]:
    """The variables of a person whose CLI keeps its own files in the project."""
    return {"PULUMI_HOME": str(project / ".home"), "PULUMI_SKIP_UPDATE_CHECK": "true"}


def test_a_stack_goes_from_one_engine_to_the_other_with_its_release(
    project: Path, groundplan: Any, home: Mapping[str, str]
) -> None:
    program = project / "__main__.py"
    good = program.read_text()
    Workspace(Project.load(project), {}).releases.put("dev", Release("arn:of:a:package"))
    settings = (project / "stacks" / "Pulumi.dev.yaml").read_bytes()
    program.write_text(good + BAD)
    failed = groundplan(project, "up", "dev", *CLI, more=home)
    assert failed.status == 1
    assert "must consist of lower-case letters" in failed.out
    assert "everything made so far is kept" in failed.err

    program.write_text(good + BAD.rpartition("aws.s3")[0])
    made = groundplan(project, "up", "dev", *CLI, "--json", more=home)
    assert made.status == 0, made.err
    assert json.loads(made.out)["outputs"]["release"] == "arn:of:a:package"
    assert json.loads(made.out)["outputs"]["word"] == "[secret]"
    assert groundplan(project, "outputs", "dev", "word", "--show-secrets", *CLI, more=home).out == "hidden\n"
    assert groundplan(project, "preview", "dev", "--expect-no-changes").status == 0
    assert (project / "stacks" / "Pulumi.dev.yaml").read_bytes() == settings

    destroyed = groundplan(project, "destroy", "dev", "--yes", *CLI, more=home)
    assert destroyed.out.endswith("0 resources remain in the emulator.\n"), destroyed.err


def test_a_stack_that_one_engine_holds_is_refused_by_the_other(
    project: Path, groundplan: Any, home: Mapping[str, str], person: dict[str, str]
) -> None:
    program = project / "__main__.py"
    program.write_text(SLOW + program.read_text())
    running = subprocess.Popen(
        [sys.executable, "-m", "ops", "up", "dev", *CLI],
        cwd=project,
        env={**person, **home},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 120
    while not (project / "reached").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    refused = groundplan(project, "up", "dev")
    assert refused.status == 1
    assert "the stack 'dev' is locked by" in refused.err
    by_the_cli = groundplan(project, "refresh", "dev", *CLI, more=home)
    assert by_the_cli.status == 1
    assert "currently locked" in by_the_cli.out + by_the_cli.err

    for pid in of_session(running.pid):
        os.kill(pid, signal.SIGKILL)
    running.wait(60)
    (project / "go").touch()
    assert groundplan(project, "unlock", "dev", *CLI, more=home).status == 0
    assert groundplan(project, "up", "dev").status == 0
