"""Parking: what it makes, and what its function does to an endpoint, by the emulator's own API."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
import pytest
from mocked import Build, foundation, topics
from moto import mock_aws

from infra.serving.parking import Parking, ParkingArgs, ParkingSettings, expressions

NAME = "groundplan-dev-flights"
ROLE = "arn:aws:iam::123456789012:role/inference"
RESOURCE = f"endpoint/{NAME}/variant/champion"
Mocked = Callable[..., Build]


@pytest.fixture
def handler() -> ModuleType:
    path = Path(__file__).parents[2] / "infra/functions/parking/handler.py"
    spec = importlib.util.spec_from_file_location("parking_handler", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Any]]:
    """An emulated account with the endpoint, scaled, and the topic that the function tells."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_DEFAULT_REGION": "us-east-1",
        "ENDPOINT": NAME,
        "IDLE_HOURS": "2",
        "SAVES": "about 5.52 US dollars a day (2 of ml.m5.large)",
        "STACK_NAME": "dev",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        sns, sqs = boto3.client("sns"), boto3.client("sqs")
        topic = sns.create_topic(Name="info")["TopicArn"]
        queue = sqs.create_queue(QueueName="told")["QueueUrl"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:123456789012:told")
        monkeypatch.setenv("TOPIC", topic)
        sagemaker = boto3.client("sagemaker")
        sagemaker.create_model(ModelName="model", ExecutionRoleArn=ROLE, PrimaryContainer={"Image": "i"})
        variant = {"VariantName": "champion", "ModelName": "model", "InstanceType": "ml.m5.large"}
        sagemaker.create_endpoint_config(
            EndpointConfigName="config", ProductionVariants=[{**variant, "InitialInstanceCount": 2}]
        )
        sagemaker.create_endpoint(EndpointName=NAME, EndpointConfigName="config")
        boto3.client("application-autoscaling").register_scalable_target(
            ServiceNamespace="sagemaker",
            ResourceId=RESOURCE,
            ScalableDimension="sagemaker:variant:DesiredInstanceCount",
            MinCapacity=2,
            MaxCapacity=4,
        )

        def client(service: str) -> Any:
            made: Any = boto3
            return queue if service == "queue" else made.client(service)

        yield client


def _aged(module: ModuleType, monkeypatch: pytest.MonkeyPatch, **other: Any) -> None:
    """Lets the function see the endpoint as it was brought up three hours ago."""
    seen = module._describe

    def describe(endpoint: str) -> Any:
        found = seen(endpoint)
        return found and {**found, "LastModifiedTime": datetime.now(UTC) - timedelta(hours=3), **other}

    monkeypatch.setattr(module, "_describe", describe)


def _there(cloud: Callable[[str], Any]) -> bool:
    return any(one["EndpointName"] == NAME for one in cloud("sagemaker").list_endpoints()["Endpoints"])


def test_after_hours_the_variants_are_let_go_of_the_endpoint_goes_and_the_team_hears_it(
    handler: ModuleType, cloud: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    _aged(handler, monkeypatch)
    answer = handler.handle({"reason": "after-hours"}, None)
    assert answer["parked"] == NAME
    assert answer["deregistered"] == [RESOURCE]
    assert not _there(cloud)
    targets = cloud("application-autoscaling").describe_scalable_targets(ServiceNamespace="sagemaker")
    assert targets["ScalableTargets"] == []
    (message,) = cloud("sqs").receive_message(QueueUrl=cloud("queue"))["Messages"]
    told = json.loads(message["Body"])
    assert told["Subject"] == f"{NAME} is parked"
    assert "saves about 5.52 US dollars a day" in told["Message"]
    assert "groundplan up dev" in told["Message"]
    # What brings it back is kept.
    assert cloud("sagemaker").describe_endpoint_config(EndpointConfigName="config")
    assert cloud("sagemaker").describe_model(ModelName="model")


def test_an_endpoint_that_nobody_has_asked_is_parked_and_one_that_is_asked_is_not(
    handler: ModuleType, cloud: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    _aged(handler, monkeypatch)
    dimensions = [{"Name": "EndpointName", "Value": NAME}, {"Name": "VariantName", "Value": "champion"}]
    asked = {"MetricName": "Invocations", "Dimensions": dimensions, "Value": 4.0}
    cloud("cloudwatch").put_metric_data(
        Namespace="AWS/SageMaker", MetricData=[{**asked, "Timestamp": datetime.now(UTC) - timedelta(hours=1)}]
    )
    assert handler.handle({"reason": "idle"}, None)["why"] == "it was asked 4 times within 2 h"
    assert _there(cloud)
    monkeypatch.setattr(handler, "_requests", lambda *_: 0.0)
    assert handler.handle({"reason": "idle"}, None)["parked"] == NAME
    assert not _there(cloud)


def test_an_endpoint_that_has_just_been_brought_up_or_is_changing_is_left_alone(
    handler: ModuleType, cloud: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "brought up or changed within 2 h" in handler.handle({"reason": "idle"}, None)["why"]
    _aged(handler, monkeypatch, EndpointStatus="Updating")
    assert "a change is under way" in handler.handle({"reason": "after-hours"}, None)["why"]
    assert _there(cloud)


def test_an_old_order_parks_nothing_that_stands_now(
    handler: ModuleType, cloud: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    _aged(handler, monkeypatch)
    for minutes, there in ((40, True), (1, False)):
        at = (datetime.now(UTC) - timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")
        handler.handle({"reason": "after-hours", "at": at}, None)
        assert _there(cloud) is there


def test_parking_twice_is_no_fault(handler: ModuleType, cloud: Callable[[str], Any]) -> None:
    handler.handle({"reason": "after-hours"}, None)
    again = handler.handle({"reason": "after-hours"}, None)
    assert again["parked"] is None
    assert again["why"].startswith("it is parked already")


def test_an_unknown_reason_parks_nothing(handler: ModuleType, cloud: Callable[[str], Any]) -> None:
    with pytest.raises(ValueError, match="after-hours"):
        handler.handle({"reason": "whim"}, None)
    assert _there(cloud)


def test_the_evening_is_that_of_the_teams_time_zone() -> None:
    settings = ParkingSettings(stop_at="18:30", time_zone="Europe/Berlin")
    assert expressions(settings)["after-hours"] == ("cron(30 18 * * ? *)", "Europe/Berlin")
    assert expressions(settings)["idle"] == ("rate(1 hour)", "UTC")


def test_two_schedules_call_one_function_that_may_park_this_endpoint_alone(mocked: Mocked) -> None:
    def program() -> dict[str, Any]:
        made = Parking(
            "parking",
            ParkingArgs(
                settings=ParkingSettings(enabled=True),
                foundation=foundation(),
                topics=topics(),
                endpoint_name=NAME,
                instances=[("ml.m5.large", 2)],
            ),
        )
        return {"parking": made.parked}

    made = mocked(program)
    schedules = made.of("aws:scheduler/schedule:Schedule").values()
    assert {json.loads(one["target"]["input"])["reason"] for one in schedules} == {"after-hours", "idle"}
    assert made.outputs["parking"]["schedules"] == [
        "groundplan-dev-park-after-hours",
        "groundplan-dev-park-idle",
    ]
    own = made.policies()["parking-function-role-policy"]
    park = next(one for one in own if one["Sid"] == "ParkTheEndpoint")
    assert park["Resource"] == f"arn:aws:sagemaker:us-east-1:123456789012:endpoint/{NAME}"
    assert "aws:scheduler/schedule:Schedule" in mocked(program, preview=True).kinds
