"""What a deployed function does when it is invoked: its own code, in a process."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

Make = Callable[..., str]


def _invoke(cloud: Any, name: str, event: Any = None, **others: Any) -> tuple[dict[str, Any], Any]:
    answer = cloud.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event), **others)
    payload = answer["Payload"].read()
    return answer, json.loads(payload) if payload else None


def test_a_function_answers_with_what_its_code_returns(cloud: Any, make_function: Make) -> None:
    code = """
import os
def handler(event, context):
    return {
        "twice": event["n"] * 2,
        "own": os.environ["OWN"],
        "name": context.function_name,
        "left": context.get_remaining_time_in_millis() > 1000,
        "request": context.aws_request_id,
    }
"""
    make_function("answers", code, Environment={"Variables": {"OWN": "value"}}, Timeout=20)
    answer, payload = _invoke(cloud, "answers", {"n": 21}, LogType="Tail")
    assert answer["StatusCode"] == 200
    assert "FunctionError" not in answer
    request = payload.pop("request")
    assert payload == {"twice": 42, "own": "value", "name": "answers", "left": True}
    tail = base64.b64decode(answer["LogResult"]).decode()
    assert f"START RequestId: {request} Version: $LATEST" in tail
    assert f"REPORT RequestId: {request}" in tail


def test_a_function_reaches_the_cloud_it_runs_in(cloud: Any, make_function: Make) -> None:
    code = """
import boto3
def handler(event, context):
    return boto3.client("secretsmanager").get_secret_value(SecretId="for-the-function")["SecretString"]
"""
    cloud.client("secretsmanager").create_secret(Name="for-the-function", SecretString="hidden")
    make_function("reaches", code, Timeout=30)
    assert _invoke(cloud, "reaches")[1] == "hidden"


def test_what_a_function_prints_is_in_its_log_group(cloud: Any, make_function: Make) -> None:
    make_function("prints", "def handler(event, context):\n    print('seen:', event)\n", Timeout=20)
    _invoke(cloud, "prints", "a word")
    events = cloud.client("logs").filter_log_events(logGroupName="/aws/lambda/prints")["events"]
    assert "seen: a word" in [event["message"] for event in events]


def test_an_exception_is_the_answer_with_its_type_and_place(cloud: Any, make_function: Make) -> None:
    make_function("raises", "def handler(event, context):\n    raise KeyError('missing')\n", Timeout=20)
    answer, payload = _invoke(cloud, "raises")
    assert answer["FunctionError"] == "Unhandled"
    assert payload["errorType"] == "KeyError"
    assert payload["errorMessage"] == "'missing'"
    assert "code.py" in payload["stackTrace"][-1]


def test_a_handler_that_is_not_there_is_named(cloud: Any, make_function: Make) -> None:
    make_function("no-handler", "x = 1\n", Timeout=20)
    _, payload = _invoke(cloud, "no-handler")
    assert payload["errorType"] == "Runtime.HandlerNotFound"
    assert "'handler' missing on module 'code'" in payload["errorMessage"]


def test_a_function_is_ended_at_its_time_limit(cloud: Any, make_function: Make) -> None:
    make_function("sleeps", "import time\ndef handler(event, context):\n    time.sleep(600)\n", Timeout=1)
    answer, payload = _invoke(cloud, "sleeps")
    assert answer["FunctionError"] == "Unhandled"
    assert "Task timed out after 1.00 seconds" in payload["errorMessage"]


def test_a_process_that_ends_without_an_answer_is_an_error(cloud: Any, make_function: Make) -> None:
    make_function("exits", "import os\ndef handler(event, context):\n    os._exit(3)\n", Timeout=20)
    answer, payload = _invoke(cloud, "exits")
    assert answer["FunctionError"] == "Unhandled"
    assert payload["errorType"] == "Runtime.ExitError"


def test_new_code_runs_once_it_is_uploaded(cloud: Any, make_function: Make) -> None:
    make_function("changes", "def handler(event, context):\n    return 1\n", Timeout=20)
    assert _invoke(cloud, "changes")[1] == 1
    made = cloud.client("lambda")
    import io
    import zipfile

    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("code.py", "def handler(event, context):\n    return 2\n")
    made.update_function_code(FunctionName="changes", ZipFile=archive.getvalue())
    assert _invoke(cloud, "changes")[1] == 2


def test_a_process_is_kept_for_the_next_event_until_something_of_it_changes(
    cloud: Any, make_function: Make
) -> None:
    code = """
import os
calls = []
def handler(event, context):
    calls.append(event)
    print("call", len(calls))
    if event == "raise":
        raise ValueError(len(calls))
    if event == "exit":
        os._exit(3)
    return [len(calls), os.getpid()]
"""
    make_function("warm", code, Environment={"Variables": {"A": "1"}}, Timeout=20)
    _, (first, process) = _invoke(cloud, "warm", "a")
    assert _invoke(cloud, "warm", "raise")[1]["errorMessage"] == "2", "an exception does not end it"
    answer, payload = _invoke(cloud, "warm", "b", LogType="Tail")
    assert (first, payload) == (1, [3, process])
    tail = base64.b64decode(answer["LogResult"]).decode()
    assert "call 3" in tail
    assert "call 1" not in tail, "what an earlier event printed is in its own log alone"
    assert _invoke(cloud, "warm", "exit")[1]["errorType"] == "Runtime.ExitError"
    _, (again, other) = _invoke(cloud, "warm", "c")
    assert again == 1
    assert other != process
    variables = {"Variables": {"A": "2"}}
    cloud.client("lambda").update_function_configuration(FunctionName="warm", Environment=variables)
    assert _invoke(cloud, "warm", "d")[1][1] not in (process, other)


def test_a_function_that_does_not_exist_is_not_found(cloud: Any) -> None:
    with pytest.raises(ClientError) as refused:
        _invoke(cloud, "nobody")
    assert refused.value.response["Error"]["Code"] == "ResourceNotFoundException"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_a_failing_event_is_tried_three_times_and_ends_in_the_dead_letter_queue(
    cloud: Any, make_function: Make, received: Callable[..., list[Any]]
) -> None:
    url = cloud.client("sqs").create_queue(QueueName="dead-letters")["QueueUrl"]
    arn = "arn:aws:sqs:us-east-1:123456789012:dead-letters"
    code = "def handler(event, context):\n    print('attempt')\n    raise ValueError('never')\n"
    make_function("fails", code, Timeout=20, DeadLetterConfig={"TargetArn": arn})
    configured = cloud.client("lambda").get_function_configuration(FunctionName="fails")
    assert configured["DeadLetterConfig"] == {"TargetArn": arn}
    answer, _ = _invoke(cloud, "fails", {"n": 1}, InvocationType="Event")
    assert answer["StatusCode"] == 202
    assert [json.loads(body) for body in received(url)] == [{"n": 1}]
    events = cloud.client("logs").filter_log_events(logGroupName="/aws/lambda/fails")["events"]
    assert [event["message"] for event in events].count("attempt") == 3
