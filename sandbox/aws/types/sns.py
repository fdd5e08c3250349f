"""SNS: topics, their policies, subscriptions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from sandbox.aws.documents import json_failures, policy_failures
from sandbox.aws.rows import answered, pages, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject, Tags
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap, PropertyValue

_FEEDBACK = {
    f"{way.lower()}{what}": f"{'SQS' if way == 'Sqs' else 'HTTP' if way == 'Http' else way}{member}"
    for way in ("Application", "Firehose", "Http", "Lambda", "Sqs")
    for what, member in (
        ("FailureFeedbackRoleArn", "FailureFeedbackRoleArn"),
        ("SuccessFeedbackRoleArn", "SuccessFeedbackRoleArn"),
        ("SuccessFeedbackSampleRate", "SuccessFeedbackSampleRate"),
    )
}
_TOPIC_ATTRIBUTES = {
    "archivePolicy": "ArchivePolicy",
    "contentBasedDeduplication": "ContentBasedDeduplication",
    "deliveryPolicy": "DeliveryPolicy",
    "displayName": "DisplayName",
    "fifoThroughputScope": "FifoThroughputScope",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "policy": "Policy",
    "signatureVersion": "SignatureVersion",
    "tracingConfig": "TracingConfig",
    **_FEEDBACK,
}
_SUBSCRIPTION_ATTRIBUTES = {
    "deliveryPolicy": "DeliveryPolicy",
    "filterPolicy": "FilterPolicy",
    "filterPolicyScope": "FilterPolicyScope",
    "rawMessageDelivery": "RawMessageDelivery",
    "redrivePolicy": "RedrivePolicy",
    "replayPolicy": "ReplayPolicy",
    "subscriptionRoleArn": "SubscriptionRoleArn",
}
_PROTOCOLS = ("application", "email", "email-json", "firehose", "http", "https", "lambda", "sms", "sqs")
"""Of Subscribe (SNS API Reference)."""


def attribute_text(value: PropertyValue) -> str:
    """A value as an attribute: SNS and SQS take nothing but texts."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return f"{value:g}" if value != int(value) else str(int(value))
    return str(value)


def attributes(inputs: PropertyMap, names: Mapping[str, str]) -> dict[str, str]:
    """The attributes that these inputs set."""
    return {
        member: attribute_text(inputs[name]) for name, member in names.items() if inputs.get(name) is not None
    }


def _create_attributes(subject: Subject) -> Params:
    found = attributes(subject.inputs, _TOPIC_ATTRIBUTES)
    if subject.inputs.get("fifoTopic"):
        found["FifoTopic"] = "true"
    return {"Attributes": found}


def _set_topic(name: str, member: str) -> Step:
    def change(subject: Subject) -> None:
        value = subject.inputs.get(name)
        params = {
            "TopicArn": subject.id,
            "AttributeName": member,
            "AttributeValue": "" if value is None else attribute_text(value),
        }
        subject.cloud.call("sns", "SetTopicAttributes", params)

    return Step(on=(name,), do=change, at_create=False)


def _check_topic(inputs: PropertyMap) -> Iterable[CheckFailure]:
    yield from policy_failures(inputs, "policy", principals=True)
    yield from json_failures(inputs, "deliveryPolicy", "archivePolicy")
    name = inputs.get("name")
    if isinstance(name, str) and isinstance(inputs.get("fifoTopic", False), bool):
        if name.endswith(".fifo") != inputs.get("fifoTopic", False):
            yield CheckFailure("name", f"{name!r}: the names of FIFO topics, and only theirs, end in .fifo")
        stem = name.removesuffix(".fifo")
        if not stem.replace("-", "").replace("_", "").isalnum() or not stem.isascii() or len(name) > 256:
            yield CheckFailure("name", f"{name!r} must be 1 to 256 letters, digits, hyphens and underscores")


_read_attributes = reading("sns", "GetTopicAttributes", lambda s: {"TopicArn": s.id}, "Attributes")

TOPIC = ResourceType(
    type="aws:sns/topic:Topic",
    service="sns",
    tier="run",
    create=Call(operation="CreateTopic", sends=("name",), adds=_create_attributes),
    id=answered("TopicArn"),
    read=_read_attributes,
    delete=Call(operation="DeleteTopic", sends=(), adds=lambda s: {"TopicArn": s.id}),
    steps=tuple(_set_topic(name, member) for name, member in _TOPIC_ATTRIBUTES.items()),
    outputs={
        "arn": "TopicArn",
        "owner": "Owner",
        "policy": "Policy",
    },
    echoes={
        "name": lambda s: s.id.rsplit(":", 1)[-1],
        "displayName": lambda s: s.at("DisplayName") or None,
        "kmsMasterKeyId": "KmsMasterKeyId",
    },
    known_id=lambda s: s.cloud.arn("sns", str(s.inputs["name"])),
    exclusive=True,
    auto_name=AutoName(limit=256, ends_with=lambda inputs: ".fifo" if inputs.get("fifoTopic") else ""),
    tags=Tags(
        set="TagResource",
        unset="UntagResource",
        target=lambda s: {"ResourceArn": s.id},
        list="ListTagsForResource",
    ),
    documents=("policy", "deliveryPolicy", "archivePolicy"),
    unsupported=("maximumMessageSize",),
    checks=_check_topic,
)

_PUT_POLICY = Call(
    operation="SetTopicAttributes",
    names={"arn": "TopicArn", "policy": "AttributeValue"},
    adds=lambda _: {"AttributeName": "Policy"},
)


def _owner_policy(subject: Subject) -> Params:
    """What a topic has before anyone sets a policy: its owner may do everything."""
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [
            "SNS:GetTopicAttributes",
            "SNS:SetTopicAttributes",
            "SNS:AddPermission",
            "SNS:RemovePermission",
            "SNS:DeleteTopic",
            "SNS:Subscribe",
            "SNS:ListSubscriptionsByTopic",
            "SNS:Publish",
        ],
        "Resource": subject.id,
        "Condition": {"StringEquals": {"AWS:SourceOwner": subject.cloud.account_id}},
    }
    document = {"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]}
    return {"TopicArn": subject.id, "AttributeName": "Policy", "AttributeValue": json.dumps(document)}


TOPIC_POLICY = ResourceType(
    type="aws:sns/topicPolicy:TopicPolicy",
    service="sns",
    tier="native",
    create=_PUT_POLICY,
    id=lambda s: str(s.inputs["arn"]),
    read=_read_attributes,
    delete=Call(operation="SetTopicAttributes", sends=(), adds=_owner_policy),
    steps=(Step(on=("policy",), do=_PUT_POLICY, at_create=False),),
    outputs={"owner": "Owner"},
    echoes={"arn": "TopicArn", "policy": "Policy"},
    known_id=lambda s: str(s.inputs["arn"]),
    place=("arn",),
    documents=("policy",),
    checks=lambda inputs: policy_failures(inputs, "policy", principals=True),
)


def _set_subscription(name: str, member: str) -> Step:
    def change(subject: Subject) -> None:
        value = subject.inputs.get(name)
        empty = "{}" if "Policy" in member and "Scope" not in member else "false"
        params = {
            "SubscriptionArn": subject.id,
            "AttributeName": member,
            "AttributeValue": empty if value is None else attribute_text(value),
        }
        subject.cloud.call("sns", "SetSubscriptionAttributes", params)

    return Step(on=(name,), do=change, at_create=False)


def _find_subscription(subject: Subject, taken: frozenset[str]) -> str | None:
    topic = {"TopicArn": subject.inputs["topic"]}
    for item in pages(subject, "sns", "ListSubscriptionsByTopic", "Subscriptions", topic):
        same = (item["Protocol"], item["Endpoint"]) == (
            subject.inputs["protocol"],
            subject.inputs["endpoint"],
        )
        if same and item["SubscriptionArn"] not in taken:
            return str(item["SubscriptionArn"])
    return None


def _check_subscription(inputs: PropertyMap) -> Iterable[CheckFailure]:
    yield from json_failures(inputs, "filterPolicy", "redrivePolicy", "deliveryPolicy", "replayPolicy")
    protocol = inputs.get("protocol")
    if isinstance(protocol, str) and protocol not in _PROTOCOLS:
        yield CheckFailure("protocol", f"{protocol!r} is not one of {', '.join(_PROTOCOLS)}")
    scope = inputs.get("filterPolicyScope")
    if isinstance(scope, str) and scope not in ("MessageAttributes", "MessageBody"):
        yield CheckFailure("filterPolicyScope", f"{scope!r} is not one of MessageAttributes, MessageBody")


TOPIC_SUBSCRIPTION = ResourceType(
    type="aws:sns/topicSubscription:TopicSubscription",
    service="sns",
    tier="run",
    create=Call(
        operation="Subscribe",
        sends=("topic", "protocol", "endpoint"),
        names={"topic": "TopicArn"},
        adds=lambda s: {
            "Attributes": attributes(s.inputs, _SUBSCRIPTION_ATTRIBUTES),
            "ReturnSubscriptionArn": True,
        },
    ),
    id=answered("SubscriptionArn"),
    read=reading("sns", "GetSubscriptionAttributes", lambda s: {"SubscriptionArn": s.id}, "Attributes"),
    delete=Call(operation="Unsubscribe", sends=(), adds=lambda s: {"SubscriptionArn": s.id}),
    steps=tuple(_set_subscription(name, member) for name, member in _SUBSCRIPTION_ATTRIBUTES.items()),
    local=("confirmationTimeoutInMinutes", "endpointAutoConfirms"),
    outputs={
        "arn": lambda s: s.id,
        "ownerId": "Owner",
        "pendingConfirmation": lambda s: s.at("PendingConfirmation") == "true",
        "confirmationWasAuthenticated": lambda s: s.at("ConfirmationWasAuthenticated") == "true",
    },
    echoes={"topic": "TopicArn", "protocol": "Protocol", "endpoint": "Endpoint"},
    find=_find_subscription,
    place=("topic", "protocol", "endpoint"),
    documents=("filterPolicy", "redrivePolicy", "deliveryPolicy", "replayPolicy"),
    checks=_check_subscription,
)

TYPES = (TOPIC, TOPIC_POLICY, TOPIC_SUBSCRIPTION)
