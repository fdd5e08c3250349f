"""The lives of the types of `athena`."""

from __future__ import annotations

from lives.life import Life, Make, a_bucket
from sandbox.engine.values import PropertyMap


def _configuration(make: Make) -> PropertyMap:
    return {
        "bytesScannedCutoffPerQuery": 10737418240,
        "enforceWorkgroupConfiguration": True,
        "resultConfiguration": {
            "outputLocation": f"s3://{a_bucket(make)}/results/",
            "encryptionConfiguration": {"encryptionOption": "SSE_KMS", "kmsKeyArn": "arn:aws:kms:x:1:key/1"},
        },
    }


def a_workgroup(make: Make) -> str:
    return str(make("aws:athena/workgroup:Workgroup", "analysts", {})["name"])


LIVES = [
    Life(
        "aws:athena/workgroup:Workgroup",
        lambda make: {"configuration": _configuration(make), "description": "for analysts"},
        {
            "configuration": {"resultConfiguration": {"outputLocation": "s3://other/results/"}},
            "state": "DISABLED",
            "tags": {"a": "b"},
        },
        {"name": "other"},
    ),
    Life(
        "aws:athena/database:Database",
        lambda make: {"name": "adhoc", "bucket": a_bucket(make), "comment": "ad hoc"},
        {"forceDestroy": True},
        {"comment": "other"},
        by_code=frozenset({"name", "comment", "properties"}),
    ),
    Life(
        "aws:athena/namedQuery:NamedQuery",
        lambda make: {"database": "flights", "query": "select 1", "workgroup": a_workgroup(make)},
        None,
        {"query": "select 2"},
    ),
    Life(
        "aws:athena/dataCatalog:DataCatalog",
        lambda _: {
            "description": "of another account",
            "type": "GLUE",
            "parameters": {"catalog-id": "210987654321"},
        },
        {"description": "of the other account", "tags": {"a": "b"}},
        {"name": "other"},
    ),
    Life(
        "aws:athena/preparedStatement:PreparedStatement",
        lambda make: {
            "name": "by_day",
            "workgroup": a_workgroup(make),
            "queryStatement": "select * from flights where day = ?",
        },
        {"description": "one day"},
        {"workgroup": "other"},
    ),
]
