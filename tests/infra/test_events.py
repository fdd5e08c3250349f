"""Do events on a stream become features, in a sandbox, while what is no event is kept apart?"""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from infra.data.consumer import groups_document
from infra.data.declared import EVENT_TIME, declared
from infra.data.features import definitions
from sandbox.runtime import daemon

Client = Callable[[str], Any]
_GROUPS = declared("ml.flights").groups
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    root = tmp_path_factory.mktemp("sandbox")
    address = daemon.start(root)
    variables = daemon.environment(address)

    def make(service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=address.endpoint_url,
            region_name=address.region,
            aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
            config=Config(retries={"total_max_attempts": 1}),
        )

    yield make
    daemon.stop(root)


@pytest.fixture(scope="module")
def undelivered(client: Client) -> str:
    """A stream `events` whose consumer writes the declared groups; the URL of its dead-letter queue."""
    for group in _GROUPS:
        client("sagemaker").create_feature_group(
            FeatureGroupName=group.name,
            RecordIdentifierFeatureName=group.entity,
            EventTimeFeatureName=EVENT_TIME,
            FeatureDefinitions=[
                {"FeatureName": one["feature_name"], "FeatureType": one["feature_type"]}
                for one in definitions(group)
            ],
            OnlineStoreConfig={"EnableOnlineStore": True},
            RoleArn="arn:aws:iam::123456789012:role/features",
        )
    queue = client("sqs").create_queue(QueueName="undelivered")["QueueUrl"]
    kinesis = client("kinesis")
    kinesis.create_stream(StreamName="events", ShardCount=1)
    role = client("iam").create_role(RoleName="consumer", AssumeRolePolicyDocument=json.dumps(_TRUST))
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.write(Path("infra/functions/consumer/handler.py"), "handler.py")
    variables = {
        "GROUPS": groups_document(_GROUPS, [group.name for group in _GROUPS]),
        "UNDELIVERED_URL": queue,
    }
    client("lambda").create_function(
        FunctionName="consumer",
        Role=role["Role"]["Arn"],
        Runtime="python3.13",
        Handler="handler.handle",
        Code={"ZipFile": code.getvalue()},
        Environment={"Variables": variables},
        Timeout=30,
    )
    client("lambda").create_event_source_mapping(
        FunctionName="consumer",
        EventSourceArn="arn:aws:kinesis:us-east-1:123456789012:stream/events",
        StartingPosition="TRIM_HORIZON",
        FunctionResponseTypes=["ReportBatchItemFailures"],
        BisectBatchOnFunctionError=True,
        MaximumRetryAttempts=2,
        DestinationConfig={"OnFailure": {"Destination": "arn:aws:sqs:us-east-1:123456789012:undelivered"}},
    )
    return str(queue)


def _eventually(look: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError("still nothing after 30 s")


def test_a_poison_event_is_kept_apart_and_the_others_become_features(
    client: Client, undelivered: str
) -> None:
    def event(kind: str, entity: str, time_of: str, **features: Any) -> bytes:
        told = {"type": kind, "entity": entity, "time": time_of, "features": features}
        return json.dumps(told).encode()

    sent = [
        event("airport", "EWR", "2026-01-31T09:00:00Z", wind_speed=7),
        b"poison",
        event("airport", "EWR", "2026-01-31T08:00:00Z", wind_speed=99),
        event("outcome", "inference-1", "2026-01-31T09:00:00Z", outcome=1, subject="UA 1"),
    ]
    client("kinesis").put_records(
        StreamName="events", Records=[{"Data": one, "PartitionKey": "one"} for one in sent]
    )
    store = client("sagemaker-featurestore-runtime")

    def got(group: str, entity: str) -> dict[str, str]:
        answer = store.get_record(FeatureGroupName=group, RecordIdentifierValueAsString=entity)
        return {one["FeatureName"]: one["ValueAsString"] for one in answer.get("Record", [])}

    assert _eventually(lambda: got("outcomes", "inference-1"))["outcome"] == "1.0"
    assert got("airports", "EWR")["wind_speed"] == "7.0"
    (letter,) = _eventually(lambda: client("sqs").receive_message(QueueUrl=undelivered).get("Messages"))
    told = json.loads(letter["Body"])
    assert (told["data"], told["reason"][:13]) == ("poison", "It is no JSON")
