"""Do the ways that are cut short still give what DynamoDB gives: transactions, queries, values in answers?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError


@pytest.fixture(params=["hash", "range"])
def table(cloud: Any, request: pytest.FixtureRequest) -> tuple[Any, str, tuple[str, ...]]:
    """A client, a table with a stream that holds `old`, `changed` and `deleted`, and the table's key."""
    client, keys = cloud.client("dynamodb"), ("part", "name")[: 1 if request.param == "hash" else 2]
    name = f"table-{request.param}-{request.node.name.partition('[')[0]}"
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[
            {"AttributeName": key, "KeyType": kind}
            for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
        ],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
    )
    for one in ("old", "changed", "deleted"):
        client.put_item(TableName=name, Item={**_key(keys, one), "version": {"N": "1"}})
    return client, name, keys


def _key(keys: Sequence[str], one: str) -> dict[str, Any]:
    return {key: {"S": f"{key} of {one}"} for key in keys}


def _changes(name: str, keys: Sequence[str], expected: str) -> list[dict[str, Any]]:
    """Puts over one and a new one, changes one, deletes one; the last put expects a version of `old`."""
    condition = {
        "ConditionExpression": "version = :expected",
        "ExpressionAttributeValues": {":expected": {"N": expected}},
    }
    return [
        {"Put": {"TableName": name, "Item": {**_key(keys, "new"), "version": {"N": "1"}}}},
        {
            "Update": {
                "TableName": name,
                "Key": _key(keys, "changed"),
                "UpdateExpression": "SET version = :fresh",
                "ExpressionAttributeValues": {":fresh": {"N": "2"}},
            }
        },
        {"Delete": {"TableName": name, "Key": _key(keys, "deleted")}},
        {"Put": {"TableName": name, "Item": {**_key(keys, "old"), "version": {"N": "2"}}, **condition}},
    ]


def _held(client: Any, name: str) -> dict[str, str]:
    return {
        item["part"]["S"].removeprefix("part of "): item["version"]["N"]
        for item in client.scan(TableName=name)["Items"]
    }


def _told(cloud: Any, name: str) -> int:
    """How many changes the table's stream tells of."""
    streams = cloud.client("dynamodbstreams")
    arn = streams.list_streams(TableName=name)["Streams"][0]["StreamArn"]
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")[
        "ShardIterator"
    ]
    return len(streams.get_records(ShardIterator=iterator)["Records"])


def test_a_transaction_that_is_cancelled_leaves_everything_as_it_was(cloud: Any, table: Any) -> None:
    client, name, keys = table
    before, told = _held(client, name), _told(cloud, name)
    with pytest.raises(ClientError) as cancelled:
        client.transact_write_items(TransactItems=_changes(name, keys, expected="7"))
    assert cancelled.value.response["Error"]["Code"] == "TransactionCanceledException"
    reasons = [one["Code"] for one in cancelled.value.response["CancellationReasons"]]
    assert reasons == ["None", "None", "None", "ConditionalCheckFailed"]
    assert _held(client, name) == before == {"old": "1", "changed": "1", "deleted": "1"}
    assert _told(cloud, name) == told


def test_a_transaction_does_all_of_it(cloud: Any, table: Any) -> None:
    client, name, keys = table
    told = _told(cloud, name)
    client.transact_write_items(TransactItems=_changes(name, keys, expected="1"))
    assert _held(client, name) == {"old": "2", "changed": "2", "new": "1"}
    assert _told(cloud, name) == told + 4


def test_a_transaction_that_names_an_item_twice_changes_nothing(table: Any) -> None:
    client, name, keys = table
    twice = [{"Put": {"TableName": name, "Item": {**_key(keys, "old"), "version": {"N": n}}}} for n in "23"]
    with pytest.raises(ClientError, match="multiple operations on one item"):
        client.transact_write_items(TransactItems=twice)
    assert _held(client, name) == {"old": "1", "changed": "1", "deleted": "1"}


def test_a_value_of_every_kind_is_answered_as_it_was_put(table: Any) -> None:
    client, name, keys = table
    item = {
        **_key(keys, "everything"),
        "text": {"S": ""},
        "number": {"N": "1.5"},
        "bytes": {"B": b"\x00\xff"},
        "texts": {"SS": ["a", "b"]},
        "numbers": {"NS": ["1", "2"]},
        "blobs": {"BS": [b"\x01", b"\x02"]},
        "map": {"M": {"inner": {"L": [{"S": "x"}, {"NULL": True}, {"M": {}}]}, "bytes": {"B": b"\x03"}}},
        "list": {"L": []},
        "nothing": {"NULL": True},
        "no": {"BOOL": False},
    }
    client.put_item(TableName=name, Item=item)
    key = _key(keys, "everything")
    assert client.get_item(TableName=name, Key=key)["Item"] == item
    got = client.batch_get_item(RequestItems={name: {"Keys": [key]}})["Responses"][name]
    assert got == [item]
    query = {
        "KeyConditionExpression": "#part = :part",
        "ExpressionAttributeNames": {"#part": "part"},
        "ExpressionAttributeValues": {":part": key["part"]},
    }
    assert client.query(TableName=name, **query)["Items"] == [item]


def test_a_query_gives_the_items_of_its_key_in_order_and_page_by_page(cloud: Any) -> None:
    client = cloud.client("dynamodb")
    client.create_table(
        TableName="queried",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[
            {"AttributeName": "part", "KeyType": "HASH"},
            {"AttributeName": "name", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": key, "AttributeType": "S"} for key in ("part", "name", "kind")
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-kind",
                "KeySchema": [{"AttributeName": "kind", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    for part in ("a", "b"):
        for place in (3, 1, 2):
            values = {"part": part, "name": f"{part}{place}", "kind": "odd" if place % 2 else "even"}
            client.put_item(TableName="queried", Item={key: {"S": value} for key, value in values.items()})

    def names(**asked: Any) -> list[str]:
        pages = client.get_paginator("query").paginate(TableName="queried", **asked)
        return [item["name"]["S"] for page in pages for item in page["Items"]]

    def where(condition: str, **values: str) -> dict[str, Any]:
        told = {f":{name}": {"S": value} for name, value in values.items()}
        return {"KeyConditionExpression": condition, "ExpressionAttributeValues": told}

    assert names(**where("part = :p", p="b")) == ["b1", "b2", "b3"]
    assert names(**where("part = :p", p="b"), PaginationConfig={"PageSize": 1}) == ["b1", "b2", "b3"]
    assert names(**where("part = :p", p="a"), ScanIndexForward=False) == ["a3", "a2", "a1"]
    assert names(
        **where("part = :p AND #name > :n", p="a", n="a1"), ExpressionAttributeNames={"#name": "name"}
    ) == [
        "a2",
        "a3",
    ]
    assert names(**where("part = :p", p="none")) == []
    assert sorted(names(**where("kind = :k", k="even"), IndexName="by-kind")) == ["a2", "b2"]
