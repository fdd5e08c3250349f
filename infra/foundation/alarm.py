"""Alarm: a CloudWatch alarm that tells the topic of its severity, and where its runbook is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import pulumi
import pulumi_aws as aws

from infra.foundation.foundation import Foundation

Severity = Literal["critical", "warning", "info"]
"""`critical` wakes somebody, `warning` is for working hours, `info` is for the record."""

Topics = Mapping[Severity, pulumi.Input[str]]
"""Severity → ARN of its topic."""


def alarm(
    resource: str,
    *,
    name: pulumi.Input[str],
    says: str,
    runbook: str,
    severity: Severity | None,
    topics: Topics,
    foundation: Foundation,
    opts: pulumi.ResourceOptions,
    **watched: Any,
) -> aws.cloudwatch.MetricAlarm:
    """A metric alarm; every one of the platform is made here. `resource` is its name in the program.

    `says` is one sentence of what is wrong, `runbook` a page of `docs/runbooks/`. One without a severity
    tells nobody: a composite alarm reads it. `watched` are the arguments of `aws.cloudwatch.MetricAlarm` that
    say what is measured. Missing data is no fault unless they say so.
    """
    told = [topics[severity]] if severity else None
    return aws.cloudwatch.MetricAlarm(
        resource,
        name=name,
        alarm_description=described(says, runbook, foundation),
        alarm_actions=told,
        ok_actions=told,
        opts=opts,
        **{"treat_missing_data": "notBreaching", **watched},
    )


def every_alarm(
    resource: str,
    *,
    name: str,
    of: Sequence[pulumi.Output[str]],
    says: str,
    runbook: str,
    severity: Severity,
    topics: Topics,
    foundation: Foundation,
    opts: pulumi.ResourceOptions,
) -> aws.cloudwatch.CompositeAlarm:
    """A composite alarm that rings while every one of the alarms `of` does (their names)."""
    return aws.cloudwatch.CompositeAlarm(
        resource,
        alarm_name=name,
        alarm_description=described(says, runbook, foundation),
        alarm_rule=pulumi.Output.all(*of).apply(every_rings),
        alarm_actions=[topics[severity]],
        ok_actions=[topics[severity]],
        opts=opts,
    )


def every_rings(names: Sequence[str]) -> str:
    """The rule of a composite alarm: every one of them is in ALARM."""
    return " AND ".join(f'ALARM("{one}")' for one in names)


def described(says: str, runbook: str, foundation: Foundation) -> str:
    """What an alarm's description holds: `<sentence> Runbook: <URL>`. The chat function takes it apart."""
    return f"{says} Runbook: {foundation.runbook(runbook)}"
