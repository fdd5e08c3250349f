"""Endpoints are processes that answer, survive, and are replaced without losing a request."""

from __future__ import annotations

import json
import os
import signal
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError


@pytest.fixture(scope="module")
def live(cloud: Any) -> Any:
    """The cloud, with the endpoint `live` of two instances in two zones, which captures everything."""
    ec2 = cloud.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"us-east-1{z}")["Subnet"]
        for n, z in enumerate("ab")
    ]
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{cloud.bucket}/captures",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {"JsonContentTypes": ["application/json"]},
    }
    network = {"Subnets": [s["SubnetId"] for s in subnets], "SecurityGroupIds": ["sg-12345678"]}
    cloud.configure("live", cloud.model_archive(), 2, VpcConfig=network, DataCaptureConfig=capture)
    cloud.sagemaker.create_endpoint(EndpointName="live", EndpointConfigName="live")
    assert cloud.deployed("live")["EndpointStatus"] == "InService"
    return cloud


def test_instances_stand_in_the_zones_of_the_models_subnets(live: Any) -> None:
    zones = sorted(zone for zone, _ in live.instances("live").values())
    assert zones[:2] == ["us-east-1a", "us-east-1b"]


def test_bad_input_is_a_model_error_with_the_models_own_words(live: Any) -> None:
    runtime = live.client("sagemaker-runtime")
    with pytest.raises(runtime.exceptions.ModelError) as refused:
        runtime.invoke_endpoint(EndpointName="live", ContentType="text/csv", Body="1,2")
    assert refused.value.response["OriginalStatusCode"] == 400
    assert "only JSON, not text/csv" in refused.value.response["OriginalMessage"]
    assert ":log-stream:champion/i-" in refused.value.response["LogStreamArn"]


def test_the_average_of_an_error_metric_is_the_share_of_errors(live: Any) -> None:
    runtime, watch = live.client("sagemaker-runtime"), live.client("cloudwatch")
    dimensions = [{"Name": "EndpointName", "Value": "live"}, {"Name": "VariantName", "Value": "champion"}]

    def seen(metric: str) -> tuple[float, float]:
        """How many values of the last minutes there are, and their sum."""
        now = datetime.now(UTC)
        points = watch.get_metric_statistics(
            Namespace="AWS/SageMaker",
            MetricName=metric,
            Dimensions=dimensions,
            StartTime=now - timedelta(minutes=10),
            EndTime=now + timedelta(minutes=1),
            Period=60,
            Statistics=["SampleCount", "Sum"],
        )["Datapoints"]
        return sum(point["SampleCount"] for point in points), sum(point["Sum"] for point in points)

    for _ in range(3):
        live.ask("live")
    with pytest.raises(runtime.exceptions.ModelError):
        runtime.invoke_endpoint(EndpointName="live", ContentType="text/csv", Body="1,2")
    for _ in range(60):
        invocations, errors = seen("Invocations"), seen("Invocation4XXErrors")
        if invocations[0] >= 4 and errors[1] >= 1:
            break
        time.sleep(0.5)
    # Every invocation is a value of each metric: 1 in `Invocations`, 1 or 0 in the errors.
    assert invocations[0] == invocations[1] == errors[0] == seen("ModelLatency")[0]
    assert 1 <= errors[1] < errors[0]
    assert seen("Invocation5XXErrors") == (errors[0], 0.0)


def test_an_endpoint_that_is_not_there_is_a_validation_error(live: Any) -> None:
    with pytest.raises(ClientError) as refused:
        live.ask("nobody")
    assert refused.value.response["Error"]["Code"] == "ValidationError"
    assert "nobody" in refused.value.response["Error"]["Message"]


def test_a_variant_that_is_not_there_is_refused(live: Any) -> None:
    with pytest.raises(ClientError, match="Variant challenger does not exist"):
        live.ask("live", TargetVariant="challenger")


def test_requests_and_answers_are_captured_as_json_lines(live: Any) -> None:
    expected = live.ask("live", 0.123, 0.456, InferenceId="mine")
    deadline = time.monotonic() + 20
    found: list[Any] = []
    while not found:
        assert time.monotonic() < deadline
        time.sleep(0.2)
        for key in live.keys("captures/live/champion/"):
            lines = [json.loads(line) for line in live.read(key).splitlines()]
            found += [line for line in lines if line["eventMetadata"].get("inferenceId") == "mine"]
    data = found[0]["captureData"]
    assert json.loads(data["endpointInput"]["data"]) == {"instances": [{"a": 0.123, "b": 0.456}]}
    assert data["endpointInput"]["encoding"] == "JSON"
    assert json.loads(data["endpointOutput"]["data"])["predictions"][0]["probability"] == expected


def test_killing_an_instance_loses_no_request_and_it_is_replaced(live: Any) -> None:
    before = live.instances("live")
    with live.asking("live") as answers:
        victim, (zone, process) = next(
            (name, place) for name, place in before.items() if Path(f"/proc/{place[1]}").exists()
        )
        os.kill(process, signal.SIGKILL)
        deadline = time.monotonic() + 30
        while len(fresh := live.instances("live").keys() - before.keys()) < 1:
            assert time.monotonic() < deadline
            time.sleep(0.1)
    assert not [answer for answer in answers if isinstance(answer, ClientError)]
    assert len(answers) > 10
    assert victim not in fresh
    assert {live.instances("live")[name][0] for name in fresh} == {zone}


def test_an_update_moves_the_traffic_and_loses_no_request(live: Any) -> None:
    live.configure("lenient", live.model_archive(bias=0.9), 2)
    strict = live.ask("live", 0.1, 0.1)
    canary = {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {
                "Type": "CANARY",
                "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 50},
                "WaitIntervalInSeconds": 60,
            },
            "TerminationWaitInSeconds": 0,
        }
    }
    with live.asking("live") as answers:
        live.sagemaker.update_endpoint(
            EndpointName="live", EndpointConfigName="lenient", DeploymentConfig=canary
        )
        with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
            live.sagemaker.update_endpoint(EndpointName="live", EndpointConfigName="live")
        described = live.deployed("live")
    assert not [answer for answer in answers if isinstance(answer, ClientError)]
    assert described["EndpointConfigName"] == "lenient"
    assert described["LastDeploymentConfig"] == canary
    assert "FailureReason" not in described
    assert live.ask("live", 0.1, 0.1) > strict


def test_alarms_that_are_quiet_let_an_update_through(live: Any) -> None:
    watch = live.client("cloudwatch")
    watch.put_metric_alarm(
        AlarmName="quiet",
        Namespace="AWS/SageMaker",
        MetricName="Invocation5XXErrors",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    watch.set_alarm_state(AlarmName="quiet", StateValue="OK", StateReason="drill")
    live.configure("calm", live.model_archive(), 1)
    live.sagemaker.update_endpoint(
        EndpointName="live",
        EndpointConfigName="calm",
        DeploymentConfig={
            "BlueGreenUpdatePolicy": {
                "TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0},
            },
            "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "quiet"}]},
        },
    )
    described = live.deployed("live")
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("InService", "calm")
    assert "FailureReason" not in described


def test_an_alarm_during_an_update_takes_it_back(live: Any) -> None:
    watch = live.client("cloudwatch")
    watch.put_metric_alarm(
        AlarmName="errors",
        Namespace="AWS/SageMaker",
        MetricName="Invocation5XXErrors",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    watch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="drill")
    before = live.sagemaker.describe_endpoint(EndpointName="live")["EndpointConfigName"]
    live.configure("alarming", live.model_archive(), 1)
    live.sagemaker.update_endpoint(
        EndpointName="live",
        EndpointConfigName="alarming",
        DeploymentConfig={
            "BlueGreenUpdatePolicy": {
                "TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0},
            },
            "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "errors"}]},
        },
    )
    described = live.deployed("live")
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("InService", before)
    assert "errors" in described["FailureReason"]
    assert live.ask("live") > 0


def test_an_update_to_a_model_that_does_not_load_keeps_the_old_one(live: Any) -> None:
    before = live.sagemaker.describe_endpoint(EndpointName="live")["EndpointConfigName"]
    live.configure("broken", live.model_archive("raise RuntimeError('no weights in here')"), 1)
    live.sagemaker.update_endpoint(EndpointName="live", EndpointConfigName="broken")
    described = live.deployed("live")
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("InService", before)
    assert "no weights in here" in described["FailureReason"]
    assert live.ask("live") > 0


def test_an_endpoint_survives_a_kill_of_the_sandbox(live: Any) -> None:
    expected = live.ask("live", 0.3, 0.4)
    old = [process for _, process in live.instances("live").values()]
    live.restart(signal.SIGKILL)
    # The request waits for the instances to come up again.
    assert live.ask("live", 0.3, 0.4) == expected
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{process}").exists() for process in old):
        assert time.monotonic() < deadline, "a server of the killed sandbox is running still"
        time.sleep(0.05)


def test_capacity_and_weight_can_be_changed_in_place(live: Any) -> None:
    live.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName="live",
        DesiredWeightsAndCapacities=[{"VariantName": "champion", "DesiredInstanceCount": 1}],
    )
    variant = live.deployed("live")["ProductionVariants"][0]
    assert (variant["CurrentInstanceCount"], variant["DesiredInstanceCount"]) == (1, 1)


def test_an_endpoint_whose_model_does_not_load_fails_and_says_why(cloud: Any) -> None:
    cloud.configure("stillborn", cloud.model_archive("import a_module_that_nobody_has"))
    cloud.sagemaker.create_endpoint(EndpointName="stillborn", EndpointConfigName="stillborn")
    described = cloud.deployed("stillborn")
    assert described["EndpointStatus"] == "Failed"
    assert "a_module_that_nobody_has" in described["FailureReason"]
    with pytest.raises(ClientError, match="not found"):
        cloud.ask("stillborn")


def test_deleting_ends_the_processes_and_nothing_remains(live: Any) -> None:
    processes = [process for _, process in live.instances("live").values()]
    for endpoint in live.sagemaker.list_endpoints()["Endpoints"]:
        live.sagemaker.delete_endpoint(EndpointName=endpoint["EndpointName"])
    deadline = time.monotonic() + 30
    while live.sagemaker.list_endpoints()["Endpoints"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert not [process for process in processes if Path(f"/proc/{process}").exists()]
    for config in live.sagemaker.list_endpoint_configs()["EndpointConfigs"]:
        live.sagemaker.delete_endpoint_config(EndpointConfigName=config["EndpointConfigName"])
    for model in live.sagemaker.list_models()["Models"]:
        live.sagemaker.delete_model(ModelName=model["ModelName"])
    kinds = [entry for entry in live.sandbox.remaining().remaining if entry.service == "sagemaker"]
    assert kinds == []
