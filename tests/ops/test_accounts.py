"""Stacks of different accounts in the one sandbox of a folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ops.target import sandbox_account, sandbox_accounts
from ops.workspace import Workspace

DEV, STAGING = "123456789012", "234567890123"
PROGRAM = """
import pulumi
import pulumi_aws as aws

account = aws.get_caller_identity().account_id
topic = aws.sns.Topic("news", name="news")
pulumi.export("account", account)
pulumi.export("topic", topic.arn)
"""


def two_stacks(project: Path) -> None:
    (project / "__main__.py").write_text(PROGRAM)
    settings = f'config:\n  aws:region: eu-west-1\n  aws:allowedAccountIds: ["{STAGING}", "999988887777"]\n'
    (project / "stacks" / "Pulumi.staging.yaml").write_text(settings)


def test_each_stack_works_in_the_account_that_it_allows_first(project: Path, groundplan: Any) -> None:
    two_stacks(project)
    for stack, account in (("staging", STAGING), ("dev", DEV)):
        told = json.loads(groundplan(project, "up", stack, "--json").out)
        assert told["target"]["account"] == told["outputs"]["account"] == account
    status = json.loads(groundplan(project, "sandbox", "status", "--json").out)
    assert status["accounts"] == {DEV: {"sns": 1}, STAGING: {"sns": 1}}
    assert status["accountId"] == DEV

    gone = json.loads(groundplan(project, "destroy", "staging", "--yes", "--json").out)
    assert (gone["remaining"], gone["others"]) == ([], [])
    kept = groundplan(project, "up", "dev", "--expect-no-changes")
    assert kept.status == 0, kept.err
    last = groundplan(project, "destroy", "dev", "--yes")
    assert last.out.endswith("0 resources remain in the emulator.\n")


def test_a_month_costs_what_is_said_in_the_account_of_one_stack(project: Path, groundplan: Any) -> None:
    two_stacks(project)
    told = json.loads(groundplan(project, "sandbox", "spend", "9", "--stack", "staging", "--json").out)
    assert told["account"] == STAGING
    assert json.loads(groundplan(project, "sandbox", "spend", "9", "--json").out)["account"] == DEV
    assert groundplan(project, "sandbox", "spend", "9", "--stack", "prod").status == 2


def test_a_stack_without_an_account_of_its_own_shares_that_of_the_first(project: Path) -> None:
    two_stacks(project)
    (project / "stacks" / "Pulumi.trial.yaml").write_text("config:\n  aws:allowedAccountIds: not a list\n")
    workspace = Workspace.find(project)
    assert sandbox_account(workspace, "trial") == DEV
    assert sandbox_accounts(workspace) == {DEV: ["dev", "trial"], STAGING: ["staging"]}


def test_a_destroy_that_is_refused_in_part_destroys_nothing(project: Path, groundplan: Any) -> None:
    (project / "__main__.py").write_text(
        PROGRAM.replace('name="news")', 'name="news", opts=pulumi.ResourceOptions(protect=True))')
        + 'aws.sqs.Queue("queue", name="queue")\n'
    )
    assert groundplan(project, "up", "dev").status == 0
    refused = groundplan(project, "destroy", "dev", "--yes")
    assert refused.status == 1
    assert "nothing was destroyed: 1 resource of the stack 'dev' is protected: news" in refused.err
    assert groundplan(project, "up", "dev", "--expect-no-changes").status == 0


def test_a_path_sets_one_value_within_structured_settings(project: Path, groundplan: Any) -> None:
    (project / "__main__.py").write_text(
        "import pulumi\npulumi.export('network', pulumi.Config().require_object('network'))\n"
    )
    given = ("-c", "network.zones[0]=a", "-c", "network.wide=true")
    told = json.loads(groundplan(project, "up", "dev", *given, "--config-path", "--json").out)
    assert told["outputs"] == {"network": {"zones": ["a"], "wide": True}}
    whole = json.loads(groundplan(project, "up", "dev", "-c", 'network={"zones":["b"]}', "--json").out)
    assert whole["outputs"] == {"network": {"zones": ["b"]}}
