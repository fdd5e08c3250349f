"""Batch: compute environments, job queues, job definitions and scheduling policies."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from sandbox.aws.documents import json_failures
from sandbox.aws.requests import build
from sandbox.aws.rows import answered, echoing, pages, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject, Tags
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_SERVICE = "batch"
_TAGS = Tags(
    style="map",
    at_create="tags",
    set="TagResource",
    unset="UntagResource",
    target=lambda s: {"resourceArn": s.id},
    member="tags",
    keys="tagKeys",
    list="ListTagsForResource",
    listed="tags",
)


def _name(subject: Subject) -> str:
    return subject.id.rpartition("/")[2]


def _arn_of(kind: str) -> Callable[[Subject], str]:
    return lambda s: s.cloud.arn(_SERVICE, f"{kind}/{s.inputs['name']}")


_COMPUTE = "aws:batch/computeEnvironment:ComputeEnvironment"
_COMPUTE_NAMES = {
    "name": "computeEnvironmentName",
    "computeResources.ec2Configurations.imageType": "imageType",
    "updatePolicy": "",
}
_IN_PLACE = ("desiredVcpus", "maxVcpus", "minVcpus", "securityGroupIds", "subnets")
"""What UpdateComputeEnvironment changes in an environment of whatever kind; the rest replaces it."""


def _compute_key(subject: Subject) -> Params:
    return {"computeEnvironment": _name(subject)}


def _delete_compute(subject: Subject) -> None:
    """An environment is disabled before it is deleted."""
    key = _compute_key(subject)
    subject.cloud.call(_SERVICE, "UpdateComputeEnvironment", {**key, "state": "DISABLED"})
    subject.cloud.call(_SERVICE, "DeleteComputeEnvironment", key)


def _check_compute(inputs: PropertyMap) -> Iterable[CheckFailure]:
    kind, resources = inputs.get("type"), inputs.get("computeResources")
    if kind == "MANAGED" and resources is None:
        yield CheckFailure("computeResources", "is required for the type MANAGED and was not given")
    if kind == "UNMANAGED" and resources is not None:
        yield CheckFailure("computeResources", "is not for the type UNMANAGED")
    if not isinstance(resources, dict):
        return
    sort = resources.get("type")
    if isinstance(sort, str) and sort.startswith("FARGATE"):
        held = ("instanceTypes", "instanceRole", "minVcpus", "desiredVcpus", "allocationStrategy")
        for name in held:
            if resources.get(name) is not None:
                yield CheckFailure(f"computeResources.{name}", f"is not for {sort}")
        if not resources.get("securityGroupIds"):
            yield CheckFailure("computeResources.securityGroupIds", f"is required for {sort}")
    elif isinstance(sort, str):
        for name in ("instanceRole", "instanceTypes"):
            if not resources.get(name):
                yield CheckFailure(f"computeResources.{name}", f"is required for {sort}")


COMPUTE_ENVIRONMENT = ResourceType(
    type=_COMPUTE,
    service=_SERVICE,
    tier="recorded",
    create=Call(operation="CreateComputeEnvironment", names=_COMPUTE_NAMES),
    id=answered("computeEnvironmentArn"),
    read=reading(
        _SERVICE,
        "DescribeComputeEnvironments",
        lambda s: {"computeEnvironments": [s.id]},
        "computeEnvironments.0",
    ),
    delete=_delete_compute,
    steps=(
        Step(
            on=("computeResources", "serviceRole", "state"),
            do=Call(
                operation="UpdateComputeEnvironment",
                sends=("computeResources", "serviceRole", "state"),
                names={"computeResources.spotIamFleetRole": ""},
                adds=_compute_key,
            ),
            at_create=False,
        ),
    ),
    local=("updatePolicy",),
    fixed=("computeResources.type", "computeResources.spotIamFleetRole"),
    outputs={
        "arn": "computeEnvironmentArn",
        "ecsClusterArn": "ecsClusterArn",
        "status": "status",
        "statusReason": "statusReason",
    },
    echoes=echoing(
        _COMPUTE, "computeResources eksConfiguration name serviceRole state type", names=_COMPUTE_NAMES
    ),
    known_id=_arn_of("compute-environment"),
    exclusive=True,
    auto_name=AutoName(limit=128),
    defaults={"state": "ENABLED"},
    unordered=("computeResources.subnets", "computeResources.securityGroupIds"),
    tags=_TAGS,
    checks=_check_compute,
)

_QUEUE = "aws:batch/jobQueue:JobQueue"
_QUEUE_NAMES = {"name": "jobQueueName", "timeouts": ""}
_QUEUE_INPUTS = (
    "computeEnvironmentOrders",
    "jobStateTimeLimitActions",
    "priority",
    "schedulingPolicyArn",
    "state",
)


def _delete_queue(subject: Subject) -> None:
    """A queue is disabled before it is deleted."""
    key = {"jobQueue": _name(subject)}
    subject.cloud.call(_SERVICE, "UpdateJobQueue", {**key, "state": "DISABLED"})
    subject.cloud.call(_SERVICE, "DeleteJobQueue", key)


JOB_QUEUE = ResourceType(
    type=_QUEUE,
    service=_SERVICE,
    tier="recorded",
    create=Call(operation="CreateJobQueue", names=_QUEUE_NAMES),
    id=answered("jobQueueArn"),
    read=reading(_SERVICE, "DescribeJobQueues", lambda s: {"jobQueues": [s.id]}, "jobQueues.0"),
    delete=_delete_queue,
    steps=(
        Step(
            on=_QUEUE_INPUTS,
            do=Call(
                operation="UpdateJobQueue",
                sends=_QUEUE_INPUTS,
                adds=lambda s: {"jobQueue": _name(s)},
            ),
            at_create=False,
        ),
    ),
    local=("timeouts",),
    outputs={"arn": "jobQueueArn"},
    echoes=echoing(_QUEUE, f"name {' '.join(_QUEUE_INPUTS)}", names=_QUEUE_NAMES),
    known_id=_arn_of("job-queue"),
    exclusive=True,
    auto_name=AutoName(limit=128, prefix_property=None),
    tags=_TAGS,
)

_DEFINITION = "aws:batch/jobDefinition:JobDefinition"
_DOCUMENTS = ("containerProperties", "ecsProperties", "nodeProperties")
_DEFINITION_NAMES = {"name": "jobDefinitionName", **dict.fromkeys(_DOCUMENTS, "")}
_DEFINITION_CALL = Call(
    operation="RegisterJobDefinition", names=_DEFINITION_NAMES, adds=lambda s: _documents(s)
)
_REVISED = (
    *_DOCUMENTS,
    "eksProperties",
    "parameters",
    "platformCapabilities",
    "propagateTags",
    "retryStrategy",
    "schedulingPriority",
    "timeout",
    "type",
)


def _documents(subject: Subject) -> Params:
    """The JSON texts, with the service's own spelling: Terraform's first letters may be capitals."""
    return {
        name: _lowered(json.loads(subject.inputs[name])) for name in _DOCUMENTS if subject.inputs.get(name)
    }


def _lowered(value: Any) -> Any:
    if isinstance(value, dict):
        return {f"{key[:1].lower()}{key[1:]}": _lowered(item) for key, item in value.items()}
    return [_lowered(item) for item in value] if isinstance(value, list) else value


def _revise(subject: Subject) -> None:
    """A definition never changes: an update registers the next revision, and takes the old one out."""
    shape = subject.cloud.operation(_SERVICE, _DEFINITION_CALL.operation).input_shape
    params = {**build(_DEFINITION_CALL, shape, subject.inputs).params, **_documents(subject)}
    if subject.inputs.get("tagsAll"):
        params["tags"] = dict(subject.inputs["tagsAll"])
    subject.cloud.call(_SERVICE, _DEFINITION_CALL.operation, params)
    if subject.inputs.get("deregisterOnNewRevision", True) is not False:
        subject.cloud.call(_SERVICE, "DeregisterJobDefinition", {"jobDefinition": subject.outputs["arn"]})


def _latest(subject: Subject) -> Params | None:
    name = subject.id.rpartition("/")[2].partition(":")[0]
    params = {"jobDefinitionName": name, "status": "ACTIVE"}
    found = pages(subject, _SERVICE, "DescribeJobDefinitions", "jobDefinitions", params)
    return max(found, key=lambda item: int(item["revision"]), default=None)


def _deregister(subject: Subject) -> None:
    name = subject.id.rpartition("/")[2].partition(":")[0]
    params = {"jobDefinitionName": name, "status": "ACTIVE"}
    for item in pages(subject, _SERVICE, "DescribeJobDefinitions", "jobDefinitions", params):
        key = {"jobDefinition": item["jobDefinitionArn"]}
        subject.cloud.call(_SERVICE, "DeregisterJobDefinition", key)


def _check_definition(inputs: PropertyMap) -> Iterable[CheckFailure]:
    yield from json_failures(inputs, *_DOCUMENTS)
    kind = inputs.get("type")
    if isinstance(kind, str) and kind not in ("container", "multinode"):
        yield CheckFailure("type", f"{kind!r} is not one of container, multinode")
    if kind == "multinode":
        for name in ("containerProperties", "ecsProperties", "eksProperties"):
            if inputs.get(name) is not None:
                yield CheckFailure(name, "is not for the type multinode")
    held = [n for n in ("containerProperties", "ecsProperties", "eksProperties") if inputs.get(n) is not None]
    if kind == "container":
        if inputs.get("nodeProperties") is not None:
            yield CheckFailure("nodeProperties", "is not for the type container")
        if len(held) != 1:
            yield CheckFailure(
                "containerProperties",
                "exactly one of containerProperties, ecsProperties and eksProperties is needed",
            )


JOB_DEFINITION = ResourceType(
    type=_DEFINITION,
    service=_SERVICE,
    tier="recorded",
    create=_DEFINITION_CALL,
    id=answered("jobDefinitionArn"),
    read=_latest,
    delete=_deregister,
    steps=(Step(on=_REVISED, do=_revise, at_create=False),),
    local=("deregisterOnNewRevision",),
    outputs={
        "arn": "jobDefinitionArn",
        "arnPrefix": lambda s: str(s.at("jobDefinitionArn")).rpartition(":")[0],
        "revision": "revision",
    },
    echoes=echoing(
        _DEFINITION,
        "name parameters platformCapabilities propagateTags retryStrategy schedulingPriority timeout type",
        names=_DEFINITION_NAMES,
    ),
    find=lambda s, taken: _find_definition(s, taken),
    auto_name=AutoName(limit=128, prefix_property=None),
    defaults={"deregisterOnNewRevision": True},
    documents=_DOCUMENTS,
    tags=Tags(
        style="map",
        at_create="tags",
        set="TagResource",
        unset="UntagResource",
        target=lambda s: {"resourceArn": s.at("jobDefinitionArn") or s.outputs["arn"]},
        member="tags",
        keys="tagKeys",
        listed="tags",
    ),
    volatile=("arn", "revision"),
    checks=_check_definition,
)


def _find_definition(subject: Subject, taken: frozenset[str]) -> str | None:
    first = subject.cloud.arn(_SERVICE, f"job-definition/{subject.inputs['name']}:1")
    found = _latest(subject.with_found({}, first))
    arn = None if found is None else str(found["jobDefinitionArn"])
    return None if arn in taken else arn


_POLICY = "aws:batch/schedulingPolicy:SchedulingPolicy"
_POLICY_NAMES = {"fairSharePolicy.shareDistributions": "shareDistribution"}

SCHEDULING_POLICY = ResourceType(
    type=_POLICY,
    service=_SERVICE,
    tier="recorded",
    create=Call(operation="CreateSchedulingPolicy", names=_POLICY_NAMES),
    id=answered("arn"),
    read=reading(_SERVICE, "DescribeSchedulingPolicies", lambda s: {"arns": [s.id]}, "schedulingPolicies.0"),
    delete=Call(operation="DeleteSchedulingPolicy", sends=(), adds=lambda s: {"arn": s.id}),
    steps=(
        Step(
            on=("fairSharePolicy",),
            do=Call(
                operation="UpdateSchedulingPolicy",
                sends=("fairSharePolicy",),
                names=_POLICY_NAMES,
                adds=lambda s: {"arn": s.id},
            ),
            at_create=False,
        ),
    ),
    outputs={"arn": "arn"},
    echoes=echoing(_POLICY, "fairSharePolicy name", names=_POLICY_NAMES),
    known_id=_arn_of("scheduling-policy"),
    exclusive=True,
    auto_name=AutoName(limit=128, prefix_property=None),
    tags=_TAGS,
)

TYPES = (COMPUTE_ENVIRONMENT, JOB_QUEUE, JOB_DEFINITION, SCHEDULING_POLICY)
