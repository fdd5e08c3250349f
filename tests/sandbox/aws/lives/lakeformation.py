"""The lives of the types of `lakeformation` and of what stands beside DynamoDB's tables."""

from __future__ import annotations

from lives.life import Life, Make, a_bucket, a_role, policy
from lives.streaming import a_stream
from sandbox.engine.values import PropertyMap


def a_table(make: Make) -> PropertyMap:
    return make(
        "aws:dynamodb/table:Table",
        "flights",
        {
            "billingMode": "PAY_PER_REQUEST",
            "hashKey": "id",
            "attributes": [{"name": "id", "type": "S"}],
        },
    )


def _table_policy(make: Make, action: str = "dynamodb:GetItem") -> PropertyMap:
    arn = a_table(make)["arn"]
    principal = {"AWS": "arn:aws:iam::111111111111:root"}
    statement = {"Principal": principal, "Action": action, "Resource": arn}
    return {"resourceArn": arn, "policy": policy(statement)}


_BY_CODE = frozenset(
    {
        "admins",
        "allowExternalDataFiltering",
        "allowFullTableExternalDataAccess",
        "authorizedSessionTagValueLists",
        "catalogId",
        "createDatabaseDefaultPermissions",
        "createTableDefaultPermissions",
        "externalDataFilteringAllowLists",
        "parameters",
        "readOnlyAdmins",
        "trustedResourceOwners",
    }
)

LIVES = [
    Life(
        "aws:lakeformation/dataLakeSettings:DataLakeSettings",
        lambda make: {"admins": [a_role(make)["arn"]]},
        {"admins": ["arn:aws:iam::123456789012:role/other"]},
        {"catalogId": "210987654321"},
        by_code=_BY_CODE,
        gone_after_delete=False,
    ),
    Life(
        "aws:lakeformation/resource:Resource",
        lambda make: {
            "arn": f"arn:aws:s3:::{a_bucket(make)}",
            "roleArn": a_role(make, "lakeformation")["arn"],
        },
        None,
        {"arn": "arn:aws:s3:::other"},
    ),
    Life(
        "aws:lakeformation/lfTag:LfTag",
        lambda _: {"key": "class", "values": ["public", "internal"]},
        {"values": ["public", "confidential"]},
        {"key": "other"},
    ),
    Life(
        "aws:dynamodb/resourcePolicy:ResourcePolicy",
        _table_policy,
        None,
        {"resourceArn": "arn:aws:dynamodb:eu-west-1:123456789012:table/other"},
    ),
    Life(
        "aws:dynamodb/kinesisStreamingDestination:KinesisStreamingDestination",
        lambda make: {"tableName": a_table(make)["name"], "streamArn": a_stream(make)["arn"]},
        None,
        {"tableName": "other"},
    ),
]
