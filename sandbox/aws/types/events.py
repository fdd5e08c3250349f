"""EventBridge: rules and their targets (`aws:cloudwatch/event…` in Pulumi)."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.aws.documents import json_failures
from sandbox.aws.rows import reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject, Tags
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap


def _bus(subject: Subject) -> str:
    return str(subject.inputs.get("eventBusName") or "default")


def _rule_id(subject: Subject) -> str:
    bus, name = _bus(subject), str(subject.inputs["name"])
    return name if bus == "default" else f"{bus}/{name}"


def _rule_key(subject: Subject, member: str = "Name") -> Params:
    bus, _, name = subject.id.rpartition("/")
    return {member: name, **({"EventBusName": bus} if bus else {})}


def _state(subject: Subject) -> Params:
    if subject.inputs.get("state"):
        return {}
    return {"State": "DISABLED" if subject.inputs.get("isEnabled") is False else "ENABLED"}


_PUT_RULE = Call(operation="PutRule", names={"isEnabled": ""}, adds=_state)


def _delete_rule(subject: Subject) -> None:
    if subject.inputs.get("forceDestroy"):
        key = _rule_key(subject, "Rule")
        targets = subject.cloud.call("events", "ListTargetsByRule", key)["Targets"]
        if targets:
            subject.cloud.call(
                "events", "RemoveTargets", {**key, "Ids": [target["Id"] for target in targets]}
            )
    subject.cloud.call("events", "DeleteRule", _rule_key(subject))


def _check_rule(inputs: PropertyMap) -> Iterable[CheckFailure]:
    yield from json_failures(inputs, "eventPattern")
    if inputs.get("eventPattern") is None and inputs.get("scheduleExpression") is None:
        yield CheckFailure("eventPattern", "eventPattern or scheduleExpression is required")
    schedule = inputs.get("scheduleExpression")
    if isinstance(schedule, str) and not (schedule.startswith(("rate(", "cron(")) and schedule.endswith(")")):
        yield CheckFailure("scheduleExpression", f"{schedule!r} is neither rate(...) nor cron(...)")


def _rule_arn(subject: Subject) -> str:
    return subject.cloud.arn("events", f"rule/{subject.id}")


EVENT_RULE = ResourceType(
    type="aws:cloudwatch/eventRule:EventRule",
    service="events",
    tier="run",
    create=_PUT_RULE,
    id=_rule_id,
    read=reading("events", "DescribeRule", _rule_key),
    delete=_delete_rule,
    steps=(
        Step(
            on=("description", "eventPattern", "isEnabled", "roleArn", "scheduleExpression", "state"),
            do=_PUT_RULE,
            at_create=False,
        ),
    ),
    local=("forceDestroy",),
    outputs={"arn": _rule_arn},
    echoes={
        "name": "Name",
        "description": "Description",
        "eventPattern": "EventPattern",
        "scheduleExpression": "ScheduleExpression",
        "state": "State",
    },
    known_id=_rule_id,
    exclusive=True,
    auto_name=AutoName(limit=64),
    place=("name", "eventBusName"),
    tags=Tags(
        set="TagResource",
        unset="UntagResource",
        target=lambda s: {"ResourceARN": _rule_arn(s)},
        list="ListTagsForResource",
    ),
    documents=("eventPattern",),
    checks=_check_rule,
)

_TARGET_NAMES = {
    "arn": "Targets.Arn",
    "targetId": "Targets.Id",
    "roleArn": "Targets.RoleArn",
    "input": "Targets.Input",
    "inputPath": "Targets.InputPath",
    "inputTransformer": "Targets.InputTransformer",
    "inputTransformer.inputPaths": "InputPathsMap",
    "deadLetterConfig": "Targets.DeadLetterConfig",
    "retryPolicy": "Targets.RetryPolicy",
    "sqsTarget": "Targets.SqsParameters",
    "kinesisTarget": "Targets.KinesisParameters",
    "httpTarget": "Targets.HttpParameters",
    "sagemakerPipelineTarget": "Targets.SageMakerPipelineParameters",
    "appsyncTarget": "Targets.AppSyncParameters",
    "batchTarget": "Targets.BatchParameters",
    "batchTarget.arraySize": "ArrayProperties.Size",
    "batchTarget.jobAttempts": "RetryStrategy.Attempts",
    "ecsTarget": "Targets.EcsParameters",
    "ecsTarget.capacityProviderStrategies": "CapacityProviderStrategy",
    "ecsTarget.networkConfiguration.assignPublicIp": "awsvpcConfiguration.AssignPublicIp",
    "ecsTarget.networkConfiguration.securityGroups": "awsvpcConfiguration.SecurityGroups",
    "ecsTarget.networkConfiguration.subnets": "awsvpcConfiguration.Subnets",
    "ecsTarget.orderedPlacementStrategies": "PlacementStrategy",
    "redshiftTarget": "Targets.RedshiftDataParameters",
    "redshiftTarget.secretsManagerArn": "SecretManagerArn",
    "runCommandTargets": "Targets.RunCommandParameters.RunCommandTargets",
}
_PUT_TARGET = Call(operation="PutTargets", names=_TARGET_NAMES)


def _target_id(subject: Subject) -> str:
    return f"{_bus(subject)}/{subject.inputs['rule']}/{subject.inputs['targetId']}"


def _target_rule(subject: Subject) -> Params:
    bus, rule, _ = subject.id.split("/", 2)
    return {"Rule": rule, "EventBusName": bus}


def _read_target(subject: Subject) -> Params | None:
    answer = reading("events", "ListTargetsByRule", _target_rule)(subject)
    wanted = subject.id.split("/", 2)[2]
    return next((target for target in (answer or {}).get("Targets", ()) if target["Id"] == wanted), None)


def _check_target(inputs: PropertyMap) -> Iterable[CheckFailure]:
    yield from json_failures(inputs, "input")
    held = [name for name in ("input", "inputPath", "inputTransformer") if inputs.get(name) is not None]
    if len(held) > 1:
        yield CheckFailure(held[1], f"only one of input, inputPath, inputTransformer may be given: {held}")


EVENT_TARGET = ResourceType(
    type="aws:cloudwatch/eventTarget:EventTarget",
    service="events",
    tier="run",
    create=_PUT_TARGET,
    id=_target_id,
    read=_read_target,
    delete=Call(
        operation="RemoveTargets",
        sends=(),
        adds=lambda s: {**_target_rule(s), "Ids": [s.id.split("/", 2)[2]]},
    ),
    steps=(
        Step(
            on=tuple(name for name in _TARGET_NAMES if name != "targetId" and "." not in name),
            do=_PUT_TARGET,
            at_create=False,
        ),
    ),
    local=("forceDestroy",),
    echoes={
        "rule": lambda s: s.id.split("/", 2)[1],
        "targetId": "Id",
        "arn": "Arn",
        "roleArn": "RoleArn",
        "input": "Input",
    },
    known_id=_target_id,
    auto_name=AutoName(property="targetId", prefix_property=None, limit=64),
    place=("eventBusName", "rule", "targetId"),
    documents=("input",),
    checks=_check_target,
)

TYPES = (EVENT_RULE, EVENT_TARGET)
