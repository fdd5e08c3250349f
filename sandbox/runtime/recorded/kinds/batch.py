"""Batch: compute environments, queues, job definitions and scheduling policies; no job runs."""

from __future__ import annotations

from sandbox.runtime.overlay import Params
from sandbox.runtime.recorded.kind import Listing, RecordedKind, TagOperations

_SERVICE = "batch"
_ARN = "arn:{partition}:batch:{region}:{account}:"
_VALID = {"status": "VALID", "statusReason": "ComputeEnvironment Healthy"}


def _resources(document: Params) -> Params | None:
    """What an update gives replaces what stood there, member by member."""
    return document.get("computeResources")


COMPUTE = RecordedKind(
    service=_SERVICE,
    name="compute environment",
    create="CreateComputeEnvironment",
    key=("computeEnvironmentName",),
    arn=_ARN + "compute-environment/{computeEnvironmentName}",
    arn_member="computeEnvironmentArn",
    made={
        "ecsClusterArn": "arn:{partition}:ecs:{region}:{account}:cluster/{computeEnvironmentName}_{id}",
        "uuid": "{id}",
        **_VALID,
    },
    defaults={"state": "ENABLED"},
    answer=("computeEnvironmentName", "computeEnvironmentArn"),
    update="UpdateComputeEnvironment",
    merges=("computeResources",),
    delete="DeleteComputeEnvironment",
    asks={"computeEnvironment": "computeEnvironmentName"},
    listings=(
        Listing(
            operation="DescribeComputeEnvironments",
            member="computeEnvironments",
            chosen="computeEnvironments",
        ),
    ),
    tags_in="tags",
    exists="ClientException",
    missing="ClientException",
)

QUEUE = RecordedKind(
    service=_SERVICE,
    name="job queue",
    create="CreateJobQueue",
    key=("jobQueueName",),
    arn=_ARN + "job-queue/{jobQueueName}",
    arn_member="jobQueueArn",
    made={"status": "VALID", "statusReason": "JobQueue Healthy"},
    defaults={"state": "ENABLED"},
    answer=("jobQueueName", "jobQueueArn"),
    update="UpdateJobQueue",
    delete="DeleteJobQueue",
    asks={"jobQueue": "jobQueueName"},
    listings=(Listing(operation="DescribeJobQueues", member="jobQueues", chosen="jobQueues"),),
    tags_in="tags",
    exists="ClientException",
    missing="ClientException",
)

JOB_DEFINITION = RecordedKind(
    service=_SERVICE,
    name="job definition",
    create="RegisterJobDefinition",
    key=("jobDefinitionName", "revision"),
    numbered="revision",
    made={
        "jobDefinitionArn": _ARN + "job-definition/{jobDefinitionName}:{revision}",
        "$arn": "{jobDefinitionArn}",
        "status": "ACTIVE",
        "containerOrchestrationType": "ECS",
    },
    answer=("jobDefinitionName", "jobDefinitionArn", "revision"),
    delete="DeregisterJobDefinition",
    asks={"jobDefinition": "arn"},
    listings=(
        Listing(
            operation="DescribeJobDefinitions",
            member="jobDefinitions",
            chosen="jobDefinitions",
            where=("jobDefinitionName", "status"),
        ),
    ),
    tags_in="tags",
    missing="ClientException",
)

POLICY = RecordedKind(
    service=_SERVICE,
    name="scheduling policy",
    create="CreateSchedulingPolicy",
    key=("name",),
    arn=_ARN + "scheduling-policy/{name}",
    arn_member="arn",
    answer=("name", "arn"),
    update="UpdateSchedulingPolicy",
    replaces=True,
    delete="DeleteSchedulingPolicy",
    asks={"arn": "arn"},
    listings=(
        Listing(operation="DescribeSchedulingPolicies", member="schedulingPolicies", chosen="arns"),
        Listing(operation="ListSchedulingPolicies", member="schedulingPolicies"),
    ),
    tags_in="tags",
    exists="ClientException",
    missing="ClientException",
)

KINDS = (COMPUTE, QUEUE, JOB_DEFINITION, POLICY)

TAGGING = (TagOperations(service=_SERVICE, resource="resourceArn", tags="tags", keys="tagKeys", as_map=True),)
