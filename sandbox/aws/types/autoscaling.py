"""EC2 Auto Scaling: groups, policies, schedules, attachments."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.aws.rows import given, kept, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_NAMES = {
    "launchConfiguration": "LaunchConfigurationName",
    "launchTemplate.id": "LaunchTemplateId",
    "launchTemplate.name": "LaunchTemplateName",
    "loadBalancers": "LoadBalancerNames",
    "mixedInstancesPolicy.launchTemplate.overrides.instanceRequirements": "InstanceRequirements",
    "name": "AutoScalingGroupName",
    "protectFromScaleIn": "NewInstancesProtectedFromScaleIn",
    "vpcZoneIdentifiers": "",
}
_WAITING = (
    "forceDelete",
    "forceDeleteWarmPool",
    "ignoreFailedScalingActivities",
    "minElbCapacity",
    "waitForCapacityTimeout",
    "waitForElbCapacity",
    "instanceRefresh",
)
_UNSUPPORTED = ("warmPool", "initialLifecycleHooks")
_GROUP = ("name",)


def _zones(subject: Subject) -> Params:
    subnets = subject.inputs.get("vpcZoneIdentifiers")
    return {"VPCZoneIdentifier": ",".join(sorted(subnets))} if subnets else {}


def _tags(subject: Subject) -> list[Params]:
    return [
        {
            "ResourceId": subject.inputs["name"],
            "ResourceType": "auto-scaling-group",
            "Key": tag["key"],
            "Value": tag["value"],
            "PropagateAtLaunch": bool(tag["propagateAtLaunch"]),
        }
        for tag in subject.inputs.get("tags") or ()
    ]


def _create(subject: Subject) -> Params:
    tags = _tags(subject)
    return {**_zones(subject), **({"Tags": tags} if tags else {})}


def _retag(subject: Subject) -> None:
    wanted = _tags(subject)
    keys = {tag["Key"] for tag in wanted}
    gone = [
        {"ResourceId": subject.id, "ResourceType": "auto-scaling-group", "Key": tag["key"]}
        for tag in subject.before.get("tags") or ()
        if tag["key"] not in keys
    ]
    if gone:
        subject.cloud.call("autoscaling", "DeleteTags", {"Tags": gone})
    if wanted:
        subject.cloud.call("autoscaling", "CreateOrUpdateTags", {"Tags": wanted})


def _membership(name: str, attach: str, detach: str, member: str) -> Step:
    def change(subject: Subject) -> None:
        wanted, held = set(subject.inputs.get(name) or ()), set(subject.before.get(name) or ())
        group = {"AutoScalingGroupName": subject.id}
        if held - wanted:
            subject.cloud.call("autoscaling", detach, {**group, member: sorted(held - wanted)})
        if wanted - held:
            subject.cloud.call("autoscaling", attach, {**group, member: sorted(wanted - held)})

    return Step(on=(name,), do=change, at_create=False)


def _suspend(subject: Subject) -> None:
    wanted = set(subject.inputs.get("suspendedProcesses") or ())
    held = set(subject.before.get("suspendedProcesses") or ())
    group = {"AutoScalingGroupName": subject.id}
    if held - wanted:
        params = {**group, "ScalingProcesses": sorted(held - wanted)}
        subject.cloud.call("autoscaling", "ResumeProcesses", params)
    if wanted - held:
        params = {**group, "ScalingProcesses": sorted(wanted - held)}
        subject.cloud.call("autoscaling", "SuspendProcesses", params)


def _measure(subject: Subject) -> None:
    wanted = subject.inputs.get("enabledMetrics")
    if wanted:
        params = {
            "AutoScalingGroupName": subject.id,
            "Granularity": subject.inputs.get("metricsGranularity") or "1Minute",
            "Metrics": list(wanted),
        }
        subject.cloud.call("autoscaling", "EnableMetricsCollection", params)


def _delete(subject: Subject) -> None:
    """AWS refuses a group with instances; the real provider scales it to none first."""
    group = {"AutoScalingGroupName": subject.id}
    subject.cloud.call(
        "autoscaling", "UpdateAutoScalingGroup", {**group, "MinSize": 0, "MaxSize": 0, "DesiredCapacity": 0}
    )
    subject.cloud.call("autoscaling", "DeleteAutoScalingGroup", {**group, "ForceDelete": True})


def _check_group(inputs: PropertyMap) -> Iterable[CheckFailure]:
    sources = [
        name
        for name in ("launchConfiguration", "launchTemplate", "mixedInstancesPolicy")
        if inputs.get(name) is not None
    ]
    if len(sources) != 1:
        yield CheckFailure(
            sources[1] if sources else "launchTemplate",
            "exactly one of launchConfiguration, launchTemplate and mixedInstancesPolicy is needed",
        )
    low, high, wanted = (inputs.get(name) for name in ("minSize", "maxSize", "desiredCapacity"))
    if isinstance(low, (int, float)) and isinstance(high, (int, float)):
        if low > high:
            yield CheckFailure("minSize", f"{low:g} is more than maxSize, {high:g}")
        elif isinstance(wanted, (int, float)) and not low <= wanted <= high:
            yield CheckFailure("desiredCapacity", f"{wanted:g} is not between minSize and maxSize")
    if inputs.get("availabilityZones") and inputs.get("vpcZoneIdentifiers"):
        yield CheckFailure("availabilityZones", "cannot be given beside vpcZoneIdentifiers")
    template = inputs.get("launchTemplate")
    if isinstance(template, dict) and (template.get("id") is None) == (template.get("name") is None):
        yield CheckFailure("launchTemplate", "exactly one of id and name is needed")


_CHANGED = (
    "availabilityZoneDistribution",
    "availabilityZones",
    "capacityRebalance",
    "capacityReservationSpecification",
    "context",
    "defaultCooldown",
    "defaultInstanceWarmup",
    "desiredCapacity",
    "desiredCapacityType",
    "healthCheckGracePeriod",
    "healthCheckType",
    "instanceLifecyclePolicy",
    "instanceMaintenancePolicy",
    "launchConfiguration",
    "launchTemplate",
    "maxInstanceLifetime",
    "maxSize",
    "minSize",
    "mixedInstancesPolicy",
    "placementGroup",
    "protectFromScaleIn",
    "serviceLinkedRoleArn",
    "terminationPolicies",
    "vpcZoneIdentifiers",
)
_read_group = reading(
    "autoscaling",
    "DescribeAutoScalingGroups",
    lambda s: {"AutoScalingGroupNames": [s.id]},
    "AutoScalingGroups.0",
)


GROUP = ResourceType(
    type="aws:autoscaling/group:Group",
    service="autoscaling",
    tier="native",
    create=Call(operation="CreateAutoScalingGroup", names=_NAMES, omits=_UNSUPPORTED, adds=_create),
    id=given("name"),
    read=_read_group,
    delete=_delete,
    steps=(
        Step(
            on=_CHANGED,
            do=Call(
                operation="UpdateAutoScalingGroup",
                sends=("name", *_CHANGED),
                names=_NAMES,
                adds=_zones,
            ),
            at_create=False,
        ),
        Step(on=("tags",), do=_retag, at_create=False),
        _membership(
            "targetGroupArns",
            "AttachLoadBalancerTargetGroups",
            "DetachLoadBalancerTargetGroups",
            "TargetGroupARNs",
        ),
        _membership("loadBalancers", "AttachLoadBalancers", "DetachLoadBalancers", "LoadBalancerNames"),
        Step(on=("suspendedProcesses",), do=_suspend),
        Step(on=("enabledMetrics", "metricsGranularity"), do=_measure),
    ),
    local=(*_WAITING, "trafficSources"),
    outputs={
        "arn": "AutoScalingGroupARN",
        "availabilityZones": kept("availabilityZones", lambda s: sorted(s.at("AvailabilityZones") or ())),
        "defaultCooldown": "DefaultCooldown",
        "desiredCapacity": "DesiredCapacity",
        "healthCheckGracePeriod": lambda s: int(s.inputs.get("healthCheckGracePeriod", 300)),
        "healthCheckType": "HealthCheckType",
        "loadBalancers": kept("loadBalancers", lambda s: sorted(s.at("LoadBalancerNames") or ())),
        "predictedCapacity": lambda _: 0,
        "targetGroupArns": kept("targetGroupArns", lambda s: sorted(s.at("TargetGroupARNs") or ())),
        "vpcZoneIdentifiers": kept(
            "vpcZoneIdentifiers", lambda s: sorted(filter(None, (s.at("VPCZoneIdentifier") or "").split(",")))
        ),
        "warmPoolSize": lambda _: 0,
    },
    echoes={
        "name": "AutoScalingGroupName",
        "minSize": "MinSize",
        "maxSize": "MaxSize",
        "desiredCapacity": "DesiredCapacity",
        "launchConfiguration": "LaunchConfigurationName",
    },
    known_id=given("name"),
    exclusive=True,
    auto_name=AutoName(),
    volatile=(
        "availabilityZones",
        "desiredCapacity",
        "targetGroupArns",
        "vpcZoneIdentifiers",
    ),
    unordered=("vpcZoneIdentifiers", "availabilityZones", "targetGroupArns", "tags", "loadBalancers"),
    unsupported=_UNSUPPORTED,
    checks=_check_group,
)

TYPES = (GROUP,)
