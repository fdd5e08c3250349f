"""Channel: the function that posts what topics say to one chat channel, its webhook and its dead letters."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import pulumi
import pulumi_aws as aws

from infra.foundation.alarm import Topics
from infra.foundation.dead_letters import DeadLetters, DeadLettersArgs
from infra.foundation.foundation import Foundation
from infra.foundation.function import Function, FunctionArgs
from infra.foundation.policy import Statement

ChannelName = Literal["slack", "teams"]
CHANNELS: tuple[ChannelName, ...] = get_args(ChannelName)

_PURPOSES: Mapping[ChannelName, str] = {"slack": "chat", "teams": "teams"}
_SHOWN: Mapping[ChannelName, str] = {"slack": "Slack", "teams": "Microsoft Teams"}


@dataclass(frozen=True, kw_only=True)
class ChannelArgs:
    """`heard` are the topics that it posts of: a word for each (`critical`, `team-search`) → its ARN.

    `topics` are those that its own alarm tells.
    """

    channel: ChannelName
    heard: Mapping[str, pulumi.Input[str]]
    topics: Topics
    secret_recovery_days: int
    foundation: Foundation


class Channel(pulumi.ComponentResource):
    """One channel, by itself: what fails on its way there is neither lost nor posted twice elsewhere.

    The secret is made empty: its value is put by a person or by the command, and never stands in the state.

    Controls: SQS.1, SecretsManager.4, Lambda.2; a dead-letter queue, least privilege.
    """

    secret_name: pulumi.Output[str]
    function_name: pulumi.Output[str]

    def __init__(self, name: str, args: ChannelArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Channel", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        foundation, purpose = args.foundation, _PURPOSES[args.channel]
        undelivered = DeadLetters(
            f"{name}-undelivered",
            DeadLettersArgs(
                purpose=purpose,
                runbook="undelivered-messages",
                foundation=foundation,
                topics=args.topics,
                senders=["sns.amazonaws.com"],
            ),
            opts=child,
        )
        secret = aws.secretsmanager.Secret(
            f"{name}-webhook",
            name=f"{foundation.place.prefix}-{purpose}-webhook",
            description=f"URL of the webhook of the channel in {_SHOWN[args.channel]}",
            kms_key_id=foundation.key_arns["messages"],
            recovery_window_in_days=args.secret_recovery_days,
            opts=child,
        )
        function = Function(
            f"{name}-function",
            FunctionArgs(
                purpose=purpose,
                folder="chat",
                description=f"Posts notifications to {_SHOWN[args.channel]}",
                foundation=foundation,
                statements=secret.arn.apply(
                    lambda arn: [
                        Statement(
                            sid="ReadWebhook", actions=["secretsmanager:GetSecretValue"], resources=[arn]
                        )
                    ]
                ),
                environment={
                    "WEBHOOK_SECRET": secret.name,
                    "CHANNEL": args.channel,
                    "RUNBOOKS": foundation.runbooks,
                },
                undelivered_arn=undelivered.queue_arn,
            ),
            opts=child,
        )
        for word, topic_arn in args.heard.items():
            allowed = aws.lambda_.Permission(
                f"{name}-from-{word}",
                statement_id=word,
                action="lambda:InvokeFunction",
                function=function.function_name,
                principal="sns.amazonaws.com",
                source_arn=topic_arn,
                opts=child,
            )
            aws.sns.TopicSubscription(
                f"{name}-hears-{word}",
                topic=topic_arn,
                protocol="lambda",
                endpoint=function.arn,
                redrive_policy=undelivered.queue_arn.apply(
                    lambda arn: json.dumps({"deadLetterTargetArn": arn})
                ),
                opts=pulumi.ResourceOptions(parent=self, depends_on=[allowed]),
            )
        self.secret_name = secret.name
        self.function_name = function.function_name
        self.register_outputs({"secret_name": self.secret_name, "function_name": self.function_name})
