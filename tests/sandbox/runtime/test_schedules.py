"""Rules and schedules fire by the clock and by hand, at every kind of target, and outlive the sandbox."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.runtime import daemon
from sandbox.runtime.client import SandboxRefusedError

Wait = Callable[..., Any]
_ROLE = "arn:aws:iam::123456789012:role/scheduler"
_OFF = {"Mode": "OFF"}


def _queue(cloud: Any, name: str) -> tuple[str, str]:
    """Its URL and ARN."""
    url = cloud.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    return url, f"arn:aws:sqs:us-east-1:123456789012:{name}"


def _soon(seconds: float) -> str:
    return f"at({datetime.now(UTC) + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S})"


def _schedule(cloud: Any, name: str, arn: str, expression: str = "rate(1 day)", **target: Any) -> None:
    """One that begins tomorrow, unless its time is given."""
    settings = {"StartDate": datetime.now(UTC) + timedelta(days=1)} if expression.startswith("rate") else {}
    cloud.client("scheduler").create_schedule(
        Name=name,
        ScheduleExpression=expression,
        FlexibleTimeWindow=_OFF,
        Target={"Arn": arn, "RoleArn": _ROLE, **target},
        **settings,
    )


def test_a_schedule_fires_at_its_time_and_is_deleted_when_it_asks_to_be(
    cloud: Any, received: Wait, eventually: Wait
) -> None:
    url, arn = _queue(cloud, "once")
    scheduler = cloud.client("scheduler")
    scheduler.create_schedule(
        Name="once",
        ScheduleExpression=_soon(2),
        FlexibleTimeWindow=_OFF,
        ActionAfterCompletion="DELETE",
        Target={
            "Arn": arn,
            "RoleArn": _ROLE,
            "Input": '{"which": "<aws.scheduler.schedule-arn>", "try": <aws.scheduler.attempt-number>}',
        },
    )
    own = "arn:aws:scheduler:us-east-1:123456789012:schedule/default/once"
    assert json.loads(received(url)[0]) == {"which": own, "try": 1}
    eventually(lambda: scheduler.list_schedules()["Schedules"] == [])


def test_a_rule_fired_by_hand_sends_the_scheduled_event_to_each_target(cloud: Any, received: Wait) -> None:
    events = cloud.client("events")
    plain_url, plain = _queue(cloud, "plain")
    shaped_url, shaped = _queue(cloud, "shaped")
    events.put_rule(Name="nightly", ScheduleExpression="cron(0 3 * * ? *)")
    transformer = {"InputPathsMap": {"at": "$.time"}, "InputTemplate": '{"when": "<at>"}'}
    targets = [
        {"Id": "1", "Arn": plain},
        {"Id": "2", "Arn": shaped, "InputTransformer": transformer},
    ]
    events.put_targets(Rule="nightly", Targets=targets)
    fired = cloud.administration.fire("nightly")
    assert [one.targets for one in fired] == [(plain, shaped)]
    event = json.loads(received(plain_url)[0])
    assert (event["source"], event["detail-type"]) == ("aws.events", "Scheduled Event")
    assert event["resources"] == ["arn:aws:events:us-east-1:123456789012:rule/nightly"]
    assert json.loads(received(shaped_url)[0]) == {"when": event["time"]}


def test_a_scheduled_rule_takes_no_events_and_a_disabled_rule_none_either(cloud: Any, received: Wait) -> None:
    events = cloud.client("events")
    url, arn = _queue(cloud, "quiet")
    events.put_rule(Name="by-clock", ScheduleExpression="rate(1 day)")
    events.put_rule(Name="off", EventPattern='{"source": ["quiet"]}', State="DISABLED")
    events.put_rule(Name="on", EventPattern='{"source": ["quiet"]}')
    for rule in ("by-clock", "off", "on"):
        events.put_targets(Rule=rule, Targets=[{"Id": "1", "Arn": arn, "Input": json.dumps(rule)}])
    events.put_events(Entries=[{"Source": "quiet", "DetailType": "d", "Detail": "{}"}])
    assert received(url) == ['"on"']
    time.sleep(0.5)
    assert "Messages" not in cloud.client("sqs").receive_message(QueueUrl=url)


def test_a_function_a_stream_a_topic_and_any_operation_can_be_scheduled(
    cloud: Any, make_function: Callable[..., str], received: Wait, eventually: Wait
) -> None:
    code = (
        "import boto3, json\n"
        "def handler(event, context):\n"
        "    boto3.client('sqs').send_message(QueueUrl=event['to'], MessageBody='from the function')\n"
    )
    function_url, _ = _queue(cloud, "by-function")
    topic_url, topic_queue = _queue(cloud, "by-topic")
    operation_url, _ = _queue(cloud, "by-operation")
    topic = cloud.client("sns").create_topic(Name="scheduled")["TopicArn"]
    cloud.client("sns").subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=topic_queue, Attributes={"RawMessageDelivery": "true"}
    )
    kinesis = cloud.client("kinesis")
    kinesis.create_stream(StreamName="scheduled", ShardCount=1)
    stream = kinesis.describe_stream_summary(StreamName="scheduled")["StreamDescriptionSummary"]["StreamARN"]
    function = make_function("scheduled", code, Timeout=20)
    _schedule(cloud, "call", function, Input=json.dumps({"to": function_url}))
    _schedule(cloud, "tell", topic, Input="to the topic")
    _schedule(cloud, "write", stream, Input="{}", KinesisParameters={"PartitionKey": "k"})
    sent = {"QueueUrl": operation_url, "MessageBody": "by the operation"}
    _schedule(cloud, "ask", "arn:aws:scheduler:::aws-sdk:sqs:sendMessage", Input=json.dumps(sent))
    for name in ("call", "tell", "write", "ask"):
        cloud.administration.fire(name)
    assert received(function_url) == ["from the function"]
    assert received(topic_url) == ["to the topic"]
    assert received(operation_url) == ["by the operation"]
    shard = kinesis.get_shard_iterator(
        StreamName="scheduled", ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    records = eventually(lambda: kinesis.get_records(ShardIterator=shard)["Records"])
    assert [(record["PartitionKey"], record["Data"]) for record in records] == [("k", b"{}")]


def test_what_cannot_arrive_is_told_of_and_lies_in_the_dead_letter_queue(
    cloud: Any, received: Wait, eventually: Wait
) -> None:
    url, dead = _queue(cloud, "dead")
    batch = "arn:aws:batch:us-east-1:123456789012:job-queue/q"
    _schedule(cloud, "to-batch", batch, DeadLetterConfig={"Arn": dead}, Input='{"a": 1}')
    cloud.administration.fire("to-batch")
    assert json.loads(received(url)[0]) == {"a": 1}

    def told() -> bool:
        undelivered = cloud.administration._ask("GET", "undelivered")["undelivered"]
        return any("no batch target" in one["reason"] for one in undelivered)

    assert eventually(told)  # The queue has the message a moment before it is told of.


def test_a_target_that_throttles_is_tried_again(cloud: Any, received: Wait) -> None:
    url, arn = _queue(cloud, "throttled")
    _schedule(cloud, "again", arn, Input='"at last"')
    cloud.administration.fault("throttle", "sqs:SendMessage")
    cloud.administration.fire("again")
    assert received(url) == ['"at last"']


@pytest.mark.parametrize(
    "wrong",
    [
        {"ScheduleExpression": "rate(1 minutes)"},
        {"ScheduleExpression": "cron(0 25 * * ? *)"},
        {"ScheduleExpression": "rate(5 minutes)", "ScheduleExpressionTimezone": "Mars/Olympus"},
        {"ScheduleExpression": "rate(5 minutes)", "GroupName": "nowhere"},
    ],
)
def test_a_schedule_that_names_no_times_or_no_group_is_refused(cloud: Any, wrong: dict[str, Any]) -> None:
    _, arn = _queue(cloud, "unused")
    with pytest.raises(ClientError) as refused:
        cloud.client("scheduler").create_schedule(
            Name="wrong", FlexibleTimeWindow=_OFF, Target={"Arn": arn, "RoleArn": _ROLE}, **wrong
        )
    expected = "ResourceNotFoundException" if "GroupName" in wrong else "ValidationException"
    assert refused.value.response["Error"]["Code"] == expected


def test_a_rule_that_names_no_times_is_refused(cloud: Any) -> None:
    with pytest.raises(ClientError, match="ScheduleExpression is not valid"):
        cloud.client("events").put_rule(Name="wrong", ScheduleExpression="cron(0 3 * * * *)")


def test_firing_what_is_not_there_lists_what_is(cloud: Any) -> None:
    cloud.client("events").put_rule(Name="hourly", ScheduleExpression="rate(1 hour)")
    with pytest.raises(SandboxRefusedError, match="hourly"):
        cloud.administration.fire("nothing")


def test_a_schedule_missed_by_a_kill_is_made_up_for_and_the_others_keep_their_times(
    cloud: Any, received: Wait, eventually: Wait
) -> None:
    url, arn = _queue(cloud, "missed")
    cloud.client("events").put_rule(Name="kept", ScheduleExpression="rate(1 hour)")
    _schedule(cloud, "missed", arn, _soon(3), Input='"late"')
    eventually(lambda: all(one.next for one in cloud.administration.schedules() if one.name != "once"))
    before = {one.name: one.next for one in cloud.administration.schedules()}
    assert {"kept", "missed"} <= before.keys()
    os.kill(cloud.address.pid, signal.SIGKILL)
    time.sleep(3)
    daemon.start(cloud.root)
    assert received(url) == ['"late"']
    eventually(lambda: {one.name: one.next for one in cloud.administration.schedules()}["missed"] is None)
    after = {one.name: one.next for one in cloud.administration.schedules()}
    assert after == {**before, "missed": None}
    assert cloud.administration.status()["replayDifferences"] == 0
