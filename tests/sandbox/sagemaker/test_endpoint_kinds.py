"""Endpoints that are not asked in the ordinary way: asynchronous, serverless, with shadow variants."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError


def until(look: Callable[[], Any], seconds: float = 30.0) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return found


@pytest.fixture(scope="module")
def serverless(cloud: Any) -> Any:
    """The cloud, with a serverless endpoint that was asked once."""
    variant = {
        "VariantName": "champion",
        "ModelName": "serverless",
        "ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5},
    }
    cloud.configure("serverless", cloud.model_archive(), ProductionVariants=[variant])
    cloud.sagemaker.create_endpoint(EndpointName="serverless", EndpointConfigName="serverless")
    assert cloud.deployed("serverless")["EndpointStatus"] == "InService"
    assert cloud.ask("serverless") > 0.5
    return cloud


def test_an_asynchronous_endpoint_answers_in_s3_and_tells_its_topics(serverless: Any) -> None:
    cloud = serverless
    sns, sqs = cloud.client("sns"), cloud.client("sqs")
    topics, urls = {}, {}
    for name in ("good", "bad"):
        topics[name] = sns.create_topic(Name=name)["TopicArn"]
        urls[name] = sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = f"arn:aws:sqs:us-east-1:123456789012:{name}"
        raw = {"RawMessageDelivery": "true"}
        sns.subscribe(TopicArn=topics[name], Protocol="sqs", Endpoint=arn, Attributes=raw)
    notices = {"SuccessTopic": topics["good"], "ErrorTopic": topics["bad"]}
    output = {
        "S3OutputPath": f"s3://{cloud.bucket}/answers",
        "S3FailurePath": f"s3://{cloud.bucket}/failures",
        "NotificationConfig": notices,
    }
    cloud.configure("later", cloud.model_archive(), AsyncInferenceConfig={"OutputConfig": output})
    cloud.sagemaker.create_endpoint(EndpointName="later", EndpointConfigName="later")
    described = cloud.deployed("later")
    assert described["AsyncInferenceConfig"]["OutputConfig"]["S3OutputPath"] == output["S3OutputPath"]
    with pytest.raises(ClientError, match="use InvokeEndpointAsync"):
        cloud.ask("later")
    source = cloud.put("asked/one.json", json.dumps({"instances": [{"a": 0.9, "b": 0.9}]}))
    runtime = cloud.client("sagemaker-runtime")
    answer = runtime.invoke_endpoint_async(
        EndpointName="later", InputLocation=source, ContentType="application/json", InferenceId="mine"
    )
    assert answer["InferenceId"] == "mine"
    key = answer["OutputLocation"].removeprefix(f"s3://{cloud.bucket}/")
    until(lambda: cloud.keys(key))
    assert json.loads(cloud.read(key))["predictions"][0]["probability"] > 0.5

    def told(name: str) -> Any:
        found = until(lambda: sqs.receive_message(QueueUrl=urls[name]).get("Messages"))
        return json.loads(found[0]["Body"])

    notice = told("good")
    assert (notice["invocationStatus"], notice["inferenceId"]) == ("Completed", "mine")
    assert notice["responseParameters"]["outputLocation"] == answer["OutputLocation"]
    runtime.invoke_endpoint_async(EndpointName="later", InputLocation=source, ContentType="text/csv")
    failed = told("bad")
    assert failed["invocationStatus"] == "Failed"
    assert "only JSON, not text/csv" in failed["failureReason"]
    assert len(cloud.keys("failures/")) == 1


def _captured_of(cloud: Any, prefix: str, inference_id: str, count: int) -> dict[str, float]:
    """What each variant said of a request, once so many captures of it are written."""
    deadline = time.monotonic() + 30
    while True:
        found = {
            key.split("/")[2]: json.loads(line["captureData"]["endpointOutput"]["data"])
            for key in cloud.keys(prefix)
            for line in map(json.loads, cloud.read(key).splitlines())
            if line["eventMetadata"].get("inferenceId") == inference_id
        }
        if len(found) >= count:
            return {name: said["predictions"][0]["probability"] for name, said in found.items()}
        assert time.monotonic() < deadline, f"captured of {sorted(found)} alone"
        time.sleep(0.2)


def test_shadow_variants_get_copies_and_their_answers_go_nowhere(serverless: Any) -> None:
    cloud = serverless
    cloud.configure("opposite", cloud.model_archive(bias=-0.9))
    variants = {
        name: {
            "VariantName": name,
            "ModelName": model,
            "InitialInstanceCount": 1,
            "InstanceType": "ml.m5.large",
            "InitialVariantWeight": 1.0,
        }
        for name, model in (("champion", "shadowed"), ("shadow", "opposite"))
    }
    cloud.configure(
        "shadowed",
        cloud.model_archive(bias=0.9),
        ProductionVariants=[variants["champion"]],
        ShadowProductionVariants=[variants["shadow"]],
        DataCaptureConfig={
            "EnableCapture": True,
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": f"s3://{cloud.bucket}/shadow-captures",
            "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
            "CaptureContentTypeHeader": {"JsonContentTypes": ["application/json"]},
        },
    )
    cloud.sagemaker.create_endpoint(EndpointName="shadowed", EndpointConfigName="shadowed")
    described = cloud.deployed("shadowed")
    assert [one["VariantName"] for one in described["ProductionVariants"]] == ["champion"]
    assert [one["VariantName"] for one in described["ShadowProductionVariants"]] == ["shadow"]
    assert all(cloud.ask("shadowed", 0.3, 0.3) > 0.5 for _ in range(20))
    cloud.ask("shadowed", 0.3, 0.3, InferenceId="both")
    said = _captured_of(cloud, "shadow-captures/shadowed", "both", 2)
    assert said["champion"] > 0.5 > said["shadow"]
    with pytest.raises(ClientError, match="Variant shadow does not exist"):
        cloud.ask("shadowed", TargetVariant="shadow")

    def copies() -> float:
        now = datetime.now(UTC)
        dimensions = [
            {"Name": "EndpointName", "Value": "shadowed"},
            {"Name": "VariantName", "Value": "shadow"},
        ]
        points = cloud.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/SageMaker",
            MetricName="Invocations",
            Dimensions=dimensions,
            StartTime=now - timedelta(minutes=10),
            EndTime=now + timedelta(minutes=1),
            Period=60,
            Statistics=["Sum"],
        )["Datapoints"]
        return float(sum(point["Sum"] for point in points))

    until(lambda: copies() >= 20)


def test_a_serverless_process_ends_when_it_is_idle_and_begins_when_it_is_asked(serverless: Any) -> None:
    def processes() -> list[int]:
        found = serverless.instances("serverless").values()
        return [process for _, process in found if Path(f"/proc/{process}").exists()]

    until(lambda: processes() == [])
    assert serverless.sagemaker.describe_endpoint(EndpointName="serverless")["EndpointStatus"] == "InService"
    assert serverless.ask("serverless") > 0.5
    until(lambda: len(processes()) == 1)
