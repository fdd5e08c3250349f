"""Glue's data catalog: databases, tables, partitions, schemas and their registries."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.aws.documents import policy_failures
from sandbox.aws.rows import answered, echoing, moment, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject, Tags

_SERVICE = "glue"


def glue_arn(kind: str) -> Callable[[Subject], str]:
    """The ARN of a resource whose id, or whose last part of it, is its name."""
    return lambda s: s.cloud.arn(_SERVICE, f"{kind}/{s.id.rpartition(':')[2]}")


def glue_tags(arn: Callable[[Subject], str]) -> Tags:
    """Glue's way of tagging, by ARN."""
    return Tags(
        style="map",
        set="TagResource",
        unset="UntagResource",
        target=lambda s: {"ResourceArn": arn(s)},
        member="TagsToAdd",
        keys="TagsToRemove",
        list="GetTags",
    )


def catalog_of(subject: Subject) -> str:
    """The catalog's id: the account, where nothing is said."""
    return str(subject.inputs.get("catalogId") or subject.cloud.account_id)


def _catalogued(*names: str) -> Callable[[Subject], str]:
    return lambda s: ":".join((catalog_of(s), *(str(s.inputs[name]) for name in names)))


def _database_key(subject: Subject) -> Params:
    catalog, _, name = subject.id.partition(":")
    return {"CatalogId": catalog, "Name": name}


_DATABASE = "aws:glue/catalogDatabase:CatalogDatabase"
_DATABASE_INPUTS = (
    "createTableDefaultPermissions",
    "description",
    "federatedDatabase",
    "locationUri",
    "name",
    "parameters",
    "targetDatabase",
)
_DATABASE_NAMES = {name: f"DatabaseInput.{name[0].upper()}{name[1:]}" for name in _DATABASE_INPUTS}

DATABASE = ResourceType(
    type=_DATABASE,
    service=_SERVICE,
    tier="native",
    create=Call(operation="CreateDatabase", names=_DATABASE_NAMES),
    id=_catalogued("name"),
    read=reading(_SERVICE, "GetDatabase", _database_key, "Database"),
    delete=Call(operation="DeleteDatabase", sends=(), adds=_database_key),
    steps=(
        Step(
            on=tuple(name for name in _DATABASE_INPUTS if name != "name"),
            do=Call(operation="UpdateDatabase", names=_DATABASE_NAMES, adds=_database_key),
            at_create=False,
        ),
    ),
    outputs={"arn": glue_arn("database"), "catalogId": lambda s: s.id.partition(":")[0]},
    echoes=echoing(_DATABASE, "description locationUri name parameters"),
    known_id=_catalogued("name"),
    exclusive=True,
    auto_name=AutoName(prefix_property=None),
    tags=glue_tags(glue_arn("database")),
)

_TABLE = "aws:glue/catalogTable:CatalogTable"
_TABLE_INPUTS = (
    "description",
    "name",
    "owner",
    "parameters",
    "partitionKeys",
    "retention",
    "storageDescriptor",
    "tableType",
    "targetTable",
    "viewDefinition",
    "viewExpandedText",
    "viewOriginalText",
)
_TABLE_NAMES = {
    **{name: f"TableInput.{name[0].upper()}{name[1:]}" for name in _TABLE_INPUTS},
    "storageDescriptor.serDeInfo": "SerdeInfo",
    "partitionIndices": "PartitionIndexes",
    "partitionIndices.indexStatus": "",
    "openTableFormatInput.icebergInput.icebergTableInput": "CreateIcebergTableInput",
    "openTableFormatInput.icebergInput.icebergTableInput.sortOrder": "WriteOrder",
}


def _table_key(subject: Subject) -> Params:
    catalog, database, name = subject.id.split(":", 2)
    return {"CatalogId": catalog, "DatabaseName": database, "Name": name}


def _table_place(subject: Subject) -> Params:
    return {name: value for name, value in _table_key(subject).items() if name != "Name"}


TABLE = ResourceType(
    type=_TABLE,
    service=_SERVICE,
    tier="native",
    create=Call(operation="CreateTable", names={**_TABLE_NAMES, "name": "TableInput.Name"}),
    id=_catalogued("databaseName", "name"),
    read=reading(_SERVICE, "GetTable", _table_key, "Table"),
    delete=Call(operation="DeleteTable", sends=(), adds=_table_key),
    steps=(
        Step(
            on=tuple(name for name in _TABLE_INPUTS if name != "name"),
            do=Call(operation="UpdateTable", sends=_TABLE_INPUTS, names=_TABLE_NAMES, adds=_table_place),
            at_create=False,
        ),
    ),
    outputs={
        "arn": lambda s: s.cloud.arn(_SERVICE, "table/" + "/".join(s.id.split(":", 2)[1:])),
        "catalogId": lambda s: s.id.partition(":")[0],
    },
    echoes={
        "databaseName": lambda s: s.id.split(":", 2)[1],
        **echoing(
            _TABLE,
            "description name owner parameters partitionKeys retention storageDescriptor tableType",
            names={"storageDescriptor.serDeInfo": "SerdeInfo"},
        ),
    },
    known_id=_catalogued("databaseName", "name"),
    exclusive=True,
    auto_name=AutoName(prefix_property=None),
    place=("catalogId", "databaseName", "name"),
)

_PARTITION = "aws:glue/partition:Partition"
_PARTITION_NAMES = {
    "parameters": "PartitionInput.Parameters",
    "partitionValues": "PartitionInput.Values",
    "storageDescriptor": "PartitionInput.StorageDescriptor",
    "storageDescriptor.serDeInfo": "SerdeInfo",
}


def _partition_id(subject: Subject) -> str:
    values = "#".join(str(value) for value in subject.inputs["partitionValues"])
    return f"{_catalogued('databaseName', 'tableName')(subject)}:{values}"


def _partition_key(subject: Subject, member: str = "PartitionValues") -> Params:
    catalog, database, table, values = subject.id.split(":", 3)
    return {
        "CatalogId": catalog,
        "DatabaseName": database,
        "TableName": table,
        member: values.split("#"),
    }


PARTITION = ResourceType(
    type=_PARTITION,
    service=_SERVICE,
    tier="native",
    create=Call(operation="CreatePartition", names=_PARTITION_NAMES),
    id=_partition_id,
    read=reading(_SERVICE, "GetPartition", _partition_key, "Partition"),
    delete=Call(operation="DeletePartition", sends=(), adds=_partition_key),
    steps=(
        Step(
            on=("parameters", "storageDescriptor"),
            do=Call(
                operation="UpdatePartition",
                names=_PARTITION_NAMES,
                adds=lambda s: _partition_key(s, "PartitionValueList"),
            ),
            at_create=False,
        ),
    ),
    outputs={
        "catalogId": lambda s: s.id.partition(":")[0],
        "creationTime": moment("CreationTime"),
        "lastAccessedTime": moment("LastAccessTime"),
        "lastAnalyzedTime": moment("LastAnalyzedTime"),
    },
    echoes={
        "databaseName": lambda s: s.id.split(":", 3)[1],
        "tableName": lambda s: s.id.split(":", 3)[2],
        "partitionValues": lambda s: s.id.split(":", 3)[3].split("#"),
        "parameters": "Parameters",
    },
    known_id=_partition_id,
    place=("catalogId", "databaseName", "tableName", "partitionValues"),
)

_REGISTRY = "aws:glue/registry:Registry"

REGISTRY = ResourceType(
    type=_REGISTRY,
    service=_SERVICE,
    tier="overlay",
    create=Call(operation="CreateRegistry"),
    id=answered("RegistryArn"),
    read=reading(_SERVICE, "GetRegistry", lambda s: {"RegistryId": {"RegistryArn": s.id}}),
    delete=Call(
        operation="DeleteRegistry",
        sends=(),
        adds=lambda s: {"RegistryId": {"RegistryName": s.id.rpartition("/")[2]}},
    ),
    steps=(
        Step(
            on=("description",),
            do=Call(
                operation="UpdateRegistry",
                sends=("description",),
                adds=lambda s: {"RegistryId": {"RegistryArn": s.id}},
            ),
            at_create=False,
        ),
    ),
    outputs={"arn": "RegistryArn"},
    echoes=echoing(_REGISTRY, "description registryName"),
    known_id=lambda s: s.cloud.arn(_SERVICE, f"registry/{s.inputs['registryName']}"),
    exclusive=True,
    place=("registryName",),
    tags=glue_tags(lambda s: s.id),
)

_SCHEMA = "aws:glue/schema:Schema"


def _schema_id(subject: Subject) -> Params:
    return {"SchemaId": {"SchemaArn": subject.id}}


def _schema_arn(subject: Subject) -> str:
    registry = str(subject.inputs.get("registryArn") or "default-registry").rpartition("/")[2]
    return subject.cloud.arn(_SERVICE, f"schema/{registry}/{subject.inputs['schemaName']}")


SCHEMA = ResourceType(
    type=_SCHEMA,
    service=_SERVICE,
    tier="native",
    create=Call(operation="CreateSchema", names={"registryArn": "RegistryId.RegistryArn"}),
    id=answered("SchemaArn"),
    read=reading(_SERVICE, "GetSchema", _schema_id),
    delete=Call(operation="DeleteSchema", sends=(), adds=_schema_id),
    steps=(
        Step(
            on=("compatibility", "description"),
            do=Call(
                operation="UpdateSchema",
                sends=("compatibility", "description"),
                adds=lambda s: {**_schema_id(s), "SchemaVersionNumber": {"LatestVersion": True}},
            ),
            at_create=False,
        ),
        Step(
            on=("schemaDefinition",),
            do=Call(operation="RegisterSchemaVersion", sends=("schemaDefinition",), adds=_schema_id),
            at_create=False,
        ),
    ),
    outputs={
        "arn": "SchemaArn",
        "registryArn": "RegistryArn",
        "registryName": "RegistryName",
        "latestSchemaVersion": "LatestSchemaVersion",
        "nextSchemaVersion": "NextSchemaVersion",
        "schemaCheckpoint": "SchemaCheckpoint",
    },
    echoes=echoing(_SCHEMA, "compatibility dataFormat description registryArn schemaName"),
    known_id=_schema_arn,
    exclusive=True,
    place=("registryArn", "schemaName"),
    tags=glue_tags(lambda s: s.id),
    documents=("schemaDefinition",),
    volatile=("latestSchemaVersion", "nextSchemaVersion"),
)

_PUT_POLICY = Call(operation="PutResourcePolicy", names={"policy": "PolicyInJson"})


def _read_policy(subject: Subject) -> Params | None:
    found = reading(_SERVICE, "GetResourcePolicy", lambda _: {})(subject)
    return found if found and found.get("PolicyInJson") else None


RESOURCE_POLICY = ResourceType(
    type="aws:glue/resourcePolicy:ResourcePolicy",
    service=_SERVICE,
    tier="native",
    create=_PUT_POLICY,
    id=lambda s: s.cloud.account_id,
    read=_read_policy,
    delete=Call(operation="DeleteResourcePolicy", sends=()),
    steps=(Step(on=("policy",), do=_PUT_POLICY, at_create=False),),
    local=("enableHybrid",),
    echoes={"policy": "PolicyInJson"},
    known_id=lambda s: s.cloud.account_id,
    place=("policy",),
    documents=("policy",),
    checks=lambda inputs: policy_failures(inputs, "policy", principals=True),
)

TYPES = (DATABASE, TABLE, PARTITION, REGISTRY, SCHEMA, RESOURCE_POLICY)
