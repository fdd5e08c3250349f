"""The lives of secrets' rotations and policies."""

from __future__ import annotations

from lives.life import Life, Make, a_function, policy
from sandbox.engine.values import PropertyMap


def _secret(make: Make) -> str:
    secret = make("aws:secretsmanager/secret:Secret", "rotated", {})
    make(
        "aws:secretsmanager/secretVersion:SecretVersion",
        "value",
        {"secretId": secret["arn"], "secretString": "one"},
    )
    return str(secret["arn"])


def _rotation(make: Make) -> PropertyMap:
    rotates = a_function(make)
    make(
        "aws:lambda/permission:Permission",
        "rotates",
        {
            "action": "lambda:InvokeFunction",
            "function": rotates["name"],
            "principal": "secretsmanager.amazonaws.com",
        },
    )
    return {
        "secretId": _secret(make),
        "rotationLambdaArn": rotates["arn"],
        "rotateImmediately": False,
        "rotationRules": {"automaticallyAfterDays": 30},
    }


def _policy(make: Make) -> PropertyMap:
    secret = _secret(make)
    statement = {
        "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
        "Action": "secretsmanager:GetSecretValue",
        "Resource": "*",
    }
    return {"secretArn": secret, "policy": policy(statement)}


LIVES = [
    Life(
        "aws:secretsmanager/secretRotation:SecretRotation",
        _rotation,
        {"rotationRules": {"automaticallyAfterDays": 60}},
        {"secretId": "other"},
    ),
    Life("aws:secretsmanager/secretPolicy:SecretPolicy", _policy, None, {"secretArn": "arn:aws:x"}),
]
