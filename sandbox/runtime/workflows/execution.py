"""What becomes of one execution: it runs, or goes on, to its end, and its status is told."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sandbox.runtime.overlay import Caller, Cloud, Metric, ServiceError
from sandbox.runtime.workflows.definition import parse, query_language
from sandbox.runtime.workflows.errors import RUNTIME, TIMEOUT, StateError
from sandbox.runtime.workflows.halting import HaltedError, OverdueError
from sandbox.runtime.workflows.machine import Machine
from sandbox.runtime.workflows.memory import Memory
from sandbox.runtime.workflows.paths import Scope
from sandbox.runtime.workflows.tasks import Tasks
from sandbox.runtime.workflows.tokens import Tokens

KIND = "states-execution"
_COUNTED = {
    "SUCCEEDED": "ExecutionsSucceeded",
    "FAILED": "ExecutionsFailed",
    "TIMED_OUT": "ExecutionsTimedOut",
    "ABORTED": "ExecutionsAborted",
}
_log = logging.getLogger(__name__)


class Halt(threading.Event):
    """Ends an execution's threads: for good where it was aborted, until the next start where it was not."""

    def __init__(self) -> None:
        super().__init__()
        self.aborted: tuple[str, str] | None = None

    def abort(self, error: str, cause: str) -> None:
        """Ends it for good."""
        self.aborted = (error, cause)
        self.set()


class ExecutionRun:
    """One execution."""

    def __init__(self, cloud: Cloud, tokens: Tokens, kept: Mapping[str, Any], halt: Halt) -> None:
        self._cloud = cloud
        self._tokens = tokens
        self._kept = dict(kept)
        self._halt = halt
        self._arn = str(kept["arn"])
        self._caller = Caller(kept["account"], kept["region"])
        self._memory = Memory(cloud.documents, self._arn)

    def run(self) -> None:
        """To its end, or to where it is halted."""
        kept = self._kept
        details = "executionStartedEventDetails"
        self._memory.tell("", "ExecutionStarted", details, input=kept["input"], roleArn=kept["role"])
        self._emit("RUNNING")
        try:
            output = self._output()
        except HaltedError:
            if self._halt.aborted is not None:
                error, cause = self._halt.aborted
                self._end("ABORTED", "ExecutionAborted", error=error or None, cause=cause or None)
            return
        except StateError as failed:
            self._end("FAILED", "ExecutionFailed", error=failed.error, cause=failed.cause)
            return
        except OverdueError as late:
            self._end("TIMED_OUT", "ExecutionTimedOut", error=TIMEOUT, cause=str(late))
            return
        except Exception as fault:  # noqa: BLE001 - an execution must end, and its cause and the log must tell
            _log.exception("the execution %s failed", self._arn)
            self._end("FAILED", "ExecutionFailed", error=RUNTIME, cause=f"The sandbox failed: {fault!r}")
            return
        self._end("SUCCEEDED", "ExecutionSucceeded", output=json.dumps(output, default=str))

    def _output(self) -> Any:
        kept = self._kept
        definition = parse(kept["definition"])
        if query_language(definition) != "JSONPath":
            raise StateError(RUNTIME, "The sandbox runs JSONPath; this state machine asks for JSONata")
        seconds = definition.get("TimeoutSeconds")
        deadline = None if seconds is None else kept["start"] + float(seconds)
        tasks = Tasks(self._cloud, self._caller, self._memory, self._tokens, self._arn)
        given = json.loads(kept["input"])
        context = {
            "Execution": {
                "Id": self._arn,
                "Input": given,
                "Name": kept["name"],
                "RoleArn": kept["role"],
                "StartTime": datetime.fromtimestamp(kept["start"], UTC).isoformat(timespec="milliseconds"),
            },
            "StateMachine": {"Id": kept["machine"], "Name": kept["machineName"]},
        }
        machine = Machine(self._memory, tasks.perform, self._halt, deadline)
        return machine.run(definition, Scope(given, context))

    def _end(self, status: str, kind: str, **members: Any) -> None:
        self._memory.tell("", kind, kind[0].lower() + kind[1:] + "EventDetails", **members)
        self._kept |= {"status": status, "stop": time.time(), **members}
        self._cloud.documents.put(KIND, self._arn, self._kept)
        self._tokens.forget(self._arn)
        self._memory.forget()
        self._emit(status)
        self._measure(status)

    def _measure(self, status: str) -> None:
        """Puts the metrics of an end.

        Source: https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html"""
        machine = {"StateMachineArn": str(self._kept["machine"])}
        taken = (self._kept["stop"] - self._kept["start"]) * 1000
        metrics = [
            Metric.once(_COUNTED[status], 1.0, "Count", machine),
            Metric.once("ExecutionTime", taken, "Milliseconds", machine),
        ]
        try:
            self._cloud.measure("AWS/States", metrics, self._caller)
        except ServiceError as error:
            _log.warning("the metrics of %s are lost: %s", self._arn, error)

    def _emit(self, status: str) -> None:
        if ":express:" in self._arn:
            # Express workflows put nothing on the bus.
            return
        kept = self._kept
        detail = {
            "executionArn": self._arn,
            "stateMachineArn": kept["machine"],
            "name": kept["name"],
            "status": status,
            "startDate": round(kept["start"] * 1000),
            "stopDate": round(kept["stop"] * 1000) if kept.get("stop") else None,
            "input": kept["input"],
            "output": kept.get("output"),
            "error": kept.get("error"),
            "cause": kept.get("cause"),
        }
        kind = "Step Functions Execution Status Change"
        try:
            self._cloud.emit("aws.states", kind, detail, self._caller, [self._arn])
        except ServiceError as error:
            _log.warning("the event of %s is lost: %s", self._arn, error)
