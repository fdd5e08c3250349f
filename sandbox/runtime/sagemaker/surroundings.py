"""What does SageMaker ask of the rest of the cloud: roles, objects and subnets."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote, urlparse

from botocore.exceptions import ClientError

from sandbox.runtime.overlay import Caller, Cloud, Params, ServiceError

_PRINCIPAL = "sagemaker.amazonaws.com"


def require_role(cloud: Cloud, role_arn: str, caller: Caller) -> None:
    """Raises ServiceError unless the role exists and SageMaker may assume it, as the service checks first."""
    name = role_arn.rpartition("/")[2]
    try:
        role: Params = cloud.client("iam", caller).get_role(RoleName=name)["Role"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchEntity":
            raise
        role = {}
    if not role or not _trusts(role["AssumeRolePolicyDocument"]):
        raise ServiceError(
            "ValidationException",
            f"Could not assume role {role_arn}. Please ensure that the role exists and allows principal "
            f"'{_PRINCIPAL}' to assume the role.",
        )


def split_s3_uri(uri: str) -> tuple[str, str]:
    """Bucket and key of `s3://bucket/key`. Raises ServiceError for any other URI."""
    parts = urlparse(uri)
    if parts.scheme != "s3" or not parts.netloc:
        raise ServiceError("ValidationException", f"The S3 URI {uri!r} is not of the form s3://bucket/key")
    # Split by hand after the check: a key may hold `?` and `#`, which urlparse would cut off.
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def object_exists(cloud: Cloud, uri: str, caller: Caller) -> bool:
    bucket, key = split_s3_uri(uri)
    try:
        cloud.client("s3", caller).head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] in {403, 404}:
            return False
        raise
    return True


def zones_of(cloud: Cloud, subnets: list[str], caller: Caller) -> list[str]:
    """Availability zones of the subnets, or of the region where a model names no subnets."""
    client = cloud.client("ec2", caller)
    if subnets:
        try:
            found = client.describe_subnets(SubnetIds=subnets)["Subnets"]
        except ClientError as error:
            raise ServiceError("ValidationException", error.response["Error"]["Message"]) from error
        return sorted({subnet["AvailabilityZone"] for subnet in found})
    zones = client.describe_availability_zones()["AvailabilityZones"]
    return sorted(zone["ZoneName"] for zone in zones)[:3]


def _trusts(document: Any) -> bool:
    policy = json.loads(unquote(document)) if isinstance(document, str) else document
    for statement in _many(policy.get("Statement", [])):
        principal = statement.get("Principal", {})
        services = _many(principal.get("Service", [])) if isinstance(principal, dict) else [principal]
        if statement.get("Effect") == "Allow" and (_PRINCIPAL in services or "*" in services):
            return True
    return False


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
