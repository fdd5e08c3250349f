"""Which state an alarm comes to, and whom it tells."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.runtime import daemon
from sandbox.runtime.alarms.evaluation import Datum, Rule, reason_of, state_of, values_of

Wait = Callable[..., Any]
_NO = None


def _rule(to_alarm: int, periods: int, missing: str) -> Rule:
    return Rule("GreaterThanThreshold", 1.0, periods, to_alarm, missing)


# The service's own table, three of three; 9 is in breach and 0 is not.
@pytest.mark.parametrize(
    ("values", "missing", "ignore", "breaching", "not_breaching"),
    [
        ((0, 9, 9), "OK", "OK", "OK", "OK"),
        ((_NO, _NO, 0), "OK", "OK", "OK", "OK"),
        ((_NO, _NO, _NO), "INSUFFICIENT_DATA", "before", "ALARM", "OK"),
        ((9, 9, 9), "ALARM", "ALARM", "ALARM", "ALARM"),
        ((_NO, 9, _NO), "ALARM", "before", "ALARM", "OK"),
    ],
)
def test_missing_data_are_treated_as_the_alarm_says(
    values: tuple[float | None, ...], missing: str, ignore: str, breaching: str, not_breaching: str
) -> None:
    wanted = {"missing": missing, "ignore": ignore, "breaching": breaching, "notBreaching": not_breaching}
    found = {name: state_of(_rule(3, 3, name), values, "before") for name in wanted}
    assert found == wanted


def test_so_many_of_so_many_are_enough() -> None:
    assert state_of(_rule(2, 3, "missing"), (9, 0, 9), "OK") == "ALARM"
    assert state_of(_rule(2, 3, "missing"), (9, 0, 0), "ALARM") == "OK"


def test_values_fall_into_the_periods_that_end_now() -> None:
    data = [
        Datum(at, value, value, value, 1) for at, value in ((1000, 1.0), (950, 2.0), (910, 4.0), (1, 99.0))
    ]
    assert values_of(data, "Sum", 60, 3, 1000.0) == [None, 4.0, 3.0]
    assert values_of(data, "SampleCount", 60, 2, 1000.0) == [1.0, 2.0]
    assert values_of(data, "p50", 60, 1, 1000.0) == [1.5]
    summary = [Datum(1000, 10.0, 1.0, 5.0, 4)]
    assert values_of(summary, "Average", 60, 1, 1000.0) == [2.5]
    assert values_of(summary, "Maximum", 60, 1, 1000.0) == [5.0]


def test_the_reason_names_the_values_and_the_threshold() -> None:
    text = reason_of(_rule(1, 1, "missing"), (9.0,), "ALARM")
    assert "1 out of the last 1 datapoints [9.0] was greater than the threshold (1.0)" in text


def _topic(cloud: Any, name: str, *, admits_alarms: bool) -> str:
    sns = cloud.client("sns")
    topic = str(sns.create_topic(Name=name)["TopicArn"])
    service = "cloudwatch.amazonaws.com" if admits_alarms else "budgets.amazonaws.com"
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sns:Publish",
        "Resource": topic,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
    return topic


def _alarm(cloud: Any, name: str, topic: str, **others: Any) -> None:
    settings = {
        "Namespace": "test",
        "MetricName": name,
        "Dimensions": [{"Name": "Endpoint", "Value": "e"}],
        "Statistic": "Maximum",
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 1.0,
        "Period": 60,
        "EvaluationPeriods": 1,
        "TreatMissingData": "notBreaching",
        "AlarmActions": [topic],
        "OKActions": [topic],
    }
    cloud.client("cloudwatch").put_metric_alarm(AlarmName=name, **{**settings, **others})


def _measure(cloud: Any, name: str, value: float, endpoint: str = "e") -> None:
    datum = {"MetricName": name, "Value": value, "Dimensions": [{"Name": "Endpoint", "Value": endpoint}]}
    cloud.client("cloudwatch").put_metric_data(Namespace="test", MetricData=[datum])


def _state(cloud: Any, name: str) -> str:
    (alarm,) = cloud.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return str(alarm["StateValue"])


def test_a_metric_over_the_threshold_reaches_the_queue_of_the_alarms_topic(
    cloud: Any, received: Callable[..., list[Any]]
) -> None:
    url = cloud.client("sqs").create_queue(QueueName="alarms")["QueueUrl"]
    topic = _topic(cloud, "alarms", admits_alarms=True)
    cloud.client("sns").subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:123456789012:alarms"
    )
    _alarm(cloud, "faults", topic, AlarmDescription="It fails.")
    assert _state(cloud, "faults") == "INSUFFICIENT_DATA"
    _measure(cloud, "faults", 9.0, endpoint="another")
    _measure(cloud, "faults", 5.0)
    envelope = json.loads(received(url)[0])
    assert envelope["Subject"] == 'ALARM: "faults" in us-east-1'
    notice = json.loads(envelope["Message"])
    assert (notice["AlarmName"], notice["NewStateValue"]) == ("faults", "ALARM")
    assert (notice["AlarmDescription"], notice["Trigger"]["Threshold"]) == ("It fails.", 1.0)
    assert "[5.0] was greater than" in notice["NewStateReason"]
    assert _state(cloud, "faults") == "ALARM"


def test_an_alarms_state_outlives_a_restart_and_a_new_definition(cloud: Any, eventually: Wait) -> None:
    topic = _topic(cloud, "lasting", admits_alarms=True)
    _alarm(cloud, "lasting", topic, TreatMissingData="ignore")
    _measure(cloud, "lasting", 5.0)
    eventually(lambda: _state(cloud, "lasting") == "ALARM")
    _alarm(cloud, "lasting", topic, TreatMissingData="ignore", AlarmDescription="changed")
    assert _state(cloud, "lasting") == "ALARM"
    daemon.stop(cloud.root)
    daemon.start(cloud.root)
    assert _state(cloud, "lasting") == "ALARM"
    assert cloud.administration.status()["replayDifferences"] == 0


def test_an_alarm_whose_topic_does_not_admit_it_shows_as_undelivered(cloud: Any, eventually: Wait) -> None:
    topic = _topic(cloud, "closed", admits_alarms=False)
    _alarm(cloud, "unheard", topic)
    _measure(cloud, "unheard", 5.0)

    def refused() -> bool:
        found = cloud.administration._ask("GET", "undelivered")["undelivered"]
        return any("does not allow cloudwatch.amazonaws.com" in one["reason"] for one in found)

    eventually(refused)


def test_a_state_set_by_hand_stays_for_a_period_and_has_its_actions(
    cloud: Any, received: Callable[..., list[Any]]
) -> None:
    url = cloud.client("sqs").create_queue(QueueName="by-hand")["QueueUrl"]
    topic = _topic(cloud, "by-hand", admits_alarms=True)
    cloud.client("sns").subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:123456789012:by-hand"
    )
    _alarm(cloud, "by-hand", topic)
    cloud.client("cloudwatch").set_alarm_state(
        AlarmName="by-hand", StateValue="ALARM", StateReason="A rehearsal."
    )
    notice = json.loads(json.loads(received(url)[0])["Message"])
    assert notice["NewStateReason"] == "A rehearsal."
    _measure(cloud, "by-hand", 0.0)
    time.sleep(0.5)
    assert _state(cloud, "by-hand") == "ALARM"


def test_an_alarms_new_state_is_an_event_with_what_it_is_on(
    cloud: Any, received: Callable[..., list[Any]]
) -> None:
    events, metrics = cloud.client("events"), cloud.client("cloudwatch")
    url = cloud.client("sqs").create_queue(QueueName="alarm-events")["QueueUrl"]
    detail = {"alarmName": ["told"], "state": {"value": ["ALARM"]}}
    pattern = {"detail-type": ["CloudWatch Alarm State Change"], "detail": detail}
    events.put_rule(Name="alarm-events", EventPattern=json.dumps(pattern))
    target = {"Id": "1", "Arn": "arn:aws:sqs:us-east-1:123456789012:alarm-events"}
    events.put_targets(Rule="alarm-events", Targets=[target])
    _alarm(cloud, "told", "", AlarmActions=[], OKActions=[], AlarmDescription="Too many.")
    metrics.set_alarm_state(AlarmName="told", StateValue="ALARM", StateReason="by hand")
    (event,) = map(json.loads, received(url))
    assert event["resources"] == ["arn:aws:cloudwatch:us-east-1:123456789012:alarm:told"]
    assert event["detail"]["configuration"]["description"] == "Too many."
    assert event["detail"]["configuration"]["metrics"][0]["metricStat"]["metric"]["name"]
    assert event["detail"]["state"]["reason"] == "by hand"
    assert event["detail"]["previousState"]["value"] == "INSUFFICIENT_DATA"


def test_a_letter_in_a_queue_is_an_alarm_until_it_is_taken_out(cloud: Any, eventually: Wait) -> None:
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName="letters")["QueueUrl"]
    cloud.client("cloudwatch").put_metric_alarm(
        AlarmName="letters",
        Namespace="AWS/SQS",
        MetricName="ApproximateNumberOfMessagesVisible",
        Dimensions=[{"Name": "QueueName", "Value": "letters"}],
        Statistic="Maximum",
        ComparisonOperator="GreaterThanThreshold",
        Threshold=0,
        Period=60,
        EvaluationPeriods=1,
        TreatMissingData="notBreaching",
    )
    sqs.send_message(QueueUrl=url, MessageBody="undelivered")
    eventually(lambda: _state(cloud, "letters") == "ALARM")
    (letter,) = sqs.receive_message(QueueUrl=url)["Messages"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=letter["ReceiptHandle"])
    eventually(lambda: _state(cloud, "letters") == "OK")
