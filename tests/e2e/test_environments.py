"""Do the environments stand side by side in one sandbox, each in its account, and go without a trace?"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest

from sandbox.runtime import daemon

pytestmark = pytest.mark.e2e

STACKS = ("dev", "staging", "prod")
MARKER = "marker-7f3c9a51e2"
CLOUD = {"journal", "documents.sqlite", "documents.sqlite-wal", "documents.sqlite-shm"}
"""What the emulated cloud itself keeps: a secret is there, as it is in AWS."""


def client_of(clone: Any, stack: str, service: str) -> Any:
    address = daemon.find(clone.folder / ".groundplan" / "sandbox")
    assert address is not None
    (account,) = clone.json("settings", stack, "aws:allowedAccountIds")[0]["value"]
    variables = daemon.environment(replace(address, account_id=account))
    return boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=address.endpoint_url,
        region_name=address.region,
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
    )


@pytest.fixture(scope="module")
def accounts(clone: Any) -> dict[str, str]:
    """The three environments up, and the account of each."""
    found = {}
    for stack in STACKS:
        told = clone.json("up", stack, "--yes")
        assert told["result"] == "succeeded"
        found[stack] = told["target"]["account"]
    return found


def test_each_environment_stands_in_the_account_that_it_allows(clone: Any, accounts: dict[str, str]) -> None:
    assert len(set(accounts.values())) == len(STACKS)
    for stack in STACKS:
        identity = client_of(clone, stack, "sts").get_caller_identity()
        assert identity["Account"] == accounts[stack]
        assert accounts[stack] in clone.json("outputs", stack)["topics"]["info"]
    status = clone.json("sandbox", "status")
    assert set(status["accounts"]) == set(accounts.values())


def test_a_second_run_changes_nothing_in_any_of_them(clone: Any, accounts: dict[str, str]) -> None:
    for stack in STACKS:
        told = clone.json("up", stack, "--yes", "--expect-no-changes")
        assert set(told["changes"]) <= {"same", "read"}


def test_no_secret_stands_in_plain_text_in_states_or_logs(clone: Any, accounts: dict[str, str]) -> None:
    outputs = clone.json("outputs", "staging")
    address = daemon.find(clone.folder / ".groundplan" / "sandbox")
    assert address is not None
    client_of(clone, "staging", "secretsmanager").put_secret_value(
        SecretId=outputs["webhookSecret"], SecretString=f"{address.endpoint_url}/_sandbox/chat/{MARKER}"
    )
    client_of(clone, "staging", "sns").publish(TopicArn=outputs["topics"]["warning"], Message="look")
    deadline = time.monotonic() + 60
    while not [one for one in clone.json("sandbox", "channel") if one["channel"] == MARKER]:
        assert time.monotonic() < deadline, "the message has not reached the channel"
        time.sleep(0.2)
    clone.run("refresh", "staging", "--yes")
    clone.run("up", "staging", "--yes")
    found = [path for path in _kept(clone.folder / ".groundplan") if MARKER.encode() in path.read_bytes()]
    assert found == []
    logs = client_of(clone, "staging", "logs")
    for group in logs.describe_log_groups()["logGroups"]:
        events = logs.filter_log_events(logGroupName=group["logGroupName"])["events"]
        assert MARKER not in json.dumps(events), group["logGroupName"]


def _kept(folder: Path) -> Iterator[Path]:
    """Every file that runs have left, but for the emulated cloud's own."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not CLOUD & set(path.relative_to(folder).parts):
            yield path


def test_each_goes_without_a_trace_and_leaves_the_others_whole(clone: Any, accounts: dict[str, str]) -> None:
    assert clone.json("destroy", "dev", "--yes")["remaining"] == []
    clone.run("up", "staging", "--yes", "--expect-no-changes")
    # Production is protected against deletion, and its buckets keep what they hold, until its settings say
    # otherwise.
    clone.run("destroy", "prod", "--yes", status=1)
    clone.run("up", "prod", "--yes", "--expect-no-changes")
    given = ("-c", "protected=false", "-c", "storage.forceDestroy=true")
    clone.run("up", "prod", "--yes", *given, "--config-path")
    gone = clone.json("destroy", "prod", "--yes")
    assert gone["remaining"] == []
    # What production's locks hold outlives it, as the program declares: audit logs, vaults, and their keys.
    assert {one.split()[0] for one in gone["retained"]} == {"backup", "kms", "s3"}
    assert all("-audit-" in one for one in gone["retained"] if one.startswith("s3 "))
    assert clone.json("destroy", "staging", "--yes")["remaining"] == []
    left = clone.json("sandbox", "status")["resources"]
    assert sum(left.values()) == len(gone["retained"]), (left, gone["retained"])
