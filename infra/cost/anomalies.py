"""Anomalies: which cost is unlike what it was before, and who is told at once?"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pydantic import Field

from infra.foundation.alarm import Topics
from infra.foundation.foundation import Foundation
from infra.settings.block import Settings


class AnomalySettings(Settings):
    """`groundplan:budget.anomalies`: cost anomaly detection, which AWS does for nothing."""

    enabled: bool = Field(default=True, description="Whether unusual cost is looked for.")
    by_service: bool = Field(
        default=True,
        description=(
            "Whether each service of the account is watched. AWS allows one such monitor an account: leave "
            "it out where there is one already."
        ),
    )
    by_tag: bool = Field(
        default=False,
        description=(
            "Whether what carries the tag Environment of this stack, and the tag Team of each team with a "
            "budget, is watched by itself; the tags must be activated for cost allocation."
        ),
    )
    least_usd: int = Field(
        default=20, ge=1, description="US dollars above the expected from which it is told."
    )
    least_percent: int = Field(
        default=40, ge=1, le=1000, description="Per cent above the expected that are needed besides."
    )


@dataclass(frozen=True, kw_only=True)
class AnomaliesArgs:
    """What the budgets hand to the monitors. `teams` are those with a budget."""

    settings: AnomalySettings
    foundation: Foundation
    topics: Topics
    teams: Sequence[str]
    team_topics: Mapping[str, pulumi.Input[str]]


class Anomalies(pulumi.ComponentResource):
    """Monitors by service, by stack and by team, each with a subscription that publishes at once."""

    monitor_arns: Mapping[str, pulumi.Output[str]]
    """What is watched (`service`, `stack`, `team-<name>`) → ARN of its monitor."""

    def __init__(self, name: str, args: AnomaliesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Anomalies", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        settings, place = args.settings, args.foundation.place
        warnings = args.topics["warning"]
        topics: dict[str, pulumi.Input[str]] = {}
        monitors: dict[str, aws.costexplorer.AnomalyMonitor] = {}
        if settings.by_service:
            topics["service"] = warnings
            monitors["service"] = aws.costexplorer.AnomalyMonitor(
                f"{name}-service",
                name=f"{place.prefix}-service",
                monitor_type="DIMENSIONAL",
                monitor_dimension="SERVICE",
                opts=child,
            )
        if settings.by_tag:
            watched = {"stack": ("Environment", place.stack)}
            watched |= {f"team-{team}": ("Team", team) for team in args.teams}
            for part, (key, value) in watched.items():
                topics[part] = args.team_topics.get(value, warnings) if key == "Team" else warnings
                monitors[part] = aws.costexplorer.AnomalyMonitor(
                    f"{name}-{part}",
                    name=f"{place.prefix}-{part}",
                    monitor_type="CUSTOM",
                    monitor_specification=json.dumps(carrying(key, value)),
                    opts=child,
                )
        for part, monitor in monitors.items():
            aws.costexplorer.AnomalySubscription(
                f"{name}-{part}-told",
                name=f"{place.prefix}-{part}",
                frequency="IMMEDIATE",
                monitor_arn_lists=[monitor.arn],
                subscribers=[{"type": "SNS", "address": topics[part]}],
                threshold_expression=threshold(settings),
                opts=child,
            )
        self.monitor_arns = {part: monitor.arn for part, monitor in monitors.items()}
        self.register_outputs({"monitor_arns": dict(self.monitor_arns)})


def carrying(key: str, value: str) -> Mapping[str, object]:
    """Cost Explorer's expression for what carries a tag.

    With every member written out, as the provider gives it back: it would make the monitor anew otherwise
    (Terraform documentation, `aws_ce_anomaly_monitor`).
    """
    others = dict.fromkeys(("And", "CostCategories", "Dimensions", "Not", "Or"))
    return {**others, "Tags": {"Key": key, "MatchOptions": None, "Values": [value]}}


def threshold(
    settings: AnomalySettings,
) -> aws.costexplorer.AnomalySubscriptionThresholdExpressionArgsDict:
    """Both are needed: so many dollars, and so many per cent, above the expected."""

    def at_least(key: str, value: int) -> aws.costexplorer.AnomalySubscriptionThresholdExpressionAndArgsDict:
        return {
            "dimension": {"key": key, "match_options": ["GREATER_THAN_OR_EQUAL"], "values": [str(value)]},
        }

    return {
        "ands": [
            at_least("ANOMALY_TOTAL_IMPACT_ABSOLUTE", settings.least_usd),
            at_least("ANOMALY_TOTAL_IMPACT_PERCENTAGE", settings.least_percent),
        ]
    }
