"""The lives of EventBridge's buses, connections and archives, of schedules and of pipes."""

from __future__ import annotations

import json

from lives.life import Life, Make, a_queue, a_role, policy
from sandbox.engine.values import PropertyMap

_BUS_ARN = "arn:aws:events:eu-west-1:123456789012:event-bus/default"
_KEY = {"apiKey": {"key": "x-api-key", "value": "secret"}}


def a_bus(make: Make) -> PropertyMap:
    return make("aws:cloudwatch/eventBus:EventBus", "orders", {})


def _bus_policy(account: str) -> str:
    statement = {
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": "events:PutEvents",
        "Resource": _BUS_ARN,
    }
    return policy(statement)


def _connection(_: Make) -> PropertyMap:
    return {"authorizationType": "API_KEY", "authParameters": _KEY}


def _destination(make: Make) -> PropertyMap:
    connection = make("aws:cloudwatch/eventConnection:EventConnection", "partner", _connection(make))
    return {
        "connectionArn": connection["arn"],
        "httpMethod": "POST",
        "invocationEndpoint": "https://example.org/hook",
    }


def _schedule(make: Make) -> PropertyMap:
    return {
        "scheduleExpression": "cron(0 3 * * ? *)",
        "flexibleTimeWindow": {"mode": "FLEXIBLE", "maximumWindowInMinutes": 15},
        "target": {
            "arn": a_queue(make)["arn"],
            "roleArn": a_role(make, "scheduler")["arn"],
            "input": json.dumps({"run": "nightly"}),
            "retryPolicy": {"maximumEventAgeInSeconds": 600, "maximumRetryAttempts": 3},
        },
    }


def _pipe(make: Make) -> PropertyMap:
    source = make("aws:sqs/queue:Queue", "source", {})
    return {
        "roleArn": a_role(make, "pipes")["arn"],
        "source": source["arn"],
        "target": a_queue(make)["arn"],
        "sourceParameters": {
            "sqsQueueParameters": {"batchSize": 5},
            "filterCriteria": {"filters": [{"pattern": json.dumps({"body": {"kind": ["delay"]}})}]},
        },
    }


LIVES = [
    Life(
        "aws:cloudwatch/eventBus:EventBus",
        lambda _: {"description": "of orders"},
        {"description": "of all orders", "tags": {"a": "b"}},
        {"name": "other"},
    ),
    Life(
        "aws:cloudwatch/eventBusPolicy:EventBusPolicy",
        lambda make: {"eventBusName": a_bus(make)["name"], "policy": _bus_policy("111111111111")},
        {"policy": _bus_policy("222222222222")},
        {"eventBusName": "other"},
        by_code=frozenset({"eventBusName", "policy"}),
    ),
    Life(
        "aws:cloudwatch/eventPermission:EventPermission",
        lambda make: {
            "eventBusName": a_bus(make)["name"],
            "principal": "111111111111",
            "statementId": "partner",
        },
        None,
        {"statementId": "other"},
    ),
    Life(
        "aws:cloudwatch/eventArchive:EventArchive",
        lambda make: {"eventSourceArn": a_bus(make)["arn"], "retentionDays": 7},
        {"retentionDays": 30, "eventPattern": json.dumps({"source": ["orders"]})},
        {"name": "other"},
    ),
    Life(
        "aws:cloudwatch/eventConnection:EventConnection",
        _connection,
        {"description": "to a partner"},
        {"name": "other"},
    ),
    Life(
        "aws:cloudwatch/eventApiDestination:EventApiDestination",
        _destination,
        {"invocationRateLimitPerSecond": 10},
        {"name": "other"},
    ),
    Life(
        "aws:scheduler/schedule:Schedule",
        _schedule,
        {"scheduleExpression": "rate(1 day)", "state": "DISABLED"},
        {"name": "other"},
    ),
    Life(
        "aws:scheduler/scheduleGroup:ScheduleGroup",
        lambda _: {},
        {"tags": {"a": "b"}},
        {"name": "other"},
    ),
    Life(
        "aws:pipes/pipe:Pipe",
        _pipe,
        {"description": "delays", "desiredState": "STOPPED", "tags": {"a": "b"}},
        {"name": "other"},
    ),
]
