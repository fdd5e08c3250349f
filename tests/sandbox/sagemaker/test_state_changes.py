"""What SageMaker tells the default bus, as AWS words it."""

from __future__ import annotations

import json
import signal
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.4-2"
CLUSTER = {"ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5}}

Events = Callable[[int], list[dict[str, Any]]]
Listen = Callable[[str, dict[str, Any]], Events]


@pytest.fixture
def listen(cloud: Any) -> Iterator[Listen]:
    """Makes a rule of this kind of event; returns what waits for so many of its events."""
    rules: list[str] = []

    def make(kind: str, detail: dict[str, Any]) -> Events:
        name = f"rule-{uuid.uuid4().hex[:8]}"
        sqs, events = cloud.client("sqs"), cloud.client("events")
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        pattern = {
            "source": ["aws.sagemaker"],
            "detail-type": [kind],
            **({"detail": detail} if detail else {}),
        }
        events.put_rule(Name=name, EventPattern=json.dumps(pattern))
        target = {"Id": "1", "Arn": f"arn:aws:sqs:us-east-1:123456789012:{name}"}
        events.put_targets(Rule=name, Targets=[target])
        rules.append(name)

        def receive(count: int) -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = []
            deadline = time.monotonic() + 30
            while len(found) < count:
                answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
                found += [json.loads(message["Body"]) for message in answer.get("Messages", [])]
                assert time.monotonic() < deadline, f"{kind}: {found}"
                time.sleep(0.05)
            return found

        return receive

    yield make
    for name in rules:
        cloud.client("events").remove_targets(Rule=name, Ids=["1"])
        cloud.client("events").delete_rule(Name=name)


def test_a_failed_processing_job_is_told_with_its_reason(cloud: Any, listen: Listen) -> None:
    events = listen("SageMaker Processing Job State Change", {"ProcessingJobStatus": ["Failed"]})
    cloud.process("broken", "/bin/sh", "-c", "exit 3", Tags=[{"Key": "Team", "Value": "data"}])
    (event,) = events(1)
    arn = "arn:aws:sagemaker:us-east-1:123456789012:processing-job/broken"
    assert event["resources"] == [arn]
    assert event["detail"]["ProcessingJobName"] == "broken"
    assert event["detail"]["ProcessingJobArn"] == arn
    assert event["detail"]["FailureReason"].startswith("AlgorithmError")
    assert event["detail"]["Tags"] == {"Team": "data"}
    assert isinstance(event["detail"]["ProcessingEndTime"], int)


def test_each_state_of_a_training_job_is_told(cloud: Any, listen: Listen) -> None:
    events = listen("SageMaker Training Job State Change", {"TrainingJobName": ["told"]})
    cloud.train("told", "raise SystemExit('no memory')")
    seen = [event["detail"] for event in events(4)]
    states = {detail["SecondaryStatus"]: detail["TrainingJobStatus"] for detail in seen}
    assert states == {
        "Starting": "InProgress",
        "Downloading": "InProgress",
        "Training": "InProgress",
        "Failed": "Failed",
    }
    failed = next(detail for detail in seen if detail["TrainingJobStatus"] == "Failed")
    assert "no memory" in failed["FailureReason"]


def _pipeline(cloud: Any, name: str, *steps: dict[str, Any]) -> str:
    cloud.sagemaker.create_pipeline(
        PipelineName=name,
        PipelineDefinition=json.dumps({"Version": "2020-12-01", "Parameters": [], "Steps": [*steps]}),
        ClientRequestToken=str(uuid.uuid4()),
        RoleArn=cloud.role,
    )
    token = str(uuid.uuid4())
    started = cloud.sagemaker.start_pipeline_execution(PipelineName=name, ClientRequestToken=token)
    return str(started["PipelineExecutionArn"])


def test_a_failed_execution_and_its_failed_step_are_told(cloud: Any, listen: Listen) -> None:
    runs = listen(
        "SageMaker Model Building Pipeline Execution Status Change",
        {"currentPipelineExecutionStatus": ["Failed"]},
    )
    steps = listen(
        "SageMaker Model Building Pipeline Execution Step Status Change", {"currentStepStatus": ["Failed"]}
    )
    fail = {"Name": "Never", "Type": "Fail", "Arguments": {"ErrorMessage": "not good enough"}}
    arn = _pipeline(cloud, "failing", fail)
    (run,), (step,) = runs(1), steps(1)
    pipeline = "arn:aws:sagemaker:us-east-1:123456789012:pipeline/failing"
    assert run["resources"] == step["resources"] == [pipeline, arn]
    assert run["detail"]["pipelineArn"] == pipeline
    assert run["detail"]["previousPipelineExecutionStatus"] == "Executing"
    assert run["detail"]["executionEndTime"].endswith("Z")
    assert step["detail"]["stepName"] == "Never"
    assert step["detail"]["failureReason"] == "not good enough"
    assert step["detail"]["metadata"] == {"fail": {"errorMessage": "not good enough"}}


def test_an_approval_is_told_with_what_it_changed(cloud: Any, listen: Listen) -> None:
    events = listen("SageMaker Model Package State Change", {"ModelPackageGroupName": ["told"]})
    cloud.sagemaker.create_model_package_group(ModelPackageGroupName="told")
    container = {"Image": cloud.image, "ModelDataUrl": cloud.put("told/model.tar.gz", b"")}
    arn = cloud.sagemaker.create_model_package(
        ModelPackageGroupName="told",
        InferenceSpecification={
            "Containers": [container],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
    )["ModelPackageArn"]
    cloud.sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    told = {event["detail"]["ModelApprovalStatus"]: event["detail"] for event in events(2)}
    assert told["Approved"]["UpdatedModelPackageFields"] == ["ModelApprovalStatus"]
    assert told["PendingManualApproval"]["ModelPackageVersion"] == 1


def test_an_endpoint_is_told_in_capitals(cloud: Any, listen: Listen) -> None:
    events = listen("SageMaker Endpoint State Change", {"EndpointName": ["told"]})
    cloud.configure("told", cloud.model_archive())
    cloud.sagemaker.create_endpoint(EndpointName="told", EndpointConfigName="told")
    cloud.deployed("told")
    cloud.sagemaker.delete_endpoint(EndpointName="told")
    assert {event["detail"]["EndpointStatus"] for event in events(3)} == {
        "CREATING",
        "IN_SERVICE",
        "DELETING",
    }


def test_a_change_that_no_rule_asks_for_is_not_journalled(cloud: Any, listen: Listen) -> None:
    listen("SageMaker Training Job State Change", {})
    journal = cloud.address.root / "journal"

    def size() -> int:
        return sum(file.stat().st_size for file in journal.rglob("*") if file.is_file())

    before = size()
    cloud.sagemaker.create_model_package_group(ModelPackageGroupName="quiet")
    container = {"Image": cloud.image, "ModelDataUrl": "s3://models/none.tar.gz"}
    cloud.sagemaker.create_model_package(
        ModelPackageGroupName="quiet",
        InferenceSpecification={
            "Containers": [container],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
    )
    assert size() == before


def test_a_job_that_a_kill_cuts_off_is_told_of_at_the_next_start(cloud: Any, listen: Listen) -> None:
    events = listen("SageMaker Processing Job State Change", {"ProcessingJobStatus": ["Failed"]})
    cloud.process("cut", "/bin/sh", "-c", "sleep 60")
    cloud.restart(signal.SIGKILL)
    (event,) = events(1)
    assert event["detail"]["ProcessingJobName"] == "cut"
    assert "the sandbox was stopped" in event["detail"]["FailureReason"]
