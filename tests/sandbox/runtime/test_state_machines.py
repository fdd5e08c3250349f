"""Executions of state machines really run: states, tasks, callbacks, failures, and what a kill leaves."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.runtime import daemon

Wait = Callable[..., Any]
_ROLE = "arn:aws:iam::123456789012:role/machine"


class Machines:
    """Makes and runs state machines."""

    def __init__(self, cloud: Any, eventually: Wait) -> None:
        self.cloud = cloud
        self._eventually = eventually

    @property
    def client(self) -> Any:
        return self.cloud.client("stepfunctions", inject_host_prefix=False)

    def make(self, name: str, states: dict[str, Any], **more: Any) -> str:
        """Of states in their order: each goes on to the next, unless it says otherwise."""
        names = list(states)
        for place, state in enumerate(names):
            if not {"Next", "End", "Choices"} & states[state].keys() and states[state]["Type"] not in {
                "Fail",
                "Succeed",
            }:
                last = place == len(names) - 1
                states[state] |= {"End": True} if last else {"Next": names[place + 1]}
        kind = {"type": more.pop("type")} if "type" in more else {}
        definition = json.dumps({"StartAt": names[0], "States": states, **more})
        made = self.client.create_state_machine(name=name, definition=definition, roleArn=_ROLE, **kind)
        return str(made["stateMachineArn"])

    def begin(self, name: str, states: dict[str, Any], given: Any = None, **more: Any) -> str:
        machine = self.make(name, states, **more)
        started = self.client.start_execution(stateMachineArn=machine, input=json.dumps(given or {}))
        return str(started["executionArn"])

    def ended(self, execution: str, seconds: float = 30.0) -> dict[str, Any]:
        def look() -> Any:
            found = self.client.describe_execution(executionArn=execution)
            return found if found["status"] != "RUNNING" else None

        return dict(self._eventually(look, seconds))

    def run(self, name: str, states: dict[str, Any], given: Any = None, **more: Any) -> dict[str, Any]:
        return self.ended(self.begin(name, states, given, **more))

    def events(self, execution: str) -> list[str]:
        found = self.client.get_execution_history(executionArn=execution)["events"]
        return [event["type"] for event in found]


@pytest.fixture
def machines(cloud: Any, eventually: Wait) -> Machines:
    return Machines(cloud, eventually)


def test_states_pass_their_data_on(machines: Machines) -> None:
    execution = machines.begin(
        "data",
        {
            "Shape": {
                "Type": "Pass",
                "Parameters": {"sum.$": "States.MathAdd($.a, $.b)", "by.$": "$$.StateMachine.Name"},
                "ResultPath": "$.shaped",
            },
            "Choose": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.shaped.sum", "NumericGreaterThan": 4, "Next": "Each"}],
                "Default": "Small",
            },
            "Small": {"Type": "Fail", "Error": "TooSmall"},
            "Each": {
                "Type": "Map",
                "ItemsPath": "$.items",
                "ItemSelector": {"n.$": "$$.Map.Item.Value", "place.$": "$$.Map.Item.Index"},
                "ItemProcessor": {
                    "StartAt": "Add",
                    "States": {
                        "Add": {
                            "Type": "Pass",
                            "Parameters": {"v.$": "States.MathAdd($.n, $.place)"},
                            "OutputPath": "$.v",
                            "End": True,
                        }
                    },
                },
                "ResultPath": "$.sums",
            },
            "Both": {
                "Type": "Parallel",
                "Branches": [
                    {"StartAt": "L", "States": {"L": {"Type": "Pass", "Result": "left", "End": True}}},
                    {"StartAt": "R", "States": {"R": {"Type": "Pass", "OutputPath": "$.sums", "End": True}}},
                ],
                "ResultSelector": {"left.$": "$[0]", "right.$": "$[1]"},
            },
        },
        {"a": 2, "b": 3, "items": [10, 20]},
    )
    ended = machines.ended(execution)
    assert (ended["status"], json.loads(ended["output"])) == (
        "SUCCEEDED",
        {"left": "left", "right": [10, 21]},
    )
    events = machines.events(execution)
    assert events[:3] == ["ExecutionStarted", "PassStateEntered", "PassStateExited"]
    assert events.count("MapIterationSucceeded") == 2
    assert events[-1] == "ExecutionSucceeded"


def test_tasks_call_services_as_any_client_would(
    machines: Machines, cloud: Any, make_function: Callable[..., str], received: Wait
) -> None:
    double = make_function("double", "def handler(event, context):\n    return {'n': event['n'] * 2}\n")
    url = cloud.client("sqs").create_queue(QueueName="from-machine")["QueueUrl"]
    cloud.client("dynamodb").create_table(
        TableName="kept",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    invoke, resource = "arn:aws:states:::lambda:invoke", "arn:aws:states:::"
    ended = machines.run(
        "services",
        {
            "Direct": {"Type": "Task", "Resource": double},
            "Invoke": {
                "Type": "Task",
                "Resource": invoke,
                "Parameters": {"FunctionName": double, "Payload.$": "$"},
                "ResultSelector": {"n.$": "$.Payload.n"},
            },
            "Keep": {
                "Type": "Task",
                "Resource": f"{resource}dynamodb:putItem",
                "Parameters": {
                    "TableName": "kept",
                    "Item": {"id": {"S": "one"}, "n": {"N.$": "States.Format('{}', $.n)"}},
                },
                "ResultPath": None,
            },
            "Read": {
                "Type": "Task",
                "Resource": f"{resource}aws-sdk:dynamodb:getItem",
                "Parameters": {"TableName": "kept", "Key": {"id": {"S": "one"}}},
                "ResultPath": "$.read",
            },
            "Send": {
                "Type": "Task",
                "Resource": f"{resource}sqs:sendMessage",
                "Parameters": {"QueueUrl": url, "MessageBody": {"n.$": "$.read.Item.n.N"}},
                "ResultPath": None,
            },
        },
        {"n": 3},
    )
    assert ended["status"] == "SUCCEEDED", ended
    assert json.loads(ended["output"])["n"] == 12
    assert json.loads(received(url)[0]) == {"n": "12"}


def test_a_failed_task_is_tried_again_then_caught(
    machines: Machines, cloud: Any, make_function: Callable[..., str]
) -> None:
    table = cloud.client("dynamodb").create_table(
        TableName="tries",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )["TableDescription"]["TableName"]
    code = (
        "import boto3\n"
        "class Flaky(Exception): pass\n"
        "def handler(event, context):\n"
        "    boto3.client('dynamodb').update_item(TableName='tries', Key={'id': {'S': 'n'}},\n"
        "        UpdateExpression='ADD n :one', ExpressionAttributeValues={':one': {'N': '1'}})\n"
        "    raise Flaky('not today')\n"
    )
    function = make_function("flaky", code, Timeout=20)
    execution = machines.begin(
        "retries",
        {
            "Try": {
                "Type": "Task",
                "Resource": function,
                "Retry": [{"ErrorEquals": ["Flaky"], "IntervalSeconds": 1, "MaxAttempts": 1}],
                "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.failure", "Next": "Handled"}],
                "End": True,
            },
            "Handled": {"Type": "Pass", "OutputPath": "$.failure.Error"},
        },
    )
    assert json.loads(machines.ended(execution)["output"]) == "Flaky"
    item = cloud.client("dynamodb").get_item(TableName=table, Key={"id": {"S": "n"}})["Item"]
    assert item["n"]["N"] == "2"
    assert machines.events(execution).count("TaskFailed") == 2


def test_a_failed_state_fails_the_execution_with_its_error(machines: Machines) -> None:
    ended = machines.run(
        "fails", {"Stop": {"Type": "Fail", "Error": "NoGood", "CausePath": "$.why"}}, {"why": "so"}
    )
    assert (ended["status"], ended["error"], ended["cause"]) == ("FAILED", "NoGood", "so")


@pytest.mark.parametrize(
    "resource", ["glue:startJobRun.sync", "ecs:runTask.sync", "emr-serverless:startApplication"]
)
def test_a_service_that_is_not_run_fails_by_its_name(machines: Machines, resource: str) -> None:
    name = resource.partition(":")[0]
    task = {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Parameters": {}}
    ended = machines.run(f"not-run-{name}", {"Work": task})
    assert ended["error"] == "Sandbox.NotRun"
    assert name in ended["cause"]


def test_a_task_and_an_execution_have_their_time(
    machines: Machines, make_function: Callable[..., str]
) -> None:
    slow = make_function(
        "slow", "import time\ndef handler(event, context):\n    time.sleep(20)\n", Timeout=30
    )
    late = machines.run("late-task", {"Slow": {"Type": "Task", "Resource": slow, "TimeoutSeconds": 1}})
    assert (late["status"], late["error"]) == ("FAILED", "States.Timeout")
    long = machines.run("late", {"Long": {"Type": "Wait", "Seconds": 60}}, TimeoutSeconds=1)
    assert long["status"] == "TIMED_OUT"


def test_a_failed_branch_ends_the_others(machines: Machines) -> None:
    ended = machines.run(
        "branches",
        {
            "Both": {
                "Type": "Parallel",
                "Branches": [
                    {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 600, "End": True}}},
                    {"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "Broken"}}},
                ],
            }
        },
    )
    assert ended["error"] == "Broken"


def test_a_task_waits_for_its_token(machines: Machines, cloud: Any, received: Wait) -> None:
    url = cloud.client("sqs").create_queue(QueueName="tokens")["QueueUrl"]
    ask = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {"QueueUrl": url, "MessageBody": {"token.$": "$$.Task.Token"}},
    }
    execution = machines.begin("callback", {"Ask": ask})
    token = json.loads(received(url)[0])["token"]
    machines.client.send_task_heartbeat(taskToken=token)
    machines.client.send_task_success(taskToken=token, output='{"approved": true}')
    assert json.loads(machines.ended(execution)["output"]) == {"approved": True}
    with pytest.raises(ClientError):
        machines.client.send_task_success(taskToken=token, output="{}")
    quiet = {**ask, "HeartbeatSeconds": 1}
    assert machines.run("silent", {"Ask": quiet})["error"] == "States.HeartbeatTimeout"


def test_a_machine_runs_another_and_waits_for_it(machines: Machines) -> None:
    inner = machines.make("inner", {"Give": {"Type": "Pass", "Result": {"x": 1}}})
    ended = machines.run(
        "outer",
        {
            "Run": {
                "Type": "Task",
                "Resource": "arn:aws:states:::states:startExecution.sync:2",
                "Parameters": {"StateMachineArn": inner, "Input": {"a": 1}},
                "OutputPath": "$.Output",
            }
        },
    )
    assert json.loads(ended["output"]) == {"x": 1}


def test_an_execution_can_be_stopped_and_is_listed(machines: Machines) -> None:
    execution = machines.begin("stopped", {"Long": {"Type": "Wait", "Seconds": 600}})
    machines.client.stop_execution(executionArn=execution, error="Enough", cause="tired")
    ended = machines.client.describe_execution(executionArn=execution)
    assert (ended["status"], ended["error"], ended["cause"]) == ("ABORTED", "Enough", "tired")
    listed = machines.client.list_executions(stateMachineArn=ended["stateMachineArn"], statusFilter="ABORTED")
    assert [one["executionArn"] for one in listed["executions"]] == [execution]


def test_an_express_machine_answers_at_once(machines: Machines) -> None:
    machine = machines.make("express", {"Give": {"Type": "Pass", "Result": 5}}, type="EXPRESS")
    answer = machines.client.start_sync_execution(stateMachineArn=machine)
    assert (answer["status"], answer["output"]) == ("SUCCEEDED", "5")


def test_an_event_starts_an_execution_and_its_end_is_an_event(
    machines: Machines, cloud: Any, received: Wait
) -> None:
    events = cloud.client("events")
    machine = machines.make("by-event", {"Give": {"Type": "Pass", "OutputPath": "$.detail"}})
    url = cloud.client("sqs").create_queue(QueueName="ends")["QueueUrl"]
    events.put_rule(Name="start", EventPattern='{"source": ["machine.test"]}')
    events.put_targets(Rule="start", Targets=[{"Id": "1", "Arn": machine, "RoleArn": _ROLE}])
    pattern = {"source": ["aws.states"], "detail": {"status": ["SUCCEEDED"], "stateMachineArn": [machine]}}
    events.put_rule(Name="ends", EventPattern=json.dumps(pattern))
    arn = "arn:aws:sqs:us-east-1:123456789012:ends"
    events.put_targets(Rule="ends", Targets=[{"Id": "1", "Arn": arn, "InputPath": "$.detail.output"}])
    events.put_events(Entries=[{"Source": "machine.test", "DetailType": "d", "Detail": '{"a": 1}'}])
    assert json.loads(json.loads(received(url)[0])) == {"a": 1}


def test_an_unsound_definition_and_input_are_refused(machines: Machines) -> None:
    with pytest.raises(ClientError, match="MISSING_TRANSITION_TARGET"):
        machines.make("unsound", {"A": {"Type": "Pass", "Next": "B"}})
    machine = machines.make("sound", {"A": {"Type": "Pass"}})
    with pytest.raises(ClientError, match="InvalidExecutionInput"):
        machines.client.start_execution(stateMachineArn=machine, input="{")
    machines.client.start_execution(stateMachineArn=machine, name="one", input="{}")
    with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
        machines.client.start_execution(stateMachineArn=machine, name="one", input='{"other": 1}')


def test_an_execution_outlives_a_kill_and_does_nothing_twice(
    machines: Machines, cloud: Any, received: Wait, eventually: Wait
) -> None:
    url = cloud.client("sqs").create_queue(QueueName="durable")["QueueUrl"]
    send = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage",
        "Parameters": {"QueueUrl": url, "MessageBody.$": "$$.State.Name"},
        "ResultPath": None,
    }
    execution = machines.begin(
        "durable",
        {"First": {**send}, "Pause": {"Type": "Wait", "Seconds": 4}, "Second": {**send}},
    )
    eventually(lambda: "WaitStateEntered" in machines.events(execution))
    before = machines.client.get_execution_history(executionArn=execution)["events"]
    began = time.time()
    os.kill(cloud.address.pid, signal.SIGKILL)
    daemon.start(cloud.root)
    ended = machines.ended(execution)
    assert ended["status"] == "SUCCEEDED"
    assert time.time() - began < 20
    assert received(url, 2) == ["First", "Second"]
    after = machines.client.get_execution_history(executionArn=execution)["events"]
    assert after[: len(before)] == before
    assert [event["id"] for event in after] == list(range(1, len(after) + 1))
    assert cloud.administration.status()["replayDifferences"] == 0


def test_a_stop_of_the_sandbox_fails_no_task(
    machines: Machines, cloud: Any, make_function: Callable[..., str], eventually: Wait
) -> None:
    code = "import time\ndef handler(event, context):\n    time.sleep(3)\n    return 'rested'\n"
    function = make_function("rests", code, Timeout=30)
    execution = machines.begin("interrupted", {"Rest": {"Type": "Task", "Resource": function}})
    eventually(lambda: "TaskStarted" in machines.events(execution))
    daemon.stop(cloud.root)
    daemon.start(cloud.root)
    ended = machines.ended(execution)
    assert (ended["status"], ended.get("output")) == ("SUCCEEDED", '"rested"')
