"""RDS: Aurora clusters, multi-zone clusters, and their instances."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.aws.databases import final_snapshot, identifier_failures, port_of, rds_tags, snapshot_failures
from sandbox.aws.rows import given, identified, kept, reading
from sandbox.aws.table import AutoName, Call, ResourceType, Step, Subject
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_NAMES = {
    "clusterIdentifier": "DBClusterIdentifier",
    "enabledCloudwatchLogsExports": "EnableCloudwatchLogsExports",
    "iamDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication",
    "masterPassword": "MasterUserPassword",
    "performanceInsightsEnabled": "EnablePerformanceInsights",
}
_UNSUPPORTED = (
    "dbInstanceParameterGroupName",
    "iamRoles",
    "masterPasswordWo",
    "masterPasswordWoVersion",
    "restoreToPointInTime",
    "s3Import",
    "snapshotIdentifier",
)
_CHANGED = (
    "allocatedStorage",
    "allowMajorVersionUpgrade",
    "autoMinorVersionUpgrade",
    "backtrackWindow",
    "backupRetentionPeriod",
    "caCertificateIdentifier",
    "copyTagsToSnapshot",
    "databaseInsightsMode",
    "dbClusterInstanceClass",
    "dbClusterParameterGroupName",
    "deletionProtection",
    "domain",
    "domainIamRoleName",
    "enableGlobalWriteForwarding",
    "enableHttpEndpoint",
    "enableLocalWriteForwarding",
    "engineVersion",
    "iamDatabaseAuthenticationEnabled",
    "iops",
    "manageMasterUserPassword",
    "masterPassword",
    "masterUserSecretKmsKeyId",
    "monitoringInterval",
    "monitoringRoleArn",
    "networkType",
    "performanceInsightsEnabled",
    "performanceInsightsKmsKeyId",
    "performanceInsightsRetentionPeriod",
    "port",
    "preferredBackupWindow",
    "preferredMaintenanceWindow",
    "scalingConfiguration",
    "serverlessv2ScalingConfiguration",
    "storageType",
    "vpcSecurityGroupIds",
)


def _check(inputs: PropertyMap) -> Iterable[CheckFailure]:
    yield from identifier_failures(inputs, "clusterIdentifier")
    yield from snapshot_failures(inputs)
    new = all(inputs.get(name) is None for name in ("globalClusterIdentifier", "replicationSourceIdentifier"))
    if new and inputs.get("masterUsername") is None:
        yield CheckFailure("masterUsername", "is required for a new cluster and was not given")
    if new and inputs.get("masterPassword") is None and not inputs.get("manageMasterUserPassword"):
        yield CheckFailure("masterPassword", "is required unless manageMasterUserPassword is true")
    if inputs.get("masterPassword") is not None and inputs.get("manageMasterUserPassword"):
        yield CheckFailure("manageMasterUserPassword", "cannot be given beside masterPassword")


def _port(subject: Subject) -> int:
    return int(subject.inputs.get("port") or subject.at("Port") or port_of(subject.at("Engine")))


def _delete(subject: Subject) -> None:
    cluster = {"DBClusterIdentifier": subject.id}
    snapshots = subject.cloud.call(
        "rds", "DescribeDBClusterSnapshots", {**cluster, "SnapshotType": "automated"}
    )
    subject.cloud.call(
        "rds", "DeleteDBCluster", {**cluster, **final_snapshot(subject, "FinalDBSnapshotIdentifier")}
    )
    for snapshot in snapshots["DBClusterSnapshots"]:  # On AWS they go with the cluster.
        params = {"DBClusterSnapshotIdentifier": snapshot["DBClusterSnapshotIdentifier"]}
        subject.cloud.call("rds", "DeleteDBClusterSnapshot", params)


CLUSTER = ResourceType(
    type="aws:rds/cluster:Cluster",
    service="rds",
    tier="native",
    create=Call(
        operation="CreateDBCluster",
        names=_NAMES,
        omits=(*_UNSUPPORTED, "applyImmediately"),
    ),
    id=given("clusterIdentifier"),
    read=reading("rds", "DescribeDBClusters", identified("DBClusterIdentifier"), "DBClusters.0"),
    delete=_delete,
    steps=(
        Step(
            on=_CHANGED,
            do=Call(
                operation="ModifyDBCluster",
                sends=("clusterIdentifier", "applyImmediately", *_CHANGED),
                names=_NAMES,
            ),
            at_create=False,
        ),
    ),
    local=(
        "allowMajorVersionUpgrade",
        "applyImmediately",
        "clusterMembers",
        "deleteAutomatedBackups",
        "finalSnapshotIdentifier",
        "skipFinalSnapshot",
        "warningEventCategories",
    ),
    outputs={
        "arn": "DBClusterArn",
        "availabilityZones": kept("availabilityZones", lambda s: sorted(s.at("AvailabilityZones") or ())),
        "backupRetentionPeriod": lambda s: int(s.inputs.get("backupRetentionPeriod", 1)),
        "clusterMembers": lambda s: sorted(
            member["DBInstanceIdentifier"] for member in s.at("DBClusterMembers") or ()
        ),
        "clusterResourceId": "DbClusterResourceId",
        "databaseName": kept("databaseName", "DatabaseName"),
        "dbSubnetGroupName": kept("dbSubnetGroupName", "DBSubnetGroup"),
        "endpoint": "Endpoint",
        "engineVersion": kept("engineVersion", "EngineVersion"),
        "engineVersionActual": "EngineVersion",
        "hostedZoneId": "HostedZoneId",
        "masterUsername": kept("masterUsername", "MasterUsername"),
        "port": _port,
        "readerEndpoint": "ReaderEndpoint",
        "storageEncrypted": lambda s: bool(s.inputs.get("storageEncrypted")),
        "vpcSecurityGroupIds": kept(
            "vpcSecurityGroupIds",
            lambda s: sorted(group["VpcSecurityGroupId"] for group in s.at("VpcSecurityGroups") or ()),
        ),
    },
    echoes={
        "clusterIdentifier": "DBClusterIdentifier",
        "engine": "Engine",
        "masterUsername": "MasterUsername",
    },
    known_id=given("clusterIdentifier"),
    exclusive=True,
    auto_name=AutoName(property="clusterIdentifier", prefix_property="clusterIdentifierPrefix", limit=63),
    volatile=("clusterMembers", "engineVersionActual"),
    unordered=("availabilityZones", "enabledCloudwatchLogsExports", "vpcSecurityGroupIds"),
    tags=rds_tags(),
    unsupported=_UNSUPPORTED,
    checks=_check,
)

_INSTANCE_NAMES = {
    "caCertIdentifier": "CACertificateIdentifier",
    "clusterIdentifier": "DBClusterIdentifier",
    "identifier": "DBInstanceIdentifier",
    "instanceClass": "DBInstanceClass",
    "performanceInsightsEnabled": "EnablePerformanceInsights",
}
_INSTANCE_CHANGED = (
    "autoMinorVersionUpgrade",
    "caCertIdentifier",
    "copyTagsToSnapshot",
    "dbParameterGroupName",
    "instanceClass",
    "monitoringInterval",
    "monitoringRoleArn",
    "performanceInsightsEnabled",
    "performanceInsightsKmsKeyId",
    "performanceInsightsRetentionPeriod",
    "preferredBackupWindow",
    "preferredMaintenanceWindow",
    "promotionTier",
    "publiclyAccessible",
)

CLUSTER_INSTANCE = ResourceType(
    type="aws:rds/clusterInstance:ClusterInstance",
    service="rds",
    tier="native",
    create=Call(operation="CreateDBInstance", names=_INSTANCE_NAMES, omits=("applyImmediately",)),
    id=given("identifier"),
    read=reading("rds", "DescribeDBInstances", identified("DBInstanceIdentifier"), "DBInstances.0"),
    delete=Call(
        operation="DeleteDBInstance",
        sends=(),
        adds=lambda s: {"DBInstanceIdentifier": s.id, "SkipFinalSnapshot": True},
    ),
    steps=(
        Step(
            on=_INSTANCE_CHANGED,
            do=Call(
                operation="ModifyDBInstance",
                sends=("identifier", "applyImmediately", *_INSTANCE_CHANGED),
                names=_INSTANCE_NAMES,
            ),
            at_create=False,
        ),
    ),
    local=("applyImmediately", "forceDestroy", "warningEventCategories"),
    outputs={
        "arn": "DBInstanceArn",
        "availabilityZone": kept("availabilityZone", "AvailabilityZone"),
        "dbSubnetGroupName": kept("dbSubnetGroupName", "DBSubnetGroup.DBSubnetGroupName"),
        "dbiResourceId": "DbiResourceId",
        "endpoint": "Endpoint.Address",
        "engineVersion": kept("engineVersion", "EngineVersion"),
        "engineVersionActual": "EngineVersion",
        "port": lambda s: int(s.at("Endpoint.Port") or port_of(s.at("Engine"))),
        "storageEncrypted": lambda s: bool(s.at("StorageEncrypted")),
        "writer": lambda s: bool(s.inputs.get("promotionTier", 0) in (0, 1)),
    },
    echoes={
        "identifier": "DBInstanceIdentifier",
        "clusterIdentifier": "DBClusterIdentifier",
        "engine": "Engine",
        "instanceClass": "DBInstanceClass",
    },
    known_id=given("identifier"),
    exclusive=True,
    auto_name=AutoName(property="identifier", prefix_property="identifierPrefix", limit=63),
    volatile=("engineVersionActual",),
    tags=rds_tags(),
    checks=lambda inputs: identifier_failures(inputs, "identifier"),
)

TYPES = (CLUSTER, CLUSTER_INSTANCE)
