"""EKS: clusters, node groups and Fargate profiles."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from sandbox.aws.rows import echoed, given, identified, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject, Tags
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import UNKNOWN, PropertyMap, PropertyValue

_CLUSTER: Final = "aws:eks/cluster:Cluster"
_LOG_TYPES: Final = ("api", "audit", "authenticator", "controllerManager", "scheduler")


def tags_of(arn: str, output: str = "arn") -> Tags:
    """How EKS's resources are tagged: by the ARN that the read's answer holds under `arn`."""
    return Tags(
        style="map",
        at_create="tags",
        set="TagResource",
        unset="UntagResource",
        target=lambda s: {"resourceArn": s.at(arn) or s.outputs[output]},
        member="tags",
        keys="tagKeys",
        listed="tags",
    )


def in_cluster(subject: Subject, member: str) -> Params:
    """The parameters of what is named within its cluster: ids are `cluster:name`."""
    cluster, _, name = subject.id.partition(":")
    return {"clusterName": cluster, member: name}


def keyed(member: str) -> Callable[[Subject], Params]:
    return lambda subject: in_cluster(subject, member)


def cluster_and(name: str) -> Callable[[Subject], str]:
    """The id of what is named within its cluster."""
    return lambda subject: f"{subject.inputs['clusterName']}:{subject.inputs[name]}"


_NAMES = {
    "vpcConfig": "resourcesVpcConfig",
    "vpcConfig.clusterSecurityGroupId": "",
    "vpcConfig.vpcId": "",
    "kubernetesNetworkConfig.serviceIpv6Cidr": "",
    "enabledClusterLogTypes": "",
    "defaultAddonsToRemoves": "",
    "forceUpdateVersion": "",
}


def _logging(subject: Subject) -> Params:
    wanted = list(subject.inputs.get("enabledClusterLogTypes") or ())
    groups = [
        {"types": [kind for kind in _LOG_TYPES if (kind in wanted) is enabled], "enabled": enabled}
        for enabled in (True, False)
    ]
    return {"logging": {"clusterLogging": [group for group in groups if group["types"]]}}


def _logged(subject: Subject) -> PropertyValue:
    groups = subject.at("logging.clusterLogging") or ()
    return [kind for group in groups if group["enabled"] for kind in group["types"]] or None


def _configured(*names: str) -> Step:
    """EKS takes one kind of change at a time."""
    call = Call(
        operation="UpdateClusterConfig",
        sends=names,
        names={key: value for key, value in _NAMES.items() if key.split(".")[0] in names},
        adds=identified("name"),
    )
    return Step(on=names, do=call, at_create=False)


def _access(subject: Subject) -> Params:
    mode = (subject.inputs.get("accessConfig") or {}).get("authenticationMode")
    return {"name": subject.id, **({"accessConfig": {"authenticationMode": mode}} if mode else {})}


def _automatic(subject: Subject) -> Params:
    """The three that EKS Auto Mode is made of go in one request."""
    network = (subject.inputs.get("kubernetesNetworkConfig") or {}).get("elasticLoadBalancing")
    return {
        "name": subject.id,
        **({"kubernetesNetworkConfig": {"elasticLoadBalancing": network}} if network else {}),
    }


def _check_cluster(inputs: PropertyMap) -> Iterable[CheckFailure]:
    if inputs.get("outpostConfig") is not None:
        for name in ("encryptionConfig", "kubernetesNetworkConfig", "remoteNetworkConfig"):
            if inputs.get(name) is not None:
                yield CheckFailure(name, "cannot stand beside outpostConfig")
    kinds = inputs.get("enabledClusterLogTypes")
    for index, kind in enumerate(kinds if isinstance(kinds, list) else ()):
        if isinstance(kind, str) and kind not in _LOG_TYPES:
            path = f"enabledClusterLogTypes[{index}]"
            yield CheckFailure(path, f"{kind!r} is not one of {', '.join(_LOG_TYPES)}")
    encryption = inputs.get("encryptionConfig")
    if isinstance(encryption, dict) and encryption.get("resources") not in (None, UNKNOWN, ["secrets"]):
        yield CheckFailure("encryptionConfig.resources", "must be exactly ['secrets']")
    network = inputs.get("vpcConfig")
    if isinstance(network, dict):
        if network.get("endpointPublicAccess") is False and not network.get("endpointPrivateAccess"):
            yield CheckFailure("vpcConfig.endpointPrivateAccess", "either endpoint must be reachable")
        for name in ("clusterSecurityGroupId", "vpcId"):
            if network.get(name) is not None:
                yield CheckFailure(f"vpcConfig.{name}", "is told by EKS and cannot be given")
    yield from _check_automatic(inputs)


def _check_automatic(inputs: PropertyMap) -> Iterable[CheckFailure]:
    """The three capabilities of Auto Mode are switched together (EKS User Guide, "Enable EKS Auto Mode")."""

    def switch(*path: str) -> PropertyValue:
        value: PropertyValue = inputs
        for name in path:
            value = value.get(name) if isinstance(value, dict) else value
        return value if value is UNKNOWN else bool(value) if isinstance(value, bool) else False

    switches = {
        "computeConfig.enabled": switch("computeConfig", "enabled"),
        "kubernetesNetworkConfig.elasticLoadBalancing.enabled": switch(
            "kubernetesNetworkConfig", "elasticLoadBalancing", "enabled"
        ),
        "storageConfig.blockStorage.enabled": switch("storageConfig", "blockStorage", "enabled"),
    }
    if UNKNOWN not in switches.values() and len(set(switches.values())) > 1:
        yield CheckFailure("computeConfig", f"{', '.join(switches)} must all be true or all be false")


def _replaced(old: PropertyMap, new: PropertyMap) -> Iterable[str]:
    def at(inputs: PropertyMap, *path: str) -> PropertyValue:
        value: PropertyValue = inputs
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        return value

    if old.get("encryptionConfig") and not new.get("encryptionConfig"):
        yield "encryptionConfig"
    bootstrap = ("accessConfig", "bootstrapClusterCreatorAdminPermissions")
    if at(old, *bootstrap) not in (at(new, *bootstrap), None):
        yield "accessConfig"
    for name in ("ipFamily", "serviceIpv4Cidr"):
        before = at(old, "kubernetesNetworkConfig", name)
        after = at(new, "kubernetesNetworkConfig", name)
        if after is not None and before != after:
            yield "kubernetesNetworkConfig"
    role = at(old, "computeConfig", "nodeRoleArn")
    if role and new.get("computeConfig") and role != at(new, "computeConfig", "nodeRoleArn"):
        yield "computeConfig"


CLUSTER = ResourceType(
    type=_CLUSTER,
    service="eks",
    tier="recorded",
    create=Call(operation="CreateCluster", names=_NAMES, adds=_logging),
    id=given("name"),
    read=reading("eks", "DescribeCluster", identified("name"), "cluster"),
    delete=Call(operation="DeleteCluster", sends=(), adds=identified("name")),
    steps=(
        Step(
            on=("version",),
            do=Call(
                operation="UpdateClusterVersion",
                sends=("version", "forceUpdateVersion"),
                names={"forceUpdateVersion": "force"},
                adds=identified("name"),
            ),
            at_create=False,
        ),
        Step(
            on=("accessConfig",),
            do=Call(operation="UpdateClusterConfig", sends=(), adds=_access),
            at_create=False,
        ),
        Step(
            on=("computeConfig", "storageConfig", "kubernetesNetworkConfig"),
            do=Call(
                operation="UpdateClusterConfig", sends=("computeConfig", "storageConfig"), adds=_automatic
            ),
            at_create=False,
        ),
        Step(
            on=("encryptionConfig",),
            do=Call(
                operation="AssociateEncryptionConfig",
                sends=("encryptionConfig",),
                adds=identified("clusterName"),
            ),
            at_create=False,
        ),
        Step(
            on=("enabledClusterLogTypes",),
            do=Call(
                operation="UpdateClusterConfig",
                sends=(),
                adds=lambda s: {"name": s.id, **_logging(s)},
            ),
            at_create=False,
        ),
        *(
            _configured(name)
            for name in (
                "vpcConfig",
                "upgradePolicy",
                "zonalShiftConfig",
                "deletionProtection",
                "controlPlaneScalingConfig",
                "kubeApiServerConfig",
                "kubeControllerManagerConfig",
                "kubeSchedulerConfig",
                "remoteNetworkConfig",
            )
        ),
    ),
    local=("forceUpdateVersion",),
    outputs={
        "arn": "arn",
        "accessConfig": echoed(_CLUSTER, "accessConfig", "accessConfig"),
        "certificateAuthority": lambda s: {"data": s.at("certificateAuthority.data")},
        "createdAt": lambda s: s.at("createdAt").isoformat(),
        "endpoint": "endpoint",
        "identities": lambda s: [{"oidcs": [{"issuer": s.at("identity.oidc.issuer")}]}],
        "kubernetesNetworkConfig": echoed(_CLUSTER, "kubernetesNetworkConfig", "kubernetesNetworkConfig"),
        "platformVersion": "platformVersion",
        "status": "status",
        "upgradePolicy": echoed(_CLUSTER, "upgradePolicy", "upgradePolicy"),
        "version": "version",
        "vpcConfig": echoed(_CLUSTER, "vpcConfig", "resourcesVpcConfig"),
    },
    echoes={
        "name": "name",
        "roleArn": "roleArn",
        "version": "version",
        "deletionProtection": "deletionProtection",
        "enabledClusterLogTypes": _logged,
        "accessConfig": echoed(_CLUSTER, "accessConfig", "accessConfig"),
        "vpcConfig": echoed(_CLUSTER, "vpcConfig", "resourcesVpcConfig"),
        "encryptionConfig": echoed(_CLUSTER, "encryptionConfig", "encryptionConfig"),
    },
    known_id=given("name"),
    exclusive=True,
    auto_name=AutoName(limit=100, prefix_property=None),
    place=("name",),
    tags=tags_of("arn"),
    unordered=(
        "enabledClusterLogTypes",
        "vpcConfig.subnetIds",
        "vpcConfig.securityGroupIds",
        "vpcConfig.publicAccessCidrs",
        "computeConfig.nodePools",
    ),
    completed=("accessConfig", "kubernetesNetworkConfig", "upgradePolicy", "vpcConfig"),
    checks=_check_cluster,
    replaced_by=_replaced,
)

FARGATE_PROFILE = ResourceType(
    type="aws:eks/fargateProfile:FargateProfile",
    service="eks",
    tier="recorded",
    create=Call(operation="CreateFargateProfile", names={"subnetIds": "subnets"}),
    id=cluster_and("fargateProfileName"),
    read=reading("eks", "DescribeFargateProfile", keyed("fargateProfileName"), "fargateProfile"),
    delete=Call(operation="DeleteFargateProfile", sends=(), adds=keyed("fargateProfileName")),
    outputs={"arn": "fargateProfileArn", "status": "status"},
    echoes={
        "clusterName": "clusterName",
        "fargateProfileName": "fargateProfileName",
        "podExecutionRoleArn": "podExecutionRoleArn",
        "subnetIds": "subnets",
        "selectors": echoed("aws:eks/fargateProfile:FargateProfile", "selectors", "selectors"),
    },
    known_id=cluster_and("fargateProfileName"),
    exclusive=True,
    auto_name=AutoName(property="fargateProfileName", limit=63, prefix_property=None),
    place=("clusterName", "fargateProfileName"),
    tags=tags_of("fargateProfileArn"),
    unordered=("subnetIds", "selectors"),
)

TYPES = (CLUSTER, FARGATE_PROFILE)
