"""The whole dev stack by the official CLI and by the embedded engine, one after the other, on one state.

Needs `pulumi` on PATH, with its language host for Python.
"""

from __future__ import annotations

import json
import shutil
from typing import Any

import pytest

from sandbox.runtime import daemon
from sandbox.runtime.client import SandboxClient

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(
        not (shutil.which("pulumi") and shutil.which("pulumi-language-python")),
        reason="the official Pulumi CLI is not on PATH",
    ),
]

LEAST_RESOURCES = 100
"""What the dev stack has at the least before its first release."""
CLI = ("--engine", "pulumi")


@pytest.fixture(scope="module")
def person(clone: Any) -> Any:
    clone.environment |= {"PULUMI_HOME": str(clone.folder / ".home"), "PULUMI_SKIP_UPDATE_CHECK": "true"}
    return clone


def nothing_remains(person: Any) -> None:
    address = daemon.find(person.folder / ".groundplan" / "sandbox")
    assert address is not None
    assert SandboxClient(address.endpoint_url).remaining().remaining == ()


def test_what_the_cli_makes_the_embedded_engine_takes_over(person: Any) -> None:
    settings = (person.folder / "stacks" / "Pulumi.dev.yaml").read_bytes()
    made = person.json("up", "dev", *CLI)
    assert made["changes"]["create"] >= LEAST_RESOURCES
    assert made["target"]["kind"] == "sandbox"
    same = {"same": made["changes"]["create"]}
    assert person.json("preview", "dev", "--expect-no-changes")["changes"] == same
    assert person.json("refresh", "dev", *CLI, "--expect-no-changes")["result"] == "succeeded"
    assert person.json("outputs", "dev", *CLI) == person.json("outputs", "dev")
    assert (person.folder / "stacks" / "Pulumi.dev.yaml").read_bytes() == settings
    person.run("destroy", "dev", "--yes")
    nothing_remains(person)


def test_what_the_embedded_engine_makes_the_cli_takes_over(person: Any) -> None:
    made = person.json("up", "dev")
    same = {"same": made["changes"]["create"]}
    person.run("preview", "dev", *CLI, "--expect-no-changes")
    # By hand, behind both engines' backs.
    person.client("s3").delete_bucket_tagging(Bucket=made["outputs"]["zones"]["raw"])
    person.run("refresh", "dev", *CLI)
    repaired = person.json("up", "dev", *CLI)
    assert repaired["changes"]["update"] == 1
    assert person.json("preview", "dev", "--expect-no-changes")["changes"] == same
    person.run("destroy", "dev", "--yes", *CLI)
    nothing_remains(person)
    assert (
        json.loads(person.run("outputs", "dev", *CLI, "--json", status=1))["error"]["kind"]
        == "StackNotUpError"
    )
