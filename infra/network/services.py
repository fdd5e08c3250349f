"""Which services does the network reach by interface endpoints? Those that the platform's parts call."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, get_args

InterfaceService = Literal[
    "sagemaker.api",
    "sagemaker.runtime",
    "sagemaker.featurestore-runtime",
    "logs",
    "monitoring",
    "kms",
    "ecr.api",
    "ecr.dkr",
    "sts",
    "secretsmanager",
    "sns",
    "sqs",
    "lambda",
    "kinesis-streams",
    "kinesis-firehose",
    "kinesisanalytics",
    "glue",
    "athena",
    "states",
    "events",
    "scheduler",
    "emr-serverless",
    "aps-workspaces",
    "codebuild",
    "ssm",
]
"""What follows `com.amazonaws.<region>.` in the name of an interface endpoint's service."""

ACTIONS: Mapping[InterfaceService, str] = {
    "sagemaker.api": "sagemaker:*",
    "sagemaker.runtime": "sagemaker:InvokeEndpoint*",
    "sagemaker.featurestore-runtime": "sagemaker:*Record",
    "logs": "logs:*",
    "monitoring": "cloudwatch:*",
    "kms": "kms:*",
    "ecr.api": "ecr:*",
    "ecr.dkr": "ecr:*",
    "sts": "sts:*",
    "secretsmanager": "secretsmanager:*",
    "sns": "sns:*",
    "sqs": "sqs:*",
    "lambda": "lambda:*",
    "kinesis-streams": "kinesis:*",
    "kinesis-firehose": "firehose:*",
    "kinesisanalytics": "kinesisanalytics:*",
    "glue": "glue:*",
    "athena": "athena:*",
    "states": "states:*",
    "events": "events:*",
    "scheduler": "scheduler:*",
    "emr-serverless": "emr-serverless:*",
    "aps-workspaces": "aps:*",
    "codebuild": "codebuild:*",
    "ssm": "ssm:*",
}
"""Service → the actions that its endpoint carries."""

Part = Literal[
    "jobs", "endpoint", "features", "spark", "queries", "workflow", "kinesis", "kafka", "flink", "pseudonyms"
]
"""A part of the platform whose work stands in the network."""

_CALLED: Mapping[Part, Sequence[InterfaceService]] = {
    # A job in private subnets fetches its image, reports its log and metrics, and opens its data.
    "jobs": ("sagemaker.api", "logs", "monitoring", "kms", "ecr.api", "ecr.dkr", "sts"),
    "endpoint": ("sagemaker.runtime", "logs", "monitoring", "kms", "ecr.api", "ecr.dkr"),
    "features": ("sagemaker.featurestore-runtime",),
    "spark": ("emr-serverless", "glue", "logs", "kms", "sts"),
    "queries": ("athena", "glue"),
    "workflow": ("states", "events"),
    "kinesis": ("kinesis-streams", "kinesis-firehose", "kms"),
    # The function that reads Kafka is called and takes on its role through the VPC.
    "kafka": ("logs", "kms", "secretsmanager", "lambda", "sts", "sqs"),
    # Prepare asks for the keys that it replaces identifiers by.
    "pseudonyms": ("secretsmanager", "kms"),
    "flink": ("kinesisanalytics", "kinesis-streams", "logs", "monitoring", "kms"),
}


def services_in_use(
    parts: Iterable[Part], also: Iterable[InterfaceService] = ()
) -> tuple[InterfaceService, ...]:
    """The services that the parts call, and those that the operator names, each once, in one order."""
    wanted = {*also, *(service for part in parts for service in _CALLED[part])}
    return tuple(service for service in get_args(InterfaceService) if service in wanted)
