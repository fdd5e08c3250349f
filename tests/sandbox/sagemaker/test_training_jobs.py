"""Training jobs run as real processes under the container contract."""

from __future__ import annotations

import io
import json
import tarfile
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

RESUMES = """
import pathlib, signal, sys, time
folder = pathlib.Path(sys.argv[sys.argv.index("--checkpoints") + 1])
done = len(list(folder.glob("epoch-*")))
print("resumes at epoch", done, flush=True)
if done:
    sys.exit(0)
(folder / "epoch-1").write_text("done")
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
time.sleep(60)
"""
STOPS_WELL = """
import os, pathlib, signal, sys, time
def stop(*_):
    pathlib.Path(os.environ["SM_MODEL_DIR"], "best").write_text("so far")
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
print("ready", flush=True)
time.sleep(60)
"""


def members(archive: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return tar.getnames()


def test_a_failure_file_becomes_the_failure_reason(cloud: Any) -> None:
    program = """
import os, pathlib, sys
pathlib.Path(os.environ["SM_OUTPUT_DIR"], "failure").write_text("the labels are all alike")
sys.exit(3)
"""
    cloud.train("fails", program)
    job = cloud.trained("fails")
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Failed"
    assert job["FailureReason"] == "AlgorithmError: the labels are all alike, exit code: 3"


def test_without_a_failure_file_the_last_line_tells_why(cloud: Any) -> None:
    cloud.train("raises", "raise ValueError('no such column: delay')")
    reason = cloud.trained("raises")["FailureReason"]
    assert reason == "AlgorithmError: ValueError: no such column: delay, exit code: 1"


def test_an_image_that_is_no_framework_image_fails_and_names_what_can_run(cloud: Any) -> None:
    algorithm = {"TrainingImage": "1.dkr.ecr.us-east-1.amazonaws.com/my-own:1", "TrainingInputMode": "File"}
    cloud.train("own-image", "", AlgorithmSpecification=algorithm)
    reason = cloud.trained("own-image")["FailureReason"]
    assert "my-own:1" in reason
    assert "sagemaker-xgboost" in reason


def test_input_that_is_not_there_fails_before_the_program_runs(cloud: Any) -> None:
    place = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{cloud.bucket}/nothing/here"}
    channel = {"ChannelName": "train", "DataSource": {"S3DataSource": place}}
    cloud.train("no-input", "print('ran')", InputDataConfig=[channel])
    assert "No S3 objects found" in cloud.trained("no-input")["FailureReason"]


def test_a_role_that_sagemaker_may_not_assume_is_refused(cloud: Any) -> None:
    with pytest.raises(ClientError, match="Could not assume role"):
        cloud.train("no-role", "", RoleArn="arn:aws:iam::123456789012:role/stranger")


def test_a_name_is_given_once(cloud: Any) -> None:
    cloud.train("twice", "")
    with pytest.raises(ClientError) as refused:
        cloud.train("twice", "")
    assert refused.value.response["Error"]["Code"] == "ResourceInUse"
    assert cloud.trained("twice")["TrainingJobStatus"] == "Completed"


def test_a_request_beyond_the_services_model_is_refused(cloud: Any) -> None:
    with pytest.raises(ClientError, match=r"'ml.imaginary.large' at 'resourceConfig.instanceType'"):
        cloud.train(
            "bad-type",
            "",
            ResourceConfig={"InstanceType": "ml.imaginary.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
        )


def test_stopping_asks_the_program_and_keeps_its_model(cloud: Any) -> None:
    cloud.train("stopped", STOPS_WELL)
    deadline = time.monotonic() + 30
    while "ready" not in log_of(cloud, "stopped"):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    cloud.sagemaker.stop_training_job(TrainingJobName="stopped")
    job = cloud.trained("stopped")
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Stopped"
    assert members(cloud.read("trained/stopped/output/model.tar.gz")) == ["best"]


def test_a_job_ends_at_its_maximum_runtime(cloud: Any) -> None:
    cloud.train("long", "import time; time.sleep(60)", StoppingCondition={"MaxRuntimeInSeconds": 1})
    job = cloud.trained("long")
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")


def test_a_spot_interruption_resumes_from_the_checkpoint(cloud: Any) -> None:
    code = cloud.put("code/resumes.tar.gz", cloud.archive({"train.py": RESUMES}))
    cloud.train(
        "spot",
        "",
        HyperParameters={
            "sagemaker_program": "train.py",
            "sagemaker_submit_directory": code,
            "checkpoints": "/opt/ml/checkpoints",
        },
        EnableManagedSpotTraining=True,
        StoppingCondition={"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 120},
        CheckpointConfig={"S3Uri": f"s3://{cloud.bucket}/spot-checkpoints"},
    )
    deadline = time.monotonic() + 30
    while not cloud.keys("spot-checkpoints/"):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    cloud.sandbox.fault("spot-interruption", "spot")
    job = cloud.trained("spot")
    assert job["TrainingJobStatus"] == "Completed", job
    statuses = [entry["Status"] for entry in job["SecondaryStatusTransitions"]]
    assert statuses[2:5] == ["Training", "Interrupted", "Starting"]
    assert "resumes at epoch 1" in log_of(cloud, "spot")


def test_output_data_travels_beside_the_model(cloud: Any) -> None:
    program = """
import os, pathlib
pathlib.Path(os.environ["SM_OUTPUT_DATA_DIR"], "curve.csv").write_text("1,2")
"""
    cloud.train("output", program)
    assert cloud.trained("output")["TrainingJobStatus"] == "Completed"
    assert members(cloud.read("trained/output/output/output.tar.gz")) == ["curve.csv"]


def log_of(cloud: Any, job: str) -> list[str]:
    """The job's lines so far; none while nothing has made the log group yet."""
    logs = cloud.client("logs")
    group = "/aws/sagemaker/TrainingJobs"
    groups = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    lines: list[str] = cloud.log(group, f"{job}/") if groups else []
    return lines


@pytest.mark.parametrize(("code", "status"), [(0, "SUCCEEDED"), (3, "FAILED")])
def test_a_state_machine_waits_for_its_job(cloud: Any, code: int, status: str) -> None:
    states = cloud.client("stepfunctions")
    name = f"from-states-{code}"
    request = cloud.training(name, f"import sys; sys.exit({code})")
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync",
        "Parameters": request,
        "OutputPath": "$.ModelArtifacts.S3ModelArtifacts",
        "End": True,
    }
    definition = json.dumps({"StartAt": "Train", "States": {"Train": task}})
    machine = states.create_state_machine(name=name, definition=definition, roleArn=cloud.role)
    execution = states.start_execution(stateMachineArn=machine["stateMachineArn"])["executionArn"]
    ended = cloud.until(
        lambda: states.describe_execution(executionArn=execution), "status", "SUCCEEDED", "FAILED"
    )
    assert ended["status"] == status
    if code:
        assert ended["error"] == "States.TaskFailed"
        assert json.loads(ended["cause"])["TrainingJobStatus"] == "Failed"
    else:
        assert json.loads(ended["output"]) == f"s3://{cloud.bucket}/trained/{name}/output/model.tar.gz"
