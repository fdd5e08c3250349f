"""Step Functions for the host: executions and their callbacks. The state machines are the emulator's."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sandbox.runtime.overlay import Caller, Cloud, Params, ServiceError, TableOverlay
from sandbox.runtime.workflows.definition import DefinitionError, parse
from sandbox.runtime.workflows.execution import KIND, ExecutionRun, Halt
from sandbox.runtime.workflows.memory import history
from sandbox.runtime.workflows.tokens import Tokens

_PAGE = 100
_STOP_SECONDS = 2.0
"""How long a stop waits for calls under way; what they come to is not kept, and they are made again."""
_SYNC_SECONDS = 300.0
"""How long an express execution may take, the service's limit."""


class StepFunctionsOverlay(TableOverlay):
    """Answers what concerns executions; makes them run, and go on after a restart."""

    service = "states"

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(
            {
                "StartExecution": self._start,
                "StartSyncExecution": self._start_sync,
                "StopExecution": self._stop,
                "DescribeExecution": self._describe,
                "DescribeStateMachineForExecution": self._describe_machine,
                "ListExecutions": self._list,
                "GetExecutionHistory": self._history,
                "SendTaskSuccess": self._succeed,
                "SendTaskFailure": self._fail,
                "SendTaskHeartbeat": self._beat,
                "ValidateStateMachineDefinition": self._validate,
            }
        )
        self._cloud = cloud
        self._tokens = Tokens(cloud.documents)
        self._running: dict[str, tuple[threading.Thread, Halt]] = {}
        self._lock = threading.Lock()

    def start(self) -> None:
        """Goes on with what a stop cut off."""
        self._tokens.closing = False
        for kept in self._cloud.documents.all(KIND):
            if kept["status"] == "RUNNING":
                self._go_on(kept)

    def stop(self) -> None:
        """Leaves every execution where it is."""
        self._tokens.closing = True
        with self._lock:
            running = list(self._running.values())
        for _, halt in running:
            halt.set()
        until = time.monotonic() + _STOP_SECONDS
        for thread, _ in running:
            thread.join(timeout=max(0.0, until - time.monotonic()))

    def _go_on(self, kept: Mapping[str, Any]) -> threading.Thread:
        arn, halt = str(kept["arn"]), Halt()

        def run() -> None:
            try:
                ExecutionRun(self._cloud, self._tokens, kept, halt).run()
            finally:
                with self._lock:
                    self._running.pop(arn, None)

        thread = threading.Thread(target=run, name=f"execution {kept['name']}", daemon=True)
        with self._lock:
            self._running[arn] = (thread, halt)
        thread.start()
        return thread

    def _start(self, params: Params, caller: Caller) -> Params:
        machine = self._machine(params["stateMachineArn"], caller)
        name = params.get("name") or str(uuid.uuid4())
        given = _checked_input(params)
        with self._lock:
            arn = _execution_arn(machine, name)
            found = self._cloud.documents.get(KIND, arn)
            if found is not None:
                if found["status"] == "RUNNING" and found["input"] == given:
                    return {"executionArn": arn, "startDate": _moment(found["start"])}
                message = f"Execution Already Exists: '{arn}'"
                raise ServiceError("ExecutionAlreadyExists", message)
            kept = self._new(arn, name, machine, given, caller)
        self._go_on(kept)
        return {"executionArn": arn, "startDate": _moment(kept["start"])}

    def _start_sync(self, params: Params, caller: Caller) -> Params:
        machine = self._machine(params["stateMachineArn"], caller)
        if machine["type"] != "EXPRESS":
            message = f"This operation is not supported by this type of state machine: {machine['type']}"
            raise ServiceError("StateMachineTypeNotSupported", message)
        name = params.get("name") or str(uuid.uuid4())
        arn = _execution_arn(machine, name)
        kept = self._new(arn, name, machine, _checked_input(params), caller)
        self._go_on(kept).join(_SYNC_SECONDS)
        ended = self._cloud.documents.get(KIND, arn) or kept
        status = {"ABORTED": "FAILED", "RUNNING": "TIMED_OUT"}.get(ended["status"], ended["status"])
        return {**_shown(ended), "status": status}

    def _new(self, arn: str, name: str, machine: Params, given: str, caller: Caller) -> dict[str, Any]:
        kept = {
            "arn": arn,
            "name": name,
            "machine": machine["stateMachineArn"],
            "machineName": machine["name"],
            "type": machine["type"],
            "definition": machine["definition"],
            "role": machine["roleArn"],
            "input": given,
            "status": "RUNNING",
            "start": time.time(),
            "account": caller.account_id,
            "region": caller.region,
        }
        self._cloud.documents.put(KIND, arn, kept)
        return kept

    def _stop(self, params: Params, caller: Caller) -> Params:
        kept = self._find(params["executionArn"])
        with self._lock:
            running = self._running.get(kept["arn"])
        if running is not None:
            thread, halt = running
            halt.abort(params.get("error") or "", params.get("cause") or "")
            thread.join(timeout=30)
        return {"stopDate": _moment(self._find(kept["arn"]).get("stop") or time.time())}

    def _describe(self, params: Params, caller: Caller) -> Params:
        return _shown(self._find(params["executionArn"]))

    def _describe_machine(self, params: Params, caller: Caller) -> Params:
        kept = self._find(params["executionArn"])
        return {
            "stateMachineArn": kept["machine"],
            "name": kept["machineName"],
            "definition": kept["definition"],
            "roleArn": kept["role"],
            "updateDate": _moment(kept["start"]),
        }

    def _list(self, params: Params, caller: Caller) -> Params:
        machine = self._machine(params["stateMachineArn"], caller)["stateMachineArn"]
        wanted = params.get("statusFilter")
        found = [
            one
            for one in reversed(self._cloud.documents.all(KIND))
            if one["machine"] == machine and wanted in {None, one["status"]}
        ]
        start, size = int(params.get("nextToken") or 0), int(params.get("maxResults") or _PAGE)
        answer: Params = {"executions": [_shown(one) for one in found[start : start + size]]}
        if start + size < len(found):
            answer["nextToken"] = str(start + size)
        return answer

    def _history(self, params: Params, caller: Caller) -> Params:
        kept = self._find(params["executionArn"])
        events = history(self._cloud.documents, kept["arn"])
        if params.get("reverseOrder"):
            events.reverse()
        start, size = int(params.get("nextToken") or 0), int(params.get("maxResults") or 1000)
        page = [{**one, "timestamp": _moment(one["timestamp"])} for one in events[start : start + size]]
        answer: Params = {"events": page}
        if start + size < len(events):
            answer["nextToken"] = str(start + size)
        return answer

    def _succeed(self, params: Params, caller: Caller) -> Params:
        try:
            json.loads(params["output"])
        except ValueError as wrong:
            raise ServiceError("InvalidOutput", f"Invalid Output: {wrong}") from wrong
        self._tokens.say(params["taskToken"], {"output": params["output"]})
        return {}

    def _fail(self, params: Params, caller: Caller) -> Params:
        told = {"error": params.get("error") or "", "cause": params.get("cause") or ""}
        self._tokens.say(params["taskToken"], told)
        return {}

    def _beat(self, params: Params, caller: Caller) -> Params:
        self._tokens.sign(params["taskToken"])
        return {}

    def _validate(self, params: Params, caller: Caller) -> Params:
        try:
            parse(params["definition"])
        except DefinitionError as wrong:
            code, _, message = str(wrong).partition(": ")
            return {
                "result": "FAIL",
                "diagnostics": [{"severity": "ERROR", "code": code, "message": message}],
            }
        return {"result": "OK", "diagnostics": []}

    def _machine(self, arn: str, caller: Caller) -> Params:
        return self._cloud.emulate("stepfunctions", "DescribeStateMachine", {"stateMachineArn": arn}, caller)

    def _find(self, arn: str) -> dict[str, Any]:
        kept = self._cloud.documents.get(KIND, arn)
        if kept is None:
            raise ServiceError("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
        return kept


def _execution_arn(machine: Params, name: str) -> str:
    base = machine["stateMachineArn"]
    if machine["type"] == "EXPRESS":
        return f"{base.replace(':stateMachine:', ':express:')}:{name}:{uuid.uuid4()}"
    return f"{base.replace(':stateMachine:', ':execution:')}:{name}"


def _checked_input(params: Params) -> str:
    text = str(params.get("input") or "{}")
    try:
        json.loads(text)
    except ValueError as wrong:
        raise ServiceError(
            "InvalidExecutionInput", f"Invalid State Machine Execution Input: '{wrong}'"
        ) from wrong
    return text


def _shown(kept: Mapping[str, Any]) -> Params:
    shown: Params = {
        "executionArn": kept["arn"],
        "stateMachineArn": kept["machine"],
        "name": kept["name"],
        "status": kept["status"],
        "startDate": _moment(kept["start"]),
        "input": kept["input"],
        "inputDetails": {"included": True},
    }
    if kept.get("stop"):
        shown["stopDate"] = _moment(kept["stop"])
    for member in ("output", "error", "cause"):
        if kept.get(member) is not None:
            shown[member] = kept[member]
    if "output" in shown:
        shown["outputDetails"] = {"included": True}
    return shown


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
