"""IAM: policy documents, and what there is already."""

from __future__ import annotations

import json
from typing import Final

from sandbox.aws.cloud import Cloud
from sandbox.aws.invokes import Functions
from sandbox.aws.policy_document import policy_document
from sandbox.aws.tagging import parsed
from sandbox.engine.values import PropertyMap


def _role(cloud: Cloud, arguments: PropertyMap) -> PropertyMap:
    found = cloud.call("iam", "GetRole", {"RoleName": arguments["name"]})["Role"]
    boundary = found.get("PermissionsBoundary") or {}
    return {
        "arn": found["Arn"],
        "assumeRolePolicy": json.dumps(found["AssumeRolePolicyDocument"]),
        "createDate": found["CreateDate"].isoformat(),
        "description": found.get("Description") or "",
        "id": found["RoleName"],
        "maxSessionDuration": found.get("MaxSessionDuration") or 3600,
        "name": found["RoleName"],
        "path": found["Path"],
        "permissionsBoundary": boundary.get("PermissionsBoundaryArn") or "",
        "roleLastUseds": [],
        "tags": parsed(found.get("Tags")),
        "uniqueId": found["RoleId"],
    }


def _policy(cloud: Cloud, arguments: PropertyMap) -> PropertyMap:
    arn = arguments.get("arn")
    if not arn:
        listed = [
            item for page in cloud.pages("iam", "ListPolicies", "Policies") for item in page["Policies"]
        ]
        prefix = arguments.get("pathPrefix") or "/"
        named = [
            item
            for item in listed
            if item["PolicyName"] == arguments.get("name") and item["Path"].startswith(prefix)
        ]
        if len(named) != 1:
            raise LookupError(f"{len(named)} policies are called {arguments.get('name')}, and one is needed")
        arn = named[0]["Arn"]
    found = cloud.call("iam", "GetPolicy", {"PolicyArn": arn})["Policy"]
    version = {"PolicyArn": arn, "VersionId": found["DefaultVersionId"]}
    document = cloud.call("iam", "GetPolicyVersion", version)["PolicyVersion"]["Document"]
    return {
        "arn": arn,
        "attachmentCount": found.get("AttachmentCount", 0),
        "description": found.get("Description") or "",
        "id": arn,
        "name": found["PolicyName"],
        "path": found["Path"],
        "policy": json.dumps(document),
        "policyId": found["PolicyId"],
        "tags": parsed(found.get("Tags")),
    }


def _user(cloud: Cloud, arguments: PropertyMap) -> PropertyMap:
    found = cloud.call("iam", "GetUser", {"UserName": arguments["userName"]})["User"]
    return {
        "arn": found["Arn"],
        "id": found["UserId"],
        "path": found["Path"],
        "permissionsBoundary": (found.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn") or "",
        "tags": parsed(found.get("Tags")),
        "userId": found["UserId"],
        "userName": found["UserName"],
    }


FUNCTIONS: Final[Functions] = {
    "aws:iam/getPolicy:getPolicy": _policy,
    "aws:iam/getRole:getRole": _role,
    "aws:iam/getUser:getUser": _user,
    "aws:iam/getPolicyDocument:getPolicyDocument": lambda _, arguments: policy_document(arguments),
}
