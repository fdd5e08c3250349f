"""RDS: database instances."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sandbox.aws.databases import final_snapshot, identifier_failures, port_of, rds_tags, snapshot_failures
from sandbox.aws.lifecycle import perform
from sandbox.aws.rows import given, identified, kept, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject
from sandbox.aws.tagging import create_params
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap, PropertyValue

_HOSTED_ZONES = {
    "ap-northeast-1": "Z24O6O9L7SGTNB",
    "ap-southeast-1": "Z2G0U3KFCY8NZ5",
    "ap-southeast-2": "Z32T0VRHXEXS0V",
    "eu-central-1": "Z1RLNUO7B9Q6NB",
    "eu-west-1": "Z29XKXDKYMONMX",
    "eu-west-2": "Z1TTGA775OQIYO",
    "us-east-1": "Z2R2ITUGPM61AM",
    "us-east-2": "Z2XHWR1WZ565X2",
    "us-west-1": "Z10WI91S59XXQN",
    "us-west-2": "Z1PVIF0B656C1W",
}
"""Of RDS's endpoints, as Route 53 aliases name them."""
NAMES = {
    "backupWindow": "PreferredBackupWindow",
    "caCertIdentifier": "CACertificateIdentifier",
    "customerOwnedIpEnabled": "EnableCustomerOwnedIp",
    "enabledCloudwatchLogsExports": "EnableCloudwatchLogsExports",
    "iamDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication",
    "identifier": "DBInstanceIdentifier",
    "instanceClass": "DBInstanceClass",
    "maintenanceWindow": "PreferredMaintenanceWindow",
    "parameterGroupName": "DBParameterGroupName",
    "password": "MasterUserPassword",
    "performanceInsightsEnabled": "EnablePerformanceInsights",
    "username": "MasterUsername",
}
_UNSUPPORTED = (
    "blueGreenUpdate",
    "passwordWo",
    "passwordWoVersion",
    "replicaMode",
    "restoreToPointInTime",
    "s3Import",
    "upgradeStorageConfig",
)
_CHANGED = (
    "allocatedStorage",
    "allowMajorVersionUpgrade",
    "autoMinorVersionUpgrade",
    "backupRetentionPeriod",
    "backupWindow",
    "caCertIdentifier",
    "copyTagsToSnapshot",
    "customerOwnedIpEnabled",
    "databaseInsightsMode",
    "dbSubnetGroupName",
    "dedicatedLogVolume",
    "deletionProtection",
    "engineVersion",
    "iamDatabaseAuthenticationEnabled",
    "instanceClass",
    "iops",
    "licenseModel",
    "maintenanceWindow",
    "manageMasterUserPassword",
    "masterUserSecretKmsKeyId",
    "maxAllocatedStorage",
    "monitoringInterval",
    "monitoringRoleArn",
    "multiAz",
    "networkType",
    "optionGroupName",
    "parameterGroupName",
    "password",
    "performanceInsightsEnabled",
    "performanceInsightsKmsKeyId",
    "performanceInsightsRetentionPeriod",
    "port",
    "publiclyAccessible",
    "storageThroughput",
    "storageType",
    "vpcSecurityGroupIds",
)
_describe = reading("rds", "DescribeDBInstances", identified("DBInstanceIdentifier"), "DBInstances.0")


def _create(subject: Subject) -> Params:
    """Made new, from a snapshot, or as a replica; each is an operation of its own."""
    if subject.inputs.get("replicateSourceDb"):
        call = _REPLICATE
    elif subject.inputs.get("snapshotIdentifier"):
        call = _RESTORE
    else:
        call = _CREATE
    return dict(perform(INSTANCE, call, subject, create_params(INSTANCE, subject.inputs)))


_CREATE = Call(operation="CreateDBInstance", names=NAMES, omits=_UNSUPPORTED)
_COPIED = (
    "autoMinorVersionUpgrade",
    "availabilityZone",
    "copyTagsToSnapshot",
    "dbSubnetGroupName",
    "deletionProtection",
    "identifier",
    "instanceClass",
    "multiAz",
    "port",
    "publiclyAccessible",
    "storageType",
    "vpcSecurityGroupIds",
)
_REPLICATE = Call(
    operation="CreateDBInstanceReadReplica",
    sends=(*_COPIED, "replicateSourceDb", "kmsKeyId"),
    names={**NAMES, "replicateSourceDb": "SourceDBInstanceIdentifier"},
)
_RESTORE = Call(
    operation="RestoreDBInstanceFromDBSnapshot",
    sends=(*_COPIED, "snapshotIdentifier", "engine", "dbName"),
    names={**NAMES, "snapshotIdentifier": "DBSnapshotIdentifier"},
)


def _logs(subject: Subject) -> None:
    wanted = set(subject.inputs.get("enabledCloudwatchLogsExports") or ())
    held = set(subject.before.get("enabledCloudwatchLogsExports") or ())
    change: Params = {"EnableLogTypes": sorted(wanted - held), "DisableLogTypes": sorted(held - wanted)}
    params = {"DBInstanceIdentifier": subject.id, "CloudwatchLogsExportConfiguration": change}
    subject.cloud.call("rds", "ModifyDBInstance", params)


def _check(inputs: PropertyMap) -> Iterable[CheckFailure]:
    yield from identifier_failures(inputs, "identifier")
    yield from snapshot_failures(inputs)
    made_new = inputs.get("replicateSourceDb") is None and inputs.get("snapshotIdentifier") is None
    if made_new:
        needed = [
            "engine",
            "username",
            *([] if str(inputs.get("engine")).startswith("aurora") else ["allocatedStorage"]),
        ]
        for name in needed:
            if inputs.get(name) is None:
                yield CheckFailure(name, "is required for a new database and was not given")
        if inputs.get("password") is None and not inputs.get("manageMasterUserPassword"):
            yield CheckFailure("password", "is required unless manageMasterUserPassword is true")
    if inputs.get("password") is not None and inputs.get("manageMasterUserPassword"):
        yield CheckFailure("manageMasterUserPassword", "cannot be given beside password")
    password = inputs.get("password")
    if isinstance(password, str) and (len(password) < 8 or set(password) & set('/@" ')):
        yield CheckFailure("password", 'must have 8 characters at least, and none of / @ " and the space')
    kind = inputs.get("instanceClass")
    if isinstance(kind, str) and not kind.startswith("db."):
        yield CheckFailure("instanceClass", f"{kind!r} is no class such as db.t3.micro")
    if inputs.get("monitoringInterval") and inputs.get("monitoringRoleArn") is None:
        yield CheckFailure("monitoringRoleArn", "is required beside monitoringInterval and was not given")


def _port(subject: Subject) -> int:
    found = subject.at("Endpoint.Port") or subject.at("Port")
    return int(subject.inputs.get("port") or found or port_of(subject.at("Engine")))


def _endpoint(subject: Subject) -> str:
    return f"{subject.at('Endpoint.Address')}:{_port(subject)}"


def _or(name: str, path: str, default: PropertyValue = None) -> Callable[[Subject], PropertyValue]:
    def read(subject: Subject) -> PropertyValue:
        stored = subject.inputs.get(name)
        found = subject.at(path) if stored is None else stored
        return default if found is None else found

    return read


INSTANCE = ResourceType(
    type="aws:rds/instance:Instance",
    service="rds",
    tier="native",
    create=_create,
    checked=(_CREATE, _REPLICATE, _RESTORE),
    id=given("identifier"),
    read=_describe,
    delete=Call(
        operation="DeleteDBInstance",
        sends=("deleteAutomatedBackups",),
        names={"deleteAutomatedBackups": "DeleteAutomatedBackups"},
        adds=lambda s: {"DBInstanceIdentifier": s.id, **final_snapshot(s, "FinalDBSnapshotIdentifier")},
    ),
    steps=(
        Step(
            on=_CHANGED,
            do=Call(
                operation="ModifyDBInstance",
                sends=("identifier", "applyImmediately", *_CHANGED),
                names={**NAMES, "port": "DBPortNumber"},
            ),
            at_create=False,
        ),
        Step(on=("enabledCloudwatchLogsExports",), do=_logs, at_create=False),
    ),
    local=(
        "applyImmediately",
        "deleteAutomatedBackups",
        "finalSnapshotIdentifier",
        "skipFinalSnapshot",
        "warningEventCategories",
    ),
    outputs={
        "address": "Endpoint.Address",
        "allocatedStorage": _or("allocatedStorage", "AllocatedStorage"),
        "arn": "DBInstanceArn",
        "availabilityZone": _or("availabilityZone", "AvailabilityZone"),
        "backupRetentionPeriod": _or("backupRetentionPeriod", "BackupRetentionPeriod", 0),
        "backupWindow": _or("backupWindow", "PreferredBackupWindow"),
        "dbName": _or("dbName", "DBName"),
        "dbSubnetGroupName": _or("dbSubnetGroupName", "DBSubnetGroup.DBSubnetGroupName", "default"),
        "endpoint": _endpoint,
        "engine": _or("engine", "Engine"),
        "engineVersion": _or("engineVersion", "EngineVersion"),
        "engineVersionActual": "EngineVersion",
        "hostedZoneId": lambda s: _HOSTED_ZONES.get(s.cloud.region),
        "kmsKeyId": _or("kmsKeyId", "KmsKeyId", ""),
        "licenseModel": _or("licenseModel", "LicenseModel"),
        "maintenanceWindow": _or("maintenanceWindow", "PreferredMaintenanceWindow"),
        "multiAz": _or("multiAz", "MultiAZ", False),
        "parameterGroupName": _or("parameterGroupName", "DBParameterGroups.0.DBParameterGroupName"),
        "port": _port,
        "publiclyAccessible": _or("publiclyAccessible", "PubliclyAccessible", False),
        "replicas": lambda s: list(s.at("ReadReplicaDBInstanceIdentifiers") or ()),
        "resourceId": "DbiResourceId",
        "status": "DBInstanceStatus",
        "storageEncrypted": _or("storageEncrypted", "StorageEncrypted", False),
        "storageType": _or("storageType", "StorageType"),
        "username": _or("username", "MasterUsername"),
        "vpcSecurityGroupIds": kept(
            "vpcSecurityGroupIds",
            lambda s: sorted(group["VpcSecurityGroupId"] for group in s.at("VpcSecurityGroups") or ()),
        ),
    },
    echoes={
        "identifier": "DBInstanceIdentifier",
        "instanceClass": "DBInstanceClass",
        "engine": "Engine",
        "allocatedStorage": "AllocatedStorage",
        "username": "MasterUsername",
        "deletionProtection": "DeletionProtection",
    },
    known_id=given("identifier"),
    exclusive=True,
    auto_name=AutoName(property="identifier", prefix_property="identifierPrefix", limit=63),
    volatile=("engineVersionActual", "status", "endpoint", "replicas"),
    unordered=("vpcSecurityGroupIds", "enabledCloudwatchLogsExports", "domainDnsIps"),
    tags=rds_tags(),
    unsupported=_UNSUPPORTED,
    checks=_check,
)

TYPES = (INSTANCE,)
