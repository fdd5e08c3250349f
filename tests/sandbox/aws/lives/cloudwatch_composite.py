"""The life of `cloudwatch/compositeAlarm`."""

from __future__ import annotations

from lives.life import Life, Make, a_topic
from sandbox.engine.values import PropertyMap


def _alarm(make: Make, name: str) -> str:
    inputs = {
        "namespace": "Jobs",
        "metricName": name,
        "period": 60,
        "statistic": "Sum",
        "threshold": 1,
        "comparisonOperator": "GreaterThanThreshold",
        "evaluationPeriods": 1,
    }
    return str(make("aws:cloudwatch/metricAlarm:MetricAlarm", name, inputs)["name"])


def _composite(make: Make) -> PropertyMap:
    first, second = _alarm(make, "errors"), _alarm(make, "latency")
    return {
        "alarmName": "service",
        "alarmRule": f'ALARM("{first}") OR ALARM("{second}")',
        "alarmActions": [a_topic(make)],
        "actionsSuppressor": {"alarm": second, "waitPeriod": 60, "extensionPeriod": 60},
    }


LIVES = [
    Life(
        "aws:cloudwatch/compositeAlarm:CompositeAlarm",
        _composite,
        {"alarmDescription": "the service suffers", "tags": {"a": "b"}},
        {"alarmName": "other"},
        by_code=frozenset({"actionsSuppressor"}),
    ),
]
