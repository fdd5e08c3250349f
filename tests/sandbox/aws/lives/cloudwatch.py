"""The lives of the types of `cloudwatch`."""

from __future__ import annotations

import json

from lives.life import Life, Make, a_queue, a_topic
from sandbox.engine.values import PropertyMap

_DASHBOARD = {"widgets": [{"type": "text", "x": 0, "y": 0, "properties": {"markdown": "Costs"}}]}


_TRANSFORMATION = {"name": "Errors", "namespace": "Groundplan", "value": "1"}


def _rule(make: Make) -> PropertyMap:
    return make("aws:cloudwatch/eventRule:EventRule", "nightly", {"scheduleExpression": "rate(1 day)"})


LIVES = [
    Life(
        "aws:cloudwatch/logGroup:LogGroup",
        lambda _: {"name": "/aws/sagemaker/x", "retentionInDays": 30},
        {"retentionInDays": 90, "tags": {"a": "b"}},
        {"name": "/other"},
    ),
    Life(
        "aws:cloudwatch/logMetricFilter:LogMetricFilter",
        lambda make: {
            "logGroupName": make("aws:cloudwatch/logGroup:LogGroup", "logs", {})["name"],
            "pattern": "ERROR",
            "metricTransformation": _TRANSFORMATION,
        },
        {"pattern": "WARN"},
        {"name": "other"},
    ),
    Life(
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        lambda make: {
            "comparisonOperator": "GreaterThanThreshold",
            "evaluationPeriods": 2,
            "metricName": "Errors",
            "namespace": "Groundplan",
            "period": 60,
            "statistic": "Sum",
            "threshold": 1.0,
            "dimensions": {"EndpointName": "live"},
            "alarmActions": [a_topic(make)],
        },
        {"threshold": 2.0},
        {"name": "other"},
    ),
    Life(
        "aws:cloudwatch/dashboard:Dashboard",
        lambda _: {"dashboardName": "platform", "dashboardBody": json.dumps(_DASHBOARD)},
        {"dashboardBody": json.dumps({"widgets": []})},
        {"dashboardName": "other"},
    ),
    Life(
        "aws:cloudwatch/eventRule:EventRule",
        lambda _: {"eventPattern": json.dumps({"source": ["aws.sagemaker"]})},
        {"description": "new"},
        {"name": "other"},
    ),
    Life(
        "aws:cloudwatch/eventTarget:EventTarget",
        lambda make: {
            "rule": _rule(make)["name"],
            "targetId": "queue",
            "arn": a_queue(make)["arn"],
            "retryPolicy": {"maximumRetryAttempts": 3},
        },
        {"retryPolicy": {"maximumRetryAttempts": 5}},
        {"targetId": "other"},
    ),
]
