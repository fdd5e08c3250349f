"""How does a state of the data workflow read? Tasks that are tried again, and whose failure is kept."""

from collections.abc import Mapping, Sequence
from typing import Any

Json = dict[str, Any]

BUSY = [
    "States.Timeout",
    "SageMaker.ThrottlingException",
    "SageMaker.ResourceLimitExceededException",
    "SageMaker.AmazonSageMakerException",
    "EMRServerless.ThrottlingException",
    "Glue.ThrottlingException",
    "Glue.ConcurrentRunsExceededException",
    "Glue.OperationTimeoutException",
    "S3.SdkClientException",
    "S3.SlowDownException",
    "Sqs.SdkClientException",
]
"""What passes if it is tried again later: the services' own errors, never a failure of our code."""


def again(errors: Sequence[str]) -> Json:
    """Four times more, each after about twice as long as the last."""
    return {
        "ErrorEquals": list(errors),
        "IntervalSeconds": 5,
        "BackoffRate": 2.0,
        "MaxAttempts": 4,
        "MaxDelaySeconds": 120,
        "JitterStrategy": "FULL",
    }


def task(resource: str, parameters: Mapping[str, Any], *, then: str | None, result: str | None) -> Json:
    """A task that is tried again where its service was busy, and whose failure is kept."""
    return {
        "Type": "Task",
        "Resource": f"arn:aws:states:::{resource}",
        "Parameters": dict(parameters),
        "Retry": [again(BUSY)],
        "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.failure", "Next": "Keep"}],
        "ResultPath": result,
        **({"Next": then} if then else {"End": True}),
    }


def wrong(error: str, cause: str) -> Json:
    """Words a failure of the data itself, as a state's error would be."""
    return {
        "Type": "Pass",
        "Parameters": {"Error": error, "Cause.$": cause},
        "ResultPath": "$.failure",
        "Next": "Keep",
    }
