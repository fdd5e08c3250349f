"""Which operation does a task's resource name, how are its parameters written, and when is its job over?

Source: https://docs.aws.amazon.com/step-functions/latest/dg/integrate-services.html
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from sandbox.runtime.workflows.errors import RUNTIME, StateError

_RESOURCE = re.compile(
    r"arn:[\w-]+:states:[\w-]*:\d*:(?:(?P<sdk>aws-sdk):)?(?P<service>[\w-]+):(?P<action>\w+)"
    r"(?:\.(?P<how>sync|waitForTaskToken)(?P<second>:2)?)?"
)
_FUNCTION = re.compile(r"arn:[\w-]+:lambda:[\w-]+:\d+:function:.+")
_CLIENTS = {
    "states": "stepfunctions",
    "sfn": "stepfunctions",
    "eventbridge": "events",
    "cloudwatchlogs": "logs",
}
NOT_RUN = frozenset(
    {
        "glue",
        "batch",
        "ecs",
        "eks",
        "elasticmapreduce",
        "emr-containers",
        "codebuild",
        "databrew",
        "mediaconvert",
        "athena",
        "bedrock",
        "http",
        "apigateway",
    }
)
"""Services whose work the sandbox does not do: a task that needs it fails, and says so."""
_RUN_ALONE = {"emr-serverless": frozenset({"startJobRun"})}
"""Of a service whose work is done in part, the actions that are."""


@dataclass(frozen=True)
class Resource:
    """What a task calls. `client` is boto3's name of the service; `how` is empty, `sync` or
    `waitForTaskToken`; `parsed` says that a nested execution's output is wanted as JSON (`.sync:2`)."""

    client: str
    action: str
    how: str = ""
    parsed: bool = False
    is_sdk: bool = False
    function: str = ""
    """Of a task that names its function outright."""

    @property
    def kind(self) -> str:
        """As history events name it."""
        return "lambda" if self.function else self.client


def resource_of(arn: str) -> Resource:
    """Raises StateError for what no task of the sandbox can call."""
    if _FUNCTION.fullmatch(arn):
        return Resource("lambda", "invoke", function=arn)
    found = _RESOURCE.fullmatch(arn)
    if found is None:
        raise StateError(RUNTIME, f"The resource {arn} is none that the sandbox's tasks can call")
    service = found["service"]
    beyond = found["action"] not in _RUN_ALONE.get(service, {found["action"]})
    if (service in NOT_RUN or beyond) and not found["sdk"]:
        raise StateError("Sandbox.NotRun", f"The sandbox runs no {service}: {arn} is kept and does nothing")
    how = found["how"] or ""
    client = _CLIENTS.get(service, service)
    return Resource(client, found["action"], how, bool(found["second"]), bool(found["sdk"]))


@dataclass(frozen=True)
class Job:
    """How work that a task waits for is looked at: operations, the members that name it and its status."""

    describe: str
    name: str
    status: str
    good: str
    bad: tuple[str, ...]
    stop: str
    answered: tuple[str, ...] = ()
    """Members of the answer that name it, in place of `name` among what was given."""
    within: str = ""
    """The member of the description that holds it whole."""


JOBS: Mapping[tuple[str, str], Job] = {
    ("sagemaker", "createTrainingJob"): Job(
        "describe_training_job",
        "TrainingJobName",
        "TrainingJobStatus",
        "Completed",
        ("Failed", "Stopped"),
        "stop_training_job",
    ),
    ("sagemaker", "createProcessingJob"): Job(
        "describe_processing_job",
        "ProcessingJobName",
        "ProcessingJobStatus",
        "Completed",
        ("Failed", "Stopped"),
        "stop_processing_job",
    ),
    ("sagemaker", "createTransformJob"): Job(
        "describe_transform_job",
        "TransformJobName",
        "TransformJobStatus",
        "Completed",
        ("Failed", "Stopped"),
        "stop_transform_job",
    ),
    ("sagemaker", "createHyperParameterTuningJob"): Job(
        "describe_hyper_parameter_tuning_job",
        "HyperParameterTuningJobName",
        "HyperParameterTuningJobStatus",
        "Completed",
        ("Failed", "Stopped"),
        "stop_hyper_parameter_tuning_job",
    ),
    ("emr-serverless", "startJobRun"): Job(
        "get_job_run",
        "",
        "state",
        "SUCCESS",
        ("FAILED", "CANCELLED"),
        "cancel_job_run",
        answered=("applicationId", "jobRunId"),
        within="jobRun",
    ),
    ("stepfunctions", "startExecution"): Job(
        "describe_execution",
        "executionArn",
        "status",
        "SUCCEEDED",
        ("FAILED", "ABORTED", "TIMED_OUT"),
        "stop_execution",
    ),
}


def parameters(given: Any, shape: Shape) -> Any:
    """A task's parameters as boto3 wants them: members in the service's own case, text where it is wanted."""
    if isinstance(shape, StructureShape) and isinstance(given, Mapping):
        names = {name.lower(): name for name in shape.members}
        found = {}
        for key, value in given.items():
            name = names.get(key.lower())
            if name is None:
                known = ", ".join(sorted(shape.members))
                raise StateError(RUNTIME, f"The field {key!r} is not supported; the fields are: {known}")
            found[name] = parameters(value, shape.members[name])
        return found
    if isinstance(shape, ListShape) and isinstance(given, list):
        return [parameters(one, shape.member) for one in given]
    if isinstance(shape, MapShape) and isinstance(given, Mapping):
        return {key: parameters(value, shape.value) for key, value in given.items()}
    if shape.type_name == "blob" and not isinstance(given, bytes):
        return (given if isinstance(given, str) else json.dumps(given)).encode()
    if shape.type_name == "string" and not isinstance(given, str):
        return json.dumps(given)
    return given


def answer(value: Any, shape: Shape | None) -> Any:
    """What a service answered, as a state sees it: members in capitals, times in milliseconds since 1970."""
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        return {
            name[:1].upper() + name[1:]: answer(one, shape.members[name])
            for name, one in value.items()
            if name in shape.members
        }
    if isinstance(shape, MapShape) and isinstance(value, Mapping):
        return {key: answer(one, shape.value) for key, one in value.items()}
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [answer(one, shape.member) for one in value]
    if isinstance(value, datetime):
        return round(value.timestamp() * 1000)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value.read().decode() if hasattr(value, "read") else value
