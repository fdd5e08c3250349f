"""Redshift: clusters and their subnet groups."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.aws.databases import final_snapshot, snapshot_failures
from sandbox.aws.rows import given, identified, kept, reading
from sandbox.aws.table import AutoName, Call, ResourceType, Step, Subject, Tags
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_NAMES = {"databaseName": "DBName", "masterPassword": "MasterUserPassword", "elasticIp": "ElasticIp"}
_UNSUPPORTED = (
    "applyImmediately",
    "availabilityZoneRelocationEnabled",
    "masterPasswordWo",
    "masterPasswordWoVersion",
    "ownerAccount",
    "snapshotArn",
    "snapshotClusterIdentifier",
    "snapshotIdentifier",
)
_CHANGED = (
    "allowVersionUpgrade",
    "automatedSnapshotRetentionPeriod",
    "clusterParameterGroupName",
    "clusterType",
    "clusterVersion",
    "encrypted",
    "enhancedVpcRouting",
    "kmsKeyId",
    "manageMasterPassword",
    "masterPassword",
    "nodeType",
    "numberOfNodes",
    "preferredMaintenanceWindow",
    "publiclyAccessible",
    "vpcSecurityGroupIds",
)


def _tags(kind: str, member: str) -> Tags:
    return Tags(
        set="CreateTags",
        unset="DeleteTags",
        target=lambda s: {"ResourceName": s.cloud.arn("redshift", f"{kind}:{s.id}")},
        listed=member,
    )


def _check(inputs: PropertyMap) -> Iterable[CheckFailure]:
    yield from snapshot_failures(inputs)
    if inputs.get("masterUsername") is None:
        yield CheckFailure("masterUsername", "is required for a new cluster and was not given")
    if inputs.get("masterPassword") is None and not inputs.get("manageMasterPassword"):
        yield CheckFailure("masterPassword", "is required unless manageMasterPassword is true")
    password = inputs.get("masterPassword")
    if isinstance(password, str):
        mixed = any(c.isupper() for c in password) and any(c.islower() for c in password)
        if not 8 <= len(password) <= 64 or not mixed or not any(c.isdigit() for c in password):
            yield CheckFailure(
                "masterPassword",
                "must have 8 to 64 characters, with an upper-case letter, a lower-case letter and a digit",
            )
    nodes = inputs.get("numberOfNodes", 1)
    if inputs.get("clusterType") == "single-node" and isinstance(nodes, (int, float)) and nodes != 1:
        yield CheckFailure("numberOfNodes", "must be 1 for a single-node cluster")


def _kind(subject: Subject) -> dict[str, str]:
    """As the real provider says it: several nodes make a multi-node cluster."""
    several = int(subject.inputs.get("numberOfNodes") or 1) > 1
    return (
        {}
        if subject.inputs.get("clusterType")
        else {"ClusterType": "multi-node" if several else "single-node"}
    )


def _port(subject: Subject) -> int:
    return int(subject.inputs.get("port") or 5439)


def _dns(subject: Subject) -> str:
    return str(subject.at("Endpoint.Address"))


CLUSTER = ResourceType(
    type="aws:redshift/cluster:Cluster",
    service="redshift",
    tier="overlay",
    create=Call(operation="CreateCluster", names=_NAMES, omits=_UNSUPPORTED, adds=_kind),
    id=given("clusterIdentifier"),
    read=reading("redshift", "DescribeClusters", identified("ClusterIdentifier"), "Clusters.0"),
    delete=Call(
        operation="DeleteCluster",
        sends=(),
        adds=lambda s: {
            "ClusterIdentifier": s.id,
            **{
                name.replace("SkipFinalSnapshot", "SkipFinalClusterSnapshot"): value
                for name, value in final_snapshot(s, "FinalClusterSnapshotIdentifier").items()
            },
        },
    ),
    steps=(
        Step(
            on=_CHANGED,
            do=Call(
                operation="ModifyCluster",
                sends=("clusterIdentifier", *_CHANGED),
                names=_NAMES,
            ),
            at_create=False,
        ),
    ),
    local=("finalSnapshotIdentifier", "skipFinalSnapshot"),
    outputs={
        "arn": lambda s: s.cloud.arn("redshift", f"cluster:{s.id}"),
        "availabilityZone": kept("availabilityZone", "AvailabilityZone"),
        "clusterNamespaceArn": "ClusterNamespaceArn",
        "clusterSubnetGroupName": kept("clusterSubnetGroupName", "ClusterSubnetGroupName"),
        "clusterType": lambda s: s.inputs.get("clusterType") or _kind(s)["ClusterType"],
        "databaseName": kept("databaseName", "DBName"),
        "dnsName": _dns,
        "endpoint": lambda s: f"{_dns(s)}:{_port(s)}",
        "port": _port,
    },
    echoes={"clusterIdentifier": "ClusterIdentifier", "masterUsername": "MasterUsername"},
    known_id=given("clusterIdentifier"),
    exclusive=True,
    place=("clusterIdentifier",),
    unordered=("iamRoles", "vpcSecurityGroupIds"),
    tags=_tags("cluster", "Tags"),
    unsupported=_UNSUPPORTED,
    checks=_check,
)

_GROUP_NAMES = {"name": "ClusterSubnetGroupName"}

SUBNET_GROUP = ResourceType(
    type="aws:redshift/subnetGroup:SubnetGroup",
    service="redshift",
    tier="native",
    create=Call(operation="CreateClusterSubnetGroup", names=_GROUP_NAMES),
    id=given("name"),
    read=reading(
        "redshift",
        "DescribeClusterSubnetGroups",
        identified("ClusterSubnetGroupName"),
        "ClusterSubnetGroups.0",
    ),
    delete=Call(operation="DeleteClusterSubnetGroup", sends=(), adds=identified("ClusterSubnetGroupName")),
    outputs={"arn": lambda s: s.cloud.arn("redshift", f"subnetgroup:{s.id}")},
    echoes={"name": "ClusterSubnetGroupName", "description": "Description"},
    known_id=given("name"),
    exclusive=True,
    auto_name=AutoName(prefix_property=None),
    defaults={"description": "Managed by Pulumi"},
    unordered=("subnetIds",),
    tags=_tags("subnetgroup", "Tags"),
)

TYPES = (CLUSTER, SUBNET_GROUP)
