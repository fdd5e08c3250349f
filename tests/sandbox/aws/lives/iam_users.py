"""The lives of what IAM's users and groups carry, and of Lambda's aliases, layers and addresses."""

from __future__ import annotations

from lives.life import CODE, LISTS, OTHER_CODE, READS, Life, Make, a_function


def _user(make: Make) -> str:
    return str(make("aws:iam/user:User", "user", {})["name"])


def _group(make: Make) -> str:
    return str(make("aws:iam/group:Group", "group", {})["name"])


def _policy(make: Make) -> str:
    return str(make("aws:iam/policy:Policy", "policy", {"policy": READS})["arn"])


LIVES = [
    Life(
        "aws:iam/userPolicyAttachment:UserPolicyAttachment",
        lambda make: {"user": _user(make), "policyArn": _policy(make)},
        None,
        {"user": "other"},
    ),
    Life(
        "aws:iam/groupPolicyAttachment:GroupPolicyAttachment",
        lambda make: {"group": _group(make), "policyArn": _policy(make)},
        None,
        {"group": "other"},
    ),
    Life(
        "aws:iam/userPolicy:UserPolicy",
        lambda make: {"user": _user(make), "policy": READS},
        {"policy": LISTS},
        {"user": "other"},
    ),
    Life(
        "aws:iam/groupPolicy:GroupPolicy",
        lambda make: {"group": _group(make), "policy": READS},
        {"policy": LISTS},
        {"group": "other"},
    ),
    Life(
        "aws:iam/accessKey:AccessKey",
        lambda make: {"user": _user(make)},
        {"status": "Inactive"},
        {"user": "other"},
        importable=False,
        recoverable=False,
    ),
    Life(
        "aws:iam/groupMembership:GroupMembership",
        lambda make: {"group": _group(make), "users": [_user(make)]},
        None,
        {"group": "other"},
        by_code=frozenset({"group", "name", "users"}),
        importable=False,
    ),
    Life(
        "aws:lambda/alias:Alias",
        lambda make: {"functionName": a_function(make)["name"], "functionVersion": "$LATEST", "name": "live"},
        {"description": "for a test"},
        {"name": "other"},
    ),
    Life(
        "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig",
        lambda make: {
            "functionName": a_function(make)["name"],
            "qualifier": "live",
            "provisionedConcurrentExecutions": 1,
        },
        {"provisionedConcurrentExecutions": 2},
        {"qualifier": "other"},
        by_code=frozenset({"functionName"}),
    ),
    Life(
        "aws:lambda/layerVersion:LayerVersion",
        lambda _: {"layerName": "parts", "code": CODE, "compatibleRuntimes": ["python3.12"]},
        None,
        {"code": OTHER_CODE},
        by_code=frozenset({"code", "sourceCodeHash"}),
    ),
    Life(
        "aws:lambda/functionUrl:FunctionUrl",
        lambda make: {"functionName": a_function(make)["name"], "authorizationType": "NONE"},
        {"cors": {"allowOrigins": ["*"]}},
    ),
]
