"""The lives of the types of `glue`."""

from __future__ import annotations

import json

from lives.life import Life, Make, a_role, policy
from sandbox.engine.values import PropertyMap

_COLUMNS = [{"name": "flight_id", "type": "string"}, {"name": "delay", "type": "int", "comment": "minutes"}]
_STORAGE = {
    "location": "s3://curated/flights",
    "inputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "outputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "columns": _COLUMNS,
    "serDeInfo": {
        "name": "parquet",
        "serializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
        "parameters": {"serialization.format": "1"},
    },
}
_RECORD = {"type": "record", "name": "flight", "fields": [{"name": "id", "type": "string"}]}
_WIDER = {
    **_RECORD,
    "fields": [*_RECORD["fields"], {"name": "delay", "type": ["null", "int"], "default": None}],
}


def a_database(make: Make) -> str:
    return str(make("aws:glue/catalogDatabase:CatalogDatabase", "flights", {"name": "flights"})["name"])


def _table(make: Make) -> PropertyMap:
    return {
        "databaseName": a_database(make),
        "name": "flights",
        "tableType": "EXTERNAL_TABLE",
        "parameters": {"EXTERNAL": "TRUE", "classification": "parquet"},
        "storageDescriptor": _STORAGE,
        "partitionKeys": [{"name": "day", "type": "string"}],
    }


def a_table(make: Make) -> PropertyMap:
    return make("aws:glue/catalogTable:CatalogTable", "flights", _table(make))


def _schema(make: Make) -> PropertyMap:
    registry = make("aws:glue/registry:Registry", "events", {"registryName": "events"})
    return {
        "schemaName": "flight",
        "registryArn": registry["arn"],
        "dataFormat": "AVRO",
        "compatibility": "BACKWARD",
        "schemaDefinition": json.dumps(_RECORD),
    }


def _catalog_policy(action: str) -> str:
    return policy(
        {
            "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
            "Action": action,
            "Resource": "arn:aws:glue:eu-west-1:123456789012:*",
        }
    )


def _encryption(key: str) -> PropertyMap:
    return {
        "connectionPasswordEncryption": {"awsKmsKeyId": key, "returnConnectionPasswordEncrypted": True},
        "encryptionAtRest": {"catalogEncryptionMode": "SSE-KMS", "sseAwsKmsKeyId": key},
    }


_KEY = "arn:aws:kms:eu-west-1:123456789012:key/1"

LIVES = [
    Life(
        "aws:glue/catalogDatabase:CatalogDatabase",
        lambda _: {"name": "curated", "description": "clean", "parameters": {"owner": "data"}},
        {"description": "cleaner", "tags": {"a": "b"}},
        {"name": "other"},
    ),
    Life(
        "aws:glue/catalogTable:CatalogTable",
        _table,
        {"description": "flights", "storageDescriptor": {**_STORAGE, "compressed": True}},
        {"name": "other"},
    ),
    Life(
        "aws:glue/partition:Partition",
        lambda make: {
            "databaseName": a_table(make)["databaseName"],
            "tableName": "flights",
            "partitionValues": ["2026-01-01"],
            "storageDescriptor": _STORAGE,
        },
        {"parameters": {"rows": "10"}},
        {"partitionValues": ["2026-01-02"]},
    ),
    Life(
        "aws:glue/registry:Registry",
        lambda _: {"registryName": "events", "description": "of events"},
        {"description": "of all events", "tags": {"a": "b"}},
        {"registryName": "other"},
    ),
    Life(
        "aws:glue/schema:Schema",
        _schema,
        {"compatibility": "FULL", "schemaDefinition": json.dumps(_WIDER), "tags": {"a": "b"}},
        {"schemaName": "other"},
    ),
    Life(
        "aws:glue/resourcePolicy:ResourcePolicy",
        lambda _: {"policy": _catalog_policy("glue:GetTable")},
        {"policy": _catalog_policy("glue:GetDatabase")},
    ),
    Life(
        "aws:glue/job:Job",
        lambda make: {
            "roleArn": a_role(make, "glue")["arn"],
            "command": {"scriptLocation": "s3://code/clean.py", "pythonVersion": "3"},
            "glueVersion": "5.0",
            "workerType": "G.1X",
            "numberOfWorkers": 2,
            "connections": ["warehouse"],
            "defaultArguments": {"--job-language": "python"},
        },
        {"numberOfWorkers": 4, "maxRetries": 1, "tags": {"a": "b"}},
        {"name": "other"},
    ),
    Life(
        "aws:glue/crawler:Crawler",
        lambda make: {
            "role": a_role(make, "glue")["arn"],
            "databaseName": a_database(make),
            "s3Targets": [{"path": "s3://raw/flights", "exclusions": ["**.tmp"]}],
            "schedule": "cron(0 3 * * ? *)",
            "schemaChangePolicy": {"deleteBehavior": "LOG"},
            "configuration": json.dumps({"Version": 1.0}),
        },
        {"schedule": "cron(0 4 * * ? *)", "tags": {"a": "b"}},
        {"name": "other"},
    ),
    Life(
        "aws:glue/trigger:Trigger",
        lambda _: {
            "type": "SCHEDULED",
            "schedule": "cron(0 3 * * ? *)",
            "actions": [{"jobName": "clean", "timeout": 60}],
        },
        {"enabled": False, "description": "nightly", "tags": {"a": "b"}},
        {"type": "ON_DEMAND"},
    ),
    Life(
        "aws:glue/workflow:Workflow",
        lambda _: {"description": "nightly", "defaultRunProperties": {"zone": "raw"}},
        {"maxConcurrentRuns": 1, "tags": {"a": "b"}},
        {"name": "other"},
    ),
    Life(
        "aws:glue/connection:Connection",
        lambda _: {
            "connectionProperties": {
                "JDBC_CONNECTION_URL": "jdbc:postgresql://warehouse/flights",
                "USERNAME": "reader",
                "PASSWORD": "secret",
            },
            "physicalConnectionRequirements": {
                "availabilityZone": "eu-west-1a",
                "securityGroupIdLists": ["sg-1"],
                "subnetId": "subnet-1",
            },
        },
        {"description": "the warehouse", "tags": {"a": "b"}},
        {"name": "other"},
    ),
    Life(
        "aws:glue/securityConfiguration:SecurityConfiguration",
        lambda _: {
            "encryptionConfiguration": {
                "cloudwatchEncryption": {"cloudwatchEncryptionMode": "SSE-KMS", "kmsKeyArn": _KEY},
                "jobBookmarksEncryption": {"jobBookmarksEncryptionMode": "CSE-KMS", "kmsKeyArn": _KEY},
                "s3Encryption": {"s3EncryptionMode": "SSE-KMS", "kmsKeyArn": _KEY},
            }
        },
        None,
        {"name": "other"},
    ),
    Life(
        "aws:glue/dataQualityRuleset:DataQualityRuleset",
        lambda _: {
            "ruleset": 'Rules = [Completeness "flight_id" > 0.9]',
            "targetTable": {"databaseName": "flights", "tableName": "flights"},
        },
        {"ruleset": "Rules = [RowCount > 100]", "tags": {"a": "b"}},
        {"targetTable": {"databaseName": "flights", "tableName": "other"}},
    ),
    Life(
        "aws:glue/classifier:Classifier",
        lambda _: {"csvClassifier": {"delimiter": ";", "containsHeader": "PRESENT"}},
        {"csvClassifier": {"delimiter": ",", "containsHeader": "ABSENT"}},
        {"name": "other"},
        by_code=frozenset({"name"}),
    ),
    Life(
        "aws:glue/dataCatalogEncryptionSettings:DataCatalogEncryptionSettings",
        lambda _: {"dataCatalogEncryptionSettings": _encryption(_KEY)},
        {"dataCatalogEncryptionSettings": _encryption(f"{_KEY}2")},
        {"catalogId": "210987654321"},
        gone_after_delete=False,
    ),
]
