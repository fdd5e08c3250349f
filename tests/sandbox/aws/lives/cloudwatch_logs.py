"""The lives of the types of `cloudwatch` that are about logs beside the groups."""

from __future__ import annotations

import json

from lives.life import Life, Make, a_role, policy
from sandbox.engine.values import PropertyMap


def _destination(make: Make) -> PropertyMap:
    stream = "arn:aws:kinesis:eu-west-1:123456789012:stream/central"
    return {"roleArn": a_role(make, "logs")["arn"], "targetArn": stream}


def _policy(make: Make) -> PropertyMap:
    held = make("aws:cloudwatch/logDestination:LogDestination", "held", _destination(make))
    statement = {
        "Principal": {"AWS": "210987654321"},
        "Action": "logs:PutSubscriptionFilter",
        "Resource": held["arn"],
    }
    return {"destinationName": held["name"], "accessPolicy": policy(statement)}


def _protection(kind: str) -> str:
    identifier = [f"arn:aws:dataprotection::aws:data-identifier/{kind}"]
    operations: list[PropertyMap] = [
        {"Audit": {"FindingsDestination": {}}},
        {"Deidentify": {"MaskConfig": {}}},
    ]
    return json.dumps(
        {
            "Name": "protect",
            "Version": "2021-06-01",
            "Statement": [
                {"Sid": str(place), "DataIdentifier": identifier, "Operation": operation}
                for place, operation in enumerate(operations)
            ],
        }
    )


LIVES = [
    Life(
        "aws:cloudwatch/logDestination:LogDestination",
        _destination,
        {"targetArn": "arn:aws:kinesis:eu-west-1:123456789012:stream/other", "tags": {"a": "b"}},
        {"name": "other"},
    ),
    Life(
        "aws:cloudwatch/logDestinationPolicy:LogDestinationPolicy",
        _policy,
        {"accessPolicy": policy({"Principal": "*", "Action": "logs:PutSubscriptionFilter"})},
        {"destinationName": "other"},
        gone_after_delete=False,
    ),
    Life(
        "aws:cloudwatch/queryDefinition:QueryDefinition",
        lambda _: {"queryString": "fields @message | filter @message like /ERROR/"},
        {"queryString": "fields @timestamp", "logGroupNames": ["/aws/lambda/a"]},
    ),
    Life(
        "aws:cloudwatch/logDataProtectionPolicy:LogDataProtectionPolicy",
        lambda make: {
            "logGroupName": make("aws:cloudwatch/logGroup:LogGroup", "group", {})["name"],
            "policyDocument": _protection("EmailAddress"),
        },
        {"policyDocument": _protection("IpAddress")},
        {"logGroupName": "other"},
    ),
]
