"""Kinesis: data streams, their consumers and policies."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.aws.cloud import wait_until
from sandbox.aws.documents import policy_failures
from sandbox.aws.rows import answered, echoing, given, moment, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject, Tags
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_SERVICE = "kinesis"
_STREAM = "aws:kinesis/stream:Stream"
_READY_S = 300


def _name(subject: Subject) -> Params:
    return {"StreamName": subject.id.rsplit("/", 1)[-1]}


_summary = reading(_SERVICE, "DescribeStreamSummary", _name, "StreamDescriptionSummary")


def _read_stream(subject: Subject) -> Params | None:
    found = _summary(subject)
    return None if found is None or found["StreamStatus"] == "DELETING" else found


def _settle(subject: Subject) -> None:
    """A stream takes one change at a time, and none before it is active."""
    wait_until(
        lambda: (_summary(subject) or {}).get("StreamStatus") == "ACTIVE",
        _READY_S,
        f"the stream {subject.id}",
        subject.cloud.cancelled,
    )


def _ask(subject: Subject, operation: str, params: Params) -> None:
    subject.cloud.call(_SERVICE, operation, {**_name(subject), **params})
    _settle(subject)


def _retain(subject: Subject) -> None:
    hours = int(subject.inputs.get("retentionPeriod") or 24)
    now = int((_summary(subject) or {}).get("RetentionPeriodHours") or 24)
    if hours != now:
        operation = "IncreaseStreamRetentionPeriod" if hours > now else "DecreaseStreamRetentionPeriod"
        _ask(subject, operation, {"RetentionPeriodHours": hours})


def _encrypt(subject: Subject) -> None:
    inputs, before = subject.inputs, subject.before
    if inputs.get("encryptionType") == "KMS":
        key = inputs.get("kmsKeyId")
        _ask(subject, "StartStreamEncryption", {"EncryptionType": "KMS", "KeyId": key})
    elif before.get("encryptionType") == "KMS":
        key = before.get("kmsKeyId")
        _ask(subject, "StopStreamEncryption", {"EncryptionType": "KMS", "KeyId": key})


def _watch_shards(subject: Subject) -> None:
    old, new = (set(v.get("shardLevelMetrics") or ()) for v in (subject.before, subject.inputs))
    for operation, metrics in (
        ("DisableEnhancedMonitoring", old - new),
        ("EnableEnhancedMonitoring", new - old),
    ):
        if metrics:
            _ask(subject, operation, {"ShardLevelMetrics": sorted(metrics)})


def _mode(inputs: PropertyMap) -> str:
    details = inputs.get("streamModeDetails")
    return str(details.get("streamMode")) if isinstance(details, dict) else "PROVISIONED"


def _change_mode(subject: Subject) -> None:
    if _mode(subject.inputs) != _mode(subject.before):
        subject.cloud.call(
            _SERVICE,
            "UpdateStreamMode",
            {"StreamARN": subject.id, "StreamModeDetails": {"StreamMode": _mode(subject.inputs)}},
        )
        _settle(subject)


def _share(subject: Subject) -> None:
    count = subject.inputs.get("shardCount")
    if _mode(subject.inputs) == "PROVISIONED" and count:
        _ask(
            subject,
            "UpdateShardCount",
            {"TargetShardCount": int(count), "ScalingType": "UNIFORM_SCALING"},
        )


def _check_stream(inputs: PropertyMap) -> Iterable[CheckFailure]:
    mode, count = _mode(inputs), inputs.get("shardCount")
    if mode == "PROVISIONED" and count is None:
        yield CheckFailure("shardCount", "is required for the mode PROVISIONED and was not given")
    if mode == "ON_DEMAND" and isinstance(count, (int, float)) and count > 0:
        yield CheckFailure("shardCount", "cannot be given for the mode ON_DEMAND")
    if inputs.get("encryptionType") == "KMS" and inputs.get("kmsKeyId") is None:
        yield CheckFailure("kmsKeyId", "is required for the encryption type KMS and was not given")
    kind = inputs.get("encryptionType")
    if isinstance(kind, str) and kind not in ("NONE", "KMS"):
        yield CheckFailure("encryptionType", f"{kind!r} is not one of NONE, KMS")
    hours = inputs.get("retentionPeriod")
    if isinstance(hours, (int, float)) and not 24 <= hours <= 8760:
        yield CheckFailure("retentionPeriod", f"{hours:g} is out of range: allowed is 24 to 8760 hours")


def _stream_arn(subject: Subject) -> str:
    return subject.cloud.arn(_SERVICE, f"stream/{subject.inputs['name']}")


def _create(subject: Subject) -> Params:
    return {} if _mode(subject.inputs) == "ON_DEMAND" else {"ShardCount": int(subject.inputs["shardCount"])}


STREAM = ResourceType(
    type=_STREAM,
    service=_SERVICE,
    tier="native",
    create=Call(
        operation="CreateStream",
        sends=("name", "streamModeDetails"),
        names={"name": "StreamName"},
        adds=_create,
    ),
    id=_stream_arn,
    read=_read_stream,
    delete=Call(
        operation="DeleteStream",
        sends=(),
        adds=lambda s: {
            **_name(s),
            "EnforceConsumerDeletion": bool(s.inputs.get("enforceConsumerDeletion")),
        },
    ),
    steps=(
        Step(on=(), do=_settle),
        Step(on=("streamModeDetails",), do=_change_mode, at_create=False),
        Step(on=("shardCount",), do=_share, at_create=False),
        Step(on=("retentionPeriod",), do=_retain),
        Step(on=("encryptionType", "kmsKeyId"), do=_encrypt),
        Step(on=("shardLevelMetrics",), do=_watch_shards),
    ),
    local=("enforceConsumerDeletion",),
    outputs={
        "arn": "StreamARN",
        "name": "StreamName",
        "shardCount": lambda s: s.inputs.get("shardCount") or 0,
        "retentionPeriod": "RetentionPeriodHours",
        "streamModeDetails": lambda s: {"streamMode": s.at("StreamModeDetails.StreamMode")},
    },
    echoes={
        **echoing(
            _STREAM,
            "name retentionPeriod streamModeDetails",
            names={"name": "StreamName", "retentionPeriod": "RetentionPeriodHours"},
        ),
        "encryptionType": lambda s: s.at("EncryptionType") or "NONE",
        "kmsKeyId": "KeyId",
        "shardLevelMetrics": lambda s: s.at("EnhancedMonitoring.0.ShardLevelMetrics"),
    },
    known_id=_stream_arn,
    exclusive=True,
    auto_name=AutoName(prefix_property=None, limit=128),
    defaults={"encryptionType": "NONE", "enforceConsumerDeletion": False, "retentionPeriod": 24},
    unordered=("shardLevelMetrics",),
    tags=Tags(
        style="map",
        at_create=None,
        set="AddTagsToStream",
        unset="RemoveTagsFromStream",
        target=_name,
        list="ListTagsForStream",
    ),
    unsupported=("arn", "maxRecordSizeInKib", "warmThroughputMibPs"),
    checks=_check_stream,
)

_CONSUMER = "aws:kinesis/streamConsumer:StreamConsumer"


def _find_consumer(subject: Subject, taken: frozenset[str]) -> str | None:
    found = reading(_SERVICE, "ListStreamConsumers", lambda s: {"StreamARN": s.inputs["streamArn"]})(subject)
    for consumer in (found or {}).get("Consumers", ()):
        if consumer["ConsumerName"] == subject.inputs["name"] and consumer["ConsumerARN"] not in taken:
            return str(consumer["ConsumerARN"])
    return None


CONSUMER = ResourceType(
    type=_CONSUMER,
    service=_SERVICE,
    tier="native",
    create=Call(operation="RegisterStreamConsumer", names={"name": "ConsumerName"}),
    id=answered("Consumer.ConsumerARN"),
    read=reading(_SERVICE, "DescribeStreamConsumer", lambda s: {"ConsumerARN": s.id}, "ConsumerDescription"),
    delete=Call(operation="DeregisterStreamConsumer", sends=(), adds=lambda s: {"ConsumerARN": s.id}),
    outputs={"arn": "ConsumerARN", "creationTimestamp": moment("ConsumerCreationTimestamp")},
    echoes={"name": "ConsumerName", "streamArn": "StreamARN"},
    find=_find_consumer,
    auto_name=AutoName(prefix_property=None, limit=128),
    place=("streamArn", "name"),
)

_POLICY = "aws:kinesis/resourcePolicy:ResourcePolicy"
_PUT_POLICY = Call(operation="PutResourcePolicy", names={"resourceArn": "ResourceARN"})


def _read_policy(subject: Subject) -> Params | None:
    found = reading(_SERVICE, "GetResourcePolicy", lambda s: {"ResourceARN": s.id})(subject)
    return found if found and found.get("Policy") not in (None, "", "{}") else None


RESOURCE_POLICY = ResourceType(
    type=_POLICY,
    service=_SERVICE,
    tier="native",
    create=_PUT_POLICY,
    id=given("resourceArn"),
    read=_read_policy,
    delete=Call(operation="DeleteResourcePolicy", sends=(), adds=lambda s: {"ResourceARN": s.id}),
    steps=(Step(on=("policy",), do=_PUT_POLICY, at_create=False),),
    echoes={"resourceArn": lambda s: s.id, "policy": "Policy"},
    known_id=given("resourceArn"),
    place=("resourceArn",),
    documents=("policy",),
    checks=lambda inputs: policy_failures(inputs, "policy", principals=True),
)

TYPES = (STREAM, CONSUMER, RESOURCE_POLICY)
