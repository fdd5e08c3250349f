"""EKS: managed node groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from sandbox.aws.rows import echoed, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject
from sandbox.aws.types.eks import cluster_and, keyed, tags_of
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap, PropertyValue

_NODES: Final = "aws:eks/nodeGroup:NodeGroup"
_NAMES = {
    "nodeRoleArn": "nodeRole",
    "subnetIds": "subnets",
    "remoteAccess.sourceSecurityGroupIds": "sourceSecurityGroups",
    "forceUpdateVersion": "",
    "nodeGroupNamePrefix": "",
}
_KEY = keyed("nodegroupName")
_VERSIONED = ("version", "releaseVersion", "launchTemplate")
_CONFIGURED = ("scalingConfig", "updateConfig", "nodeRepairConfig", "warmPoolConfig")


def _taints(subject: Subject, inputs: PropertyMap) -> list[Params]:
    return [
        {name: taint[name] for name in ("key", "value", "effect") if taint.get(name) is not None}
        for taint in inputs.get("taints") or ()
    ]


def _changes(subject: Subject) -> Params:
    """Labels and taints are not sent whole: what is new, and what is gone."""
    old: Mapping[str, str] = subject.before.get("labels") or {}
    new: Mapping[str, str] = subject.inputs.get("labels") or {}
    fresh = {key: value for key, value in new.items() if old.get(key) != value}
    gone = [key for key in old if key not in new]
    params = dict(_KEY(subject))
    labels = {
        **({"addOrUpdateLabels": fresh} if fresh else {}),
        **({"removeLabels": gone} if gone else {}),
    }
    held, wanted = _taints(subject, subject.before), _taints(subject, subject.inputs)
    added = [taint for taint in wanted if taint not in held]
    kept = {(taint["key"], taint["effect"]) for taint in wanted}
    left = [taint for taint in held if (taint["key"], taint["effect"]) not in kept]
    taints = {
        **({"addOrUpdateTaints": added} if added else {}),
        **({"removeTaints": left} if left else {}),
    }
    return {**params, **({"labels": labels} if labels else {}), **({"taints": taints} if taints else {})}


def _check(inputs: PropertyMap) -> Iterable[CheckFailure]:
    sizes = inputs.get("scalingConfig")
    if isinstance(sizes, dict):
        low, want, high = (sizes.get(name) for name in ("minSize", "desiredSize", "maxSize"))
        if isinstance(low, (int, float)) and isinstance(high, (int, float)) and low > high:
            yield CheckFailure("scalingConfig.minSize", f"{low:g} is more than maxSize, {high:g}")
        elif isinstance(want, (int, float)) and (
            (isinstance(low, (int, float)) and want < low) or (isinstance(high, (int, float)) and want > high)
        ):
            yield CheckFailure("scalingConfig.desiredSize", f"{want:g} is not between minSize and maxSize")
    template = inputs.get("launchTemplate")
    if isinstance(template, dict):
        if (template.get("id") is None) == (template.get("name") is None):
            yield CheckFailure("launchTemplate", "exactly one of id and name is needed")
        for name in ("diskSize", "remoteAccess"):
            if inputs.get(name) is not None:
                yield CheckFailure(name, "belongs in the launch template where there is one")
    update = inputs.get("updateConfig")
    if isinstance(update, dict):
        held = [name for name in ("maxUnavailable", "maxUnavailablePercentage") if update.get(name)]
        if len(held) == 2:
            yield CheckFailure("updateConfig", f"exactly one of {' and '.join(held)} may be given")


def _replaced(old: PropertyMap, new: PropertyMap) -> Iterable[str]:
    before, after = old.get("launchTemplate") or {}, new.get("launchTemplate") or {}
    if bool(before) != bool(after) or any(before.get(name) != after.get(name) for name in ("id", "name")):
        yield "launchTemplate"


def _resources(subject: Subject) -> PropertyValue:
    groups = subject.at("resources.autoScalingGroups") or ()
    return [
        {
            "autoscalingGroups": [{"name": group["name"]} for group in groups],
            "remoteAccessSecurityGroupId": subject.at("resources.remoteAccessSecurityGroup") or "",
        }
    ]


NODE_GROUP = ResourceType(
    type=_NODES,
    service="eks",
    tier="recorded",
    create=Call(operation="CreateNodegroup", names=_NAMES),
    id=cluster_and("nodeGroupName"),
    read=reading("eks", "DescribeNodegroup", _KEY, "nodegroup"),
    delete=Call(operation="DeleteNodegroup", sends=(), adds=_KEY),
    steps=(
        Step(
            on=_VERSIONED,
            do=Call(
                operation="UpdateNodegroupVersion",
                sends=(*_VERSIONED, "forceUpdateVersion"),
                names={"forceUpdateVersion": "force"},
                adds=_KEY,
            ),
            at_create=False,
        ),
        Step(
            on=("labels", "taints", *_CONFIGURED),
            do=Call(operation="UpdateNodegroupConfig", sends=_CONFIGURED, adds=_changes),
            at_create=False,
        ),
    ),
    local=("forceUpdateVersion",),
    outputs={
        "amiType": "amiType",
        "arn": "nodegroupArn",
        "capacityType": "capacityType",
        "diskSize": "diskSize",
        "instanceTypes": "instanceTypes",
        "nodeGroupName": "nodegroupName",
        "releaseVersion": "releaseVersion",
        "resources": _resources,
        "status": "status",
        "updateConfig": echoed(_NODES, "updateConfig", "updateConfig"),
        "version": "version",
    },
    echoes={
        "clusterName": "clusterName",
        "nodeGroupName": "nodegroupName",
        "nodeRoleArn": "nodeRole",
        "subnetIds": "subnets",
        "scalingConfig": echoed(_NODES, "scalingConfig", "scalingConfig"),
        "updateConfig": echoed(_NODES, "updateConfig", "updateConfig"),
        "labels": "labels",
        "taints": echoed(_NODES, "taints", "taints"),
        "instanceTypes": "instanceTypes",
        "version": "version",
    },
    known_id=cluster_and("nodeGroupName"),
    exclusive=True,
    auto_name=AutoName(property="nodeGroupName", prefix_property="nodeGroupNamePrefix", limit=63),
    place=("clusterName", "nodeGroupName"),
    tags=tags_of("nodegroupArn"),
    unordered=("subnetIds", "taints"),
    volatile=("releaseVersion", "version"),
    checks=_check,
    replaced_by=_replaced,
)

TYPES = (NODE_GROUP,)
