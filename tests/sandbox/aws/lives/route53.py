"""The lives of Route 53's zones and records, and of Step Functions' machines."""

from __future__ import annotations

import json

from lives.life import Life, Make, a_role
from sandbox.engine.values import PropertyMap

_MACHINE = {"StartAt": "End", "States": {"End": {"Type": "Pass", "End": True}}}
_OTHER = {"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}


def a_zone(make: Make) -> PropertyMap:
    return make("aws:route53/zone:Zone", "zone", {"name": "example.org", "forceDestroy": True})


_ZONE = frozenset({"name", "delegationSetId", "vpcs"})
_RECORD = frozenset({"name", "setIdentifier", "type", "zoneId"})

LIVES = [
    Life(
        "aws:route53/zone:Zone",
        lambda _: {"name": "example.com"},
        {"comment": "for a test", "tags": {"a": "b"}},
        {"name": "example.net"},
        by_code=_ZONE,
    ),
    Life(
        "aws:route53/record:Record",
        lambda make: {
            "zoneId": a_zone(make)["id"],
            "name": "www",
            "type": "A",
            "ttl": 300,
            "records": ["192.0.2.1"],
        },
        {"ttl": 60, "records": ["192.0.2.2"]},
        {"name": "other"},
        by_code=_RECORD,
    ),
    Life(
        "aws:sfn/stateMachine:StateMachine",
        lambda make: {"definition": json.dumps(_MACHINE), "roleArn": a_role(make, "states")["arn"]},
        {"definition": json.dumps(_OTHER), "tags": {"a": "b"}},
        {"name": "other"},
    ),
    Life("aws:sfn/activity:Activity", lambda _: {}, {"tags": {"a": "b"}}, {"name": "other"}),
]
