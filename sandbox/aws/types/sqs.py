"""SQS: queues and their policies."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sandbox.aws.documents import json_failures, policy_failures
from sandbox.aws.rows import answered, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject, Tags
from sandbox.aws.types.sns import attribute_text, attributes
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap, PropertyValue

_ATTRIBUTES = {
    "contentBasedDeduplication": "ContentBasedDeduplication",
    "deduplicationScope": "DeduplicationScope",
    "delaySeconds": "DelaySeconds",
    "fifoThroughputLimit": "FifoThroughputLimit",
    "kmsDataKeyReusePeriodSeconds": "KmsDataKeyReusePeriodSeconds",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "maxMessageSize": "MaximumMessageSize",
    "messageRetentionSeconds": "MessageRetentionPeriod",
    "policy": "Policy",
    "receiveWaitTimeSeconds": "ReceiveMessageWaitTimeSeconds",
    "redriveAllowPolicy": "RedriveAllowPolicy",
    "redrivePolicy": "RedrivePolicy",
    "sqsManagedSseEnabled": "SqsManagedSseEnabled",
    "visibilityTimeoutSeconds": "VisibilityTimeout",
}
_RANGES = {
    "delaySeconds": (0, 900),
    "kmsDataKeyReusePeriodSeconds": (60, 86400),
    "maxMessageSize": (1024, 1048576),
    "messageRetentionSeconds": (60, 1209600),
    "receiveWaitTimeSeconds": (0, 20),
    "visibilityTimeoutSeconds": (0, 43200),
}
"""Of SetQueueAttributes (SQS API Reference)."""
_DOCUMENTS = ("policy", "redrivePolicy", "redriveAllowPolicy")


def _create_attributes(subject: Subject) -> Params:
    found = attributes(subject.inputs, _ATTRIBUTES)
    if subject.inputs.get("fifoQueue"):
        found["FifoQueue"] = "true"
    return {"Attributes": found}


def _set_attribute(name: str, member: str) -> Step:
    def change(subject: Subject) -> None:
        value = subject.inputs.get(name)
        text = "" if value is None else attribute_text(value)
        subject.cloud.call(
            "sqs", "SetQueueAttributes", {"QueueUrl": subject.id, "Attributes": {member: text}}
        )

    return Step(on=(name,), do=change, at_create=False)


def _check_queue(inputs: PropertyMap) -> Iterable[CheckFailure]:
    yield from policy_failures(inputs, "policy", principals=True)
    yield from json_failures(inputs, "redrivePolicy", "redriveAllowPolicy")
    for limited, (low, high) in _RANGES.items():
        value = inputs.get(limited)
        if isinstance(value, (int, float)) and not low <= value <= high:
            yield CheckFailure(limited, f"{value:g} is out of range: allowed is {low} to {high}")
    name = inputs.get("name")
    if isinstance(name, str) and isinstance(inputs.get("fifoQueue", False), bool):
        if name.endswith(".fifo") != inputs.get("fifoQueue", False):
            yield CheckFailure("name", f"{name!r}: the names of FIFO queues, and only theirs, end in .fifo")
        stem = name.removesuffix(".fifo")
        if not stem.replace("-", "").replace("_", "").isalnum() or not stem.isascii() or len(name) > 80:
            yield CheckFailure("name", f"{name!r} must be 1 to 80 letters, digits, hyphens and underscores")
    if inputs.get("kmsMasterKeyId") is not None and inputs.get("sqsManagedSseEnabled") is True:
        yield CheckFailure("sqsManagedSseEnabled", "cannot be true beside kmsMasterKeyId")


_read_attributes = reading(
    "sqs", "GetQueueAttributes", lambda s: {"QueueUrl": s.id, "AttributeNames": ["All"]}, "Attributes"
)


def _find_queue(subject: Subject, taken: frozenset[str]) -> str | None:
    found = reading("sqs", "GetQueueUrl", lambda s: {"QueueName": s.inputs["name"]})(subject)
    url = None if found is None else str(found["QueueUrl"])
    return None if url in taken else url


def _number(member: str) -> Callable[[Subject], PropertyValue]:
    """SQS answers with texts."""
    return lambda s: None if s.at(member) is None else int(s.at(member))


def _flag(member: str) -> Callable[[Subject], PropertyValue]:
    return lambda s: None if s.at(member) is None else str(s.at(member)).lower() == "true"


QUEUE = ResourceType(
    type="aws:sqs/queue:Queue",
    service="sqs",
    tier="native",
    create=Call(
        operation="CreateQueue", sends=("name",), names={"name": "QueueName"}, adds=_create_attributes
    ),
    id=answered("QueueUrl"),
    read=_read_attributes,
    delete=Call(operation="DeleteQueue", sends=(), adds=lambda s: {"QueueUrl": s.id}),
    steps=tuple(_set_attribute(name, member) for name, member in _ATTRIBUTES.items()),
    outputs={
        "arn": "QueueArn",
        "url": lambda s: s.id,
        "name": lambda s: s.id.rsplit("/", 1)[-1],
        "visibilityTimeoutSeconds": lambda s: int(s.at("VisibilityTimeout") or 30),
        "messageRetentionSeconds": lambda s: int(s.at("MessageRetentionPeriod") or 345600),
    },
    echoes={
        "name": lambda s: s.id.rsplit("/", 1)[-1],
        "visibilityTimeoutSeconds": lambda s: int(s.at("VisibilityTimeout") or 30),
        "messageRetentionSeconds": lambda s: int(s.at("MessageRetentionPeriod") or 345600),
        "delaySeconds": _number("DelaySeconds"),
        "maxMessageSize": _number("MaximumMessageSize"),
        "receiveWaitTimeSeconds": _number("ReceiveMessageWaitTimeSeconds"),
        "kmsDataKeyReusePeriodSeconds": _number("KmsDataKeyReusePeriodSeconds"),
        "kmsMasterKeyId": "KmsMasterKeyId",
        "policy": "Policy",
        "redrivePolicy": "RedrivePolicy",
        "redriveAllowPolicy": "RedriveAllowPolicy",
        "fifoQueue": _flag("FifoQueue"),
        "contentBasedDeduplication": _flag("ContentBasedDeduplication"),
    },
    find=_find_queue,
    auto_name=AutoName(limit=80, ends_with=lambda inputs: ".fifo" if inputs.get("fifoQueue") else ""),
    tags=Tags(
        style="map",
        at_create="tags",
        set="TagQueue",
        unset="UntagQueue",
        target=lambda s: {"QueueUrl": s.id},
        list="ListQueueTags",
    ),
    documents=_DOCUMENTS,
    checks=_check_queue,
)


def _policy(subject: Subject) -> Params:
    return {"Attributes": {"Policy": subject.inputs["policy"]}}


_PUT_POLICY = Call(operation="SetQueueAttributes", sends=("queueUrl",), adds=_policy)


def _read_policy(subject: Subject) -> Params | None:
    found = _read_attributes(subject)
    return found if found and found.get("Policy") else None


QUEUE_POLICY = ResourceType(
    type="aws:sqs/queuePolicy:QueuePolicy",
    service="sqs",
    tier="native",
    create=_PUT_POLICY,
    id=lambda s: str(s.inputs["queueUrl"]),
    read=_read_policy,
    delete=Call(
        operation="SetQueueAttributes",
        sends=(),
        adds=lambda s: {"QueueUrl": s.id, "Attributes": {"Policy": ""}},
    ),
    steps=(Step(on=("policy",), do=_PUT_POLICY, at_create=False),),
    echoes={"queueUrl": lambda s: s.id, "policy": "Policy"},
    known_id=lambda s: str(s.inputs["queueUrl"]),
    place=("queueUrl",),
    documents=("policy",),
    checks=lambda inputs: policy_failures(inputs, "policy", principals=True),
)

TYPES = (QUEUE, QUEUE_POLICY)
