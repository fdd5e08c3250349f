"""Application Auto Scaling: targets and policies."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from sandbox.aws.rows import pages, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject, Tags
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_SERVICE = "application-autoscaling"


def _target_id(subject: Subject) -> str:
    """`namespace/resource/dimension`, as the real provider imports it."""
    return "/".join(
        str(subject.inputs[name]) for name in ("serviceNamespace", "resourceId", "scalableDimension")
    )


def _key(id: str) -> Params:
    namespace, _, rest = id.partition("/")
    resource, _, dimension = rest.rpartition("/")
    return {"ServiceNamespace": namespace, "ResourceId": resource, "ScalableDimension": dimension}


def _describe_target(subject: Subject) -> Params:
    key = _key(subject.id)
    return {
        "ServiceNamespace": key["ServiceNamespace"],
        "ResourceIds": [key["ResourceId"]],
        "ScalableDimension": key["ScalableDimension"],
    }


def _check_target(inputs: PropertyMap) -> Iterable[CheckFailure]:
    low, high = inputs.get("minCapacity"), inputs.get("maxCapacity")
    if isinstance(low, (int, float)) and isinstance(high, (int, float)) and low > high:
        yield CheckFailure("minCapacity", f"{low:g} is more than maxCapacity, {high:g}")


_REGISTER = Call(operation="RegisterScalableTarget", names={"roleArn": "RoleARN"})

TARGET = ResourceType(
    type="aws:appautoscaling/target:Target",
    service=_SERVICE,
    tier="native",
    create=_REGISTER,
    id=_target_id,
    read=reading(_SERVICE, "DescribeScalableTargets", _describe_target, "ScalableTargets.0"),
    delete=Call(operation="DeregisterScalableTarget", sends=(), adds=lambda s: _key(s.id)),
    steps=(
        Step(on=("minCapacity", "maxCapacity", "roleArn", "suspendedState"), do=_REGISTER, at_create=False),
    ),
    outputs={"arn": "ScalableTargetARN", "roleArn": "RoleARN"},
    echoes={
        "serviceNamespace": "ServiceNamespace",
        "resourceId": "ResourceId",
        "scalableDimension": "ScalableDimension",
        "minCapacity": "MinCapacity",
        "maxCapacity": "MaxCapacity",
    },
    known_id=_target_id,
    exclusive=True,
    place=("serviceNamespace", "resourceId", "scalableDimension"),
    tags=Tags(
        style="map",
        set="TagResource",
        unset="UntagResource",
        target=lambda s: {"ResourceARN": s.at("ScalableTargetARN") or s.outputs.get("arn")},
    ),
    checks=_check_target,
)


def _policy_id(subject: Subject) -> str:
    return f"{_target_id(subject)}/{subject.inputs['name']}"


def _policy_key(subject: Subject) -> Params:
    target, _, name = subject.id.rpartition("/")
    return {**_key(target), "PolicyName": name}


def _describe_policy(subject: Subject) -> Params:
    key = _policy_key(subject)
    return {**{name: key[name] for name in key if name != "PolicyName"}, "PolicyNames": [key["PolicyName"]]}


_CONFIGURATIONS = {
    "StepScaling": "stepScalingPolicyConfiguration",
    "TargetTrackingScaling": "targetTrackingScalingPolicyConfiguration",
    "PredictiveScaling": "predictiveScalingPolicyConfiguration",
}


def _check_policy(inputs: PropertyMap) -> Iterable[CheckFailure]:
    wanted = _CONFIGURATIONS.get(str(inputs.get("policyType", "StepScaling")))
    for name in _CONFIGURATIONS.values():
        if inputs.get(name) is not None and name != wanted and wanted is not None:
            yield CheckFailure(name, f"does not belong to the policy type {inputs.get('policyType')}")
    if wanted is not None and inputs.get(wanted) is None:
        yield CheckFailure(wanted, f"is required for {inputs.get('policyType')} and was not given")


_PUT_POLICY = Call(operation="PutScalingPolicy", names={"name": "PolicyName"})

POLICY = ResourceType(
    type="aws:appautoscaling/policy:Policy",
    service=_SERVICE,
    tier="native",
    create=_PUT_POLICY,
    id=_policy_id,
    read=reading(_SERVICE, "DescribeScalingPolicies", _describe_policy, "ScalingPolicies.0"),
    delete=Call(operation="DeleteScalingPolicy", sends=(), adds=_policy_key),
    steps=(Step(on=("policyType", *_CONFIGURATIONS.values()), do=_PUT_POLICY, at_create=False),),
    outputs={
        "arn": "PolicyARN",
        "alarmArns": lambda s: [alarm["AlarmARN"] for alarm in s.at("Alarms") or ()],
    },
    echoes={
        "name": "PolicyName",
        "policyType": "PolicyType",
        "serviceNamespace": "ServiceNamespace",
        "resourceId": "ResourceId",
        "scalableDimension": "ScalableDimension",
    },
    known_id=_policy_id,
    auto_name=AutoName(limit=256, prefix_property=None),
    place=("serviceNamespace", "resourceId", "scalableDimension", "name"),
    defaults={"policyType": "StepScaling"},
    checks=_check_policy,
)


def _action_id(subject: Subject) -> str:
    """As the real provider has it: name, namespace, resource and dimension, with hyphens."""
    names = ("name", "serviceNamespace", "resourceId", "scalableDimension")
    return "-".join(str(subject.inputs[name]) for name in names)


def _action_key(subject: Subject) -> Params:
    values = subject.inputs or subject.outputs
    return {
        "ServiceNamespace": values["serviceNamespace"],
        "ResourceId": values["resourceId"],
        "ScalableDimension": values["scalableDimension"],
    }


def _action_of_id(subject: Subject) -> Params | None:
    """For an import by the id alone: no hyphen tells where its parts end, so each action is looked at."""
    namespaces: Any = subject.cloud.model(_SERVICE).shape_for("ServiceNamespace")
    for namespace in namespaces.enum:
        if f"-{namespace}-" not in subject.id:
            continue
        params = {"ServiceNamespace": namespace}
        for action in pages(subject, _SERVICE, "DescribeScheduledActions", "ScheduledActions", params):
            members = ("ScheduledActionName", "ServiceNamespace", "ResourceId", "ScalableDimension")
            if "-".join(action[member] for member in members) == subject.id:
                return dict(action)
    return None


def _read_action(subject: Subject) -> Params | None:
    values = subject.inputs or subject.outputs
    if not values:
        return _action_of_id(subject)
    params = {**_action_key(subject), "ScheduledActionNames": [values["name"]]}
    answer = subject.cloud.call(_SERVICE, "DescribeScheduledActions", params)
    return next(iter(answer["ScheduledActions"]), None)


_EXPRESSION = re.compile(r"(?:at|cron|rate)\(.+\)")


def _check_action(inputs: PropertyMap) -> Iterable[CheckFailure]:
    expression = inputs.get("schedule")
    if isinstance(expression, str) and not _EXPRESSION.fullmatch(expression):
        yield CheckFailure("schedule", f"{expression!r} is neither at(...), cron(...) nor rate(...)")
    action = inputs.get("scalableTargetAction")
    if isinstance(action, dict):
        low, high = action.get("minCapacity"), action.get("maxCapacity")
        if low is None and high is None:
            yield CheckFailure("scalableTargetAction", "needs minCapacity, maxCapacity or both")
        for failure in _check_target({"minCapacity": low, "maxCapacity": high}):
            yield CheckFailure(f"scalableTargetAction.{failure.property}", failure.reason)


_PUT_ACTION = Call(operation="PutScheduledAction", names={"name": "ScheduledActionName"})

SCHEDULED_ACTION = ResourceType(
    type="aws:appautoscaling/scheduledAction:ScheduledAction",
    service=_SERVICE,
    tier="native",
    create=_PUT_ACTION,
    id=_action_id,
    read=_read_action,
    delete=Call(
        operation="DeleteScheduledAction",
        sends=(),
        adds=lambda s: {**_action_key(s), "ScheduledActionName": (s.inputs or s.outputs)["name"]},
    ),
    steps=(
        Step(
            on=("endTime", "scalableTargetAction", "schedule", "startTime", "timezone"),
            do=_PUT_ACTION,
            at_create=False,
        ),
    ),
    outputs={"arn": "ScheduledActionARN"},
    echoes={
        "name": "ScheduledActionName",
        "serviceNamespace": "ServiceNamespace",
        "resourceId": "ResourceId",
        "scalableDimension": "ScalableDimension",
        "schedule": "Schedule",
        "timezone": "Timezone",
    },
    known_id=_action_id,
    auto_name=AutoName(limit=256, prefix_property=None),
    place=("serviceNamespace", "resourceId", "scalableDimension", "name"),
    defaults={"timezone": "UTC"},
    checks=_check_action,
)

TYPES = (TARGET, POLICY, SCHEDULED_ACTION)
