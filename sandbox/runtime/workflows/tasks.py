"""How is a task carried out? Its operation is called as any client would, and its job or token waited for."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as LateError
from contextlib import suppress
from typing import Any

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError, UnknownServiceError

from sandbox.runtime.overlay import Caller, Cloud
from sandbox.runtime.workflows.errors import RUNTIME, TASK_FAILED, TIMEOUT, StateError
from sandbox.runtime.workflows.halting import HaltedError
from sandbox.runtime.workflows.integrations import JOBS, Job, Resource, answer, parameters, resource_of
from sandbox.runtime.workflows.machine import Visit
from sandbox.runtime.workflows.memory import Memory
from sandbox.runtime.workflows.paths import Scope, value_at
from sandbox.runtime.workflows.templates import filled
from sandbox.runtime.workflows.tokens import Tokens

_LOOK_SECONDS = 0.2
_UNANSWERED = ".SdkClientException"
_LAST_WORDS_SECONDS = 10.0
"""Within which a sandbox that no longer answers has said that it stops."""
_SPOKEN = {
    "stepfunctions": "StepFunctions",
    "sagemaker": "SageMaker",
    "dynamodb": "DynamoDB",
    "sns": "SNS",
    "sqs": "SQS",
    "events": "EventBridge",
}
"""How a service's name stands in its errors."""


class Tasks:
    """Carries out the tasks of one execution."""

    def __init__(
        self,
        cloud: Cloud,
        caller: Caller,
        memory: Memory,
        tokens: Tokens,
        execution: str,
    ) -> None:
        self._cloud = cloud
        self._caller = caller
        self._memory = memory
        self._tokens = tokens
        self._execution = execution

    def perform(self, visit: Visit) -> Any:
        """The raw result of one attempt. Raises StateError or HaltedError."""
        resource = resource_of(str(visit.state["Resource"]))
        scope, token = visit.scope, ""
        if resource.how == "waitForTaskToken":
            token = self._tokens.of(self._execution, visit.path)
            context = {**scope.context, "Task": {"Token": token}}
            scope = Scope(scope.input, context, scope.variables)
        given = filled(visit.state["Parameters"], scope) if "Parameters" in visit.state else scope.input
        named = {"resourceType": resource.kind, "resource": _shown(resource)}
        text = json.dumps(given)
        details = "taskScheduledEventDetails"
        region = self._caller.region
        self._memory.tell(visit.path, "TaskScheduled", details, **named, region=region, parameters=text)
        self._memory.tell(visit.path, "TaskStarted", "taskStartedEventDetails", **named)
        try:
            result = self._result(resource, given, visit, token)
        except StateError as failed:
            # A stop of the sandbox ends functions and cuts answers off: the task did not fail of itself.
            cut_off = failed.error.endswith(_UNANSWERED)
            if visit.halt.wait(_LAST_WORDS_SECONDS if cut_off else 0.0):
                raise HaltedError from failed
            kind = "TaskTimedOut" if failed.error == TIMEOUT else "TaskFailed"
            member = kind[0].lower() + kind[1:] + "EventDetails"
            self._memory.tell(visit.path, kind, member, **named, error=failed.error, cause=failed.cause)
            raise
        text = json.dumps(result, default=str)
        self._memory.tell(visit.path, "TaskSucceeded", "taskSucceededEventDetails", **named, output=text)
        return result

    def _result(self, resource: Resource, given: Any, visit: Visit, token: str) -> Any:
        job = JOBS.get((resource.client, resource.action)) if resource.how == "sync" else None
        if resource.how == "sync" and job is None:
            raise StateError(RUNTIME, f"{resource.client}:{resource.action} has no .sync")
        submitted = self._memory.recall(f"{visit.path}/submitted")
        if submitted is None:
            called = self._in_time(lambda: self._call(resource, given), visit.deadline)
            if not resource.how:
                return called
            kept = {"called": called, "given": given}
            submitted = self._memory.keep(f"{visit.path}/submitted", kept)
            named = {"resourceType": resource.kind, "resource": _shown(resource)}
            text = json.dumps(called)
            self._memory.tell(visit.path, "TaskSubmitted", "taskSubmittedEventDetails", **named, output=text)
        if job is not None:
            return self._await_job(resource, job, submitted, visit)
        return self._await_token(token, visit)

    def _call(self, resource: Resource, given: Any) -> Any:
        if resource.function:
            payload = json.dumps(given)
            return self._invoke({"FunctionName": resource.function, "Payload": payload})["Payload"]
        if resource.client == "lambda" and resource.action == "invoke" and not resource.is_sdk:
            return self._invoke(given)
        try:
            client = self._cloud.client(resource.client, self._caller)
            method = xform_name(resource.action)
            call = getattr(client, method)
        except (UnknownServiceError, AttributeError) as unknown:
            what = f"{resource.client}:{resource.action}"
            raise StateError(RUNTIME, f"No AWS service has the operation {what}") from unknown
        operation = client.meta.method_to_api_mapping[method]
        model = client.meta.service_model.operation_model(operation)
        with _as_state_errors(resource.client):
            called = call(**(parameters(given, model.input_shape) if model.input_shape is not None else {}))
        return answer(called, model.output_shape)

    def _invoke(self, given: Mapping[str, Any]) -> dict[str, Any]:
        payload = given.get("Payload", {})
        body = payload if isinstance(payload, str) else json.dumps(payload)
        more = {
            name: given[name] for name in ("Qualifier", "InvocationType", "ClientContext") if name in given
        }
        with _as_state_errors("lambda"):
            called = self._cloud.client("lambda", self._caller).invoke(
                FunctionName=given["FunctionName"], Payload=body.encode(), **more
            )
            text = called["Payload"].read().decode()
        returned = json.loads(text) if text else None
        if called.get("FunctionError"):
            kind = (
                returned.get("errorType", "Lambda.Unknown")
                if isinstance(returned, dict)
                else "Lambda.Unknown"
            )
            raise StateError(kind, text)
        version = called.get("ExecutedVersion", "$LATEST")
        return {"ExecutedVersion": version, "Payload": returned, "StatusCode": called["StatusCode"]}

    def _await_job(self, resource: Resource, job: Job, submitted: Mapping[str, Any], visit: Visit) -> Any:
        client = self._cloud.client(resource.client, self._caller)
        called, given = submitted["called"], submitted["given"]
        named = {job.name: called.get("ExecutionArn") or given.get(job.name)}
        if job.answered:
            named = {member: called[member[:1].upper() + member[1:]] for member in job.answered}
        while True:
            with _as_state_errors(resource.client):
                described = getattr(client, job.describe)(**named)
            status = (described[job.within] if job.within else described)[job.status]
            if status == job.good or status in job.bad:
                break
            try:
                self._pause(visit)
            except (HaltedError, StateError):
                # A job outlives neither its state's time nor a stop of its execution; it does a restart.
                if not self._tokens.closing:
                    with suppress(ClientError):
                        getattr(client, job.stop)(**named)
                raise
        operation = client.meta.method_to_api_mapping[job.describe]
        shape = client.meta.service_model.operation_model(operation).output_shape
        result = answer(described, shape)
        if job.within:
            result = result[job.within[:1].upper() + job.within[1:]]
        if status in job.bad:
            raise StateError(TASK_FAILED, json.dumps(result))
        if resource.parsed and isinstance(result.get("Output"), str):
            result["Output"] = json.loads(result["Output"])
        return result

    def _await_token(self, token: str, visit: Visit) -> Any:
        heartbeat = visit.state.get("HeartbeatSeconds")
        if "HeartbeatSecondsPath" in visit.state:
            heartbeat = value_at(visit.state["HeartbeatSecondsPath"], visit.scope)
        while (outcome := self._tokens.outcome(token)) is None:
            if heartbeat is not None and time.time() - self._tokens.last_sign(token) > float(heartbeat):
                self._tokens.expire(token)
                raise StateError("States.HeartbeatTimeout", "The task gave no sign in its HeartbeatSeconds")
            try:
                self._pause(visit)
            except StateError:
                self._tokens.expire(token)
                raise
        if "error" in outcome:
            raise StateError(outcome["error"] or TASK_FAILED, outcome["cause"])
        return json.loads(outcome["output"])

    def _pause(self, visit: Visit) -> None:
        if visit.deadline is not None and time.time() > visit.deadline:
            raise StateError(TIMEOUT, "The task took longer than its TimeoutSeconds")
        if visit.halt.wait(_LOOK_SECONDS):
            raise HaltedError

    def _in_time(self, call: Callable[[], Any], deadline: float | None) -> Any:
        """Calls, and gives up waiting at the deadline: what was called ends by itself."""
        if deadline is None:
            return call()
        pool = ThreadPoolExecutor(1, "task")
        try:
            return pool.submit(call).result(max(0.0, deadline - time.time()))
        except LateError as late:
            raise StateError(TIMEOUT, "The task took longer than its TimeoutSeconds") from late
        finally:
            pool.shutdown(wait=False)


class _as_state_errors:  # noqa: N801 - reads as the statement that it is
    """Has what a service refuses fail the state, by the service's name and its code."""

    def __init__(self, service: str) -> None:
        self._service = _SPOKEN.get(service, service.capitalize())

    def __enter__(self) -> None:
        return None

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, ClientError):
            code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
            name = code if code.endswith("Exception") or self._service == "SQS" else f"{code}Exception"
            raise StateError(f"{self._service}.{name}", f"{message} (Service: {self._service})") from error
        if isinstance(error, ParamValidationError):
            raise StateError(RUNTIME, str(error)) from error
        if isinstance(error, BotoCoreError):
            raise StateError(f"{self._service}{_UNANSWERED}", str(error)) from error


def _shown(resource: Resource) -> str:
    return f"{resource.action}.{resource.how}" if resource.how else resource.action
