"""AWS Config: recorders, delivery channels, rules and retention."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.aws.documents import json_failures
from sandbox.aws.rows import given, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject, Tags
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap


def _within(wrapper: str, **names: str) -> dict[str, str]:
    return {name: f"{wrapper}.{member}" for name, member in names.items()}


_RECORDER_NAMES = {
    **_within("ConfigurationRecorder", name="name", roleArn="roleARN", recordingGroup="recordingGroup"),
    "recordingMode": "ConfigurationRecorder.recordingMode",
    "recordingGroup.recordingStrategies": "recordingStrategy",
    "recordingMode.recordingModeOverride": "recordingModeOverrides",
}
_PUT_RECORDER = Call(operation="PutConfigurationRecorder", names=_RECORDER_NAMES)


def _check_recorder(inputs: PropertyMap) -> Iterable[CheckFailure]:
    group = inputs.get("recordingGroup")
    if isinstance(group, dict) and group.get("allSupported") is not False:
        for name in ("resourceTypes", "exclusionByResourceTypes"):
            if group.get(name):
                yield CheckFailure(f"recordingGroup.{name}", "cannot stand where allSupported is true")


RECORDER = ResourceType(
    type="aws:cfg/recorder:Recorder",
    service="config",
    tier="overlay",
    create=_PUT_RECORDER,
    id=given("name"),
    read=reading(
        "config",
        "DescribeConfigurationRecorders",
        lambda s: {"ConfigurationRecorderNames": [s.id]},
        "ConfigurationRecorders.0",
    ),
    delete=Call(
        operation="DeleteConfigurationRecorder",
        sends=(),
        adds=lambda s: {"ConfigurationRecorderName": s.id},
    ),
    steps=(Step(on=("roleArn", "recordingGroup", "recordingMode"), do=_PUT_RECORDER, at_create=False),),
    echoes={"name": "name", "roleArn": "roleARN"},
    known_id=given("name"),
    exclusive=True,
    place=("name",),
    defaults={"name": "default"},
    unordered=("recordingGroup.resourceTypes",),
    checks=_check_recorder,
)


def _record(subject: Subject) -> None:
    operation = "Start" if subject.inputs["isEnabled"] else "Stop"
    name = subject.inputs["name"]
    subject.cloud.call("config", f"{operation}ConfigurationRecorder", {"ConfigurationRecorderName": name})


RECORDER_STATUS = ResourceType(
    type="aws:cfg/recorderStatus:RecorderStatus",
    service="config",
    tier="native",
    create=_record,
    id=given("name"),
    read=reading(
        "config",
        "DescribeConfigurationRecorderStatus",
        lambda s: {"ConfigurationRecorderNames": [s.id]},
        "ConfigurationRecordersStatus.0",
    ),
    delete=Call(
        operation="StopConfigurationRecorder", sends=(), adds=lambda s: {"ConfigurationRecorderName": s.id}
    ),
    steps=(Step(on=("isEnabled",), do=_record, at_create=False),),
    echoes={"name": "name", "isEnabled": "recording"},
    known_id=given("name"),
    auto_name=AutoName(limit=256, prefix_property=None),
    place=("name",),
)

_CHANNEL_NAMES = {
    **_within(
        "DeliveryChannel",
        name="name",
        s3BucketName="s3BucketName",
        s3KeyPrefix="s3KeyPrefix",
        s3KmsKeyArn="s3KmsKeyArn",
        snsTopicArn="snsTopicARN",
        snapshotDeliveryProperties="configSnapshotDeliveryProperties",
    )
}
_PUT_CHANNEL = Call(operation="PutDeliveryChannel", names=_CHANNEL_NAMES)
DELIVERY_CHANNEL = ResourceType(
    type="aws:cfg/deliveryChannel:DeliveryChannel",
    service="config",
    tier="overlay",
    create=_PUT_CHANNEL,
    id=given("name"),
    read=reading(
        "config",
        "DescribeDeliveryChannels",
        lambda s: {"DeliveryChannelNames": [s.id]},
        "DeliveryChannels.0",
    ),
    delete=Call(operation="DeleteDeliveryChannel", sends=(), adds=lambda s: {"DeliveryChannelName": s.id}),
    steps=(
        Step(
            on=("s3BucketName", "s3KeyPrefix", "s3KmsKeyArn", "snapshotDeliveryProperties", "snsTopicArn"),
            do=_PUT_CHANNEL,
            at_create=False,
        ),
    ),
    echoes={"name": "name", "s3BucketName": "s3BucketName", "s3KeyPrefix": "s3KeyPrefix"},
    known_id=given("name"),
    exclusive=True,
    place=("name",),
    defaults={"name": "default"},
)

_RULE_NAMES = {
    **_within(
        "ConfigRule",
        name="ConfigRuleName",
        description="Description",
        evaluationModes="EvaluationModes",
        inputParameters="InputParameters",
        maximumExecutionFrequency="MaximumExecutionFrequency",
        scope="Scope",
        source="Source",
    )
}
_RULE_CHANGES = (
    "description",
    "evaluationModes",
    "inputParameters",
    "maximumExecutionFrequency",
    "scope",
    "source",
)


def tagged_again(subject: Subject) -> Params:
    """The emulator forgets the tags at a second put without them; AWS takes them at the first alone."""
    tags = subject.inputs.get("tagsAll") or {}
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]} if tags else {}


_PUT_RULE = Call(operation="PutConfigRule", names=_RULE_NAMES, adds=tagged_again)


def _check_rule(inputs: PropertyMap) -> Iterable[CheckFailure]:
    yield from json_failures(inputs, "inputParameters")
    source = inputs.get("source")
    if not isinstance(source, dict):
        return
    if source.get("owner") == "AWS" and source.get("sourceIdentifier") is None:
        yield CheckFailure("source.sourceIdentifier", "is required where the owner is AWS")
    if source.get("owner") == "CUSTOM_POLICY" and source.get("customPolicyDetails") is None:
        yield CheckFailure("source.customPolicyDetails", "is required where the owner is CUSTOM_POLICY")


_read_rule = reading("config", "DescribeConfigRules", lambda s: {"ConfigRuleNames": [s.id]}, "ConfigRules.0")


def _rule_arn(subject: Subject) -> str:
    """The create answers nothing, so the ARN is looked up then."""
    found = subject.at("ConfigRuleArn") or subject.outputs.get("arn")
    return str(found or (_read_rule(subject) or {})["ConfigRuleArn"])


RULE = ResourceType(
    type="aws:cfg/rule:Rule",
    service="config",
    tier="overlay",
    create=_PUT_RULE,
    id=given("name"),
    read=_read_rule,
    delete=Call(operation="DeleteConfigRule", sends=(), adds=lambda s: {"ConfigRuleName": s.id}),
    steps=(Step(on=_RULE_CHANGES, do=_PUT_RULE, at_create=False),),
    outputs={"arn": "ConfigRuleArn", "ruleId": "ConfigRuleId"},
    echoes={"name": "ConfigRuleName", "description": "Description", "inputParameters": "InputParameters"},
    known_id=given("name"),
    exclusive=True,
    auto_name=AutoName(limit=128, prefix_property=None),
    place=("name",),
    documents=("inputParameters",),
    tags=Tags(
        set="TagResource",
        unset="UntagResource",
        target=lambda s: {"ResourceArn": _rule_arn(s)},
        list="ListTagsForResource",
    ),
    checks=_check_rule,
)

_RETAIN = Call(operation="PutRetentionConfiguration")


RETENTION = ResourceType(
    type="aws:cfg/retentionConfiguration:RetentionConfiguration",
    service="config",
    tier="native",
    create=_RETAIN,
    id=lambda _: "default",
    read=reading("config", "DescribeRetentionConfigurations", lambda _: {}, "RetentionConfigurations.0"),
    delete=Call(
        operation="DeleteRetentionConfiguration",
        sends=(),
        adds=lambda _: {"RetentionConfigurationName": "default"},
    ),
    steps=(Step(on=("retentionPeriodInDays",), do=_RETAIN, at_create=False),),
    outputs={"name": "Name"},
    echoes={"retentionPeriodInDays": "RetentionPeriodInDays"},
    known_id=lambda _: "default",
    exclusive=True,
)

TYPES = (RECORDER, RECORDER_STATUS, DELIVERY_CHANNEL, RULE, RETENTION)
