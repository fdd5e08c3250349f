"""The lives of the types of `costexplorer`."""

from __future__ import annotations

from lives.life import Life, Make, a_topic
from sandbox.engine.values import PropertyMap


def _subscription(make: Make) -> PropertyMap:
    monitor = make(
        "aws:costexplorer/anomalyMonitor:AnomalyMonitor",
        "services",
        {"name": "services", "monitorType": "DIMENSIONAL", "monitorDimension": "SERVICE"},
    )
    return {
        "name": "team",
        "frequency": "IMMEDIATE",
        "monitorArnLists": [monitor["arn"]],
        "subscribers": [{"type": "SNS", "address": a_topic(make)}],
        "thresholdExpression": {
            "dimension": {
                "key": "ANOMALY_TOTAL_IMPACT_ABSOLUTE",
                "values": ["50"],
                "matchOptions": ["GREATER_THAN_OR_EQUAL"],
            }
        },
    }


LIVES = [
    Life(
        "aws:costexplorer/anomalyMonitor:AnomalyMonitor",
        lambda _: {
            "name": "by-team",
            "monitorType": "CUSTOM",
            "monitorSpecification": '{"Tags": {"Key": "Team", "Values": ["ml"]}}',
        },
        {"name": "renamed", "tags": {"a": "b"}},
        {"monitorType": "DIMENSIONAL", "monitorDimension": "SERVICE", "monitorSpecification": None},
        by_code=frozenset({"monitorSpecification"}),
    ),
    Life(
        "aws:costexplorer/anomalySubscription:AnomalySubscription",
        _subscription,
        {"tags": {"a": "b"}, "thresholdExpression": None},
        {"name": "other"},
        by_code=frozenset({"accountId"}),
    ),
    Life(
        "aws:costexplorer/costAllocationTag:CostAllocationTag",
        lambda _: {"tagKey": "Team", "status": "Active"},
        None,
        {"tagKey": "Other"},
    ),
]
