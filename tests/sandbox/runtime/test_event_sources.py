"""Queues and streams reach functions in batches; what fails is tried again, cut in half, or given up."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.runtime import daemon

Wait = Callable[..., Any]

# Tells what it got on the queue "seen", then does what the records say.
CODE = """
import base64, json, boto3
def text(record):
    if "kinesis" in record:
        return base64.b64decode(record["kinesis"]["data"]).decode()
    if "dynamodb" in record:
        return record["eventName"] + " " + record["dynamodb"]["Keys"]["id"]["S"]
    return record["body"]
def identity(record):
    return record.get("messageId") or record["kinesis"]["sequenceNumber"]
def handler(event, context):
    texts = [text(record) for record in event["Records"]]
    boto3.client("sqs").send_message(QueueUrl=QUEUE, MessageBody=json.dumps(texts))
    if "raise" in texts:
        raise ValueError("asked to")
    failed = [identity(record) for record, given in zip(event["Records"], texts) if given == "fail"]
    return {"batchItemFailures": [{"itemIdentifier": one} for one in failed]}
"""


class Seen:
    """What a function got: the texts of each of its batches, in order."""

    def __init__(self, cloud: Any, name: str, eventually: Wait) -> None:
        self._cloud = cloud
        self._eventually = eventually
        self.url = cloud.client("sqs").create_queue(QueueName=f"seen-by-{name}")["QueueUrl"]
        self.batches: list[list[str]] = []

    def until(self, enough: Callable[[list[list[str]]], bool]) -> list[list[str]]:
        def look() -> bool:
            answer = self._cloud.client("sqs").receive_message(QueueUrl=self.url, MaxNumberOfMessages=10)
            self.batches += [json.loads(message["Body"]) for message in answer.get("Messages", [])]
            return enough(self.batches)

        self._eventually(look)
        return self.batches

    def flat(self) -> list[str]:
        return [text for batch in self.batches for text in batch]


@pytest.fixture
def watched(cloud: Any, make_function: Callable[..., str], eventually: Wait) -> Callable[[str], Seen]:
    """Makes a function of that name, and returns what it sees."""

    def make(name: str) -> Seen:
        seen = Seen(cloud, name, eventually)
        make_function(name, CODE.replace("QUEUE", repr(seen.url)), Timeout=20)
        return seen

    return make


def _map(cloud: Any, function: str, source: str, **settings: Any) -> str:
    made = cloud.client("lambda").create_event_source_mapping(
        FunctionName=function, EventSourceArn=source, **settings
    )
    return str(made["UUID"])


def _queue(cloud: Any, name: str, **attributes: str) -> tuple[str, str]:
    url = cloud.client("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    return url, f"arn:aws:sqs:us-east-1:123456789012:{name}"


def _stream(cloud: Any, name: str) -> str:
    kinesis = cloud.client("kinesis")
    kinesis.create_stream(StreamName=name, ShardCount=1)
    summary = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    return str(summary["StreamARN"])


def _put(cloud: Any, stream: str, *texts: str) -> None:
    records = [{"Data": text.encode(), "PartitionKey": "k"} for text in texts]
    cloud.client("kinesis").put_records(StreamName=stream, Records=records)


def test_messages_that_failed_come_back_and_the_others_do_not(
    cloud: Any, watched: Any, eventually: Wait
) -> None:
    seen = watched("partly")
    url, arn = _queue(cloud, "partly", VisibilityTimeout="1")
    for text in ("one", "fail", "two"):
        cloud.client("sqs").send_message(QueueUrl=url, MessageBody=text)
    _map(cloud, "partly", arn, BatchSize=10, FunctionResponseTypes=["ReportBatchItemFailures"])
    seen.until(lambda batches: sum(batch.count("fail") for batch in batches) >= 2)
    assert sorted(seen.batches[0]) == ["fail", "one", "two"]
    assert seen.batches[1] == ["fail"]
    with pytest.raises(ClientError, match="already exists"):
        _map(cloud, "partly", arn)


def test_messages_are_gathered_for_the_window_and_filtered(cloud: Any, watched: Any) -> None:
    seen = watched("window")
    url, arn = _queue(cloud, "window")
    pattern = json.dumps({"body": {"kind": ["good"]}})
    settings = {"BatchSize": 10, "MaximumBatchingWindowInSeconds": 2}
    _map(cloud, "window", arn, FilterCriteria={"Filters": [{"Pattern": pattern}]}, **settings)
    bodies = [json.dumps({"kind": kind, "n": n}) for n, kind in enumerate(("good", "bad", "good"))]
    for body in bodies:
        cloud.client("sqs").send_message(QueueUrl=url, MessageBody=body)
    seen.until(lambda batches: len(batches) >= 1)
    assert [sorted(batch) for batch in seen.batches] == [[bodies[0], bodies[2]]]


def test_a_streams_records_come_in_order_in_batches(cloud: Any, watched: Any) -> None:
    seen = watched("ordered")
    arn = _stream(cloud, "ordered")
    _put(cloud, "ordered", *(str(n) for n in range(7)))
    _map(cloud, "ordered", arn, BatchSize=3, StartingPosition="TRIM_HORIZON")
    seen.until(lambda batches: len(batches) >= 3)
    assert seen.batches == [["0", "1", "2"], ["3", "4", "5"], ["6"]]


def test_a_bad_record_is_cut_out_and_told_of(cloud: Any, watched: Any, received: Wait) -> None:
    seen = watched("bisected")
    arn = _stream(cloud, "bisected")
    url, failures = _queue(cloud, "failures")
    _put(cloud, "bisected", "0", "1", "raise", "3")
    _map(
        cloud,
        "bisected",
        arn,
        BatchSize=4,
        StartingPosition="TRIM_HORIZON",
        BisectBatchOnFunctionError=True,
        MaximumRetryAttempts=1,
        DestinationConfig={"OnFailure": {"Destination": failures}},
    )
    seen.until(lambda batches: ["3"] in batches)
    assert seen.batches == [
        ["0", "1", "raise", "3"],
        ["0", "1"],
        ["raise", "3"],
        ["raise"],
        ["raise"],
        ["3"],
    ]
    told = json.loads(received(url)[0])
    assert told["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert (told["KinesisBatchInfo"]["batchSize"], told["KinesisBatchInfo"]["streamArn"]) == (1, arn)


def test_a_stream_goes_on_behind_the_first_record_that_failed(cloud: Any, watched: Any) -> None:
    seen = watched("reported")
    arn = _stream(cloud, "reported")
    _put(cloud, "reported", "0", "fail", "2")
    _map(
        cloud,
        "reported",
        arn,
        StartingPosition="TRIM_HORIZON",
        MaximumRetryAttempts=0,
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )
    _put(cloud, "reported", "later")
    seen.until(lambda batches: any("later" in batch for batch in batches))
    assert seen.batches[0][:3] == ["0", "fail", "2"]
    assert seen.flat().count("0") == 1


def test_a_tables_changes_reach_a_function(cloud: Any, watched: Any) -> None:
    seen = watched("changes")
    tables = cloud.client("dynamodb")
    made = tables.create_table(
        TableName="changing",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )["TableDescription"]
    _map(cloud, "changes", made["LatestStreamArn"], StartingPosition="TRIM_HORIZON")
    tables.put_item(TableName="changing", Item={"id": {"S": "a"}})
    tables.put_item(TableName="changing", Item={"id": {"S": "a"}, "n": {"N": "1"}})
    tables.delete_item(TableName="changing", Key={"id": {"S": "a"}})
    seen.until(lambda batches: sum(map(len, batches)) >= 3)
    assert seen.flat() == ["INSERT a", "MODIFY a", "REMOVE a"]


def test_a_mapping_goes_on_where_it_was_after_a_kill(cloud: Any, watched: Any) -> None:
    seen = watched("lasting")
    arn = _stream(cloud, "lasting")
    mapping = _map(cloud, "lasting", arn, StartingPosition="TRIM_HORIZON")
    _put(cloud, "lasting", "before")
    seen.until(lambda batches: len(batches) >= 1)
    os.kill(cloud.address.pid, signal.SIGKILL)
    daemon.start(cloud.root)
    _put(cloud, "lasting", "after")
    seen.until(lambda batches: any("after" in batch for batch in batches))
    # At least once: a batch whose end the kill cut off comes again.
    assert list(dict.fromkeys(seen.flat())) == ["before", "after"]
    assert cloud.administration.status()["replayDifferences"] == 0
    cloud.client("lambda").delete_event_source_mapping(UUID=mapping)


def test_a_pipe_enriches_shapes_and_hands_on(
    cloud: Any, make_function: Callable[..., str], received: Wait
) -> None:
    code = "def handler(event, context):\n    return [{**one, 'more': len(event)} for one in event]\n"
    enrichment = make_function("enriching", code, Timeout=20)
    source_url, source = _queue(cloud, "piped-in")
    target_url, target = _queue(cloud, "piped-out")
    pattern = json.dumps({"body": {"kind": ["good"]}})
    cloud.client("pipes").create_pipe(
        Name="pipe",
        RoleArn="arn:aws:iam::123456789012:role/pipe",
        Source=source,
        SourceParameters={"FilterCriteria": {"Filters": [{"Pattern": pattern}]}},
        Enrichment=enrichment,
        Target=target,
        TargetParameters={"InputTemplate": '{"n": <$.body.n>, "of": <$.more>}'},
    )
    for n, kind in enumerate(("bad", "good")):
        body = json.dumps({"kind": kind, "n": n})
        cloud.client("sqs").send_message(QueueUrl=source_url, MessageBody=body)
    assert json.loads(received(target_url)[0]) == {"n": 1, "of": 1}


def test_a_mapping_of_kafka_is_kept_and_reads_nothing(cloud: Any, make_function: Callable[..., str]) -> None:
    make_function("of-kafka", "def handler(event, context):\n    return {}\n")
    cluster = "arn:aws:kafka:us-east-1:123456789012:cluster/events/0b1c2d3e-0000-4000-8000-000000000000-2"
    config = {"ConsumerGroupId": "readers"}
    uuid = _map(
        cloud,
        "of-kafka",
        cluster,
        Topics=["events"],
        StartingPosition="TRIM_HORIZON",
        AmazonManagedKafkaEventSourceConfig=config,
    )
    client = cloud.client("lambda")
    found = client.get_event_source_mapping(UUID=uuid)
    assert (found["EventSourceArn"], found["BatchSize"]) == (cluster, 100)
    client.delete_event_source_mapping(UUID=uuid)
    with pytest.raises(ClientError, match="does not exist"):
        client.get_event_source_mapping(UUID=uuid)
