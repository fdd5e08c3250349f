"""How functions are invoked: at once, or as events that are tried again and end in the dead-letter target."""

from __future__ import annotations

import base64
import json
import logging
import threading
from typing import Any

from sandbox.runtime.delivery.outbox import Delivery, Outbox, RetryLater
from sandbox.runtime.functions.function import Function, FunctionShelf
from sandbox.runtime.functions.process import Invocation, RunningFunctions
from sandbox.runtime.overlay import Caller, Cloud, Params, Remaining, ServiceError

_log = logging.getLogger(__name__)

EVENT = "function-event"
"""The kind of a delivery that invokes a function: `{"function", "event"}`."""
_LOG_TAIL = 4096
_MAX_SYNCHRONOUS = 6 * 1024 * 1024
_ENDED_SECONDS = 5.0
"""For invocations that are ended to have written their logs."""
_RETRY_SECONDS = (1.0, 2.0)
"""AWS waits one and two minutes between the attempts of an asynchronous invocation; a laptop need not."""


class FunctionsOverlay:
    """Answers Lambda's `Invoke`; everything else of the service is the emulator's."""

    service = "lambda"
    operations = frozenset({"Invoke"})

    def __init__(self, cloud: Cloud, shelf: FunctionShelf, outbox: Outbox) -> None:
        self._cloud = cloud
        self._shelf = shelf
        self._outbox = outbox
        self._running = RunningFunctions()
        self._ended = threading.Condition()
        self._under_way = 0
        outbox.register(EVENT, self._deliver)

    def call(self, operation: str, params: Params, caller: Caller) -> Params:
        """`Invoke`, in its three invocation types."""
        function = self._shelf.find(params["FunctionName"], params.get("Qualifier"), caller)
        _check_runnable(function)
        event = _event(params.get("Payload") or b"{}")
        kind = params.get("InvocationType", "RequestResponse")
        if kind == "DryRun":
            return {"StatusCode": 204, "Payload": b""}
        if kind == "Event":
            self.enqueue(function.arn, event, caller)
            return {"StatusCode": 202, "Payload": b""}
        invocation = self._run(function, event, caller)
        answer: Params = {
            "StatusCode": 200,
            "Payload": invocation.payload,
            "ExecutedVersion": function.version,
        }
        if invocation.error:
            answer["FunctionError"] = invocation.error
        if params.get("LogType") == "Tail":
            tail = "\n".join(invocation.log).encode()[-_LOG_TAIL:]
            answer["LogResult"] = base64.b64encode(tail).decode()
        return answer

    def enqueue(self, function: str, event: Any, caller: Caller) -> None:
        """Has a function invoked as soon as may be; kept on disk until it is done."""
        self._outbox.put(EVENT, {"function": function, "event": event}, caller)

    def remaining(self) -> list[Remaining]:
        """Nothing: the functions are the emulator's."""
        return []

    def start(self) -> None:
        """Keeps functions warm. There is nothing to take up: the outbox does."""
        self._running.start()

    def stop(self) -> None:
        """Ends every invocation in progress; none writes to its log any more, which a reset takes away."""
        self._running.stop()
        with self._ended:
            if not self._ended.wait_for(lambda: not self._under_way, _ENDED_SECONDS):
                _log.warning("%d invocations have not ended after %.0f s", self._under_way, _ENDED_SECONDS)

    def _run(self, function: Function, event: Any, caller: Caller) -> Invocation:
        with self._ended:
            self._under_way += 1
        try:
            code = self._shelf.unpacked(function)
            invocation = self._running.invoke(function, code, event, self._cloud.environment(caller))
            self._cloud.log(function.log_group, invocation.log_stream, invocation.log, caller)
        finally:
            with self._ended:
                self._under_way -= 1
                self._ended.notify_all()
        return invocation

    def _deliver(self, delivery: Delivery) -> None:
        try:
            function = self._shelf.find(delivery.content["function"], None, delivery.caller)
            _check_runnable(function)
        except ServiceError as impossible:
            _log.warning("event for %s dropped: %s", delivery.content["function"], impossible)
            return
        invocation = self._run(function, delivery.content["event"], delivery.caller)
        if not invocation.error:
            return
        if delivery.attempt <= function.retries:
            raise RetryLater(_RETRY_SECONDS[min(delivery.attempt, len(_RETRY_SECONDS)) - 1])
        self._give_up(function, delivery, invocation)

    def _give_up(self, function: Function, delivery: Delivery, invocation: Invocation) -> None:
        target = function.dead_letter_target
        if not target:
            _log.warning("%s failed %s times and has no dead-letter target", function.name, delivery.attempt)
            return
        message = json.dumps(delivery.content["event"])
        attributes = {
            "RequestID": {"DataType": "String", "StringValue": invocation.request_id},
            "ErrorCode": {"DataType": "Number", "StringValue": "200"},
            "ErrorMessage": {
                "DataType": "String",
                "StringValue": _message_of(invocation)[:1024] or "unknown",
            },
        }
        try:
            if ":sqs:" in target:
                account, queue = target.split(":")[4:6]
                asked = {"QueueName": queue, "QueueOwnerAWSAccountId": account}
                url = self._cloud.emulate("sqs", "GetQueueUrl", asked, delivery.caller)["QueueUrl"]
                sent = {"QueueUrl": url, "MessageBody": message, "MessageAttributes": attributes}
                self._cloud.emulate("sqs", "SendMessage", sent, delivery.caller)
            else:
                sent = {"TopicArn": target, "Message": message, "MessageAttributes": attributes}
                self._cloud.emulate("sns", "Publish", sent, delivery.caller)
        except ServiceError as refused:
            _log.error("the dead-letter target %s of %s refused: %s", target, function.name, refused)


def _message_of(invocation: Invocation) -> str:
    return str(json.loads(invocation.payload).get("errorMessage", ""))


def _event(payload: bytes) -> Any:
    if len(payload) > _MAX_SYNCHRONOUS:
        raise ServiceError(
            "RequestTooLargeException", f"{len(payload)} bytes; at most {_MAX_SYNCHRONOUS}.", 413
        )
    try:
        return json.loads(payload)
    except ValueError as wrong:
        message = f"Could not parse request body into json: {wrong}"
        raise ServiceError("InvalidRequestContentException", message) from wrong


def _check_runnable(function: Function) -> None:
    if function.package_type != "Zip" or not function.runtime.startswith("python"):
        what = function.runtime or function.package_type
        message = f"{function.name} is {what}: the sandbox runs Python functions of zip archives."
        raise ServiceError("InvalidRuntimeException", message, 502)
