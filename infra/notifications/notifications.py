"""Notifications: topics by severity and by team, and the channels that their messages go to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Self

import pulumi
import pulumi_aws as aws
from pydantic import Field, model_validator

from infra.foundation.alarm import Severity
from infra.foundation.foundation import Foundation
from infra.notifications.channel import CHANNELS, PURPOSES, SHOWN, Channel, ChannelArgs, ChannelName
from infra.notifications.chat_application import (
    ChatApplication,
    ChatApplicationArgs,
    ChatApplicationSettings,
)
from infra.notifications.topic import Topic, TopicArgs
from infra.settings.block import Settings

SEVERITIES: tuple[Severity, ...] = ("critical", "warning", "info")

_TEAM = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
_MAIL = r"^[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$"


class RoutingSettings(Settings):
    """`groundplan:notifications.routing`: which channels hear of which severity. All, unless said."""

    critical: tuple[ChannelName, ...] | None = Field(
        default=None, description="Channels of what wakes somebody."
    )
    warning: tuple[ChannelName, ...] | None = Field(
        default=None, description="Channels of what is for working hours; messages to teams go there too."
    )
    info: tuple[ChannelName, ...] | None = Field(
        default=None, description="Channels of what is for the record."
    )


class NotificationSettings(Settings):
    """`groundplan:notifications`: the way to the people."""

    secret_recovery_days: int = Field(
        default=7,
        ge=0,
        le=30,
        description="Days in which a webhook's secret can be restored: 0, or 7 to 30.",
    )
    channels: tuple[ChannelName, ...] = Field(
        default=CHANNELS, description="Where the chat functions post; each has a webhook's secret of its own."
    )
    routing: RoutingSettings = RoutingSettings()
    teams: tuple[Annotated[str, Field(pattern=_TEAM, max_length=32)], ...] = Field(
        default=(),
        max_length=20,
        description="Teams with a topic of their own, for budgets and alarms of theirs.",
    )
    critical_emails: tuple[Annotated[str, Field(pattern=_MAIL, max_length=254)], ...] = Field(
        default=(),
        max_length=10,
        description="Who gets critical messages by e-mail too; each must confirm once.",
    )
    chat_application: ChatApplicationSettings = ChatApplicationSettings()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if 0 < self.secret_recovery_days < 7:
            raise ValueError("secretRecoveryDays of 0, or of 7 to 30: Secrets Manager knows no other")
        for name, given in (
            ("channels", self.channels),
            ("teams", self.teams),
            ("criticalEmails", self.critical_emails),
        ):
            if len(set(given)) < len(given):
                raise ValueError(f"each of {name} once")
        for severity in SEVERITIES:
            astray = sorted(set(getattr(self.routing, severity) or ()) - set(self.channels))
            if astray:
                raise ValueError(f"in routing.{severity} only what channels lists, not {', '.join(astray)}")
        return self

    def heard(self, channel: ChannelName) -> list[Severity]:
        """The severities that a channel hears of."""
        routes = {severity: getattr(self.routing, severity) for severity in SEVERITIES}
        return [severity for severity, route in routes.items() if route is None or channel in route]


@dataclass(frozen=True, kw_only=True)
class NotificationsArgs:
    """What the rest of the platform hands to the notifications."""

    settings: NotificationSettings
    foundation: Foundation


class Notifications(pulumi.ComponentResource):
    """Budgets, alarms and events publish to topics; each channel hears of those that are routed to it.

    The webhooks' secrets are made empty: their values are put by a person or by the command, and never stand
    in the state.

    Controls: SNS.1, SNS.4, SQS.1, SecretsManager.4, Lambda.2; TLS only, a dead-letter queue, least privilege.
    """

    topics: Mapping[Severity, pulumi.Output[str]]
    """Severity → ARN of its topic, known once budgets and alarms may publish."""
    team_topics: Mapping[str, pulumi.Output[str]]
    """Team → ARN of its topic, likewise."""
    secret_names: Mapping[ChannelName, pulumi.Output[str]]
    """Channel that is posted to → name of the secret that holds its webhook."""

    def __init__(
        self, name: str, args: NotificationsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("groundplan:infra:Notifications", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        foundation, settings = args.foundation, args.settings

        def topic(purpose: str) -> pulumi.Output[str]:
            made = Topic(f"{name}-{purpose}", TopicArgs(purpose=purpose, foundation=foundation), opts=child)
            return made.arn

        self.topics = {severity: topic(severity) for severity in SEVERITIES}
        self.team_topics = {team: topic(f"team-{team}") for team in settings.teams}
        of_teams = {f"team-{team}": arn for team, arn in self.team_topics.items()}
        # All of them: one that is taken away could not be made again while it can be restored.
        secrets = {
            channel: aws.secretsmanager.Secret(
                f"{name}-{channel}-webhook",
                name=f"{foundation.place.prefix}-{PURPOSES[channel]}-webhook",
                description=f"URL of the webhook of the channel in {SHOWN[channel]}",
                kms_key_id=foundation.key_arns["messages"],
                recovery_window_in_days=settings.secret_recovery_days,
                opts=child,
            )
            for channel in CHANNELS
        }
        for channel in settings.channels:
            heard = settings.heard(channel)
            Channel(
                f"{name}-{channel}",
                ChannelArgs(
                    channel=channel,
                    heard={
                        **{severity: self.topics[severity] for severity in heard},
                        **(of_teams if "warning" in heard else {}),
                    },
                    topics=self.topics,
                    secret=secrets[channel],
                    foundation=foundation,
                ),
                opts=child,
            )
        self.secret_names = {channel: secrets[channel].name for channel in settings.channels}
        for address in settings.critical_emails:
            aws.sns.TopicSubscription(
                f"{name}-critical-mail-{address}",
                topic=self.topics["critical"],
                protocol="email",
                endpoint=address,
                opts=child,
            )
        if settings.chat_application.enabled:
            ChatApplication(
                f"{name}-application",
                ChatApplicationArgs(
                    settings=settings.chat_application,
                    heard={**{str(severity): arn for severity, arn in self.topics.items()}, **of_teams},
                    foundation=foundation,
                ),
                opts=child,
            )
        self.register_outputs(
            {
                "topics": dict(self.topics),
                "team_topics": dict(self.team_topics),
                "secret_names": dict(self.secret_names),
            }
        )
