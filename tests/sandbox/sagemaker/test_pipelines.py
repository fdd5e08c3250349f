"""Pipelines: what is refused, what runs together, what is not run again, what stops."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.4-2"
CLUSTER = {"ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5}}
MEET = """
import sys, time, boto3
mine, other = sys.argv[1:]
s3 = boto3.client("s3")
s3.put_object(Bucket="models", Key="meeting/" + mine, Body=b"here")
end = time.monotonic() + 30
while "Contents" not in s3.list_objects_v2(Bucket="models", Prefix="meeting/" + other):
    assert time.monotonic() < end, "the other step did not come"
    time.sleep(0.1)
"""


def step(name: str, *command: Any, **more: Any) -> dict[str, Any]:
    application = {"ImageUri": IMAGE, "ContainerEntrypoint": [*command]}
    arguments = {"ProcessingResources": CLUSTER, "AppSpecification": application}
    return {"Name": name, "Type": "Processing", "Arguments": arguments, **more}


def create(cloud: Any, name: str, *steps: Any, parameters: Any = ()) -> str:
    document = {"Version": "2020-12-01", "Parameters": [*parameters], "Steps": [*steps]}
    cloud.sagemaker.create_pipeline(
        PipelineName=name,
        PipelineDefinition=json.dumps(document),
        ClientRequestToken=str(uuid.uuid4()),
        RoleArn=cloud.role,
    )
    return name


def start(cloud: Any, name: str, token: str = "", **parameters: str) -> str:
    answer = cloud.sagemaker.start_pipeline_execution(
        PipelineName=name,
        ClientRequestToken=token or str(uuid.uuid4()),
        PipelineParameters=[{"Name": key, "Value": value} for key, value in parameters.items()],
    )
    return str(answer["PipelineExecutionArn"])


def ended(cloud: Any, arn: str) -> tuple[str, dict[str, Any]]:
    sagemaker = cloud.sagemaker
    execution = cloud.until(
        lambda: sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn),
        "PipelineExecutionStatus",
        "Succeeded",
        "Failed",
        "Stopped",
    )
    return execution["PipelineExecutionStatus"], steps_of(cloud, arn)


def steps_of(cloud: Any, arn: str) -> dict[str, Any]:
    listed = cloud.sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn, SortOrder="Ascending")
    return {step["StepName"]: step for step in listed["PipelineExecutionSteps"]}


@pytest.mark.parametrize(
    ("steps", "problem"),
    [
        ([{"Name": "A", "Type": "Quantum"}], "'A' is of type 'Quantum'.*Processing, Training"),
        ([step("A", "true"), step("A", "true")], "'A' is there twice"),
        ([step("A", "true", DependsOn=["B"])], "'A' depends on steps that do not exist: B"),
        ([step("A", {"Get": "Parameters.Days"})], "'A' reads parameter 'Days'; the parameters are: none"),
        ([step("A", "true", DependsOn=["B"]), step("B", "true", DependsOn=["A"])], "in a circle: A, B"),
        ([], "at least one step"),
    ],
)
def test_a_definition_that_cannot_run_is_refused_when_it_is_made(
    cloud: Any, steps: Any, problem: str
) -> None:
    with pytest.raises(ClientError, match=problem):
        create(cloud, "wrong", *steps)
    with pytest.raises(ClientError, match="does not exist"):
        cloud.sagemaker.describe_pipeline(PipelineName="wrong")


def test_parameters_are_typed_and_must_be_known(cloud: Any) -> None:
    parameters = [
        {"Name": "Days", "Type": "Integer"},
        {"Name": "Zone", "Type": "String", "DefaultValue": "raw"},
    ]
    name = create(cloud, "typed", step("A", "echo", {"Get": "Parameters.Days"}), parameters=parameters)
    with pytest.raises(ClientError, match="'Days' is of type Integer; 'ten' is not one"):
        start(cloud, name, Days="ten")
    with pytest.raises(ClientError, match="need a value: Days"):
        start(cloud, name)
    with pytest.raises(ClientError, match="no parameter 'Hours'; its parameters are: Days, Zone"):
        start(cloud, name, Days="1", Hours="2")
    arn = start(cloud, name, Days="10")
    assert ended(cloud, arn)[0] == "Succeeded"
    listed = cloud.sagemaker.list_pipeline_parameters_for_execution(PipelineExecutionArn=arn)
    values = {entry["Name"]: entry["Value"] for entry in listed["PipelineParameters"]}
    assert values == {"Days": "10", "Zone": "raw"}


def test_independent_steps_run_together(cloud: Any) -> None:
    left = step("Left", "python3", "-c", MEET, "left", "right")
    right = step("Right", "python3", "-c", MEET, "right", "left")
    status, steps = ended(cloud, start(cloud, create(cloud, "together", left, right)))
    assert status == "Succeeded", steps


def test_the_same_token_starts_one_execution(cloud: Any) -> None:
    name, token = create(cloud, "once", step("A", "true")), str(uuid.uuid4())
    assert start(cloud, name, token) == start(cloud, name, token)
    listed = cloud.sagemaker.list_pipeline_executions(PipelineName=name)["PipelineExecutionSummaries"]
    assert len(listed) == 1


def test_a_failure_keeps_later_steps_from_running(cloud: Any) -> None:
    first = step("First", "/bin/sh", "-c", "echo planes are missing; exit 9")
    status, steps = ended(
        cloud, start(cloud, create(cloud, "failing", first, step("Next", "true", DependsOn=["First"])))
    )
    assert status == "Failed"
    assert steps["First"]["FailureReason"] == "AlgorithmError: planes are missing, exit code: 9"
    assert list(steps) == ["First"]


def test_a_cached_step_is_not_run_again_until_its_arguments_change(cloud: Any) -> None:
    again = step("A", "echo", {"Get": "Parameters.Of"}, CacheConfig={"Enabled": True, "ExpireAfter": "P1D"})
    name = create(cloud, "cached", again, parameters=[{"Name": "Of", "Type": "String"}])
    first = start(cloud, name, Of="january")
    _, ran = ended(cloud, first)
    _, hit = ended(cloud, start(cloud, name, Of="january"))
    _, missed = ended(cloud, start(cloud, name, Of="february"))
    assert hit["A"]["CacheHitResult"]["SourcePipelineExecutionArn"] == first
    assert hit["A"]["Metadata"] == ran["A"]["Metadata"]
    assert "CacheHitResult" not in missed["A"]
    assert missed["A"]["Metadata"] != ran["A"]["Metadata"]


def test_a_pipeline_that_was_deleted_leaves_no_cached_steps(cloud: Any) -> None:
    again = step("A", "true", CacheConfig={"Enabled": True, "ExpireAfter": "P1D"})
    ended(cloud, start(cloud, create(cloud, "recreated", again)))
    cloud.sagemaker.delete_pipeline(PipelineName="recreated", ClientRequestToken=str(uuid.uuid4()))
    status, steps = ended(cloud, start(cloud, create(cloud, "recreated", again)))
    assert status == "Succeeded"
    assert "CacheHitResult" not in steps["A"]


def test_only_the_branch_that_is_chosen_runs(cloud: Any) -> None:
    condition = {"Type": "Equals", "LeftValue": {"Get": "Parameters.Go"}, "RightValue": True}
    choice = {
        "Name": "Choice",
        "Type": "Condition",
        "Arguments": {
            "Conditions": [condition],
            "IfSteps": [step("Yes", "true")],
            "ElseSteps": [step("No", "true"), step("After", "true", DependsOn=["No"])],
        },
    }
    last = step("Last", "true", DependsOn=["No"])
    name = create(cloud, "choice", choice, last, parameters=[{"Name": "Go", "Type": "Boolean"}])
    status, steps = ended(cloud, start(cloud, name, Go="true"))
    assert (status, list(steps)) == ("Succeeded", ["Choice", "Yes"])
    status, steps = ended(cloud, start(cloud, name, Go="false"))
    assert status == "Succeeded"
    assert set(steps) == {"Choice", "No", "After", "Last"}


def test_stopping_an_execution_stops_its_job(cloud: Any) -> None:
    arn = start(cloud, create(cloud, "stopping", step("Sleep", "sleep", "300"), step("B", "true")))
    deadline = time.monotonic() + 20
    while "Metadata" not in steps_of(cloud, arn).get("Sleep", {}):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    cloud.sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken=str(uuid.uuid4()))
    status, steps = ended(cloud, arn)
    assert (status, steps["Sleep"]["StepStatus"]) == ("Stopped", "Stopped")
    job = steps["Sleep"]["Metadata"]["ProcessingJob"]["Arn"].rpartition("/")[2]
    described = cloud.sagemaker.describe_processing_job(ProcessingJobName=job)
    assert described["ProcessingJobStatus"] == "Stopped"


def test_what_a_kill_of_the_sandbox_cut_off_is_settled_as_failed(cloud: Any) -> None:
    arn = start(cloud, create(cloud, "killed", step("Sleep", "sleep", "300")))
    deadline = time.monotonic() + 20
    while "Metadata" not in steps_of(cloud, arn).get("Sleep", {}):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    cloud.restart(9)
    status, steps = ended(cloud, arn)
    assert status == "Failed"
    assert "start it again" in steps["Sleep"]["FailureReason"]
    job = steps["Sleep"]["Metadata"]["ProcessingJob"]["Arn"].rpartition("/")[2]
    described = cloud.sagemaker.describe_processing_job(ProcessingJobName=job)
    assert "start it again" in described["FailureReason"]
    assert ended(cloud, start(cloud, "once"))[0] == "Succeeded"
