"""The official CLI is led to this folder's sandbox, and to nothing else. These tests need no CLI."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ops.official_sandbox import AnotherProviderError, SandboxedCli
from ops.releases import Release
from ops.target import Target
from ops.workspace import Workspace
from sandbox.aws.package import EXECUTABLE
from sandbox.engine.project import Project, StackConfig

PACKAGE = "arn:aws:sagemaker:us-east-1:123456789012:model-package/flights/3"
LED = {"AWS_ENDPOINT_URL": "http://127.0.0.1:4000", "AWS_ACCESS_KEY_ID": "AKIA0000123456789012"}
RECORDER = """#!{python}
import json, os, pathlib, sys, time
told = pathlib.Path(os.environ["TOLD"])
arguments = sys.argv[1:]
if arguments[0] == "stack":
    print("[]" if "history" in arguments else "{{}}")
    sys.exit()
settings = pathlib.Path(arguments[arguments.index("--config-file") + 1])
told.write_text(json.dumps({{
    "arguments": arguments,
    "environment": dict(os.environ),
    "settings": json.loads(settings.read_text()),
    "mode": oct(settings.parent.stat().st_mode & 0o777),
}}))
print("running", flush=True)
if os.environ.get("LONG"):
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        sys.exit(255)
"""


def workspace(project: Path, **variables: str) -> Workspace:
    return Workspace(Project.load(project), {"PATH": os.environ["PATH"], **variables})


def led(found: Workspace) -> SandboxedCli:
    return SandboxedCli(found, "dev", Target("sandbox", "123456789012", "us-east-1", variables=LED))


@pytest.fixture
def recorder(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Mapping[str, str]]:
    """An executable `pulumi` that writes down what it was given; its file, and a PATH that finds it."""
    folder = tmp_path_factory.mktemp("cli")
    cli = folder / "pulumi"
    cli.write_text(RECORDER.format(python=sys.executable))
    cli.chmod(0o755)
    told = folder / "told.json"
    return told, {"PATH": f"{folder}:{os.environ['PATH']}", "TOLD": str(told)}


def test_the_providers_folder_stands_first_on_path_and_the_keys_are_the_sandboxes(project: Path) -> None:
    found = workspace(
        project, AWS_PROFILE="work", AWS_ENDPOINT_URL="https://aws", PULUMI_IGNORE_AMBIENT_PLUGINS="1"
    )
    given = led(found).environment()
    assert given["PATH"].split(os.pathsep)[0] == str(EXECUTABLE.parent)
    assert given["AWS_ENDPOINT_URL"] == LED["AWS_ENDPOINT_URL"]
    assert given["PULUMI_BACKEND_URL"] == f"file://{project / '.groundplan' / 'state'}"
    assert given["PULUMI_CONFIG_PASSPHRASE"] == "sandbox"
    assert given["SANDBOX_PYTHON"] == sys.executable
    assert "PULUMI_IGNORE_AMBIENT_PLUGINS" not in given


def test_the_passphrase_is_the_one_that_the_embedded_engine_uses(project: Path, tmp_path: Path) -> None:
    (tmp_path / "word").write_text("from a file\n")
    found = workspace(project, PULUMI_CONFIG_PASSPHRASE_FILE=str(tmp_path / "word"))
    given = led(found).environment()
    assert given["PULUMI_CONFIG_PASSPHRASE"] == "from a file"
    assert "PULUMI_CONFIG_PASSPHRASE_FILE" not in given


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("plugins:\n  providers:\n    - name: aws\n      path: ./bin\n", "plugins.providers"),
        ("packages:\n  aws: terraform-provider@1.0.2\n", "packages"),
    ],
)
def test_a_project_that_names_a_provider_of_its_own_is_refused(project: Path, entry: str, told: str) -> None:
    with (project / "Pulumi.yaml").open("a") as stream:
        stream.write(entry)
    with pytest.raises(AnotherProviderError, match=f"{told} in .*Pulumi.yaml names one"):
        led(workspace(project)).environment()


def test_a_provider_that_runs_already_is_refused(project: Path) -> None:
    with pytest.raises(AnotherProviderError, match="attaches it to a running one"):
        led(workspace(project, PULUMI_DEBUG_PROVIDERS="random:1, aws:2")).environment()
    led(workspace(project, PULUMI_DEBUG_PROVIDERS="random:1")).environment()


def test_an_executable_that_cannot_be_run_is_refused(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spoilt = project / "spoilt" / EXECUTABLE.name
    spoilt.parent.mkdir()
    spoilt.write_text("#!/bin/sh\n")
    monkeypatch.setattr("ops.official_sandbox.EXECUTABLE", spoilt)
    with pytest.raises(AnotherProviderError) as found:
        led(workspace(project)).environment()
    assert found.value.next_step == f"make it executable: chmod +x {spoilt}"


def test_the_settings_are_the_stacks_with_its_release_laid_over_them(project: Path) -> None:
    found = workspace(project)
    found.releases.put("dev", Release(PACKAGE))
    cli = led(found)
    cli.begin()
    before = (project / "stacks" / "Pulumi.dev.yaml").read_bytes()
    with cli.settings() as path:
        content = json.loads(path.read_text())
    assert content["config"]["scratch:release"] == {"modelPackageArn": PACKAGE}
    assert content["config"]["aws:allowedAccountIds"] == ["123456789012"]
    assert content["encryptionsalt"] == found.backend.crypter("scratch", "dev").state
    assert (project / "stacks" / "Pulumi.dev.yaml").read_bytes() == before
    assert not path.exists()


def test_a_stack_is_begun_once_and_either_engine_can_open_it(project: Path) -> None:
    found = workspace(project)
    cli = led(found)
    assert not cli.has_state()
    cli.begin()
    state = found.backend.path("scratch", "dev")
    written = state.read_bytes()
    cli.begin()
    assert state.read_bytes() == written
    salt = StackConfig.load(found.project, "dev").encryption_salt
    assert found.backend.load("scratch", "dev", found.backend.crypter("scratch", "dev", salt)).resources == []


def test_the_cli_gets_the_run_as_it_was_typed(
    project: Path, groundplan: Any, recorder: tuple[Path, Mapping[str, str]]
) -> None:
    told, variables = recorder
    done = groundplan(
        project, "up", "dev", "--engine", "pulumi", "--parallel", "3", "--diff", "--json", more=variables
    )
    assert done.status == 0, done.err
    assert json.loads(done.out)["target"]["kind"] == "sandbox"
    assert "running" in done.err
    given = json.loads(told.read_text())
    assert given["arguments"][:4] == ["up", "--parallel", "3", "--diff"]
    assert given["arguments"][-2:] == ["--stack", "dev"]
    assert {"--yes", "--skip-preview"} <= set(given["arguments"])
    assert given["environment"]["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")
    assert given["settings"]["config"]["aws:region"] == "us-east-1"
    assert given["mode"] == "0o700"


def test_an_interrupt_is_the_clis_to_handle_and_the_command_says_so(
    project: Path, person: dict[str, str], recorder: tuple[Path, Mapping[str, str]]
) -> None:
    _, variables = recorder
    process = subprocess.Popen(
        [sys.executable, "-m", "ops", "up", "dev", "--engine", "pulumi"],
        cwd=project,
        env={**person, **variables, "LONG": "yes"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # What runs in the background of a shell ignores Ctrl-C, and would pass that on.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert process.stdout is not None
    while process.stdout.readline() != "running\n":
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted; everything made so far is kept" in err


def test_without_the_cli_it_says_what_needs_none(project: Path, groundplan: Any) -> None:
    done = groundplan(project, "up", "dev", "--engine", "pulumi", more={"PATH": "/nowhere"})
    assert done.status == 1
    assert "the Pulumi CLI is not on PATH" in done.err
    assert "groundplan up dev" in done.err
