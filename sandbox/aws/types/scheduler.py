"""EventBridge Scheduler and Pipes: schedules, their groups, and pipes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from sandbox.aws.documents import json_failures
from sandbox.aws.rows import echoing, given, identified, moment, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject, Tags
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_SCHEDULE = "aws:scheduler/schedule:Schedule"
_ECS = "target.ecsParameters"
_NETWORK = f"{_ECS}.networkConfiguration"
_SCHEDULE_NAMES = {
    f"{_NETWORK}.assignPublicIp": "awsvpcConfiguration.AssignPublicIp",
    f"{_NETWORK}.securityGroups": "awsvpcConfiguration.SecurityGroups",
    f"{_NETWORK}.subnets": "awsvpcConfiguration.Subnets",
    f"{_ECS}.tags": "",
    "target.sagemakerPipelineParameters.pipelineParameters": "PipelineParameterList",
}
_SCHEDULE_INPUTS = (
    "actionAfterCompletion",
    "description",
    "endDate",
    "flexibleTimeWindow",
    "kmsKeyArn",
    "scheduleExpression",
    "scheduleExpressionTimezone",
    "startDate",
    "state",
    "target",
)


def _schedule_id(subject: Subject) -> str:
    return f"{subject.inputs.get('groupName') or 'default'}/{subject.inputs['name']}"


def _schedule_key(subject: Subject) -> Params:
    group, _, name = subject.id.partition("/")
    return {"GroupName": group, "Name": name}


def _ecs_tags(subject: Subject) -> Params:
    """The tags of an ECS task, which this service has as a list of maps."""
    ecs = (subject.inputs.get("target") or {}).get("ecsParameters") or {}
    if not ecs.get("tags"):
        return {}
    tags = [{"Key": key, "Value": value} for key, value in ecs["tags"].items()]
    return {"Target": {"EcsParameters": {"Tags": tags}}}


_EXPRESSION = re.compile(r"(?:at|cron|rate)\(.+\)")


def _check_schedule(inputs: PropertyMap) -> Iterable[CheckFailure]:
    expression = inputs.get("scheduleExpression")
    if isinstance(expression, str) and not _EXPRESSION.fullmatch(expression):
        yield CheckFailure(
            "scheduleExpression", f"{expression!r} is neither at(...), cron(...) nor rate(...)"
        )
    window = inputs.get("flexibleTimeWindow")
    if isinstance(window, dict):
        flexible, minutes = window.get("mode") == "FLEXIBLE", window.get("maximumWindowInMinutes")
        if flexible and minutes is None:
            yield CheckFailure("flexibleTimeWindow.maximumWindowInMinutes", "is required for FLEXIBLE")
        if window.get("mode") == "OFF" and minutes is not None:
            yield CheckFailure("flexibleTimeWindow.maximumWindowInMinutes", "is not allowed for OFF")


SCHEDULE = ResourceType(
    type=_SCHEDULE,
    service="scheduler",
    tier="native",
    create=Call(operation="CreateSchedule", names=_SCHEDULE_NAMES, adds=_ecs_tags),
    id=_schedule_id,
    read=reading("scheduler", "GetSchedule", _schedule_key),
    delete=Call(operation="DeleteSchedule", sends=(), adds=_schedule_key),
    steps=(
        Step(
            on=_SCHEDULE_INPUTS,
            do=Call(
                operation="UpdateSchedule",
                names=_SCHEDULE_NAMES,
                adds=lambda s: {**_schedule_key(s), **_ecs_tags(s)},
            ),
            at_create=False,
        ),
    ),
    outputs={"arn": "Arn", "groupName": "GroupName"},
    echoes=echoing(
        _SCHEDULE,
        "description flexibleTimeWindow groupName name scheduleExpression scheduleExpressionTimezone state "
        "target",
        names=_SCHEDULE_NAMES,
    ),
    known_id=_schedule_id,
    exclusive=True,
    auto_name=AutoName(limit=64),
    place=("groupName", "name"),
    defaults={"groupName": "default", "scheduleExpressionTimezone": "UTC", "state": "ENABLED"},
    checks=_check_schedule,
)

_read_group = reading("scheduler", "GetScheduleGroup", identified("Name"))


def _delete_group(subject: Subject) -> None:
    # The emulator breaks over the deletion of a group that is gone.
    if _read_group(subject) is not None:
        subject.cloud.call("scheduler", "DeleteScheduleGroup", {"Name": subject.id})


SCHEDULE_GROUP = ResourceType(
    type="aws:scheduler/scheduleGroup:ScheduleGroup",
    service="scheduler",
    tier="native",
    create=Call(operation="CreateScheduleGroup"),
    id=given("name"),
    read=_read_group,
    delete=_delete_group,
    outputs={
        "arn": "Arn",
        "creationDate": moment("CreationDate"),
        "lastModificationDate": moment("LastModificationDate"),
        "state": "State",
    },
    echoes={"name": "Name"},
    known_id=given("name"),
    exclusive=True,
    auto_name=AutoName(limit=64),
    tags=Tags(
        set="TagResource",
        unset="UntagResource",
        target=lambda s: {"ResourceArn": s.cloud.arn("scheduler", f"schedule-group/{s.id}")},
        list="ListTagsForResource",
    ),
)

_PIPE = "aws:pipes/pipe:Pipe"
_PIPE_NAMES = {
    "targetParameters.sagemakerPipelineParameters.pipelineParameters": "PipelineParameterList",
    "sourceParameters.activemqBrokerParameters.credentials.basicAuth": "BasicAuth",
}
_PIPE_INPUTS = (
    "description",
    "desiredState",
    "enrichment",
    "enrichmentParameters",
    "kmsKeyIdentifier",
    "logConfiguration",
    "roleArn",
    "sourceParameters",
    "target",
    "targetParameters",
)
_SENT_IN_UPDATES = tuple(name for name in _PIPE_INPUTS if name != "sourceParameters")
_SOURCES: dict[str, str] = {
    "kinesis": "kinesisStreamParameters",
    "dynamodb": "dynamodbStreamParameters",
    "sqs": "sqsQueueParameters",
}


def _check_pipe(inputs: PropertyMap) -> Iterable[CheckFailure]:
    source, parameters = inputs.get("source"), inputs.get("sourceParameters")
    if not isinstance(source, str) or (parameters is not None and not isinstance(parameters, dict)):
        return
    kind = source.split(":")[2] if source.count(":") >= 5 else ""
    wanted = _SOURCES.get(kind)
    held = [name for name in (parameters or {}) if name != "filterCriteria" and (parameters or {})[name]]
    for name in held:
        if wanted and name != wanted:
            yield CheckFailure(f"sourceParameters.{name}", f"does not belong to a source of {kind}")
    if kind in ("kinesis", "dynamodb") and wanted not in held:
        yield CheckFailure(f"sourceParameters.{wanted}", "is required: it says where to start")
    filters: Any = (parameters or {}).get("filterCriteria")
    if isinstance(filters, dict):
        for index, item in enumerate(filters.get("filters") or ()):
            if isinstance(item, dict):
                for failure in json_failures({"pattern": item.get("pattern")}, "pattern"):
                    path = f"sourceParameters.filterCriteria.filters[{index}].pattern"
                    yield CheckFailure(path, failure.reason)


PIPE = ResourceType(
    type=_PIPE,
    service="pipes",
    tier="overlay",
    create=Call(operation="CreatePipe", names=_PIPE_NAMES),
    id=given("name"),
    read=reading("pipes", "DescribePipe", identified("Name")),
    delete=Call(operation="DeletePipe", sends=(), adds=identified("Name")),
    steps=(
        Step(
            on=_PIPE_INPUTS,
            do=Call(
                operation="UpdatePipe",
                sends=_SENT_IN_UPDATES,
                names=_PIPE_NAMES,
                adds=identified("Name"),
            ),
            at_create=False,
        ),
    ),
    outputs={"arn": "Arn"},
    echoes=echoing(_PIPE, "description desiredState enrichment name roleArn source target"),
    known_id=given("name"),
    exclusive=True,
    auto_name=AutoName(limit=64),
    defaults={"desiredState": "RUNNING"},
    tags=Tags(
        style="map",
        set="TagResource",
        unset="UntagResource",
        target=lambda s: {"resourceArn": s.cloud.arn("pipes", f"pipe/{s.id}")},
        member="tags",
        keys="tagKeys",
        list="ListTagsForResource",
        listed="tags",
    ),
    checks=_check_pipe,
)

TYPES = (SCHEDULE, SCHEDULE_GROUP, PIPE)
