"""DynamoDB: tables."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.aws.rows import given, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject, Tags
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_UNSUPPORTED = (
    "globalTableWitness",
    "importTable",
    "onDemandThroughput",
    "replicas",
    "restoreBackupArn",
    "restoreDateTime",
    "restoreSourceName",
    "restoreSourceTableArn",
    "restoreToLatestTime",
    "warmThroughput",
)


def _schema(hash_key: str, range_key: str | None) -> list[Params]:
    keys = [{"AttributeName": hash_key, "KeyType": "HASH"}]
    return [*keys, {"AttributeName": range_key, "KeyType": "RANGE"}] if range_key else keys


def _index(index: PropertyMap, hash_key: str) -> Params:
    projection: Params = {"ProjectionType": index["projectionType"]}
    if index.get("nonKeyAttributes"):
        projection["NonKeyAttributes"] = list(index["nonKeyAttributes"])
    return {
        "IndexName": index["name"],
        "KeySchema": _schema(hash_key, index.get("rangeKey")),
        "Projection": projection,
    }


def _throughput(values: PropertyMap) -> Params:
    return {
        "ProvisionedThroughput": {
            "ReadCapacityUnits": int(values.get("readCapacity") or 1),
            "WriteCapacityUnits": int(values.get("writeCapacity") or 1),
        }
    }


def _settings(subject: Subject) -> Params:
    """What CreateTable and UpdateTable spell alike."""
    inputs = subject.inputs
    provisioned = inputs.get("billingMode", "PROVISIONED") == "PROVISIONED"
    settings: Params = {"BillingMode": "PROVISIONED" if provisioned else "PAY_PER_REQUEST"}
    if provisioned:
        settings |= _throughput(inputs)
    encryption = inputs.get("serverSideEncryption")
    if encryption and encryption.get("enabled"):
        key = encryption.get("kmsKeyArn")
        named = {"KMSMasterKeyId": key} if key else {}
        settings["SSESpecification"] = {"Enabled": True, "SSEType": "KMS", **named}
    if inputs.get("streamEnabled"):
        settings["StreamSpecification"] = {
            "StreamEnabled": True,
            "StreamViewType": inputs.get("streamViewType"),
        }
    elif subject.before.get("streamEnabled"):
        settings["StreamSpecification"] = {"StreamEnabled": False}
    return settings


def _definition(subject: Subject) -> Params:
    inputs = subject.inputs
    provisioned = inputs.get("billingMode", "PROVISIONED") == "PROVISIONED"
    definition: Params = {
        **_settings(subject),
        "AttributeDefinitions": [
            {"AttributeName": item["name"], "AttributeType": item["type"]} for item in inputs["attributes"]
        ],
        "KeySchema": _schema(inputs["hashKey"], inputs.get("rangeKey")),
    }
    local = [_index(index, inputs["hashKey"]) for index in inputs.get("localSecondaryIndexes") or ()]
    if local:
        definition["LocalSecondaryIndexes"] = local
    everywhere = [
        {**_index(index, str(index.get("hashKey"))), **(_throughput(index) if provisioned else {})}
        for index in inputs.get("globalSecondaryIndexes") or ()
    ]
    if everywhere:
        definition["GlobalSecondaryIndexes"] = everywhere
    return definition


def _recover_points(subject: Subject) -> None:
    setting = subject.inputs.get("pointInTimeRecovery") or {}
    wanted: Params = {"PointInTimeRecoveryEnabled": bool(setting.get("enabled"))}
    if setting.get("recoveryPeriodInDays"):
        wanted["RecoveryPeriodInDays"] = int(setting["recoveryPeriodInDays"])
    params = {"TableName": subject.id, "PointInTimeRecoverySpecification": wanted}
    subject.cloud.call("dynamodb", "UpdateContinuousBackups", params)


def _expire(subject: Subject) -> None:
    setting = subject.inputs.get("ttl") or {}
    held = subject.before.get("ttl") or {}
    name = setting.get("attributeName") or held.get("attributeName")
    enabled = bool(setting.get("enabled"))
    if name and enabled != bool(held.get("enabled")):
        specification = {"Enabled": enabled, "AttributeName": name}
        subject.cloud.call(
            "dynamodb",
            "UpdateTimeToLive",
            {"TableName": subject.id, "TimeToLiveSpecification": specification},
        )


def _check(inputs: PropertyMap) -> Iterable[CheckFailure]:
    if inputs.get("hashKey") is None:
        yield CheckFailure("hashKey", "is required and was not given")
    attributes = inputs.get("attributes")
    if isinstance(attributes, list) and all(isinstance(item, dict) for item in attributes):
        names = [item.get("name") for item in attributes]
        for key in ("hashKey", "rangeKey"):
            if isinstance(inputs.get(key), str) and inputs[key] not in names:
                yield CheckFailure(key, f"{inputs[key]!r} is not one of the attributes")
    elif attributes is None:
        yield CheckFailure("attributes", "is required and was not given")


_SENT = ("name", "deletionProtectionEnabled", "tableClass", "billingMode")

TABLE = ResourceType(
    type="aws:dynamodb/table:Table",
    service="dynamodb",
    tier="native",
    create=Call(operation="CreateTable", sends=_SENT, names={"name": "TableName"}, adds=_definition),
    id=given("name"),
    read=reading("dynamodb", "DescribeTable", lambda s: {"TableName": s.id}, "Table"),
    delete=Call(operation="DeleteTable", sends=(), adds=lambda s: {"TableName": s.id}),
    steps=(
        Step(
            on=(
                "billingMode",
                "deletionProtectionEnabled",
                "readCapacity",
                "serverSideEncryption",
                "streamEnabled",
                "streamViewType",
                "tableClass",
                "writeCapacity",
            ),
            do=Call(operation="UpdateTable", sends=_SENT, names={"name": "TableName"}, adds=_settings),
            at_create=False,
        ),
        Step(on=("pointInTimeRecovery",), do=_recover_points),
        Step(on=("ttl",), do=_expire),
    ),
    outputs={
        "arn": "TableArn",
        "streamArn": "LatestStreamArn",
        "streamLabel": "LatestStreamLabel",
        "billingMode": lambda s: s.at("BillingModeSummary.BillingMode") or "PROVISIONED",
    },
    echoes={"name": "TableName", "deletionProtectionEnabled": "DeletionProtectionEnabled"},
    known_id=given("name"),
    auto_name=AutoName(prefix_property=None),
    unordered=("attributes", "globalSecondaryIndexes", "localSecondaryIndexes"),
    tags=Tags(
        set="TagResource",
        unset="UntagResource",
        target=lambda s: {"ResourceArn": s.cloud.arn("dynamodb", f"table/{s.id}")},
        list="ListTagsOfResource",
    ),
    unsupported=_UNSUPPORTED,
    checks=_check,
)

TYPES = (TABLE,)
