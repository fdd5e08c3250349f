"""KMS: keys."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sandbox.aws.cloud import Cloud
from sandbox.aws.invokes import Functions
from sandbox.engine.values import PropertyMap


def _key(cloud: Cloud, arguments: PropertyMap) -> PropertyMap:
    found = cloud.call("kms", "DescribeKey", {"KeyId": arguments["keyId"]})["KeyMetadata"]
    created = found.get("CreationDate")
    return {
        "arn": found["Arn"],
        "awsAccountId": found["AWSAccountId"],
        "creationDate": created.isoformat() if isinstance(created, datetime) else created,
        "customerMasterKeySpec": found.get("CustomerMasterKeySpec"),
        "description": found.get("Description"),
        "enabled": found.get("Enabled"),
        "id": found["KeyId"],
        "keyId": arguments["keyId"],
        "keyManager": found.get("KeyManager"),
        "keySpec": found.get("KeySpec"),
        "keyState": found.get("KeyState"),
        "keyUsage": found.get("KeyUsage"),
        "multiRegion": found.get("MultiRegion", False),
        "origin": found.get("Origin"),
        "region": cloud.region,
    }


FUNCTIONS: Final[Functions] = {
    "aws:kms/getKey:getKey": _key,
}
