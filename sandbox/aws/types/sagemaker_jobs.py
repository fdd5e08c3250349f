"""SageMaker: training and tuning jobs that a program starts."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sandbox.aws.cloud import CloudError, wait_until
from sandbox.aws.rows import echoing, given, identified, reading
from sandbox.aws.table import AutoName, Call, ResourceType, Step, Subject
from sandbox.aws.types.sagemaker import sagemaker_tags
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_JOB = "aws:sagemaker/trainingJob:TrainingJob"
_STOPPED_S = 600
_TUNED_S = 7200
_RUNNING = ("InProgress", "Stopping")
_describe = reading("sagemaker", "DescribeTrainingJob", identified("TrainingJobName"))


def _delete(subject: Subject) -> None:
    """A job that runs is stopped first: SageMaker deletes none that is under way."""
    found = _describe(subject)
    if found is None:
        return

    def status() -> object:
        return (_describe(subject) or {}).get("TrainingJobStatus")

    if found["TrainingJobStatus"] == "InProgress":
        _stop(subject, "StopTrainingJob", {"TrainingJobName": subject.id}, status)
    wait_until(
        lambda: status() not in _RUNNING,
        _STOPPED_S,
        f"the end of the training job {subject.id}",
        subject.cloud.cancelled,
    )
    subject.cloud.call("sagemaker", "DeleteTrainingJob", {"TrainingJobName": subject.id})


def _stop(subject: Subject, operation: str, key: PropertyMap, status: Callable[[], object]) -> None:
    """Asks a job to end. One that has ended meanwhile refuses that, and is where it should be."""
    try:
        subject.cloud.call("sagemaker", operation, key)
    except CloudError:
        if status() in _RUNNING:
            raise


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

_TUNING = "aws:sagemaker/hyperParameterTuningJob:HyperParameterTuningJob"
_TUNING_NAMES = {
    "name": "HyperParameterTuningJobName",
    "config": "HyperParameterTuningJobConfig",
    "config.objective": "HyperParameterTuningJobObjective",
    "warmStartConfig.parentHyperParameterTuningJobs.name": "HyperParameterTuningJobName",
    "timeouts": "",
}
_describe_tuning = reading(
    "sagemaker", "DescribeHyperParameterTuningJob", identified("HyperParameterTuningJobName")
)


def _tuning_status(subject: Subject) -> object:
    return (_describe_tuning(subject) or {}).get("HyperParameterTuningJobStatus")


def _await_end(subject: Subject) -> None:
    """The status is an output: it must not depend on the moment of looking."""
    wait_until(
        lambda: _tuning_status(subject) not in _RUNNING,
        _TUNED_S,
        f"the end of the tuning job {subject.id}",
        subject.cloud.cancelled,
    )


def _delete_tuning(subject: Subject) -> None:
    """As a training job: stopped, then deleted."""
    found = _describe_tuning(subject)
    if found is None:
        return
    key = identified("HyperParameterTuningJobName")(subject)
    if found["HyperParameterTuningJobStatus"] == "InProgress":
        _stop(subject, "StopHyperParameterTuningJob", key, lambda: _tuning_status(subject))
    _await_end(subject)
    subject.cloud.call("sagemaker", "DeleteHyperParameterTuningJob", key)


def _check_tuning(inputs: PropertyMap) -> Iterable[CheckFailure]:
    held = [n for n in ("trainingJobDefinition", "trainingJobDefinitions") if inputs.get(n) not in (None, [])]
    if len(held) != 1:
        yield CheckFailure(
            "trainingJobDefinition",
            "exactly one of trainingJobDefinition and trainingJobDefinitions is needed",
        )
    config = inputs.get("config")
    limits = config.get("resourceLimits") if isinstance(config, dict) else None
    if isinstance(limits, dict):
        most, beside = limits.get("maxNumberOfTrainingJobs"), limits.get("maxParallelTrainingJobs")
        if isinstance(most, (int, float)) and isinstance(beside, (int, float)) and beside > most:
            reason = f"{beside:g} is more than maxNumberOfTrainingJobs, {most:g}"
            yield CheckFailure("config.resourceLimits.maxParallelTrainingJobs", reason)


TUNING_JOB = ResourceType(
    type=_TUNING,
    service="sagemaker",
    tier="overlay",
    create=Call(operation="CreateHyperParameterTuningJob", names=_TUNING_NAMES),
    id=given("name"),
    read=_describe_tuning,
    delete=_delete_tuning,
    steps=(Step(on=(), do=_await_end),),
    local=("timeouts",),
    outputs={
        "arn": "HyperParameterTuningJobArn",
        "failureReason": lambda s: s.at("FailureReason") or "",
        "status": "HyperParameterTuningJobStatus",
    },
    echoes={"name": "HyperParameterTuningJobName"},
    known_id=given("name"),
    exclusive=True,
    auto_name=AutoName(limit=32, prefix_property=None),
    tags=sagemaker_tags("hyper-parameter-tuning-job", exact=True),
    volatile=("status", "failureReason"),
    checks=_check_tuning,
)

TYPES = (TRAINING_JOB, TUNING_JOB)
