"""ECS: services."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.aws.rows import answered, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject
from sandbox.aws.types.ecs import ecs_tags
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_CIRCUIT = (
    "alarms",
    "deploymentCircuitBreaker",
    "deploymentMaximumPercent",
    "deploymentMinimumHealthyPercent",
)
_NAMES = {
    "alarms": "deploymentConfiguration.alarms",
    "deploymentCircuitBreaker": "deploymentConfiguration.deploymentCircuitBreaker",
    "deploymentMaximumPercent": "deploymentConfiguration.maximumPercent",
    "deploymentMinimumHealthyPercent": "deploymentConfiguration.minimumHealthyPercent",
    "iamRole": "role",
    "loadBalancers.elbName": "loadBalancerName",
    "networkConfiguration": "",
    "orderedPlacementStrategies": "placementStrategy",
    "serviceConnectConfiguration.services.tls.issuerCertAuthority": "issuerCertificateAuthority",
    "volumeConfiguration.managedEbsVolume.sizeInGb": "sizeInGiB",
}


def _network(subject: Subject) -> Params:
    network = subject.inputs.get("networkConfiguration")
    if not network:
        return {}
    groups = list(network.get("securityGroups") or ())  # The emulator looks for them even where none are.
    public = "ENABLED" if network.get("assignPublicIp") else "DISABLED"
    place = {"subnets": list(network["subnets"]), "assignPublicIp": public, "securityGroups": groups}
    return {"networkConfiguration": {"awsvpcConfiguration": place}}


def _where(subject: Subject) -> Params:
    parts = subject.id.split(":service/", 1)[-1].split("/")
    return {"cluster": parts[0] if len(parts) > 1 else "default", "service": parts[-1]}


_describe = reading(
    "ecs",
    "DescribeServices",
    lambda s: {"cluster": _where(s)["cluster"], "services": [_where(s)["service"]], "include": ["TAGS"]},
    "services.0",
)


def _read(subject: Subject) -> Params | None:
    found = _describe(subject)
    return None if found is None or found.get("status") in ("INACTIVE", "DRAINING") else found


def _cluster(inputs: PropertyMap) -> str:
    return str(inputs.get("cluster") or "default").rsplit("/", 1)[-1]


def _arn(subject: Subject) -> str:
    return subject.cloud.arn("ecs", f"service/{_cluster(subject.inputs)}/{subject.inputs['name']}")


def _delete(subject: Subject) -> None:
    """Scales to none first, as ECS demands of a service that still has tasks."""
    if subject.inputs.get("schedulingStrategy") != "DAEMON":
        subject.cloud.call("ecs", "UpdateService", {**_where(subject), "desiredCount": 0})
    subject.cloud.call("ecs", "DeleteService", {**_where(subject), "force": True})


def _check(inputs: PropertyMap) -> Iterable[CheckFailure]:
    controller = (
        (inputs.get("deploymentController") or {}).get("type")
        if isinstance(inputs.get("deploymentController") or {}, dict)
        else None
    )
    if inputs.get("taskDefinition") is None and controller != "EXTERNAL":
        yield CheckFailure("taskDefinition", "is required and was not given")
    if inputs.get("launchType") is not None and inputs.get("capacityProviderStrategies"):
        yield CheckFailure("capacityProviderStrategies", "cannot be given beside launchType")
    if inputs.get("launchType") == "FARGATE" and inputs.get("networkConfiguration") is None:
        yield CheckFailure("networkConfiguration", "is required for FARGATE and was not given")
    if inputs.get("schedulingStrategy") == "DAEMON" and inputs.get("desiredCount"):
        yield CheckFailure("desiredCount", "cannot be given for the strategy DAEMON")
    balancers = inputs.get("loadBalancers")
    for index, balancer in enumerate(balancers if isinstance(balancers, list) else ()):
        named = [
            name
            for name in ("targetGroupArn", "elbName")
            if isinstance(balancer, dict) and balancer.get(name)
        ]
        if isinstance(balancer, dict) and len(named) != 1:
            yield CheckFailure(
                f"loadBalancers[{index}]", "exactly one of targetGroupArn and elbName is needed"
            )


_CHANGED = (
    *_CIRCUIT,
    "availabilityZoneRebalancing",
    "capacityProviderStrategies",
    "deploymentConfiguration",
    "desiredCount",
    "enableEcsManagedTags",
    "enableExecuteCommand",
    "forceNewDeployment",
    "healthCheckGracePeriodSeconds",
    "loadBalancers",
    "networkConfiguration",
    "orderedPlacementStrategies",
    "placementConstraints",
    "platformVersion",
    "propagateTags",
    "serviceConnectConfiguration",
    "serviceRegistries",
    "taskDefinition",
    "triggers",
    "volumeConfiguration",
    "vpcLatticeConfigurations",
)

SERVICE = ResourceType(
    type="aws:ecs/service:Service",
    service="ecs",
    tier="native",
    create=Call(
        operation="CreateService",
        names={**_NAMES, "name": "serviceName"},
        omits=("forceNewDeployment", "triggers"),
        adds=_network,
    ),
    id=answered("service.serviceArn"),
    read=_read,
    delete=_delete,
    steps=(
        Step(
            on=_CHANGED,
            do=Call(
                operation="UpdateService",
                sends=tuple(name for name in _CHANGED if name != "triggers"),
                names=_NAMES,
                adds=lambda s: {**_network(s), **_where(s)},
            ),
            at_create=False,
        ),
    ),
    local=("forceDelete", "sigintRollback", "waitForSteadyState"),
    outputs={
        "arn": lambda s: s.id,
        "cluster": lambda s: s.inputs.get("cluster") or s.at("clusterArn"),
        "desiredCount": lambda s: int(s.inputs.get("desiredCount") or 0),
        "deploymentMaximumPercent": lambda s: int(s.inputs.get("deploymentMaximumPercent", 200)),
        "deploymentMinimumHealthyPercent": lambda s: int(
            s.inputs.get("deploymentMinimumHealthyPercent", 100)
        ),
        "iamRole": lambda s: (
            s.inputs.get("iamRole") or "/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"
        ),
        "launchType": lambda s: s.inputs.get("launchType") or s.at("launchType") or "EC2",
        "platformVersion": lambda s: s.inputs.get("platformVersion") or s.at("platformVersion") or "",
        "schedulingStrategy": lambda s: s.inputs.get("schedulingStrategy") or "REPLICA",
    },
    echoes={"name": "serviceName", "taskDefinition": "taskDefinition", "desiredCount": "desiredCount"},
    known_id=_arn,
    exclusive=True,
    auto_name=AutoName(prefix_property=None),
    place=("cluster", "name"),
    unordered=(
        "capacityProviderStrategies",
        "loadBalancers",
        "networkConfiguration.securityGroups",
        "networkConfiguration.subnets",
        "placementConstraints",
    ),
    tags=ecs_tags(),
    checks=_check,
)

TYPES = (SERVICE,)
