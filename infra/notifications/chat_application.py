"""Chat application: AWS's own application in Slack or Microsoft Teams, which shows alarms and answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import pulumi
import pulumi_aws as aws
from pydantic import Field, model_validator

from infra.foundation.foundation import Foundation
from infra.foundation.place import Place
from infra.foundation.policy import Statement
from infra.foundation.role import Role, RoleArgs
from infra.settings.block import Settings

_UUID = r"^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"


class SlackApplicationSettings(Settings):
    """`groundplan:notifications.chatApplication.slack`: a channel of Slack."""

    workspace_id: str = Field(
        pattern=r"^[0-9A-Z]{1,255}$", description="Slack's workspace, authorised by hand in the console once."
    )
    channel_id: str = Field(pattern=r"^[A-Za-z0-9]{1,255}$", description="The channel in it.")


class TeamsApplicationSettings(Settings):
    """`groundplan:notifications.chatApplication.teams`: a channel of Microsoft Teams."""

    tenant_id: str = Field(pattern=_UUID, description="Microsoft's tenant.")
    team_id: str = Field(pattern=_UUID, description="The team, authorised by hand in the console once.")
    channel_id: str = Field(
        pattern=r"^[A-Za-z0-9_=+/.,-]+%3[aA][A-Za-z0-9_=+/.,-]+%40[A-Za-z0-9_=+/.,-]+$",
        max_length=256,
        description="The channel in it, as its link writes it: `19%3a…%40thread.tacv2`.",
    )


class ChatApplicationSettings(Settings):
    """`groundplan:notifications.chatApplication`: Amazon Q Developer in chat applications."""

    enabled: bool = Field(
        default=False,
        description=(
            "Whether AWS's own chat application shows alarms too, and answers questions by reading alone."
        ),
    )
    slack: SlackApplicationSettings | None = None
    teams: TeamsApplicationSettings | None = None

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if self.enabled and self.slack is None and self.teams is None:
            raise ValueError("slack or teams beside enabled: true, with the ids of a channel")
        return self


@dataclass(frozen=True, kw_only=True)
class ChatApplicationArgs:
    """`heard` are the topics that it shows: word → ARN."""

    settings: ChatApplicationSettings
    heard: Mapping[str, pulumi.Input[str]]
    foundation: Foundation


class ChatApplication(pulumi.ComponentResource):
    """Channel configurations whose role and guardrail only read.

    It shows what AWS services publish (alarms, budgets, anomalies) and leaves out messages of our own form:
    the channels of `notifications.channels` stay the whole record.
    """

    role_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: ChatApplicationArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("groundplan:infra:ChatApplication", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        place = args.foundation.place
        role = Role(
            f"{name}-role",
            RoleArgs(
                purpose="chat-application",
                description="What AWS's chat application may read",
                service="chatbot.amazonaws.com",
                statements=reading_statements(place),
                boundary_arn=args.foundation.boundary_arn,
                place=place,
            ),
            opts=child,
        )
        # Whoever asks in the channel can do no more than this, whatever the role says.
        guardrails = [f"arn:{place.partition}:iam::aws:policy/CloudWatchReadOnlyAccess"]
        heard = [args.heard[word] for word in sorted(args.heard)]
        slack, teams = args.settings.slack, args.settings.teams
        if slack is not None:
            aws.chatbot.SlackChannelConfiguration(
                f"{name}-slack",
                configuration_name=f"{place.prefix}-slack",
                iam_role_arn=role.arn,
                slack_team_id=slack.workspace_id,
                slack_channel_id=slack.channel_id,
                sns_topic_arns=heard,
                guardrail_policy_arns=guardrails,
                logging_level="ERROR",
                user_authorization_required=True,
                opts=child,
            )
        if teams is not None:
            aws.chatbot.TeamsChannelConfiguration(
                f"{name}-teams",
                configuration_name=f"{place.prefix}-teams",
                iam_role_arn=role.arn,
                tenant_id=teams.tenant_id,
                team_id=teams.team_id,
                channel_id=teams.channel_id,
                sns_topic_arns=heard,
                guardrail_policy_arns=guardrails,
                logging_level="ERROR",
                user_authorization_required=True,
                opts=child,
            )
        self.role_arn = role.arn
        self.register_outputs({"role_arn": self.role_arn})


def reading_statements(place: Place) -> list[Statement]:
    """What an alarm's message needs to show its graph."""
    return [
        Statement(
            sid="ReadAlarms",
            actions=["cloudwatch:DescribeAlarms"],
            resources=[place.arn("cloudwatch", f"alarm:{place.prefix}-*")],
        ),
        Statement(
            sid="ReadMetrics",
            actions=[
                "cloudwatch:GetMetricData",
                "cloudwatch:GetMetricStatistics",
                "cloudwatch:ListMetrics",
            ],
            resources=["*"],
            any_resource_because="metrics have no ARNs",
        ),
    ]
