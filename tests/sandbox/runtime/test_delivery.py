"""How notifications and events reach their subscribers and targets, and what happens when they cannot."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.runtime.delivery.targets import target_input

Make = Callable[..., str]
Wait = Callable[..., Any]

_FORWARDS = """
import boto3, json, os
def handler(event, context):
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName=os.environ["QUEUE"])["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps(event))
"""


def _undelivered(cloud: Any) -> list[str]:
    return [one["reason"] for one in cloud.administration._ask("GET", "undelivered")["undelivered"]]


def _permit(cloud: Any, function: str, service: str, source: str) -> None:
    cloud.client("lambda").add_permission(
        FunctionName=function,
        StatementId="s",
        Action="lambda:InvokeFunction",
        Principal=service,
        SourceArn=source,
    )


def test_a_notification_reaches_a_function_that_permits_it(
    cloud: Any, make_function: Make, received: Callable[..., list[Any]]
) -> None:
    url = cloud.client("sqs").create_queue(QueueName="forwarded")["QueueUrl"]
    function = make_function(
        "forwards", _FORWARDS, Timeout=30, Environment={"Variables": {"QUEUE": "forwarded"}}
    )
    sns = cloud.client("sns")
    topic = sns.create_topic(Name="to-function")["TopicArn"]
    _permit(cloud, function, "sns.amazonaws.com", topic)
    subscription = sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=function)["SubscriptionArn"]
    attributes = {"kind": {"DataType": "String", "StringValue": "test"}}
    published = sns.publish(TopicArn=topic, Subject="s", Message="m", MessageAttributes=attributes)
    (record,) = json.loads(received(url)[0])["Records"]
    assert record["EventSource"] == "aws:sns"
    assert record["EventSubscriptionArn"] == subscription
    notification = record["Sns"]
    assert notification["MessageId"] == published["MessageId"]
    assert (notification["TopicArn"], notification["Subject"], notification["Message"]) == (topic, "s", "m")
    assert notification["MessageAttributes"] == {"kind": {"Type": "String", "Value": "test"}}


def test_a_function_without_permission_is_not_reached_and_it_shows(
    cloud: Any, make_function: Make, eventually: Wait
) -> None:
    function = make_function("unpermitted", "def handler(event, context):\n    pass\n")
    sns = cloud.client("sns")
    topic = sns.create_topic(Name="unpermitted")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=function)
    sns.publish(TopicArn=topic, Message="m")
    eventually(lambda: any("unpermitted has no permission" in reason for reason in _undelivered(cloud)))


def test_a_dead_subscriber_does_not_make_publish_fail(cloud: Any, eventually: Wait) -> None:
    sns = cloud.client("sns")
    topic = sns.create_topic(Name="dead-subscriber")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint="http://127.0.0.1:1/nobody")
    assert sns.publish(TopicArn=topic, Message="m")["MessageId"]
    eventually(lambda: any("127.0.0.1:1" in reason for reason in _undelivered(cloud)))


def test_an_event_reaches_the_function_of_its_rule(
    cloud: Any, make_function: Make, received: Callable[..., list[Any]]
) -> None:
    url = cloud.client("sqs").create_queue(QueueName="events")["QueueUrl"]
    function = make_function(
        "on-event", _FORWARDS, Timeout=30, Environment={"Variables": {"QUEUE": "events"}}
    )
    events = cloud.client("events")
    rule = events.put_rule(Name="to-function", EventPattern=json.dumps({"source": ["test.source"]}))[
        "RuleArn"
    ]
    _permit(cloud, function, "events.amazonaws.com", rule)
    events.put_targets(Rule="to-function", Targets=[{"Id": "1", "Arn": function}])
    entry = {"Source": "test.source", "DetailType": "A Thing", "Detail": json.dumps({"n": 1})}
    assert events.put_events(Entries=[entry])["FailedEntryCount"] == 0
    event = json.loads(received(url)[0])
    assert (event["source"], event["detail-type"], event["detail"]) == ("test.source", "A Thing", {"n": 1})
    assert event["time"].endswith("Z")


def test_a_target_that_is_not_delivered_to_does_not_make_put_events_fail(
    cloud: Any, eventually: Wait
) -> None:
    events = cloud.client("events")
    events.put_rule(Name="to-batch", EventPattern=json.dumps({"source": ["test.batch"]}))
    arn = "arn:aws:batch:us-east-1:123456789012:job-queue/q"
    target = {"Id": "1", "Arn": arn, "RoleArn": "arn:aws:iam::123456789012:role/r"}
    events.put_targets(Rule="to-batch", Targets=[target])
    entry = {"Source": "test.batch", "DetailType": "d", "Detail": "{}"}
    assert events.put_events(Entries=[entry])["FailedEntryCount"] == 0
    eventually(lambda: any("no batch target" in reason for reason in _undelivered(cloud)))


_EVENT = {"source": "s", "time": 1790000000, "detail": {"name": 'a "b"', "n": 3, "list": [1, {"x": 2}]}}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"Input": '{"fixed": true}'}, {"fixed": True}),
        ({"InputPath": "$.detail.n"}, 3),
        ({"InputPath": "$.detail.list[1].x"}, 2),
        (
            {
                "InputTransformer": {
                    "InputPathsMap": {"n": "$.detail.name"},
                    "InputTemplate": '{"who": "<n>"}',
                }
            },
            {"who": 'a "b"'},
        ),
        (
            {"InputTransformer": {"InputPathsMap": {"n": "$.detail.n"}, "InputTemplate": '{"n": <n>}'}},
            {"n": 3},
        ),
        (
            {"InputTransformer": {"InputPathsMap": {"n": "$.detail.n"}, "InputTemplate": '"There are <n>."'}},
            "There are 3.",
        ),
    ],
)
def test_a_target_gets_what_its_rule_makes_of_the_event(settings: dict[str, Any], expected: Any) -> None:
    assert target_input(settings, _EVENT) == expected
