"""ECS: clusters, capacity, task definitions."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.aws.rows import answered, given, identified, kept, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject, Tags
from sandbox.engine.values import PropertyMap


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


def alive_only(read: Callable[[Subject], Params | None]) -> Callable[[Subject], Params | None]:
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
    read=alive_only(
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
    read=alive_only(reading("ecs", "DescribeClusters", lambda s: {"clusters": [s.id]}, "clusters.0")),
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


def _replaced_by(old: PropertyMap, new: PropertyMap) -> tuple[str, ...]:
    """Another Auto Scaling group is another provider; its scaling changes in place."""
    before, after = old.get(_PROVIDER), new.get(_PROVIDER)
    if not isinstance(before, dict) or not isinstance(after, dict):
        return ()
    same = before.get("autoScalingGroupArn") == after.get("autoScalingGroupArn")
    return () if same else (_PROVIDER,)


CAPACITY_PROVIDER = ResourceType(
    type="aws:ecs/capacityProvider:CapacityProvider",
    service="ecs",
    tier="native",
    create=Call(operation="CreateCapacityProvider", omits=("managedInstancesProvider",)),
    id=answered("capacityProvider.capacityProviderArn"),
    read=alive_only(
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
    replaced_by=_replaced_by,
)


TYPES = (CLUSTER, CLUSTER_CAPACITY_PROVIDERS, CAPACITY_PROVIDER)
