"""Instances that are killed and zones that are lost: endpoints lose no request, jobs end as on AWS."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

SLEEP = "import time\nprint('training', flush=True)\ntime.sleep(30)\n"
RESUME = """
import os, pathlib, time
seen = pathlib.Path(os.environ["SM_MODEL_DIR"]).parent / "checkpoints" / "seen"
if not seen.exists():
    seen.write_text("once")
    time.sleep(30)
"""


@pytest.fixture(scope="module")
def live(cloud: Any) -> Any:
    """The cloud, with the endpoint `live` of two instances in two zones."""
    ec2 = cloud.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"us-east-1{z}")["Subnet"]
        for n, z in enumerate("ab")
    ]
    network = {"Subnets": [s["SubnetId"] for s in subnets], "SecurityGroupIds": ["sg-12345678"]}
    cloud.configure("live", cloud.model_archive(), 2, VpcConfig=network)
    cloud.sagemaker.create_endpoint(EndpointName="live", EndpointConfigName="live")
    assert cloud.deployed("live")["EndpointStatus"] == "InService"
    return cloud


def running(cloud: Any) -> dict[str, str]:
    """Zone by instance, of those whose process is there."""
    found = cloud.instances("live").items()
    return {name: zone for name, (zone, process) in found if Path(f"/proc/{process}").exists()}


def until(look: Callable[[], bool], seconds: float = 40.0) -> None:
    deadline = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.parametrize("target", ["live/champion", "instance"])
def test_a_killed_instance_is_replaced_and_no_request_is_lost(live: Any, target: str) -> None:
    until(lambda: len(running(live)) == 2)
    before = running(live)
    victim = next(iter(before)) if target == "instance" else target
    with live.asking("live") as answers:
        live.sandbox.fault("instance-killed", victim)
        until(lambda: len(running(live)) == 2 and running(live) != before)
    assert not [answer for answer in answers if isinstance(answer, ClientError)]
    assert answers
    assert len(running(live).keys() & before.keys()) == 1
    assert target != "instance" or victim not in running(live)


def test_a_lost_zone_moves_its_instances_and_no_request_is_lost(live: Any) -> None:
    until(lambda: sorted(running(live).values()) == ["us-east-1a", "us-east-1b"])
    with live.asking("live") as answers:
        live.sandbox.fault("zone-lost", "us-east-1a")
        until(lambda: sorted(running(live).values()) == ["us-east-1b", "us-east-1b"])
    assert not [answer for answer in answers if isinstance(answer, ClientError)]
    assert answers
    assert live.deployed("live")["EndpointStatus"] == "InService"


def test_a_job_whose_instance_is_gone_fails_as_the_services_own_fault(cloud: Any) -> None:
    cloud.train("gone", SLEEP)
    cloud.until(
        lambda: cloud.sagemaker.describe_training_job(TrainingJobName="gone"), "SecondaryStatus", "Training"
    )
    cloud.sandbox.fault("instance-killed", "gone")
    job = cloud.trained("gone")
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("InternalServerError")


def test_a_job_that_asks_for_it_is_tried_again_on_another_instance(cloud: Any) -> None:
    cloud.train(
        "patient",
        RESUME,
        RetryStrategy={"MaximumRetryAttempts": 1},
        CheckpointConfig={"S3Uri": f"s3://{cloud.bucket}/checkpoints/patient"},
    )
    until(lambda: cloud.keys("checkpoints/patient/") != [])
    cloud.sandbox.fault("instance-killed", "patient")
    job = cloud.trained("patient")
    assert job["TrainingJobStatus"] == "Completed"
    assert "Restarting" in [entry["Status"] for entry in job["SecondaryStatusTransitions"]]


def test_a_lost_zone_ends_its_jobs_and_spot_jobs_go_on_elsewhere(cloud: Any) -> None:
    cloud.train(
        "on-spot",
        RESUME,
        EnableManagedSpotTraining=True,
        StoppingCondition={"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 120},
        CheckpointConfig={"S3Uri": f"s3://{cloud.bucket}/checkpoints/on-spot"},
    )
    cloud.process("in-zones", "python3", "-c", "import time; time.sleep(30)")
    until(lambda: cloud.keys("checkpoints/on-spot/") != [])
    until(
        lambda: "ProcessingStartTime" in cloud.sagemaker.describe_processing_job(ProcessingJobName="in-zones")
    )
    # Of whichever zones they are in: the second strikes where the first has left one of them.
    cloud.sandbox.fault("zone-lost", "*", times=2)
    job = cloud.trained("on-spot")
    assert job["TrainingJobStatus"] == "Completed"
    assert "Interrupted" in [entry["Status"] for entry in job["SecondaryStatusTransitions"]]
    processed = cloud.processed("in-zones")
    assert processed["ProcessingJobStatus"] == "Failed"
    assert processed["FailureReason"].startswith("InternalServerError")
