"""The official CLI and this engine hear the same from a policy pack. Needs `pulumi` on PATH."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sandbox.engine.events import PolicyRemediation, PolicyViolation
from sandbox.engine.policy_pack import PolicyPack

pytestmark = pytest.mark.skipif(
    not (shutil.which("pulumi") and shutil.which("pulumi-language-python")),
    reason="the official Pulumi CLI is not on PATH",
)

PROGRAM = """
one = pulumi.Stash("one", input={"size": 1}, opts=Opts(protect=True))
two = pulumi.Stash("two", input=[9, one.id], opts=Opts(delete_before_replace=True, ignore_changes=["output"]))
box = Box("box", size=3, inner=one)
pulumi.Stash("deep", input=two.output.apply(lambda value: value[0]), opts=Opts(parent=box, depends_on=[one]))
pulumi.export("out", two.output)
"""
PACK = """
import json
from pulumi_policy import *

def seen(args, report):
    options, provider = args.opts, args.provider
    report(json.dumps([
        args.resource_type, args.name, sorted(args.props), options.protect, list(options.ignore_changes),
        options.delete_before_replace, options.parent, provider and [provider.name, dict(provider.props)],
        args.get_config(),
    ], sort_keys=True))

def opened(args, report):
    if args.resource_type == "pulumi:index:Stash" and not isinstance(args.props["input"], float):
        report(f"{args.name}: {[str(item) for item in args.props['input']]}")

def sized(args):
    if args.resource_type == "test:index:Box":
        return {**args.props, "size": args.props["size"] + args.get_config()["by"]}

def whole(args, report):
    for one in args.resources:
        names = {key: sorted(d.name for d in found) for key, found in one.property_dependencies.items()}
        about = [one.name, sorted(one.props), one.parent and one.parent.name, names]
        about.append(sorted(d.name for d in one.dependencies))
        report(json.dumps(about, sort_keys=True), one.urn if "Stash" in one.resource_type else None)

by = PolicyConfigSchema({"by": {"type": "integer", "default": 1}, "to": {"type": "string"}})
PolicyPack("compared", [
    ResourceValidationPolicy("seen", "Seen.", seen, config_schema=by, severity=Severity.LOW),
    ResourceValidationPolicy("opened", "Opened.", opened, EnforcementLevel.MANDATORY),
    ResourceValidationPolicy("sized", "Sized.", remediate=sized, config_schema=by,
                             enforcement_level=EnforcementLevel.DISABLED),
    StackValidationPolicy("whole", "Whole.", whole, EnforcementLevel.REMEDIATE),
], initial_config={"seen": {"by": 2}})
"""
CONFIG = {"sized": {"enforcementLevel": "remediate", "by": 5}, "seen": {"to": "x"}}


def official(workspace: Any, pack: PolicyPack) -> list[dict[str, Any]]:
    """The engine events of `pulumi preview`."""
    environment = {
        **os.environ,
        "PULUMI_BACKEND_URL": f"file://{workspace.state}",
        "PULUMI_CONFIG_PASSPHRASE": "open sesame",
        "PULUMI_HOME": str(workspace.folder / ".home"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    workspace.state.mkdir()
    chosen = ["--policy-pack", str(pack.folder), "--policy-pack-config", str(pack.config_file)]
    lines: list[str] = []
    for arguments in (["stack", "init", "dev"], ["preview", "--stack", "dev", "--json", *chosen]):
        done = subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=workspace.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        lines = done.stdout.splitlines()
    assert done.returncode != 0, done.stdout
    return [json.loads(line) for line in lines if line.startswith("{")]


def test_both_engines_hear_the_same(workspace: Any, tmp_path: Path) -> None:
    folder = tmp_path / "pack"
    folder.mkdir()
    (folder / "PulumiPolicy.yaml").write_text("runtime: python\nversion: 3.1.0\n")
    (folder / "__main__.py").write_text(PACK)
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    pack = PolicyPack.load(folder, tmp_path / "config.json")
    outcome = workspace.program(PROGRAM).run("preview", policy_packs=[pack])
    assert outcome.summary.result == "failed"
    ours = {
        (item.policy, item.version, item.level, item.severity, item.urn, item.message)
        for item in outcome.events
        if isinstance(item, PolicyViolation)
    }
    changed = [
        (item.policy, item.urn, item.after["size"])
        for item in outcome.events
        if isinstance(item, PolicyRemediation)
    ]
    events = official(workspace, pack)
    theirs = {
        (
            item["policyName"],
            item["policyPackVersion"],
            item["enforcementLevel"],
            item.get("severity", ""),
            item["resourceUrn"],
            re.sub(r"<\{%.*?%\}>", "", item["message"]).strip(),
        )
        for item in (event.get("policyEvent") for event in events)
        if item
    }
    assert ours == theirs
    assert {policy for policy, *_ in ours} == {"seen", "opened", "whole"}
    assert changed == [
        (item["policyName"], item["resourceUrn"], item["after"]["size"])
        for item in (event.get("policyRemediationEvent") for event in events)
        if item
    ]
    assert [size for *_, size in changed] == [8]
