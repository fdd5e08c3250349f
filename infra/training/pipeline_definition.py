"""How does a pipeline read as SageMaker's own JSON? Typed pieces of the schema of version 2020-12-01.

Source: "Amazon SageMaker AI Pipelines pipeline definition JSON schema". The same pieces give the same bytes.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Json = dict[str, Any]


def parameter(name: str, kind: Literal["String", "Float"], default: str | float | None = None) -> Json:
    """A parameter of the pipeline; without a default an execution must give it."""
    declared: Json = {"Name": name, "Type": kind}
    return declared if default is None else declared | {"DefaultValue": default}


def get(path: str) -> Json:
    """A reference, such as `Parameters.RawData` or `Steps.Train.ModelArtifacts.S3ModelArtifacts`."""
    return {"Get": path}


def join(*parts: str | Json, on: str = "") -> Json:
    """Text made of text and references."""
    return {"Std:Join": {"On": on, "Values": list(parts)}}


def json_get(step: str, file: str, path: str) -> Json:
    """A value of a property file that a processing step has written."""
    return {"Std:JsonGet": {"PropertyFile": get(f"Steps.{step}.PropertyFiles.{file}"), "Path": path}}


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step. `cache` is how long its result serves the same arguments again, an ISO 8601 duration."""

    name: str
    type: Literal["Processing", "Tuning", "Training", "RegisterModel", "Condition", "Fail", "Lambda"]
    arguments: Mapping[str, Any]
    cache: str | None = None
    retry: bool = False
    property_files: Sequence[tuple[str, str, str]] = ()
    """(name, output, path within the output)."""
    function: str | None = None
    """The ARN of what a step of the type Lambda calls."""
    answers: Sequence[str] = ()
    """The members of the function's answer that other steps take, as text."""

    def body(self) -> Json:
        body: Json = {"Name": self.name, "Type": self.type, "Arguments": dict(self.arguments)}
        if self.cache is not None:
            body["CacheConfig"] = {"Enabled": True, "ExpireAfter": self.cache}
        if self.retry:
            body["RetryPolicies"] = retry_policies()
        if self.property_files:
            body["PropertyFiles"] = [
                {"PropertyFileName": name, "OutputName": output, "FilePath": path}
                for name, output, path in self.property_files
            ]
        if self.function is not None:
            body["FunctionArn"] = self.function
            body["OutputParameters"] = [{"OutputName": name, "OutputType": "String"} for name in self.answers]
        return body


def retry_policies() -> list[Json]:
    """Again where the service was at fault or had no machine; never for a failure of our own code.

    The shortage of machines, usual with spot, is waited for longest.
    """
    return [
        {
            "ExceptionType": ["Step.SERVICE_FAULT", "Step.THROTTLING"],
            "IntervalSeconds": 10,
            "BackoffRate": 2.0,
            "MaxAttempts": 4,
        },
        {
            "ExceptionType": [
                "SageMaker.JOB_INTERNAL_ERROR",
                "SageMaker.CAPACITY_ERROR",
                "SageMaker.RESOURCE_LIMIT",
            ],
            "IntervalSeconds": 60,
            "BackoffRate": 2.0,
            "MaxAttempts": 5,
        },
    ]


def at_least(left: Json, right: Json | float) -> Json:
    return {"Type": "GreaterThanOrEqualTo", "LeftValue": left, "RightValue": right}


def condition(name: str, *, holds: Sequence[Json], then: Sequence[Step], otherwise: Sequence[Step]) -> Step:
    """A fork: `then` where every condition holds, `otherwise` where one does not."""
    return Step(
        name=name,
        type="Condition",
        arguments={
            "Conditions": list(holds),
            "IfSteps": [step.body() for step in then],
            "ElseSteps": [step.body() for step in otherwise],
        },
    )


def s3_input(name: str, uri: str | Json, folder: str) -> Json:
    """A processing input: everything below a prefix, in a folder below `/opt/ml/processing/input`."""
    return {
        "InputName": name,
        "AppManaged": False,
        "S3Input": {
            "S3Uri": uri,
            "LocalPath": f"/opt/ml/processing/input/{folder}",
            "S3DataType": "S3Prefix",
            "S3InputMode": "File",
            "S3DataDistributionType": "FullyReplicated",
            "S3CompressionType": "None",
        },
    }


def s3_output(name: str, uri: str | Json, folder: str) -> Json:
    """A processing output: a folder below `/opt/ml/processing/output`, sent when the job ends."""
    path = f"/opt/ml/processing/output/{folder}".rstrip("/")
    return {
        "OutputName": name,
        "AppManaged": False,
        "S3Output": {"S3Uri": uri, "LocalPath": path, "S3UploadMode": "EndOfJob"},
    }


def channel(name: str, uri: str | Json, content_type: str) -> Json:
    """A training channel: everything below a prefix."""
    return {
        "ChannelName": name,
        "ContentType": content_type,
        "DataSource": {
            "S3DataSource": {
                "S3DataType": "S3Prefix",
                "S3Uri": uri,
                "S3DataDistributionType": "FullyReplicated",
            }
        },
    }


def definition(*, parameters: Sequence[Json], steps: Sequence[Step]) -> str:
    """The JSON of a pipeline."""
    return json.dumps(
        {
            "Version": "2020-12-01",
            "Metadata": {},
            "Parameters": list(parameters),
            "Steps": [step.body() for step in steps],
        },
        sort_keys=True,
    )
