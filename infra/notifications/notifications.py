"""Notifications: a topic for each severity, and the function that posts what arrives to the team's chat."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pydantic import Field

from infra.foundation.alarm import Severity
from infra.foundation.dead_letters import DeadLetters, DeadLettersArgs
from infra.foundation.foundation import Foundation
from infra.foundation.function import Function, FunctionArgs
from infra.foundation.place import Place
from infra.foundation.policy import Statement, document, from_account, only_tls
from infra.settings.block import Settings

PUBLISHERS = (
    "backup.amazonaws.com",
    "budgets.amazonaws.com",
    "cloudwatch.amazonaws.com",
    "costalerts.amazonaws.com",
    "events.amazonaws.com",
)
"""The services that publish to the topics by themselves."""

SEVERITIES: tuple[Severity, ...] = ("critical", "warning", "info")


class NotificationSettings(Settings):
    """`groundplan:notifications`: the way to the team."""

    secret_recovery_days: int = Field(
        default=7,
        ge=0,
        le=30,
        description="Days in which the webhook's secret can be restored: 0, or 7 to 30.",
    )


@dataclass(frozen=True, kw_only=True)
class NotificationsArgs:
    """What the rest of the platform hands to the notifications."""

    settings: NotificationSettings
    foundation: Foundation


class Notifications(pulumi.ComponentResource):
    """Budgets and alarms publish; a function posts to the webhook; what fails waits in a queue.

    The secret is made empty: its value is put by a person or by the command, and never stands in the state.

    Controls: SNS.1, SNS.4, SQS.1, SecretsManager.4, Lambda.2; TLS only, a dead-letter queue, least privilege.
    """

    topics: Mapping[Severity, pulumi.Output[str]]
    """Severity → ARN of its topic, known once budgets and alarms may publish."""
    secret_name: pulumi.Output[str]

    def __init__(
        self, name: str, args: NotificationsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("groundplan:infra:Notifications", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        foundation, place = args.foundation, args.foundation.place
        key = foundation.key_arns["messages"]
        topics: dict[Severity, aws.sns.Topic] = {}
        usable: dict[Severity, pulumi.Output[str]] = {}
        for severity in SEVERITIES:
            topic_name = f"{place.prefix}-{severity}"
            topic = aws.sns.Topic(f"{name}-{severity}", name=topic_name, kms_master_key_id=key, opts=child)
            policy = aws.sns.TopicPolicy(
                f"{name}-{severity}-policy",
                arn=topic.arn,
                policy=document(*topic_statements(place.arn("sns", topic_name), place)),
                opts=child,
            )
            topics[severity] = topic
            # A budget's notification is refused until the topic's policy lets it publish.
            usable[severity] = pulumi.Output.all(topic.arn, policy.id).apply(lambda made: str(made[0]))
        undelivered = DeadLetters(
            f"{name}-undelivered",
            DeadLettersArgs(
                purpose="chat",
                runbook="undelivered-messages",
                foundation=foundation,
                topics=usable,
                senders=["sns.amazonaws.com"],
            ),
            opts=child,
        )
        secret = aws.secretsmanager.Secret(
            f"{name}-webhook",
            name=f"{place.prefix}-chat-webhook",
            description="URL of the chat channel's webhook",
            kms_key_id=key,
            recovery_window_in_days=args.settings.secret_recovery_days,
            opts=child,
        )
        function = Function(
            f"{name}-chat",
            FunctionArgs(
                purpose="chat",
                description="Posts notifications to the team's chat",
                foundation=foundation,
                statements=secret.arn.apply(
                    lambda arn: [
                        Statement(
                            sid="ReadWebhook", actions=["secretsmanager:GetSecretValue"], resources=[arn]
                        )
                    ]
                ),
                environment={"WEBHOOK_SECRET": secret.name},
                undelivered_arn=undelivered.queue_arn,
            ),
            opts=child,
        )
        for severity, topic in topics.items():
            allowed = aws.lambda_.Permission(
                f"{name}-chat-from-{severity}",
                statement_id=severity,
                action="lambda:InvokeFunction",
                function=function.function_name,
                principal="sns.amazonaws.com",
                source_arn=topic.arn,
                opts=child,
            )
            aws.sns.TopicSubscription(
                f"{name}-chat-{severity}",
                topic=topic.arn,
                protocol="lambda",
                endpoint=function.arn,
                redrive_policy=undelivered.queue_arn.apply(
                    lambda arn: json.dumps({"deadLetterTargetArn": arn})
                ),
                opts=pulumi.ResourceOptions(parent=self, depends_on=[allowed]),
            )

        self.topics = usable
        self.secret_name = secret.name
        self.register_outputs({"topics": dict(self.topics), "secret_name": self.secret_name})


def topic_statements(topic_arn: str, place: Place) -> list[Statement]:
    """Who may publish: services that watch over this account, over TLS."""
    return [
        Statement(
            sid="WatchersOfThisAccount",
            principals={"Service": list(PUBLISHERS)},
            actions=["sns:Publish"],
            resources=[topic_arn],
            conditions=from_account(place.account),
        ),
        only_tls(action="sns:Publish", resources=[topic_arn]),
    ]
