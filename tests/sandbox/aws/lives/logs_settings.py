"""The lives of log groups' subscriptions and of resource policies of Logs."""

from __future__ import annotations

from lives.life import Life, Make, a_function, policy
from sandbox.engine.values import PropertyMap


def _subscription(make: Make) -> PropertyMap:
    reads = a_function(make)
    make(
        "aws:lambda/permission:Permission",
        "reads",
        {
            "action": "lambda:InvokeFunction",
            "function": reads["name"],
            "principal": "logs.amazonaws.com",
        },
    )
    return {
        "logGroup": make("aws:cloudwatch/logGroup:LogGroup", "logs", {})["name"],
        "destinationArn": reads["arn"],
        "filterPattern": "ERROR",
    }


def _resource_policy(allowed: str) -> str:
    return policy(
        {
            "Principal": {"Service": allowed},
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": "*",
        }
    )


LIVES = [
    Life(
        "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter",
        _subscription,
        {"filterPattern": "WARN"},
        {"name": "other"},
    ),
    Life(
        "aws:cloudwatch/logResourcePolicy:LogResourcePolicy",
        lambda _: {"policyName": "events", "policyDocument": _resource_policy("events.amazonaws.com")},
        {"policyDocument": _resource_policy("delivery.logs.amazonaws.com")},
        {"policyName": "other"},
    ),
]
