"""Parameters and secrets: SSM and Secrets Manager."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sandbox.aws.cloud import Cloud
from sandbox.aws.invokes import Functions
from sandbox.aws.tagging import parsed
from sandbox.engine.values import PropertyMap, Secret


def _when(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value or "")


def _parameter(cloud: Cloud, arguments: PropertyMap) -> PropertyMap:
    decrypts = bool(arguments.get("withDecryption", True))
    found = cloud.call("ssm", "GetParameter", {"Name": arguments["name"], "WithDecryption": decrypts})[
        "Parameter"
    ]
    return {
        "arn": found.get("ARN"),
        "id": found["Name"],
        "insecureValue": found["Value"] if found["Type"] != "SecureString" else None,
        "name": arguments["name"],
        "region": cloud.region,
        "type": found["Type"],
        "value": Secret(found["Value"]),
        "version": found.get("Version"),
        "withDecryption": decrypts,
    }


def _secret(cloud: Cloud, arguments: PropertyMap) -> PropertyMap:
    found = cloud.call(
        "secretsmanager", "DescribeSecret", {"SecretId": arguments.get("arn") or arguments.get("name")}
    )
    return {
        "arn": found["ARN"],
        "createdDate": _when(found.get("CreatedDate")),
        "description": found.get("Description") or "",
        "id": found["ARN"],
        "kmsKeyId": found.get("KmsKeyId") or "",
        "lastChangedDate": _when(found.get("LastChangedDate")),
        "name": found["Name"],
        "policy": "",
        "region": cloud.region,
        "tags": parsed(found.get("Tags")),
    }


def _version(cloud: Cloud, arguments: PropertyMap) -> PropertyMap:
    params = {"SecretId": arguments["secretId"]}
    if arguments.get("versionId"):
        params["VersionId"] = arguments["versionId"]
    else:
        params["VersionStage"] = arguments.get("versionStage") or "AWSCURRENT"
    found = cloud.call("secretsmanager", "GetSecretValue", params)
    return {
        "arn": found["ARN"],
        "createdDate": _when(found.get("CreatedDate")),
        "id": f"{arguments['secretId']}|{found['VersionId']}",
        "region": cloud.region,
        "secretBinary": Secret(found.get("SecretBinary") or ""),
        "secretId": arguments["secretId"],
        "secretString": Secret(found.get("SecretString") or ""),
        "versionId": found["VersionId"],
        "versionStage": arguments.get("versionStage") or "AWSCURRENT",
        "versionStages": list(found.get("VersionStages") or ()),
    }


FUNCTIONS: Final[Functions] = {
    "aws:secretsmanager/getSecret:getSecret": _secret,
    "aws:secretsmanager/getSecretVersion:getSecretVersion": _version,
    "aws:ssm/getParameter:getParameter": _parameter,
}
