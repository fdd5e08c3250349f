"""Cost anomalies: who hears of one, and that it comes as Cost Anomaly Detection publishes it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from sandbox.runtime.client import SandboxRefusedError
from sandbox.runtime.cost.anomaly import Anomaly, holds

TODAY = f"{datetime.now(UTC):%Y-%m-%d}"


def _topic(cloud: Any, name: str, service: str) -> tuple[str, str]:
    """A topic that lets a service publish, and the queue that hears it."""
    sns, sqs = cloud.client("sns"), cloud.client("sqs")
    arn = sns.create_topic(Name=name)["TopicArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sns:Publish",
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sns.set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=policy)
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue)
    return arn, url


def _subscribed(cloud: Any, name: str, topic: str, threshold: float) -> str:
    """A monitor and its subscription: the monitor's ARN."""
    ce = cloud.client("ce")
    monitor = ce.create_anomaly_monitor(
        AnomalyMonitor={"MonitorName": name, "MonitorType": "DIMENSIONAL", "MonitorDimension": "SERVICE"}
    )["MonitorArn"]
    ce.create_anomaly_subscription(
        AnomalySubscription={
            "SubscriptionName": name,
            "Frequency": "IMMEDIATE",
            "MonitorArnList": [monitor],
            "Subscribers": [{"Type": "SNS", "Address": topic}],
            "ThresholdExpression": {
                "Dimensions": {
                    "Key": "ANOMALY_TOTAL_IMPACT_ABSOLUTE",
                    "MatchOptions": ["GREATER_THAN_OR_EQUAL"],
                    "Values": [str(threshold)],
                }
            },
        }
    )
    return str(monitor)


def test_an_anomaly_reaches_the_topics_of_those_whose_threshold_it_passes(
    cloud: Any, received: Callable[..., list[Any]]
) -> None:
    topic, queue = _topic(cloud, "told", "costalerts.amazonaws.com")
    monitor = _subscribed(cloud, "low", topic, 50)
    _subscribed(cloud, "high", topic, 5000)
    told = cloud.administration.anomaly(120, expected=30, service="Amazon EC2")
    assert [(one.subscription, one.delivered) for one in told] == [("low", True)]
    body = json.loads(json.loads(received(queue)[0])["Message"])
    assert (body["monitorName"], body["subscriptionName"]) == ("low", "low")
    assert body["impact"] == {
        "maxImpact": 120,
        "totalActualSpend": 150,
        "totalExpectedSpend": 30,
        "totalImpact": 120,
        "totalImpactPercentage": 400,
    }
    assert body["rootCauses"][0]["service"] == "Amazon EC2"
    found = cloud.client("ce").get_anomalies(DateInterval={"StartDate": TODAY}, MonitorArn=monitor)
    assert [one["Impact"]["TotalImpact"] for one in found["Anomalies"]] == [120]


def test_a_topic_that_does_not_let_it_publish_is_told_of(cloud: Any) -> None:
    topic, _ = _topic(cloud, "closed", "budgets.amazonaws.com")
    _subscribed(cloud, "closed", topic, 10_000)
    (told,) = [one for one in cloud.administration.anomaly(20_000) if one.subscription == "closed"]
    assert not told.delivered
    assert "does not allow costalerts.amazonaws.com" in told.reason


def test_a_sum_that_is_none_is_refused(cloud: Any) -> None:
    with pytest.raises(SandboxRefusedError, match="amount: given -1"):
        cloud.administration.anomaly(-1)


@pytest.mark.parametrize(("absolute", "percentage", "told"), [(50, 40, True), (50, 400, False)])
def test_thresholds_are_joined_as_they_say(absolute: int, percentage: int, told: bool) -> None:
    def at_least(key: str, value: int) -> dict[str, Any]:
        return {"Dimensions": {"Key": f"ANOMALY_TOTAL_IMPACT_{key}", "Values": [str(value)]}}

    found = Anomaly(
        "i", "a", "s", "r", expected=100, actual=200, day=TODAY, monitor_arn="m", monitor_name="m"
    )
    both = [at_least("ABSOLUTE", absolute), at_least("PERCENTAGE", percentage)]
    assert holds({"And": both}, found) is told
    assert holds({"Or": both}, found) is True
    assert holds({"Not": {"And": both}}, found) is not told
