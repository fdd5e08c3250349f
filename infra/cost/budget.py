"""Budgets: what may a month of the stack, of a team, of a service cost, and who hears before it does?"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Self

import pulumi
import pulumi_aws as aws
from pydantic import AfterValidator, Field, model_validator

from infra.cost.anomalies import Anomalies, AnomaliesArgs, AnomalySettings
from infra.cost.training_stop import TrainingStop, TrainingStopArgs, TrainingStopSettings
from infra.foundation.alarm import Topics
from infra.foundation.foundation import Foundation
from infra.settings.block import Settings, TagValue

Usd = Annotated[int, Field(ge=1)]
_Percent = Annotated[int, Field(ge=1, le=1000)]


def _once(values: tuple[int, ...]) -> tuple[int, ...]:
    if len(set(values)) < len(values):
        raise ValueError("each percentage once")
    return values


Percentages = Annotated[tuple[_Percent, ...], Field(max_length=5), AfterValidator(_once)]
"""Thresholds in per cent of the limit. AWS takes ten notifications a budget."""


class BudgetSettings(Settings):
    """`groundplan:budget`: the month's limits, and what happens beyond them."""

    monthly_usd: int = Field(ge=1, description="US dollars a month.")
    only_tagged: bool = Field(
        default=False,
        description=(
            "Whether to count only what carries the tag Environment of this stack, where an account holds "
            "more than the platform; the tag must be activated for cost allocation."
        ),
    )
    actual_percents: Percentages = Field(
        default=(50, 80, 100), description="Shares of the limit that are told once they are spent."
    )
    forecast_percents: Percentages = Field(
        default=(100,), description="Shares of the limit that are told once the month heads for them."
    )
    teams: dict[TagValue, Usd] = Field(
        default={}, description="Team → US dollars a month for what carries the tag Team with its name."
    )
    services: dict[Annotated[str, Field(pattern=r"^[A-Z][A-Za-z0-9 ()/-]{1,99}$")], Usd] = Field(
        default={},
        description="Service as Cost Explorer names it, such as Amazon SageMaker → US dollars a month.",
    )
    allocation_tags: tuple[TagValue, ...] = Field(
        default=(),
        description=(
            "Tags to activate for cost allocation. AWS knows a tag a day after something first carried it, "
            "and lets the payer's account alone activate it."
        ),
    )
    anomalies: AnomalySettings = AnomalySettings()
    stop_training: TrainingStopSettings = TrainingStopSettings()

    @model_validator(mode="after")
    def _told_and_told_apart(self) -> Self:
        if not self.actual_percents and not self.forecast_percents:
            raise ValueError("a percentage at least in actualPercents or in forecastPercents")
        for what, names in (("teams", self.teams), ("services", self.services)):
            if len({slug(name) for name in names}) < len(names):
                raise ValueError(f"{what} whose names differ in letters and digits")
        if len(set(self.allocation_tags)) < len(self.allocation_tags):
            raise ValueError("each of allocationTags once")
        return self


@dataclass(frozen=True, kw_only=True)
class BudgetArgs:
    """What the rest of the platform hands to the budgets.

    `team_topics` are the teams' own; without one, warnings' topic tells of a team. `stopped_roles` are
    ARNs of the roles that start training, people's among them.
    """

    settings: BudgetSettings
    foundation: Foundation
    topics: Topics
    stop_policy_arn: pulumi.Input[str]
    stopped_roles: Sequence[pulumi.Input[str]]
    team_topics: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)


class Budget(pulumi.ComponentResource):
    """Monthly budgets of cost: of the stack, of each team (by tag) and of each service.

    Each publishes at its shares of actual and of forecast cost. Beside them: anomaly monitors, tags for cost
    allocation, and the action that stops new training.
    """

    budget_name: pulumi.Output[str]
    """Of the whole stack."""

    def __init__(self, name: str, args: BudgetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Budget", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        settings, place = args.settings, args.foundation.place
        warnings = args.topics["warning"]
        of_stack = {"TagKeyValue": [tagged("Environment", place.stack)]} if settings.only_tagged else {}

        def limit(
            part: str, usd: int, topic: pulumi.Input[str], filters: Mapping[str, Sequence[str]]
        ) -> aws.budgets.Budget:
            return aws.budgets.Budget(
                f"{name}-{part}",
                name=f"{place.prefix}-{part}",
                budget_type="COST",
                time_unit="MONTHLY",
                limit_amount=str(usd),
                limit_unit="USD",
                cost_filters=[{"name": one, "values": values} for one, values in filters.items()] or None,
                notifications=notifications(settings, topic),
                opts=child,
            )

        monthly = limit("monthly", settings.monthly_usd, warnings, of_stack)
        for team, usd in sorted(settings.teams.items()):
            topic = args.team_topics.get(team, warnings)
            limit(f"team-{slug(team)}", usd, topic, {"TagKeyValue": [tagged("Team", team)]})
        for service, usd in sorted(settings.services.items()):
            limit(f"service-{slug(service)}", usd, warnings, {**of_stack, "Service": [service]})
        for tag in sorted(settings.allocation_tags):
            aws.costexplorer.CostAllocationTag(f"{name}-tag-{tag}", tag_key=tag, status="Active", opts=child)
        if settings.anomalies.enabled:
            Anomalies(
                f"{name}-anomalies",
                AnomaliesArgs(
                    settings=settings.anomalies,
                    foundation=args.foundation,
                    topics=args.topics,
                    teams=sorted(settings.teams),
                    team_topics=args.team_topics,
                ),
                opts=child,
            )
        if settings.stop_training.enabled:
            TrainingStop(
                f"{name}-stop",
                TrainingStopArgs(
                    settings=settings.stop_training,
                    foundation=args.foundation,
                    budget_name=monthly.name,
                    policy_arn=args.stop_policy_arn,
                    roles=args.stopped_roles,
                    topics=args.topics,
                ),
                opts=child,
            )
        self.budget_name = monthly.name
        self.register_outputs({"budget_name": self.budget_name})


def slug(name: str) -> str:
    """A name as part of another: `Amazon SageMaker` → `amazon-sagemaker`."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def tagged(key: str, value: str) -> str:
    """A tag as the filters of budgets write it (AWS Budgets, "CostFilters")."""
    return f"user:{key}${value}"


def notifications(
    settings: BudgetSettings, topic: pulumi.Input[str]
) -> list[aws.budgets.BudgetNotificationArgsDict]:
    """What is told, and where: each share of actual and of forecast cost."""
    told = [("ACTUAL", percent) for percent in settings.actual_percents]
    told += [("FORECASTED", percent) for percent in settings.forecast_percents]
    return [
        {
            "notification_type": kind,
            "comparison_operator": "GREATER_THAN",
            "threshold": percent,
            "threshold_type": "PERCENTAGE",
            "subscriber_sns_topic_arns": [topic],
        }
        for kind, percent in told
    ]
