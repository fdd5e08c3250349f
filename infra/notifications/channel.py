"""Channel: the function that posts what topics say to one chat channel, and its dead letters."""

from __future__ import annotations

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

PURPOSES: Mapping[ChannelName, str] = {"slack": "chat", "teams": "teams"}
"""Channel → how the names of its function, its queue and its secret are told apart."""

SHOWN: Mapping[ChannelName, str] = {"slack": "Slack", "teams": "Microsoft Teams"}


@dataclass(frozen=True, kw_only=True)
class ChannelArgs:
    """`heard` are the topics that it posts of: a word for each (`critical`, `team-search`) → its ARN.

    `topics` are those that its own alarm tells.
    """

    channel: ChannelName
    heard: Mapping[str, pulumi.Input[str]]
    topics: Topics
    secret: aws.secretsmanager.Secret
    foundation: Foundation


class Channel(pulumi.ComponentResource):
    """One channel, by itself: what fails on its way there is neither lost nor posted twice elsewhere.

    Controls: SQS.1, Lambda.2; a dead-letter queue, least privilege.
    """

    function_name: pulumi.Output[str]

    def __init__(self, name: str, args: ChannelArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Channel", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        foundation, purpose = args.foundation, PURPOSES[args.channel]
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
        function = Function(
            f"{name}-function",
            FunctionArgs(
                purpose=purpose,
                folder="chat",
                description=f"Posts notifications to {SHOWN[args.channel]}",
                foundation=foundation,
                statements=args.secret.arn.apply(
                    lambda arn: [
                        Statement(
                            sid="ReadWebhook", actions=["secretsmanager:GetSecretValue"], resources=[arn]
                        )
                    ]
                ),
                environment={
                    "WEBHOOK_SECRET": args.secret.name,
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
        self.function_name = function.function_name
        self.register_outputs({"function_name": self.function_name})
