"""Dead letters: the encrypted queue that keeps what could not be delivered, and the alarm on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.foundation.alarm import Topics, alarm
from infra.foundation.foundation import Foundation
from infra.foundation.policy import Statement, document, from_account, only_tls


@dataclass(frozen=True, kw_only=True)
class DeadLettersArgs:
    """Whose letters these are. `purpose` ends the queue's name: `groundplan-dev-chat-undelivered`.

    `senders` are services that send by themselves, such as `sns.amazonaws.com`; functions send by their role.
    """

    purpose: str
    runbook: str
    foundation: Foundation
    topics: Topics
    senders: Sequence[str] = ()


class DeadLetters(pulumi.ComponentResource):
    """A queue on the messages' key that keeps letters for 14 days, and an alarm as soon as one is in it.

    Controls: SQS.1; TLS only.
    """

    queue_arn: pulumi.Output[str]
    queue_url: pulumi.Output[str]
    alarm_name: pulumi.Output[str]

    def __init__(self, name: str, args: DeadLettersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:DeadLetters", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        place = args.foundation.place
        queue_name = f"{place.prefix}-{args.purpose}-undelivered"
        queue = aws.sqs.Queue(
            f"{name}-queue",
            name=queue_name,
            kms_master_key_id=args.foundation.key_arns["messages"],
            message_retention_seconds=14 * 24 * 3600,
            opts=child,
        )
        policy = aws.sqs.QueuePolicy(
            f"{name}-policy",
            queue_url=queue.url,
            policy=document(*queue_statements(place.arn("sqs", queue_name), args.senders, place.account)),
            opts=child,
        )
        watched = alarm(
            f"{name}-alarm",
            name=queue_name,
            says=f"Something of {args.purpose} could not be delivered and waits in the queue {queue_name}.",
            runbook=args.runbook,
            severity="warning",
            topics=args.topics,
            foundation=args.foundation,
            namespace="AWS/SQS",
            metric_name="ApproximateNumberOfMessagesVisible",
            dimensions={"QueueName": queue_name},
            statistic="Maximum",
            comparison_operator="GreaterThanThreshold",
            threshold=0,
            period=60,
            evaluation_periods=1,
            opts=child,
        )
        self.queue_arn = pulumi.Output.all(queue.arn, policy.id).apply(lambda made: str(made[0]))
        self.queue_url = queue.url
        self.alarm_name = watched.name
        self.register_outputs(
            {"queue_arn": self.queue_arn, "queue_url": self.queue_url, "alarm_name": self.alarm_name}
        )


def queue_statements(queue_arn: str, senders: Sequence[str], account: str) -> list[Statement]:
    """Who may send besides roles of the account: the services named, for this account; over TLS."""
    admitted = [
        Statement(
            sid="UndeliveredOfServices",
            principals={"Service": sorted(senders)},
            actions=["sqs:SendMessage"],
            resources=[queue_arn],
            conditions=from_account(account),
        )
    ]
    return [*(admitted if senders else []), only_tls(action="sqs:*", resources=[queue_arn])]
