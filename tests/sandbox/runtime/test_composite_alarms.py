"""Composite alarms, alarms on metric math, and actions on functions, as their clients see them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.runtime import daemon

Wait = Callable[..., Any]


def _metric_alarm(cloud: Any, name: str, **others: Any) -> None:
    settings = {
        "Namespace": "test",
        "MetricName": name,
        "Statistic": "Maximum",
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 1.0,
        "Period": 60,
        "EvaluationPeriods": 1,
        "TreatMissingData": "ignore",
    }
    cloud.client("cloudwatch").put_metric_alarm(AlarmName=name, **{**settings, **others})


def _measure(cloud: Any, **values: float) -> None:
    data = [{"MetricName": name, "Value": value} for name, value in values.items()]
    cloud.client("cloudwatch").put_metric_data(Namespace="test", MetricData=data)


def _composite(cloud: Any, name: str) -> dict[str, Any]:
    found = cloud.client("cloudwatch").describe_alarms(AlarmNames=[name], AlarmTypes=["CompositeAlarm"])
    return dict(found["CompositeAlarms"][0])


def _state(cloud: Any, name: str) -> str:
    watch = cloud.client("cloudwatch")
    found = watch.describe_alarms(AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    return str((found["MetricAlarms"] + found["CompositeAlarms"])[0]["StateValue"])


@pytest.fixture
def notices(cloud: Any) -> Callable[[str], tuple[str, str]]:
    """Makes a topic with a queue; the topic's ARN and the queue's URL."""

    def make(name: str) -> tuple[str, str]:
        sns = cloud.client("sns")
        topic = sns.create_topic(Name=name)["TopicArn"]
        service = {"Service": "cloudwatch.amazonaws.com"}
        statement = {"Effect": "Allow", "Principal": service, "Action": "sns:Publish", "Resource": topic}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
        url = cloud.client("sqs").create_queue(QueueName=name)["QueueUrl"]
        arn = f"arn:aws:sqs:us-east-1:123456789012:{name}"
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
        return topic, url

    return make


def test_a_composite_alarm_follows_its_alarms_and_tells_its_topic(
    cloud: Any, notices: Any, received: Wait, eventually: Wait
) -> None:
    topic, url = notices("both")
    _metric_alarm(cloud, "left")
    _metric_alarm(cloud, "right")
    watch = cloud.client("cloudwatch")
    watch.put_composite_alarm(
        AlarmName="both", AlarmRule="ALARM(left) AND ALARM(right)", AlarmActions=[topic], OKActions=[topic]
    )
    watch.put_composite_alarm(AlarmName="above", AlarmRule="ALARM(both)")
    _measure(cloud, left=5.0)
    eventually(lambda: _state(cloud, "left") == "ALARM")
    assert _state(cloud, "both") != "ALARM"
    _measure(cloud, right=5.0)
    notice = json.loads(received(url)[0])
    assert (notice["AlarmName"], notice["NewStateValue"]) == ("both", "ALARM")
    assert notice["AlarmRule"] == "ALARM(left) AND ALARM(right)"
    eventually(lambda: _state(cloud, "above") == "ALARM")
    described = _composite(cloud, "both")
    assert described["AlarmArn"] == "arn:aws:cloudwatch:us-east-1:123456789012:alarm:both"
    assert "right transitioned to ALARM" in described["StateReason"]


def test_describing_alarms_names_composite_ones_only_when_asked(cloud: Any) -> None:
    watch = cloud.client("cloudwatch")
    _metric_alarm(cloud, "child")
    watch.put_composite_alarm(AlarmName="parent", AlarmRule="ALARM(child)")
    assert watch.describe_alarms(AlarmNames=["child", "parent"])["CompositeAlarms"] == []
    parents = watch.describe_alarms(ParentsOfAlarmName="child")
    assert [alarm["AlarmName"] for alarm in parents["CompositeAlarms"]] == ["parent"]
    children = watch.describe_alarms(ChildrenOfAlarmName="parent")
    assert [alarm["AlarmName"] for alarm in children["MetricAlarms"]] == ["child"]
    quiet = watch.describe_alarms(AlarmNames=["child"], StateValue="ALARM")
    assert quiet["MetricAlarms"] == []
    watch.delete_alarms(AlarmNames=["parent"])
    assert (
        watch.describe_alarms(AlarmTypes=["CompositeAlarm"], AlarmNames=["parent"])["CompositeAlarms"] == []
    )


@pytest.mark.parametrize(("rule", "told"), [("ALARM(", "AlarmRule"), ("ALARM(nobody)", "do not exist")])
def test_a_rule_that_cannot_hold_is_refused(cloud: Any, rule: str, told: str) -> None:
    with pytest.raises(ClientError, match=told) as refused:
        cloud.client("cloudwatch").put_composite_alarm(AlarmName="wrong", AlarmRule=rule)
    assert refused.value.response["Error"]["Code"] == "ValidationError"


def test_a_suppressor_holds_actions_back_until_it_is_quiet(
    cloud: Any, notices: Any, received: Wait, eventually: Wait
) -> None:
    topic, url = notices("suppressed")
    watch = cloud.client("cloudwatch")
    _metric_alarm(cloud, "deploying")
    _metric_alarm(cloud, "failing")
    watch.set_alarm_state(AlarmName="deploying", StateValue="ALARM", StateReason="A deployment.")
    watch.put_composite_alarm(
        AlarmName="suppressed",
        AlarmRule="ALARM(failing)",
        AlarmActions=[topic],
        ActionsSuppressor="deploying",
        ActionsSuppressorWaitPeriod=0,
        ActionsSuppressorExtensionPeriod=1,
    )
    watch.set_alarm_state(AlarmName="failing", StateValue="ALARM", StateReason="It fails.")
    eventually(lambda: _composite(cloud, "suppressed").get("ActionsSuppressedBy") == "Alarm")
    assert "Messages" not in cloud.client("sqs").receive_message(QueueUrl=url)
    watch.set_alarm_state(AlarmName="deploying", StateValue="OK", StateReason="Done.")
    assert json.loads(received(url)[0])["AlarmName"] == "suppressed"


def _query(name: str, **more: Any) -> dict[str, Any]:
    stat = {"Metric": {"Namespace": "test", "MetricName": name}, "Period": 60, "Stat": "Sum"}
    return {"Id": name, "MetricStat": stat, "ReturnData": False, **more}


def test_an_alarm_on_metric_math_watches_what_the_expression_comes_to(cloud: Any, eventually: Wait) -> None:
    share = {"Id": "share", "Expression": "100 * FILL(errors, 0) / calls", "ReturnData": True}
    cloud.client("cloudwatch").put_metric_alarm(
        AlarmName="share",
        Metrics=[share, _query("errors"), _query("calls")],
        ComparisonOperator="GreaterThanThreshold",
        Threshold=10.0,
        EvaluationPeriods=1,
        TreatMissingData="notBreaching",
    )
    _measure(cloud, calls=100.0)
    eventually(lambda: _state(cloud, "share") == "OK")
    _measure(cloud, errors=20.0)
    eventually(lambda: _state(cloud, "share") == "ALARM")
    (alarm,) = cloud.client("cloudwatch").describe_alarms(AlarmNames=["share"])["MetricAlarms"]
    assert "[20.0] was greater than the threshold (10.0)" in alarm["StateReason"]


@pytest.mark.parametrize("expression", ["SEARCH('x', 'Sum')", "errors + nobody"])
def test_an_expression_that_cannot_be_worked_out_is_refused(cloud: Any, expression: str) -> None:
    with pytest.raises(ClientError, match="Invalid metrics list"):
        cloud.client("cloudwatch").put_metric_alarm(
            AlarmName="wrong",
            Metrics=[{"Id": "e", "Expression": expression}, _query("errors")],
            ComparisonOperator="GreaterThanThreshold",
            Threshold=10.0,
            EvaluationPeriods=1,
        )


def test_an_alarm_on_anomaly_detection_says_that_it_never_speaks(cloud: Any) -> None:
    watch = cloud.client("cloudwatch")
    watch.put_metric_alarm(
        AlarmName="band",
        Metrics=[
            _query("errors", ReturnData=True),
            {"Id": "band", "Expression": "ANOMALY_DETECTION_BAND(errors, 2)"},
        ],
        ThresholdMetricId="band",
        ComparisonOperator="GreaterThanUpperThreshold",
        EvaluationPeriods=1,
    )
    _measure(cloud, errors=1000.0)
    time.sleep(0.5)
    (alarm,) = watch.describe_alarms(AlarmNames=["band"])["MetricAlarms"]
    assert alarm["StateValue"] == "INSUFFICIENT_DATA"
    assert "no anomaly detection" in alarm["StateReason"]


def test_an_alarm_calls_a_function_and_tells_of_actions_that_are_not_carried_out(
    cloud: Any, make_function: Callable[..., str], received: Wait, eventually: Wait
) -> None:
    url = cloud.client("sqs").create_queue(QueueName="from-alarm")["QueueUrl"]
    code = (
        "import boto3, json\n"
        "def handler(event, context):\n"
        f"    boto3.client('sqs').send_message(QueueUrl={url!r}, MessageBody=json.dumps(event))\n"
    )
    function = make_function("from-alarm", code, Timeout=20)
    cloud.client("lambda").add_permission(
        FunctionName="from-alarm",
        StatementId="alarms",
        Action="lambda:InvokeFunction",
        Principal="lambda.alarms.cloudwatch.amazonaws.com",
    )
    reboot = "arn:aws:automate:us-east-1:ec2:reboot"
    _metric_alarm(cloud, "calls", AlarmActions=[function, reboot], InsufficientDataActions=[])
    _measure(cloud, calls=5.0)
    event = json.loads(received(url)[0])
    assert event["source"] == "aws.cloudwatch"
    assert event["alarmData"]["state"]["value"] == "ALARM"

    def told() -> bool:
        undelivered = cloud.administration._ask("GET", "undelivered")["undelivered"]
        return any("not on automate" in one["reason"] for one in undelivered)

    eventually(told)


def test_composite_alarms_outlive_a_restart(cloud: Any) -> None:
    _metric_alarm(cloud, "base")
    watch = cloud.client("cloudwatch")
    watch.put_composite_alarm(AlarmName="lasting", AlarmRule="OK(base)", ActionsSuppressor="base")
    daemon.stop(cloud.root)
    daemon.start(cloud.root)
    assert _composite(cloud, "lasting")["ActionsSuppressor"] == "base"
    assert cloud.administration.status()["replayDifferences"] == 0
