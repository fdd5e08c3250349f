"""Answer topics: who hears that an asynchronous request was answered, or could not be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.foundation.foundation import Foundation
from infra.foundation.policy import document, only_tls

ANSWERS_TOLD = ("answered", "failed")
"""What the topics of an endpoint end with."""


@dataclass(frozen=True, kw_only=True)
class AnswerTopicsArgs:
    """What the endpoint hands to its topics."""

    endpoint_name: str
    foundation: Foundation


class AnswerTopics(pulumi.ComponentResource):
    """Two topics on the messages' key, over TLS only. Clients subscribe to them; nobody does from here.

    Controls: SNS.1, SNS.4.
    """

    arns: Mapping[str, pulumi.Output[str]]
    """`answered` and `failed` → ARN."""

    def __init__(self, name: str, args: AnswerTopicsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:AnswerTopics", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        place = args.foundation.place
        arns: dict[str, pulumi.Output[str]] = {}
        for ending in ANSWERS_TOLD:
            topic_name = f"{args.endpoint_name}-{ending}"
            topic = aws.sns.Topic(
                f"{name}-{ending}",
                name=topic_name,
                kms_master_key_id=args.foundation.key_arns["messages"],
                opts=child,
            )
            aws.sns.TopicPolicy(
                f"{name}-{ending}-policy",
                arn=topic.arn,
                policy=document(only_tls(action="sns:Publish", resources=[place.arn("sns", topic_name)])),
                opts=child,
            )
            arns[ending] = topic.arn
        self.arns = arns
        self.register_outputs({"arns": dict(self.arns)})
