"""EC2 Auto Scaling: how groups scale, and which target groups they fill."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.aws.rows import given, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_KINDS = {
    "SimpleScaling": "scalingAdjustment",
    "StepScaling": "stepAdjustments",
    "TargetTrackingScaling": "targetTrackingConfiguration",
    "PredictiveScaling": "predictiveScalingConfiguration",
}


def _key(subject: Subject) -> Params:
    group = subject.inputs.get("autoscalingGroupName") or subject.outputs.get("autoscalingGroupName")
    return {"PolicyName": subject.id, **({"AutoScalingGroupName": group} if group else {})}


def _read(subject: Subject) -> Params | None:
    key = _key(subject)
    params = {"PolicyNames": [key["PolicyName"]]}
    if "AutoScalingGroupName" in key:
        params["AutoScalingGroupName"] = key["AutoScalingGroupName"]
    return reading("autoscaling", "DescribePolicies", lambda _: params, "ScalingPolicies.0")(subject)


def _check(inputs: PropertyMap) -> Iterable[CheckFailure]:
    kind = inputs.get("policyType", "SimpleScaling")
    needed = _KINDS.get(kind) if isinstance(kind, str) else None
    if isinstance(kind, str) and needed is None:
        yield CheckFailure("policyType", f"{kind!r} is not one of {', '.join(_KINDS)}")
    if needed is not None and inputs.get(needed) is None:
        yield CheckFailure(needed, f"is required for the type {kind} and was not given")
    if kind in ("SimpleScaling", "StepScaling") and inputs.get("adjustmentType") is None:
        yield CheckFailure("adjustmentType", f"is required for the type {kind} and was not given")
    if kind != "SimpleScaling" and isinstance(kind, str) and inputs.get("cooldown") is not None:
        yield CheckFailure("cooldown", f"cannot be given for the type {kind}")


_METRIC = "targetTrackingConfiguration.customizedMetricSpecification"
_PUT = Call(
    operation="PutScalingPolicy",
    names={"name": "PolicyName", f"{_METRIC}.metricDimensions": "Dimensions"},
)
_CHANGED = (
    "adjustmentType",
    "cooldown",
    "enabled",
    "estimatedInstanceWarmup",
    "metricAggregationType",
    "minAdjustmentMagnitude",
    "policyType",
    "scalingAdjustment",
    "stepAdjustments",
    "targetTrackingConfiguration",
)

POLICY = ResourceType(
    type="aws:autoscaling/policy:Policy",
    service="autoscaling",
    tier="overlay",
    create=_PUT,
    id=given("name"),
    read=_read,
    delete=Call(operation="DeletePolicy", sends=(), adds=_key),
    steps=(Step(on=_CHANGED, do=_PUT, at_create=False),),
    outputs={"arn": "PolicyARN", "policyType": lambda s: s.inputs.get("policyType") or "SimpleScaling"},
    echoes={"name": "PolicyName", "autoscalingGroupName": "AutoScalingGroupName"},
    known_id=given("name"),
    auto_name=AutoName(prefix_property=None),
    place=("autoscalingGroupName", "name"),
    unordered=("stepAdjustments",),
    unsupported=("predictiveScalingConfiguration",),
    checks=_check,
)


def _attachment_id(subject: Subject) -> str:
    return f"{subject.inputs['autoscalingGroupName']},{subject.inputs['lbTargetGroupArn']}"


def _attachment(subject: Subject) -> Params:
    group, _, target = subject.id.partition(",")
    return {"AutoScalingGroupName": group, "TargetGroupARNs": [target]}


def _read_attachment(subject: Subject) -> Params | None:
    group, _, target = subject.id.partition(",")
    params = {"AutoScalingGroupNames": [group]}
    found = reading("autoscaling", "DescribeAutoScalingGroups", lambda _: params, "AutoScalingGroups.0")(
        subject
    )
    held = (found or {}).get("TargetGroupARNs") or ()
    return {"group": group, "target": target} if target in held else None


ATTACHMENT = ResourceType(
    type="aws:autoscaling/attachment:Attachment",
    service="autoscaling",
    tier="native",
    create=Call(
        operation="AttachLoadBalancerTargetGroups",
        sends=("autoscalingGroupName",),
        adds=lambda s: {"TargetGroupARNs": [s.inputs["lbTargetGroupArn"]]},
    ),
    id=_attachment_id,
    read=_read_attachment,
    delete=Call(operation="DetachLoadBalancerTargetGroups", sends=(), adds=_attachment),
    echoes={"autoscalingGroupName": "group", "lbTargetGroupArn": "target"},
    known_id=_attachment_id,
    place=("autoscalingGroupName", "lbTargetGroupArn"),
    unsupported=("elb",),
    checks=lambda inputs: (
        [CheckFailure("lbTargetGroupArn", "is required and was not given")]
        if inputs.get("lbTargetGroupArn") is None
        else []
    ),
)

TYPES = (POLICY, ATTACHMENT)
