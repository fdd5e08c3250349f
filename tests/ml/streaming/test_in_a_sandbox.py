"""Does the whole way run with real clients: events in, features, predictions captured, outcomes joined?"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from infra.data.consumer import groups_document
from infra.data.declared import EVENT_TIME, declared
from infra.data.features import definitions
from infra.data.questions import Asking, code_of
from ml.flights.happenings import happenings
from ml.streaming.marks import minutes
from ml.streaming.replay import Arrival, arrivals, play, weeks_to, without
from ml.streaming.table import Table
from ml.streaming.through import wait
from sandbox.runtime import daemon
from tests.ml.streaming.conftest import Days, Feed, data_of, opened

Client = Callable[[str], Any]
_CASE = declared("ml.flights")
_ASKING = Asking(
    use_case="ml.flights", case="flights", files=_CASE.stream, endpoint_name="flights", is_released=True
)
_ACCOUNT = "arn:aws:{service}:us-east-1:123456789012"
_IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.0-5"
_INFERENCE = """
import json

def model_fn(model_dir):
    return None

def input_fn(body, content_type):
    return json.loads(body)["instances"]

def predict_fn(data, model):
    return [min(0.99, row["hour_of_day"] / 24) for row in data]

def output_fn(prediction, accept):
    return json.dumps({"predictions": [{"probability": p} for p in prediction]}), "application/json"
"""


def _trust(service: str) -> str:
    principal = {"Service": f"{service}.amazonaws.com"}
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


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
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
        )

    make.variables = variables  # type: ignore[attr-defined]
    yield make
    daemon.stop(root)


@pytest.fixture(scope="module")
def endpoint(client: Client) -> str:
    """An endpoint that captures all that it is asked."""
    client("s3").create_bucket(Bucket="models")
    code = io.BytesIO()
    with tarfile.open(fileobj=code, mode="w:gz") as tar:
        info = tarfile.TarInfo("code/inference.py")
        info.size = len(_INFERENCE)
        tar.addfile(info, io.BytesIO(_INFERENCE.encode()))
    client("s3").put_object(Bucket="models", Key="model.tar.gz", Body=code.getvalue())
    role = client("iam").create_role(RoleName="inference", AssumeRolePolicyDocument=_trust("sagemaker"))
    sagemaker = client("sagemaker")
    sagemaker.create_model(
        ModelName="flights",
        PrimaryContainer={
            "Image": _IMAGE,
            "ModelDataUrl": "s3://models/model.tar.gz",
            "Environment": {"SAGEMAKER_PROGRAM": "inference.py"},
        },
        ExecutionRoleArn=role["Role"]["Arn"],
    )
    variant = {"VariantName": "champion", "ModelName": "flights", "InstanceType": "ml.m5.large"}
    sagemaker.create_endpoint_config(
        EndpointConfigName="flights",
        ProductionVariants=[{**variant, "InitialInstanceCount": 1}],
        DataCaptureConfig={
            "EnableCapture": True,
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": "s3://models/captures",
            "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
            "CaptureContentTypeHeader": {"JsonContentTypes": ["application/json"]},
        },
    )
    sagemaker.create_endpoint(EndpointName="flights", EndpointConfigName="flights")
    _eventually(lambda: sagemaker.describe_endpoint(EndpointName="flights")["EndpointStatus"] == "InService")
    return "flights"


@pytest.fixture(scope="module")
def undelivered(client: Client, endpoint: str) -> str:
    """A stream `events` with its consumer as the platform makes it; the URL of its dead-letter queue."""
    for group in _CASE.groups:
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
    client("dynamodb").create_table(
        TableName="states",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[
            {"AttributeName": "part", "KeyType": "HASH"},
            {"AttributeName": "name", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "part", "AttributeType": "S"},
            {"AttributeName": "name", "AttributeType": "S"},
        ],
    )
    queue = client("sqs").create_queue(QueueName="undelivered")["QueueUrl"]
    client("kinesis").create_stream(StreamName="events", ShardCount=1)
    role = client("iam").create_role(RoleName="consumer", AssumeRolePolicyDocument=_trust("lambda"))
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        for name, file in code_of(_ASKING).items():
            archive.write(file, name)
    client("lambda").create_function(
        FunctionName="consumer",
        Role=role["Role"]["Arn"],
        Runtime="python3.13",
        Handler="ml.streaming.handler.handle",
        Code={"ZipFile": code.getvalue()},
        Environment={
            "Variables": {
                "GROUPS": groups_document(_CASE.groups, [group.name for group in _CASE.groups]),
                "UNDELIVERED_URL": queue,
                "CASE": "ml.flights",
                "ENDPOINT": endpoint,
                "STATE_TABLE": "states",
                "METRICS": "groundplan/dev/Streaming",
            }
        },
        Timeout=60,
    )
    client("lambda").create_event_source_mapping(
        FunctionName="consumer",
        EventSourceArn=_ACCOUNT.format(service="kinesis") + ":stream/events",
        StartingPosition="TRIM_HORIZON",
        BatchSize=250,
        FunctionResponseTypes=["ReportBatchItemFailures"],
        BisectBatchOnFunctionError=True,
        MaximumRetryAttempts=2,
        DestinationConfig={"OnFailure": {"Destination": _ACCOUNT.format(service="sqs") + ":undelivered"}},
    )
    return str(queue)


def _eventually(look: Callable[[], Any], seconds: float = 90) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError(f"still nothing after {seconds} s")


def _captured(client: Client) -> dict[str, tuple[str, Mapping[str, Any], float]]:
    """By inference id the time of the event, the features and the probability that were captured."""
    found = {}
    s3 = client("s3")
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket="models", Prefix="captures/"):
        for one in page.get("Contents", []):
            body = s3.get_object(Bucket="models", Key=one["Key"])["Body"].read().decode()
            for line in map(json.loads, body.splitlines()):
                (row,) = json.loads(line["captureData"]["endpointInput"]["data"])["instances"]
                (said,) = json.loads(line["captureData"]["endpointOutput"]["data"])["predictions"]
                metadata = line["eventMetadata"]
                (attributes,) = metadata["customAttributes"]
                found[metadata["inferenceId"]] = (attributes, row, said["probability"])
    return found


def test_events_out_of_order_become_features_predictions_and_outcomes_and_poison_is_kept_apart(
    client: Client, undelivered: str, stormy: Days, feed: Feed
) -> None:
    begin = stormy.happenings[0].at
    hours = [one for one in stormy.happenings if 38 <= (one.at - begin) / 60 < 43]
    plain = feed(data_of(hours))
    coming: list[Arrival] = list(arrivals(hours, disorder=0.1, duplicates=0.1, seed=1))
    kinesis = client("kinesis")
    kinesis.put_record(StreamName="events", Data=b"poison", PartitionKey="JFK")
    generic = {
        "type": "airport",
        "entity": "LGA",
        "time": "2013-07-10T09:00:00Z",
        "features": {"wind_speed": 7},
    }
    kinesis.put_record(StreamName="events", Data=json.dumps(generic).encode(), PartitionKey="LGA")
    played = play(kinesis, "events", coming, speed=0, begin=begin)
    assert played.put == len(coming) > len(hours)
    clocks = Table(client("dynamodb"), "states", {}, 0).clocks
    wait(clocks, played.shards, played.newest, patience=60)
    assert {clock.newest for clock in clocks().values()} == {played.newest}

    store = client("sagemaker-featurestore-runtime")

    def got(group: str, entity: str) -> dict[str, str]:
        answer = store.get_record(FeatureGroupName=group, RecordIdentifierValueAsString=entity)
        return {one["FeatureName"]: one["ValueAsString"] for one in answer.get("Record", [])}

    assert plain.asked
    # What is asked last is answered last, and captured a little later.
    captured = _eventually(lambda: (found := _captured(client)).keys() >= plain.asked.keys() and found)
    assert captured.keys() == plain.asked.keys()
    asks = {one.event["entity"]: one.event for one in hours if one.event["type"] == "ask"}
    for key, (attributes, features, probability) in captured.items():
        assert attributes == f"event-time={asks[key]['time']}"
        assert features == plain.asked[key], key
        assert float(got("predictions", key)["probability"]) == probability
    for key, outcome in plain.of("outcomes").items():
        told = got("outcomes", key)
        assert told["outcome"] == outcome["outcome"]
        assert told.get("predicted") == (got("predictions", key).get("probability"))
    assert got("airports", "JFK") == dict(plain.of("airports")["JFK"])
    assert got("airports", "LGA")["wind_speed"] == "7.0"
    (letter,) = client("sqs").receive_message(QueueUrl=undelivered)["Messages"]
    told = json.loads(letter["Body"])
    assert (told["data"], told["reason"][:13]) == ("poison", "It is no JSON")


@pytest.mark.soak
def test_two_real_days_at_a_thousand_times_their_speed_are_asked_as_in_memory(
    client: Any, undelivered: str, sources: Path, feed: Feed
) -> None:
    first, days = date(2013, 7, 9), 2
    command = f"replay --case ml.flights --stream events --from {first} --days {days} --speed 1000"
    more = "--shift-to today --disorder 0.05 --duplicates 0.02 --seed 5 --states states"
    subprocess.run(
        [sys.executable, "-m", "ml", *command.split(), *more.split()],
        env={**os.environ, **client.variables, "AWS_DEFAULT_REGION": "us-east-1"},
        check=True,
    )
    weeks = weeks_to(first, days, datetime.now(UTC).date())
    begin = minutes(datetime(2013, 7, 9, tzinfo=UTC) + timedelta(weeks=weeks))
    engine, tables = opened(sources)
    happened = happenings(engine, tables, first - timedelta(days=1), days + 1, weeks)
    plain = feed(data_of(without(happened, frozenset({"ask", "outcome"}), begin)), now=datetime.now(UTC))
    engine.close()
    assert len(plain.asked) > 2000
    # All of it is through, and captured a little later.
    captured = _eventually(lambda: (found := _captured(client)).keys() >= plain.asked.keys() and found)
    differing = [key for key, asked in plain.asked.items() if captured[key][1] != asked]
    assert differing == []
    store = client("sagemaker-featurestore-runtime")
    for key in plain.of("outcomes").keys() & plain.asked.keys():
        answer = store.get_record(FeatureGroupName="outcomes", RecordIdentifierValueAsString=key)
        assert "predicted" in {one["FeatureName"] for one in answer["Record"]}, key
