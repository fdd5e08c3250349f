"""ECS: clusters, capacity, task definitions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

from sandbox.aws.documents import json_failures
from sandbox.aws.rows import answered, given, identified, kept, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject, Tags
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap, PropertyValue


def ecs_tags() -> Tags:
    return Tags(
        style="lower",
        at_create="tags",
        set="TagResource",
        unset="UntagResource",
        target=lambda s: {"resourceArn": _arn_of(s)},
        member="tags",
        keys="tagKeys",
        listed="tags",
        list="ListTagsForResource",
    )


def _arn_of(subject: Subject) -> str:
    return str(subject.at("taskDefinitionArn") or subject.outputs.get("arn") or subject.id)


def _live(read: Callable[[Subject], Params | None]) -> Callable[[Subject], Params | None]:
    """What ECS keeps for a while after its deletion as INACTIVE is gone."""

    def alive(subject: Subject) -> Params | None:
        found = read(subject)
        return None if found is None or found.get("status") == "INACTIVE" else found

    return alive


def cluster_arn(subject: Subject) -> str:
    return subject.cloud.arn("ecs", f"cluster/{subject.inputs['name']}")


_CLUSTER_NAMES = {
    "name": "clusterName",
    "configuration.executeCommandConfiguration.logConfiguration.s3BucketEncryptionEnabled": (
        "s3EncryptionEnabled"
    ),
}

CLUSTER = ResourceType(
    type="aws:ecs/cluster:Cluster",
    service="ecs",
    tier="native",
    create=Call(operation="CreateCluster", names=_CLUSTER_NAMES),
    id=answered("cluster.clusterArn"),
    read=_live(
        reading(
            "ecs",
            "DescribeClusters",
            lambda s: {"clusters": [s.id], "include": ["TAGS", "SETTINGS"]},
            "clusters.0",
        )
    ),
    delete=Call(operation="DeleteCluster", sends=(), adds=identified("cluster")),
    steps=(
        Step(
            on=("configuration", "serviceConnectDefaults", "settings"),
            do=Call(
                operation="UpdateCluster",
                sends=("configuration", "serviceConnectDefaults", "settings"),
                names=_CLUSTER_NAMES,
                adds=identified("cluster"),
            ),
            at_create=False,
        ),
    ),
    outputs={
        "arn": lambda s: s.id,
        "settings": kept("settings", lambda _: [{"name": "containerInsights", "value": "disabled"}]),
    },
    echoes={"name": "clusterName"},
    known_id=cluster_arn,
    exclusive=True,
    auto_name=AutoName(prefix_property=None),
    unordered=("settings",),
    tags=ecs_tags(),
)


def _strategy(subject: Subject) -> Params:
    return {
        name: []
        for name, property in (
            ("capacityProviders", "capacityProviders"),
            ("defaultCapacityProviderStrategy", "defaultCapacityProviderStrategies"),
        )
        if not subject.inputs.get(property)
    }


_PUT_PROVIDERS = Call(
    operation="PutClusterCapacityProviders", names={"clusterName": "cluster"}, adds=_strategy
)

CLUSTER_CAPACITY_PROVIDERS = ResourceType(
    type="aws:ecs/clusterCapacityProviders:ClusterCapacityProviders",
    service="ecs",
    tier="native",
    create=_PUT_PROVIDERS,
    id=given("clusterName"),
    read=_live(reading("ecs", "DescribeClusters", lambda s: {"clusters": [s.id]}, "clusters.0")),
    delete=Call(
        operation="PutClusterCapacityProviders",
        sends=(),
        adds=lambda s: {"cluster": s.id, "capacityProviders": [], "defaultCapacityProviderStrategy": []},
    ),
    steps=(
        Step(
            on=("capacityProviders", "defaultCapacityProviderStrategies"), do=_PUT_PROVIDERS, at_create=False
        ),
    ),
    echoes={"clusterName": "clusterName"},
    known_id=given("clusterName"),
    place=("clusterName",),
    unordered=("capacityProviders", "defaultCapacityProviderStrategies"),
)

_PROVIDER = "autoScalingGroupProvider"
CAPACITY_PROVIDER = ResourceType(
    type="aws:ecs/capacityProvider:CapacityProvider",
    service="ecs",
    tier="native",
    create=Call(operation="CreateCapacityProvider", omits=("managedInstancesProvider",)),
    id=answered("capacityProvider.capacityProviderArn"),
    read=_live(
        reading(
            "ecs",
            "DescribeCapacityProviders",
            lambda s: {"capacityProviders": [s.id.rsplit("/", 1)[-1]], "include": ["TAGS"]},
            "capacityProviders.0",
        )
    ),
    delete=Call(
        operation="DeleteCapacityProvider",
        sends=(),
        adds=lambda s: {"capacityProvider": s.id.rsplit("/", 1)[-1]},
    ),
    steps=(
        Step(
            on=(_PROVIDER,),
            do=Call(
                operation="UpdateCapacityProvider",
                sends=("name", _PROVIDER),
                names={f"{_PROVIDER}.autoScalingGroupArn": ""},
            ),
            at_create=False,
        ),
    ),
    outputs={"arn": lambda s: s.id},
    echoes={"name": "name"},
    known_id=lambda s: s.cloud.arn("ecs", f"capacity-provider/{s.inputs['name']}"),
    exclusive=True,
    auto_name=AutoName(prefix_property=None),
    tags=ecs_tags(),
    unsupported=("managedInstancesProvider", "cluster"),
    replaced_by=lambda old, new: (
        (_PROVIDER,)
        if (old.get(_PROVIDER) or {}).get("autoScalingGroupArn")
        != (new.get(_PROVIDER) or {}).get("autoScalingGroupArn")
        else ()
    ),
)


def _containers(subject: Subject) -> Params:
    """The containers as the API has them; the document's own spelling is the API's."""
    containers = json.loads(subject.inputs["containerDefinitions"])
    shape = subject.cloud.operation("ecs", "RegisterTaskDefinition").input_shape
    known = shape.members["containerDefinitions"].member.members
    params: Params = {
        "containerDefinitions": [
            {
                _spelt(name, known): _typed(value, _spelt(name, known))
                for name, value in item.items()
                if value is not None
            }
            for item in containers
        ]
    }
    if subject.inputs.get("proxyConfiguration"):
        proxy = subject.inputs["proxyConfiguration"]
        pairs = [{"name": key, "value": value} for key, value in (proxy.get("properties") or {}).items()]
        params["proxyConfiguration"] = {
            "type": proxy.get("type") or "APPMESH",
            "containerName": proxy["containerName"],
            "properties": pairs,
        }
    return params


def _spelt(name: str, known: Iterable[str]) -> str:
    """Terraform's users write Name as often as name; the API has one of them."""
    return next((member for member in known if member.lower() == name.lower()), name)


_NUMBERS = frozenset({"cpu", "memory", "memoryReservation", "startTimeout", "stopTimeout"})


def _typed(value: object, name: str) -> object:
    if name in _NUMBERS and isinstance(value, str):
        return int(value)
    if name == "environment" and isinstance(value, list):
        return [
            {key.lower() if key in ("Name", "Value") else key: str(part) for key, part in item.items()}
            for item in value
        ]
    return value


def _check_task(inputs: PropertyMap) -> Iterable[CheckFailure]:
    failures = list(json_failures(inputs, "containerDefinitions"))
    yield from failures
    text = inputs.get("containerDefinitions")
    if isinstance(text, str) and not failures:
        containers = json.loads(text)
        if not isinstance(containers, list) or not all(isinstance(item, dict) for item in containers):
            yield CheckFailure("containerDefinitions", "must be a JSON list of containers")
            return
        for index, container in enumerate(containers):
            for name in ("name", "image"):
                if not container.get(name) and not container.get(name.capitalize()):
                    path = f"containerDefinitions[{index}].{name}"
                    yield CheckFailure(path, "is required and was not given")
    kinds = inputs.get("requiresCompatibilities")
    if isinstance(kinds, list) and "FARGATE" in kinds:
        for name in ("cpu", "memory"):
            if inputs.get(name) is None:
                yield CheckFailure(name, "is required for FARGATE and was not given")
        if isinstance(inputs.get("networkMode", ""), str) and inputs.get("networkMode") != "awsvpc":
            yield CheckFailure("networkMode", "must be awsvpc for FARGATE")
        yield from _fargate_size(inputs.get("cpu"), inputs.get("memory"))


_FARGATE_MIB = {
    256: (512, 1024, 2048),
    512: tuple(range(1024, 4097, 1024)),
    1024: tuple(range(2048, 8193, 1024)),
    2048: tuple(range(4096, 16385, 1024)),
    4096: tuple(range(8192, 30721, 1024)),
    8192: tuple(range(16384, 61441, 4096)),
    16384: tuple(range(32768, 122881, 8192)),
}
"""CPU units -> MiB of memory (ECS Developer Guide, "Fargate task definition parameters", task size)."""


def _fargate_size(cpu: PropertyValue, memory: PropertyValue) -> Iterable[CheckFailure]:
    if not (isinstance(cpu, str) and isinstance(memory, str) and cpu.isdigit() and memory.isdigit()):
        return
    allowed = _FARGATE_MIB.get(int(cpu))
    if allowed is None:
        yield CheckFailure("cpu", f"{cpu} is not one of {', '.join(map(str, _FARGATE_MIB))} for FARGATE")
    elif int(memory) not in allowed:
        sizes = ", ".join(map(str, allowed))
        yield CheckFailure("memory", f"{memory} is not one of {sizes} for FARGATE with {cpu} CPU units")


def _find_task(subject: Subject, taken: frozenset[str]) -> str | None:
    found = reading(
        "ecs", "DescribeTaskDefinition", lambda s: {"taskDefinition": s.inputs["family"]}, "taskDefinition"
    )(subject)
    if found is None or found.get("status") == "INACTIVE" or found["family"] in taken:
        return None
    return str(found["family"])


def _revision(subject: Subject) -> str:
    """The revision that the stack knows; the newest of the family where it knows none (an import)."""
    return str(subject.outputs.get("arn") or subject.at("taskDefinition.taskDefinitionArn") or subject.id)


TASK_DEFINITION = ResourceType(
    type="aws:ecs/taskDefinition:TaskDefinition",
    service="ecs",
    tier="native",
    create=Call(
        operation="RegisterTaskDefinition",
        names={
            "containerDefinitions": "",
            "proxyConfiguration": "",
            "volumes.configureAtLaunch": "configuredAtLaunch",
            "volumes.hostPath": "host.sourcePath",
            "volumes.efsVolumeConfiguration.transitEncryptionPort": "transitEncryptionPort",
        },
        adds=_containers,
    ),
    id=answered("taskDefinition.family"),
    read=_live(
        reading("ecs", "DescribeTaskDefinition", lambda s: {"taskDefinition": _revision(s)}, "taskDefinition")
    ),
    delete=Call(
        operation="DeregisterTaskDefinition", sends=(), adds=lambda s: {"taskDefinition": _revision(s)}
    ),
    local=("skipDestroy", "trackLatest"),
    outputs={
        "arn": "taskDefinitionArn",
        "arnWithoutRevision": lambda s: str(s.at("taskDefinitionArn")).rsplit(":", 1)[0],
        "networkMode": kept("networkMode", "networkMode"),
        "revision": "revision",
    },
    echoes={"family": "family"},
    find=_find_task,
    documents=("containerDefinitions",),
    unordered=("requiresCompatibilities", "volumes", "placementConstraints"),
    tags=ecs_tags(),
    checks=_check_task,
)

TYPES = (CLUSTER, CLUSTER_CAPACITY_PROVIDERS, CAPACITY_PROVIDER, TASK_DEFINITION)
