"""CloudWatch: composite alarms, made of the states of others."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.aws.rows import given, reading
from sandbox.aws.table import Call, Params, ResourceType, Step, Subject, Tags
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap, PropertyValue

_SUPPRESSOR = {
    "alarm": "ActionsSuppressor",
    "waitPeriod": "ActionsSuppressorWaitPeriod",
    "extensionPeriod": "ActionsSuppressorExtensionPeriod",
}


def _suppressor(subject: Subject) -> Params:
    """One object in the program, three members of the request."""
    found = subject.inputs.get("actionsSuppressor") or {}
    periods = ("waitPeriod", "extensionPeriod")
    return {
        member: int(found[name]) if name in periods else str(found[name])
        for name, member in _SUPPRESSOR.items()
        if found.get(name) is not None
    }


def _suppressed(subject: Subject) -> PropertyValue:
    if subject.at("ActionsSuppressor") is None:
        return None
    return {name: subject.at(member) for name, member in _SUPPRESSOR.items()}


_PUT = Call(operation="PutCompositeAlarm", names={"actionsSuppressor": ""}, adds=_suppressor)
_CHANGES = (
    "actionsSuppressor",
    "alarmActions",
    "alarmDescription",
    "alarmRule",
    "insufficientDataActions",
    "okActions",
)


def _arn(subject: Subject) -> str:
    return subject.cloud.arn("cloudwatch", f"alarm:{subject.id}")


def _check(inputs: PropertyMap) -> Iterable[CheckFailure]:
    suppressor = inputs.get("actionsSuppressor")
    for name in ("waitPeriod", "extensionPeriod"):
        value = suppressor.get(name) if isinstance(suppressor, dict) else None
        if isinstance(value, (int, float)) and value < 0:
            yield CheckFailure(f"actionsSuppressor.{name}", f"{value:g} is fewer than 0 seconds")
    rule = inputs.get("alarmRule")
    if isinstance(rule, str) and rule.count("(") != rule.count(")"):
        yield CheckFailure("alarmRule", "has parentheses that do not match")


COMPOSITE_ALARM = ResourceType(
    type="aws:cloudwatch/compositeAlarm:CompositeAlarm",
    service="cloudwatch",
    tier="run",
    create=_PUT,
    id=given("alarmName"),
    read=reading(
        "cloudwatch",
        "DescribeAlarms",
        lambda s: {"AlarmNames": [s.id], "AlarmTypes": ["CompositeAlarm"]},
        "CompositeAlarms.0",
    ),
    delete=Call(operation="DeleteAlarms", sends=(), adds=lambda s: {"AlarmNames": [s.id]}),
    steps=(Step(on=_CHANGES, do=_PUT, at_create=False),),
    outputs={"arn": _arn},
    echoes={
        "alarmName": "AlarmName",
        "alarmRule": "AlarmRule",
        "alarmDescription": "AlarmDescription",
        "actionsEnabled": "ActionsEnabled",
        "alarmActions": "AlarmActions",
        "actionsSuppressor": _suppressed,
    },
    known_id=given("alarmName"),
    exclusive=True,
    place=("alarmName",),
    defaults={"actionsEnabled": True},
    unordered=("alarmActions", "okActions", "insufficientDataActions"),
    tags=Tags(
        set="TagResource",
        unset="UntagResource",
        target=lambda s: {"ResourceARN": _arn(s)},
        list="ListTagsForResource",
    ),
    checks=_check,
)

TYPES = (COMPOSITE_ALARM,)
