"""Notifications: one topic for the team, and the function that posts what arrives to its chat."""

import json
from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_aws as aws
from pydantic import Field

from infra.logs import LogSettings
from infra.place import Place
from infra.policy import Statement, document, from_account, only_tls
from infra.role import Role, RoleArgs
from infra.setting import Settings

_HANDLER = Path("infra/functions/chat/handler.py")


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
    logs: LogSettings
    place: Place
    messages_key_arn: pulumi.Input[str]
    logs_key_arn: pulumi.Input[str]
    boundary_arn: pulumi.Input[str]


class Notifications(pulumi.ComponentResource):
    """Budgets and alarms publish; a function posts to the webhook; what fails waits in a queue.

    The secret is made empty: its value is put by a person or by the command, and never stands in the state.

    Controls: SNS.1, SNS.4, SQS.1, SecretsManager.4, Lambda.2; TLS only, a dead-letter queue, least privilege.
    """

    topic_arn: pulumi.Output[str]
    secret_name: pulumi.Output[str]

    def __init__(
        self, name: str, args: NotificationsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("groundplan:infra:Notifications", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        place, key = args.place, args.messages_key_arn
        function_name = f"{place.prefix}-chat"
        log_group_name = f"/aws/lambda/{function_name}"

        topic = aws.sns.Topic(
            f"{name}-topic", name=f"{place.prefix}-notifications", kms_master_key_id=key, opts=child
        )
        topic_policy = aws.sns.TopicPolicy(
            f"{name}-topic-policy",
            arn=topic.arn,
            policy=topic.arn.apply(lambda arn: document(*topic_statements(arn, place))),
            opts=child,
        )
        queue = aws.sqs.Queue(
            f"{name}-undelivered",
            name=f"{place.prefix}-notifications-undelivered",
            kms_master_key_id=key,
            message_retention_seconds=14 * 24 * 3600,
            opts=child,
        )
        aws.sqs.QueuePolicy(
            f"{name}-undelivered-policy",
            queue_url=queue.url,
            policy=pulumi.Output.all(queue.arn, topic.arn).apply(
                lambda arns: document(*queue_statements(arns[0], arns[1]))
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
        group = aws.cloudwatch.LogGroup(
            f"{name}-chat-log",
            name=log_group_name,
            kms_key_id=args.logs_key_arn,
            retention_in_days=args.logs.retention_days,
            opts=child,
        )
        role = Role(
            f"{name}-chat-role",
            RoleArgs(
                purpose="chat",
                description="Reads the webhook and posts to it",
                service="lambda.amazonaws.com",
                statements=pulumi.Output.all(
                    secret=secret.arn, queue=queue.arn, key=pulumi.Output.from_input(key)
                ).apply(
                    lambda arns: [
                        Statement(
                            sid="ReadWebhook",
                            actions=["secretsmanager:GetSecretValue"],
                            resources=[arns["secret"]],
                        ),
                        Statement(
                            sid="KeepUndelivered", actions=["sqs:SendMessage"], resources=[arns["queue"]]
                        ),
                        Statement(
                            sid="UseKey",
                            actions=["kms:Decrypt", "kms:GenerateDataKey*"],
                            resources=[arns["key"]],
                        ),
                        Statement(
                            sid="WriteLogs",
                            actions=["logs:CreateLogStream", "logs:PutLogEvents"],
                            resources=place.log_group_arns(log_group_name),
                        ),
                    ]
                ),
                boundary_arn=args.boundary_arn,
                place=place,
            ),
            opts=child,
        )
        function = aws.lambda_.Function(
            f"{name}-chat",
            name=function_name,
            description="Posts notifications to the team's chat",
            role=role.arn,
            runtime="python3.13",
            architectures=["arm64"],
            handler="handler.handle",
            code=pulumi.AssetArchive({"handler.py": pulumi.FileAsset(str(_HANDLER))}),
            timeout=20,
            memory_size=128,
            kms_key_arn=key,
            environment={"variables": {"WEBHOOK_SECRET": secret.name, "STACK": place.prefix}},
            dead_letter_config={"target_arn": queue.arn},
            # Else Lambda makes the group itself, without a key and for ever.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[group]),
        )
        allowed = aws.lambda_.Permission(
            f"{name}-chat-from-topic",
            statement_id="topic",
            action="lambda:InvokeFunction",
            function=function.name,
            principal="sns.amazonaws.com",
            source_arn=topic.arn,
            opts=child,
        )
        aws.sns.TopicSubscription(
            f"{name}-chat-subscription",
            topic=topic.arn,
            protocol="lambda",
            endpoint=function.arn,
            redrive_policy=queue.arn.apply(lambda arn: json.dumps({"deadLetterTargetArn": arn})),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[allowed]),
        )

        # A budget's notification is refused until the topic's policy lets it publish.
        self.topic_arn = pulumi.Output.all(topic.arn, topic_policy.id).apply(lambda made: str(made[0]))
        self.secret_name = secret.name
        self.register_outputs({"topic_arn": self.topic_arn, "secret_name": self.secret_name})


def topic_statements(topic_arn: str, place: Place) -> list[Statement]:
    """Who may publish: budgets and alarms of this account, over TLS."""
    return [
        Statement(
            sid="BudgetsAndAlarmsOfThisAccount",
            principals={"Service": ["budgets.amazonaws.com", "cloudwatch.amazonaws.com"]},
            actions=["sns:Publish"],
            resources=[topic_arn],
            conditions=from_account(place.account),
        ),
        only_tls(action="sns:Publish", resources=[topic_arn]),
    ]


def queue_statements(queue_arn: str, topic_arn: str) -> list[Statement]:
    """Who may send: the topic, what it could not deliver; over TLS."""
    return [
        Statement(
            sid="UndeliveredOfTopic",
            principals={"Service": ["sns.amazonaws.com"]},
            actions=["sqs:SendMessage"],
            resources=[queue_arn],
            conditions={"ArnEquals": {"aws:SourceArn": topic_arn}},
        ),
        only_tls(action="sqs:*", resources=[queue_arn]),
    ]
