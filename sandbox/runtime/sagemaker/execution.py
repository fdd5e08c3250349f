"""How does a pipeline's execution go? Steps run as soon as they can, independent ones together."""

from __future__ import annotations

import hashlib
import json
import queue
import re
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.runtime.overlay import Cloud, Params, ServiceError
from sandbox.runtime.sagemaker.definition import Definition, Step, parse
from sandbox.runtime.sagemaker.expressions import ExpressionError, Scope, resolve
from sandbox.runtime.sagemaker.process import Ending, Orders
from sandbox.runtime.sagemaker.records import Record, Shelf, now
from sandbox.runtime.sagemaker.steps import (
    Setting,
    StepFailedError,
    StepResult,
    StepRunner,
    StepStoppedError,
)

_CACHED_TYPES = frozenset({"Training", "Processing", "Tuning"})
_CACHE = "sagemaker-step-cache"
_DURATION = re.compile(
    r"P(?=.)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?"
)
_UNIT_DAYS = (365.0, 30.0, 7.0, 1.0, 1 / 24, 1 / 1440, 1 / 86400)
_RETRIED = {
    "InternalServerError": "SageMaker.JOB_INTERNAL_ERROR",
    "CapacityError": "SageMaker.CAPACITY_ERROR",
    "ResourceLimitExceeded": "SageMaker.RESOURCE_LIMIT",
    "ThrottlingException": "Step.THROTTLING",
    "ServiceUnavailable": "Step.SERVICE_FAULT",
    "InternalFailure": "Step.SERVICE_FAULT",
}


@dataclass(frozen=True)
class _Done:
    step: Step
    result: StepResult | None
    failure: str = ""
    stopped: bool = False


class ExecutionRun:
    """One execution, from its first step to its end."""

    def __init__(
        self, cloud: Cloud, shelf: Shelf, runner: StepRunner, record: Record, orders: Orders
    ) -> None:
        self._cloud = cloud
        self._shelf = shelf
        self._runner = runner
        self._record = record
        self._orders = orders
        self._definition: Definition = parse(record.private["definition"])
        self._results: dict[str, StepResult] = {}
        self._lock = threading.Lock()
        self._done: queue.Queue[_Done] = queue.Queue()

    def run(self) -> None:
        parallel = (self._record.fields.get("ParallelismConfiguration") or {}).get(
            "MaxParallelExecutionSteps", 50
        )
        failed = stopped = False
        waiting, running = dict(self._definition.steps), 0
        with ThreadPoolExecutor(parallel, thread_name_prefix=self._record.name) as pool:
            while waiting or running:
                halted = failed or self._orders.ending is not None
                ready = [] if halted else [s for s in waiting.values() if self._ready(s)]
                for step in ready:
                    del waiting[step.name]
                    if self._wanted(step):
                        running += 1
                        pool.submit(self._run_step, step)
                if not running:
                    # What is left depends on a branch that was not taken, or comes after a failure.
                    break
                done = self._done.get()
                running -= 1
                failed = failed or bool(done.failure)
                stopped = stopped or done.stopped
                if done.result is not None:
                    with self._lock:
                        self._results[done.step.name] = done.result
        if self._orders.ending is Ending.ABANDONED:
            return
        fields: dict[str, Any] = {"PipelineExecutionStatus": "Succeeded", "LastModifiedTime": now()}
        if failed:
            fields["PipelineExecutionStatus"] = "Failed"
            fields["FailureReason"] = "Step failure: One or multiple steps failed."
        elif stopped or self._orders.ending is Ending.STOPPED:
            fields["PipelineExecutionStatus"] = "Stopped"
        self._shelf.update(self._record, fields)

    def _ready(self, step: Step) -> bool:
        """All that it needs has succeeded, or its branch is known not to be taken."""
        if step.branch is not None and step.branch[0] in self._results and not self._wanted(step):
            return True
        return step.depends_on <= self._results.keys()

    def _wanted(self, step: Step) -> bool:
        return step.branch is None or self._results[step.branch[0]].outcome is step.branch[1]

    def _run_step(self, step: Step) -> None:
        self._show(step, {"StepStatus": "Executing", "StartTime": now(), "AttemptCount": 1})
        try:
            result = self._cached(step) or self._attempt(step)
        except StepStoppedError:
            done = _Done(step, None, stopped=True)
            ended: Params = {"StepStatus": "Stopped"}
        except (StepFailedError, ExpressionError, ServiceError) as error:
            reason = f"ClientError: {error}" if not isinstance(error, StepFailedError) else str(error)
            done = _Done(step, None, failure=reason)
            ended = {"StepStatus": "Failed", "FailureReason": reason[:1024]}
        else:
            done = _Done(step, result)
            ended = {"StepStatus": "Succeeded", "Metadata": result.metadata}
        finally_at = now()
        if self._orders.ending is not Ending.ABANDONED:
            self._show(step, {**ended, "EndTime": finally_at})
        self._done.put(done)

    def _attempt(self, step: Step) -> StepResult:
        attempt, started = 1, time.monotonic()
        while True:
            try:
                result = self._runner.run(step, self._setting(step))
            except (StepFailedError, ServiceError) as error:
                policy = _policy(step, error)
                if policy is None or self._orders.ending is not None:
                    raise
                pause = policy.get("IntervalSeconds", 1) * policy.get("BackoffRate", 2.0) ** (attempt - 1)
                late = time.monotonic() + pause - started > policy.get("ExpireAfterMin", 10**6) * 60
                if attempt >= policy.get("MaxAttempts", 10**6) or late:
                    raise
                self._orders.wait(pause)
                attempt += 1
                self._show(step, {"AttemptCount": attempt})
            else:
                self._remember(step, result)
                return result

    def _setting(self, step: Step) -> Setting:
        private = self._record.private
        return Setting(
            pipeline=private["pipeline"],
            execution_id=private["id"],
            execution_arn=self._record.fields["PipelineExecutionArn"],
            role=private["role"],
            caller=self._record.caller,
            orders=self._orders,
            scope=self._scope(),
            announce=lambda metadata: self._show(step, {"Metadata": metadata}),
        )

    def _scope(self) -> Scope:
        with self._lock:
            results = dict(self._results)
        fields = self._record.fields
        return Scope(
            parameters=self._record.private["parameters"],
            execution={
                "PipelineExecutionId": self._record.private["id"],
                "PipelineExecutionArn": fields["PipelineExecutionArn"],
                "PipelineName": self._record.private["pipeline"],
                "PipelineArn": fields["PipelineArn"],
                "StartDateTime": fields["CreationTime"].isoformat(),
                "CurrentDateTime": now().isoformat(),
            },
            steps={name: result.properties for name, result in results.items()},
            property_file=lambda step, name: self._runner.read_property_file(
                self._definition.steps[step], results[step].properties, name, self._record.caller
            ),
        )

    def _cached(self, step: Step) -> StepResult | None:
        """A result of the same step with the same arguments that is still fresh.

        As on AWS, the arguments are compared, not the content of what they point to: an S3 prefix whose
        objects have changed is a hit unless something in the arguments says so.
        """
        expiry = _expiry(step)
        entry = self._cloud.documents.get(_CACHE, self._signature(step)) if expiry is not None else None
        if (
            expiry is None
            or entry is None
            or datetime.fromisoformat(entry["at"]) + expiry < datetime.now(UTC)
        ):
            return None
        if self._shelf.find(execution_name(entry["execution"]), self._record.caller) is None:
            # Its pipeline was deleted since, and with it its executions: nobody vouches for its outputs.
            return None
        try:
            result = self._runner.recall(step, entry["metadata"], self._record.caller)
        except ServiceError:
            # The job was deleted since; then there is nothing to refer to.
            return None
        source = {"SourcePipelineExecutionArn": entry["execution"]}
        self._show(step, {"CacheHitResult": source, "Metadata": result.metadata})
        return result

    def _remember(self, step: Step, result: StepResult) -> None:
        if _expiry(step) is not None:
            entry = {
                "at": datetime.now(UTC).isoformat(),
                "execution": self._record.fields["PipelineExecutionArn"],
                "metadata": result.metadata,
            }
            self._cloud.documents.put(_CACHE, self._signature(step), entry)

    def _signature(self, step: Step) -> str:
        arguments = resolve(step.arguments, self._scope())
        call = [self._record.fields["PipelineArn"], step.name, step.type, arguments]
        return hashlib.sha256(json.dumps(call, sort_keys=True, default=str).encode()).hexdigest()

    def _show(self, step: Step, members: Mapping[str, Any]) -> None:
        def change(current: Record) -> Record:
            steps = dict(current.private["steps"])
            names = {"StepName": step.name, "StepType": step.type}
            for member, source in (("StepDisplayName", "DisplayName"), ("StepDescription", "Description")):
                if step.body.get(source):
                    names[member] = step.body[source]
            steps[step.name] = {**names, **steps.get(step.name, {}), **members}
            fields = {**current.fields, "LastModifiedTime": now()}
            private = {**current.private, "steps": steps}
            return Record(current.name, current.arn, current.caller, fields, private)

        self._shelf.edit(self._record, change)


def execution_name(arn: str) -> str:
    """The name under which an execution is kept: `<pipeline>/<id>`."""
    return arn.rpartition(":pipeline/")[2].replace("/execution/", "/")


def _policy(step: Step, error: StepFailedError | ServiceError) -> Mapping[str, Any] | None:
    """The retry policy that covers a failure. Failures of the user's own code are not retried, as on AWS."""
    code = error.code if isinstance(error, ServiceError) else str(error).partition(":")[0]
    kind = _RETRIED.get(code)
    for policy in step.body.get("RetryPolicies") or []:
        if kind in policy.get("ExceptionType", []):
            found: Mapping[str, Any] = policy
            return found
    return None


def _expiry(step: Step) -> timedelta | None:
    """How long a step's result may be used again; None where it may not."""
    config = step.body.get("CacheConfig") or {}
    if step.type not in _CACHED_TYPES or not config.get("Enabled"):
        return None
    match = _DURATION.fullmatch(str(config.get("ExpireAfter", "P30D")).upper())
    if match is None:
        return None
    amounts = zip(match.groups(), _UNIT_DAYS, strict=True)
    return timedelta(days=sum(int(amount or 0) * days for amount, days in amounts))
