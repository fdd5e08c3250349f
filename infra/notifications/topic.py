"""Topic: an encrypted topic that the services which watch over the account may publish to."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.foundation.encryption import PUBLISHERS
from infra.foundation.foundation import Foundation
from infra.foundation.place import Place
from infra.foundation.policy import Statement, document, from_account, only_tls


@dataclass(frozen=True, kw_only=True)
class TopicArgs:
    """`purpose` ends the topic's name: `groundplan-dev-critical`."""

    purpose: str
    foundation: Foundation


class Topic(pulumi.ComponentResource):
    """A topic on the messages' key, with its policy. Controls: SNS.1, SNS.4; TLS only."""

    arn: pulumi.Output[str]
    """Known once budgets and alarms may publish: a budget's notification is refused until then."""

    def __init__(self, name: str, args: TopicArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Topic", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        place = args.foundation.place
        topic_name = f"{place.prefix}-{args.purpose}"
        topic = aws.sns.Topic(
            f"{name}-topic",
            name=topic_name,
            kms_master_key_id=args.foundation.key_arns["messages"],
            opts=child,
        )
        policy = aws.sns.TopicPolicy(
            f"{name}-policy",
            arn=topic.arn,
            policy=document(*topic_statements(place.arn("sns", topic_name), place)),
            opts=child,
        )
        self.arn = pulumi.Output.all(topic.arn, policy.id).apply(lambda made: str(made[0]))
        self.register_outputs({"arn": self.arn})


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
