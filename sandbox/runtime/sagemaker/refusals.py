"""Which starts are refused, because the role that asks for them is denied them?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import boto3

from sandbox.runtime.overlay import Caller, Cloud, Params, ServiceError
from sandbox.runtime.policies.roles import denied

STARTS: Final[Mapping[str, tuple[str, str]]] = {
    "CreateHyperParameterTuningJob": ("hyper-parameter-tuning-job", "HyperParameterTuningJobName"),
    "CreateProcessingJob": ("processing-job", "ProcessingJobName"),
    "CreateTrainingJob": ("training-job", "TrainingJobName"),
    "CreateTransformJob": ("transform-job", "TransformJobName"),
    "StartPipelineExecution": ("pipeline", "PipelineName"),
}
"""The operations that are judged: the kind of the resource, and the parameter that names it."""

_OF_A_ROLE: Final = "ASIA"
"""What the access keys of assumed roles begin with."""


def require_caller_not_denied(cloud: Cloud, operation: str, params: Params, caller: Caller) -> None:
    """Raises ServiceError where the caller is a role that was assumed, and its policies deny it the start."""
    if operation not in STARTS or not caller.access_key.startswith(_OF_A_ROLE):
        return
    client = boto3.client(
        "sts",
        endpoint_url=cloud.endpoint_url,
        region_name=caller.region,
        aws_access_key_id=caller.access_key,
        aws_secret_access_key="sandbox",  # noqa: S106  # signatures are not checked
    )
    arn = str(client.get_caller_identity()["Arn"])
    if ":assumed-role/" in arn:
        require_not_denied(cloud, arn, operation, params, caller)


def require_not_denied(cloud: Cloud, role_arn: str, operation: str, params: Params, caller: Caller) -> None:
    """Raises ServiceError where the role's own policies deny it the start; `role_arn` may be a session's."""
    parts = role_arn.split("/")
    session = ":assumed-role/" in role_arn
    role = parts[1] if session else parts[-1]
    kind, member = STARTS[operation]
    name = str(params[member]).rpartition("/")[2]
    resource = f"arn:aws:sagemaker:{caller.region}:{caller.account_id}:{kind}/{name.lower()}"
    if denied(cloud.emulate, role, f"sagemaker:{operation}", resource, caller):
        user = role_arn if session else f"arn:aws:sts::{caller.account_id}:assumed-role/{role}/SageMaker"
        raise ServiceError(
            "AccessDeniedException",
            f"User: {user} is not authorized to perform: sagemaker:{operation} on resource: {resource} with "
            "an explicit deny in an identity-based policy",
        )
