"""Processing jobs: shells and scripts between S3 inputs and outputs."""

from __future__ import annotations

import os
import time
from typing import Any

import pytest


def output(bucket: str, name: str) -> dict[str, Any]:
    place = {
        "S3Uri": f"s3://{bucket}/out/{name}",
        "LocalPath": f"/opt/ml/processing/{name}",
        "S3UploadMode": "EndOfJob",
    }
    return {"Outputs": [{"OutputName": name, "S3Output": place}]}


def test_paths_of_the_container_lead_into_the_jobs_own_folder(cloud: Any) -> None:
    script = "cd /opt/ml/processing/shell && echo $FOLDER > where.txt && python3 -c 'import xgboost'"
    cloud.process(
        "shell",
        "/bin/sh",
        "-c",
        script,
        Environment={"FOLDER": "/opt/ml/processing/shell"},
        ProcessingOutputConfig=output(cloud.bucket, "shell"),
    )
    job = cloud.processed("shell")
    assert job["ProcessingJobStatus"] == "Completed", job
    where = cloud.read("out/shell/where.txt").decode().strip()
    assert where.endswith("/processing/shell")
    assert not where.startswith("/opt/ml")


def test_the_message_file_becomes_the_exit_message(cloud: Any) -> None:
    cloud.process("message", "/bin/sh", "-c", "echo planes.csv, line 7 > /opt/ml/output/message; exit 4")
    job = cloud.processed("message")
    assert job["ProcessingJobStatus"] == "Failed"
    assert job["ExitMessage"] == "planes.csv, line 7"
    assert job["FailureReason"] == "AlgorithmError: planes.csv, line 7, exit code: 4"


def test_stopping_ends_the_whole_process_group(cloud: Any) -> None:
    script = "sleep 300 & echo $! > /opt/ml/processing/pids/child; wait"
    continuous = output(cloud.bucket, "pids")
    continuous["Outputs"][0]["S3Output"]["S3UploadMode"] = "Continuous"
    cloud.process("group", "/bin/sh", "-c", script, ProcessingOutputConfig=continuous)
    deadline = time.monotonic() + 30
    while not cloud.keys("out/pids/child"):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    child = int(cloud.read("out/pids/child"))
    os.kill(child, 0)
    cloud.sagemaker.stop_processing_job(ProcessingJobName="group")
    assert cloud.processed("group")["ProcessingJobStatus"] == "Stopped"
    while True:
        try:
            os.kill(child, 0)
        except ProcessLookupError:
            break
        assert time.monotonic() < deadline + 10
        time.sleep(0.05)


def test_an_input_outside_its_folder_is_refused_with_its_name(cloud: Any) -> None:
    place = {
        "S3Uri": f"s3://{cloud.bucket}/raw",
        "LocalPath": "/etc",
        "S3DataType": "S3Prefix",
        "S3InputMode": "File",
    }
    cloud.process("outside", "true", ProcessingInputs=[{"InputName": "raw", "S3Input": place}])
    assert "'raw' must be below /opt/ml/processing" in cloud.processed("outside")["FailureReason"]


def test_a_job_that_is_not_there_is_named(cloud: Any) -> None:
    with pytest.raises(cloud.sagemaker.exceptions.ClientError, match="Could not find requested job"):
        cloud.sagemaker.describe_processing_job(ProcessingJobName="nobody")
