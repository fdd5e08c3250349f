"""SageMaker: training jobs that a program starts."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.aws.cloud import wait_until
from sandbox.aws.rows import echoing, given, identified, reading
from sandbox.aws.table import Call, ResourceType, Subject
from sandbox.aws.types.sagemaker import sagemaker_tags
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_JOB = "aws:sagemaker/trainingJob:TrainingJob"
_STOPPED_S = 600
_RUNNING = ("InProgress", "Stopping")
_describe = reading("sagemaker", "DescribeTrainingJob", identified("TrainingJobName"))


def _delete(subject: Subject) -> None:
    """A job that runs is stopped first: SageMaker deletes none that is under way."""
    found = _describe(subject)
    if found is None:
        return
    if found["TrainingJobStatus"] == "InProgress":
        subject.cloud.call("sagemaker", "StopTrainingJob", {"TrainingJobName": subject.id})
    wait_until(
        lambda: (_describe(subject) or {}).get("TrainingJobStatus") not in _RUNNING,
        _STOPPED_S,
        f"the end of the training job {subject.id}",
        subject.cloud.cancelled,
    )
    subject.cloud.call("sagemaker", "DeleteTrainingJob", {"TrainingJobName": subject.id})


def _check(inputs: PropertyMap) -> Iterable[CheckFailure]:
    algorithm = inputs.get("algorithmSpecification")
    if isinstance(algorithm, dict):
        held = [name for name in ("algorithmName", "trainingImage") if algorithm.get(name) is not None]
        if len(held) != 1:
            yield CheckFailure(
                "algorithmSpecification.trainingImage",
                "exactly one of trainingImage and algorithmName is needed",
            )
    stopping = inputs.get("stoppingCondition")
    if not isinstance(stopping, dict):
        stopping = {}
    wait, run = stopping.get("maxWaitTimeInSeconds"), stopping.get("maxRuntimeInSeconds", 86400)
    spot = inputs.get("enableManagedSpotTraining")
    if spot is True and wait is None and "stoppingCondition" in inputs:
        yield CheckFailure("stoppingCondition.maxWaitTimeInSeconds", "is required for managed spot training")
    if isinstance(wait, (int, float)):
        if spot is not True and spot in (None, False):
            yield CheckFailure("stoppingCondition.maxWaitTimeInSeconds", "is for managed spot training only")
        elif isinstance(run, (int, float)) and wait < run:
            reason = f"{wait:g} is less than maxRuntimeInSeconds, {run:g}"
            yield CheckFailure("stoppingCondition.maxWaitTimeInSeconds", reason)


TRAINING_JOB = ResourceType(
    type=_JOB,
    service="sagemaker",
    tier="run",
    create=Call(operation="CreateTrainingJob"),
    id=given("trainingJobName"),
    read=_describe,
    delete=_delete,
    local=("deleteModelPackagesOnDestroy", "deleteVpcEnisOnDestroy", "timeouts"),
    outputs={"arn": "TrainingJobArn"},
    echoes=echoing(
        _JOB,
        "algorithmSpecification checkpointConfig enableInterContainerTrafficEncryption "
        "enableManagedSpotTraining enableNetworkIsolation environment hyperParameters inputDataConfigs "
        "outputDataConfig resourceConfig roleArn stoppingCondition trainingJobName vpcConfig",
    ),
    known_id=given("trainingJobName"),
    exclusive=True,
    place=("trainingJobName",),
    tags=sagemaker_tags("training-job"),
    unordered=("vpcConfig.subnets", "vpcConfig.securityGroupIds"),
    checks=_check,
)

TYPES = (TRAINING_JOB,)
