"""Policy packs from the command line: how they are chosen, what is shown of them."""

from __future__ import annotations

import io
import json
import os
import shlex
from pathlib import Path
from typing import Any

import pytest

from ops.display import Display
from ops.official import OfficialRunner
from ops.runs import PolicyPackChoice, RunOptions
from ops.screen import Screen
from ops.workspace import Workspace
from sandbox.engine.events import Event, PolicyPackStarted, PolicyRemediation, PolicyViolation
from sandbox.engine.values import Secret

PACK = """
from pulumi_policy import *

def owned(args, report):
    if args.resource_type == "aws:s3/bucket:Bucket" and args.name == args.get_config()["bucket"]:
        report("give it an owner")

schema = PolicyConfigSchema({"bucket": {"type": "string"}}, ["bucket"])
PolicyPack("owners", [
    ResourceValidationPolicy("owned", "Buckets have owners.", owned, EnforcementLevel.MANDATORY, schema)])
"""
BUCKET = "urn:pulumi:dev::p::p:infra:Zone$aws:s3/bucket:Bucket::{}"
STACK = "urn:pulumi:dev::p::pulumi:pulumi:Stack::p-dev"


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    folder = tmp_path / "owners"
    folder.mkdir()
    (folder / "PulumiPolicy.yaml").write_text("runtime: python\nversion: 2.0.0\n")
    (folder / "__main__.py").write_text(PACK)
    return folder


def shown(events: list[Event], *, details: bool = False) -> list[str]:
    out = io.StringIO()
    with Display(Screen(out, io.StringIO()), details=details) as display:
        for event in events:
            display.take(event)
    return out.getvalue().splitlines()


def violation(policy: str, urn: str, level: Any = "mandatory", severity: Any = "") -> PolicyViolation:
    return PolicyViolation(urn, policy, "owners", "2.0.0", level, f"About {policy}.\nDo it.", severity)


def test_a_violation_fails_the_command_before_anything_is_made(
    project: Path, pack: Path, groundplan: Any
) -> None:
    (project / "owners.json").write_text('{"owned": {"bucket": "raw-bucket"}}')
    chosen = ["--policy-pack", pack.name, "--policy-pack-config", "owners.json"]
    ended = groundplan(project, "up", "dev", "--json", *chosen)
    assert ended.status == 1
    told = json.loads(ended.out)
    assert (told["result"], told["changes"], told["error"]["kind"]) == ("failed", {}, "UpFailedError")
    assert told["policies"] == {
        "packs": [{"name": "owners", "version": "2.0.0", "folder": str(pack), "policies": 1}],
        "violations": [
            {
                "pack": "owners",
                "version": "2.0.0",
                "policy": "owned",
                "level": "mandatory",
                "severity": None,
                "urn": "urn:pulumi:dev::scratch::scratch:infra:Zone$aws:s3/bucket:Bucket::raw-bucket",
                "message": "Buckets have owners.\ngive it an owner",
            }
        ],
        "remediations": [],
    }
    assert "[mandatory] owned (aws:s3:Bucket: raw-bucket)" in ended.err
    assert not (project / ".groundplan" / "state" / ".pulumi" / "stacks" / "scratch" / "dev.json").exists()


@pytest.mark.parametrize(
    ("chosen", "reason"),
    [
        (["--policy-pack", "stacks"], "there is no PulumiPolicy.yaml in {}/stacks"),
        (["--policy-pack", "owners", "--policy-pack-config", "no.json"], "there is no file {}/no.json"),
        (
            ["--policy-pack", "owners", "--policy-pack", "owners", "--policy-pack-config", "no.json"],
            "--policy-pack-config was given 1 times and --policy-pack 2 times",
        ),
    ],
)
def test_packs_that_cannot_be_are_wrong_usage_before_a_cloud_is_reached(
    chosen: list[str], reason: str, project: Path, pack: Path, groundplan: Any
) -> None:
    ended = groundplan(project, "preview", "dev", *chosen)
    assert ended.status == 2
    assert reason.format(project) in ended.err
    assert not (project / ".groundplan").exists()


def test_the_packs_of_a_run_stand_together_the_worst_first() -> None:
    events: list[Event] = [
        PolicyPackStarted("owners", "2.0.0", "policies", 4),
        PolicyPackStarted("quiet", "1.0.0", "quiet", 1),
        violation("advice", BUCKET.format("raw"), "advisory", "critical"),
        violation("owned", BUCKET.format("raw")),
        violation("locked", BUCKET.format("raw"), severity="high"),
        violation("whole", STACK, severity="low"),
        PolicyRemediation(BUCKET.format("raw"), "tagged", "owners", "2.0.0", {}, {"tags": {"a": "b"}}),
        PolicyRemediation(BUCKET.format("models"), "tagged", "owners", "2.0.0", {}, {"tags": {"a": "b"}}),
    ]
    assert shown(events) == [
        "",
        "Policies:",
        "    ✗ owners@v2.0.0 (policies)",
        "        [remediate] tagged (2 resources)",
        "        [mandatory] [high] locked (aws:s3:Bucket: raw)",
        "            About locked.",
        "            Do it.",
        "        [mandatory] [low] whole (pulumi:pulumi:Stack: p-dev)",
        "            About whole.",
        "            Do it.",
        "        [mandatory] owned (aws:s3:Bucket: raw)",
        "            About owned.",
        "            Do it.",
        "        [advisory] [critical] advice (aws:s3:Bucket: raw)",
        "            About advice.",
        "            Do it.",
        "    ✓ quiet@v1.0.0 (quiet)",
    ]


def test_a_remediation_is_shown_by_its_properties_never_by_their_values() -> None:
    before, after = {"key": Secret("s3cret!"), "old": 1}, {"key": "s3cret!", "tags": {"a": "b"}}
    lines = shown(
        [
            PolicyPackStarted("owners", "2.0.0", "policies", 4),
            PolicyRemediation(BUCKET.format("raw"), "tagged", "owners", "2.0.0", before, after),
        ],
        details=True,
    )
    assert lines[-1] == "        [remediate] tagged (aws:s3:Bucket: raw) ~key, -old, +tags"


def test_the_official_cli_gets_the_packs_in_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli = tmp_path / "pulumi"
    cli.write_text(f'#!/bin/sh\necho "$@" > {shlex.quote(str(tmp_path / "typed"))}\nexit 1\n')
    cli.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    (tmp_path / "Pulumi.yaml").write_text("name: judged\nruntime: python\n")
    workspace = Workspace.find(tmp_path)
    runner = OfficialRunner(workspace, "dev", Screen(io.StringIO(), io.StringIO()))
    one = PolicyPackChoice(Path("/one"), Path("/one.json"))
    two = PolicyPackChoice(Path("/two"), Path("/two.json"))
    assert runner.run("preview", RunOptions(policy_packs=[one, two])).result == "failed"
    assert (tmp_path / "typed").read_text().strip() == (
        "preview --parallel 16 --policy-pack /one --policy-pack-config /one.json "
        "--policy-pack /two --policy-pack-config /two.json --stack dev"
    )
