"""Pipelines and their executions: the operations on them. How an execution goes is `execution`."""

from __future__ import annotations

import secrets
import string
import threading
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from sandbox.runtime.overlay import Caller, Cloud, Params, ServiceError
from sandbox.runtime.sagemaker import listing
from sandbox.runtime.sagemaker.board import Board
from sandbox.runtime.sagemaker.definition import bind, parse
from sandbox.runtime.sagemaker.execution import ExecutionRun, execution_name
from sandbox.runtime.sagemaker.process import Ending, Orders
from sandbox.runtime.sagemaker.records import Record, now
from sandbox.runtime.sagemaker.shelves import Shelves
from sandbox.runtime.sagemaker.steps import StepRunner
from sandbox.runtime.sagemaker.surroundings import require_role

Operation = Callable[[Params, Caller], Params]
_ID = string.ascii_lowercase + string.digits
_SHOWN = (
    "PipelineName",
    "PipelineDisplayName",
    "PipelineDescription",
    "RoleArn",
    "CreationTime",
    "LastModifiedTime",
    "LastRunTime",
)
_RUN_SHOWN = (
    "PipelineExecutionArn",
    "PipelineExecutionStatus",
    "PipelineExecutionDescription",
    "PipelineExecutionDisplayName",
)


class Pipelines:
    """Create, Update, Describe, List, Delete, and everything about executions."""

    def __init__(self, cloud: Cloud, shelves: Shelves, board: Board, runner: StepRunner) -> None:
        self._cloud = cloud
        self._shelf = shelves.pipelines
        self._executions = shelves.executions
        self._tags = shelves.tags
        self._board = board
        self._runner = runner
        self._lock = threading.Lock()
        self.operations: Mapping[str, Operation] = {
            "CreatePipeline": self._create,
            "UpdatePipeline": self._update,
            "DescribePipeline": self._describe,
            "ListPipelines": self._list,
            "DeletePipeline": self._delete,
            "StartPipelineExecution": self._start,
            "StopPipelineExecution": self._stop,
            "DescribePipelineExecution": self._describe_execution,
            "UpdatePipelineExecution": self._update_execution,
            "ListPipelineExecutions": self._list_executions,
            "ListPipelineExecutionSteps": self._list_steps,
            "ListPipelineParametersForExecution": self._list_parameters,
            "DescribePipelineDefinitionForExecution": self._describe_definition,
        }

    def settle(self) -> None:
        """Fails the executions that a kill of the sandbox cut off."""
        for record in self._executions.all():
            if record.fields["PipelineExecutionStatus"] not in {"Executing", "Stopping"}:
                continue
            reason = "the sandbox was stopped while the execution ran; start it again"
            steps = {}
            for name, step in record.private["steps"].items():
                cut = step["StepStatus"] in {"Starting", "Executing", "Stopping"}
                ended = {"StepStatus": "Failed", "FailureReason": reason, "EndTime": now()}
                steps[name] = {**step, **ended} if cut else step
            fields = {
                "PipelineExecutionStatus": "Failed",
                "FailureReason": reason,
                "LastModifiedTime": now(),
            }
            self._executions.update(record, fields, {"steps": steps})

    def _create(self, params: Params, caller: Caller) -> Params:
        definition = self._definition(params, caller)
        parse(definition)
        require_role(self._cloud, params["RoleArn"], caller)
        ignored = {"Tags", "ClientRequestToken", "PipelineDefinitionS3Location"}
        fields: dict[str, Any] = {key: value for key, value in params.items() if key not in ignored}
        fields |= {
            "PipelineDefinition": definition,
            "PipelineDisplayName": params.get("PipelineDisplayName", params["PipelineName"]),
            "PipelineStatus": "Active",
            "CreationTime": now(),
            "LastModifiedTime": now(),
            "CreatedBy": {},
            "LastModifiedBy": {},
        }
        with self._lock:
            found = self._shelf.find(params["PipelineName"], caller)
            if found is not None and found.private.get("token") == params["ClientRequestToken"]:
                return {"PipelineArn": found.arn}
            private = {"token": params["ClientRequestToken"]}
            record = self._shelf.create(params["PipelineName"], caller, fields, private)
        self._tags.add(record.arn, params.get("Tags") or [])
        return {"PipelineArn": record.arn}

    def _update(self, params: Params, caller: Caller) -> Params:
        record = self._find(params["PipelineName"], caller)
        ignored = {"PipelineName", "PipelineDefinitionS3Location"}
        changes = {key: value for key, value in params.items() if key not in ignored}
        if "PipelineDefinition" in params or "PipelineDefinitionS3Location" in params:
            changes["PipelineDefinition"] = self._definition(params, caller)
            parse(changes["PipelineDefinition"])
        if "RoleArn" in params:
            require_role(self._cloud, params["RoleArn"], caller)
        self._shelf.update(record, {**changes, "LastModifiedTime": now()})
        return {"PipelineArn": record.arn}

    def _definition(self, params: Params, caller: Caller) -> str:
        if text := params.get("PipelineDefinition"):
            return str(text)
        place = params.get("PipelineDefinitionS3Location")
        if not place:
            raise ServiceError(
                "ValidationException", "Give one of PipelineDefinition and PipelineDefinitionS3Location"
            )
        try:
            answer = self._cloud.client("s3", caller).get_object(
                Bucket=place["Bucket"], Key=place["ObjectKey"]
            )
        except ClientError as error:
            raise ServiceError("ValidationException", error.response["Error"]["Message"]) from error
        body: bytes = answer["Body"].read()
        return body.decode("utf-8")

    def _find(self, name_or_arn: str, caller: Caller) -> Record:
        return self._shelf.get(name_or_arn.rpartition("pipeline/")[2], caller)

    def _describe(self, params: Params, caller: Caller) -> Params:
        record = self._find(params["PipelineName"], caller)
        return {**record.fields, "PipelineArn": record.arn}

    def _list(self, params: Params, caller: Caller) -> Params:
        records = listing.choose(self._shelf.all(caller), params)
        items = [{**listing.summary(r, _SHOWN), "PipelineArn": r.arn} for r in records]
        return listing.page(items, params, "PipelineSummaries")

    def _delete(self, params: Params, caller: Caller) -> Params:
        record = self._find(params["PipelineName"], caller)
        runs = self._runs(record)
        if any(run.fields["PipelineExecutionStatus"] in {"Executing", "Stopping"} for run in runs):
            raise ServiceError(
                "ConflictException", f"Pipeline {record.arn} has running executions; stop them."
            )
        for run in runs:
            self._executions.delete(run.name, run.caller)
        self._shelf.delete(record.name, caller)
        self._tags.forget(record.arn)
        return {"PipelineArn": record.arn}

    def _start(self, params: Params, caller: Caller) -> Params:
        record = self._find(params["PipelineName"], caller)
        values = bind(parse(record.fields["PipelineDefinition"]), params.get("PipelineParameters") or [])
        token = params["ClientRequestToken"]
        with self._lock:
            for run in self._runs(record):
                if run.private["token"] == token:
                    return {"PipelineExecutionArn": run.fields["PipelineExecutionArn"]}
            run = self._new_execution(record, params, values)
        self._shelf.update(record, {"LastRunTime": run.fields["CreationTime"]})
        self._board.start(run.arn, lambda orders: self._run(run, orders))
        return {"PipelineExecutionArn": run.fields["PipelineExecutionArn"]}

    def _new_execution(self, record: Record, params: Params, values: dict[str, Any]) -> Record:
        identity = "".join(secrets.choice(_ID) for _ in range(12))
        created = now()
        fields: dict[str, Any] = {
            "PipelineArn": record.arn,
            "PipelineExecutionArn": f"{record.arn}/execution/{identity}",
            "PipelineExecutionDisplayName": params.get(
                "PipelineExecutionDisplayName", f"execution-{round(created.timestamp() * 1000)}"
            ),
            "PipelineExecutionStatus": "Executing",
            "CreationTime": created,
            "LastModifiedTime": created,
            "CreatedBy": {},
            "LastModifiedBy": {},
        }
        for member in ("PipelineExecutionDescription", "ParallelismConfiguration"):
            value = params.get(member) or record.fields.get(member)
            if value:
                fields[member] = value
        private = {
            "id": identity,
            "pipeline": record.name,
            "role": params.get("RoleArn") or record.fields["RoleArn"],
            "definition": record.fields["PipelineDefinition"],
            "parameters": values,
            "token": params["ClientRequestToken"],
            "steps": {},
        }
        return self._executions.create(f"{record.name}/{identity}", record.caller, fields, private)

    def _run(self, run: Record, orders: Orders) -> None:
        ExecutionRun(self._cloud, self._executions, self._runner, run, orders).run()

    def _runs(self, pipeline: Record) -> list[Record]:
        records = self._executions.all(pipeline.caller)
        return [r for r in records if r.private["pipeline"] == pipeline.name]

    def _execution(self, params: Params, caller: Caller) -> Record:
        return self._executions.get(execution_name(params["PipelineExecutionArn"]), caller)

    def _stop(self, params: Params, caller: Caller) -> Params:
        run = self._execution(params, caller)
        arn = run.fields["PipelineExecutionArn"]
        status = run.fields["PipelineExecutionStatus"]
        if status not in {"Executing", "Stopping"}:
            raise ServiceError(
                "ConflictException", f"Pipeline execution with ARN {arn} cannot be stopped: it is {status}."
            )
        self._executions.update(run, {"PipelineExecutionStatus": "Stopping", "LastModifiedTime": now()})
        if not self._board.order(run.arn, Ending.STOPPED):
            self._executions.update(run, {"PipelineExecutionStatus": "Stopped", "LastModifiedTime": now()})
        return {"PipelineExecutionArn": arn}

    def _describe_execution(self, params: Params, caller: Caller) -> Params:
        return self._execution(params, caller).fields

    def _update_execution(self, params: Params, caller: Caller) -> Params:
        run = self._execution(params, caller)
        members = ("PipelineExecutionDescription", "PipelineExecutionDisplayName", "ParallelismConfiguration")
        self._executions.update(run, {name: params[name] for name in members if name in params})
        return {"PipelineExecutionArn": run.fields["PipelineExecutionArn"]}

    def _list_executions(self, params: Params, caller: Caller) -> Params:
        runs = listing.choose(self._runs(self._find(params["PipelineName"], caller)), params)
        items = [{**listing.summary(r, _RUN_SHOWN), "StartTime": r.fields["CreationTime"]} for r in runs]
        return listing.page(items, params, "PipelineExecutionSummaries")

    def _list_steps(self, params: Params, caller: Caller) -> Params:
        steps = list(self._execution(params, caller).private["steps"].values())
        shown = [{key: value for key, value in s.items() if key != "StepType"} for s in steps]
        shown.sort(
            key=lambda s: s["StartTime"], reverse=params.get("SortOrder", "Descending") == "Descending"
        )
        return listing.page(shown, params, "PipelineExecutionSteps")

    def _list_parameters(self, params: Params, caller: Caller) -> Params:
        values = self._execution(params, caller).private["parameters"]
        items = [{"Name": name, "Value": _shown(value)} for name, value in values.items()]
        return listing.page(items, params, "PipelineParameters")

    def _describe_definition(self, params: Params, caller: Caller) -> Params:
        run = self._execution(params, caller)
        return {
            "PipelineDefinition": run.private["definition"],
            "CreationTime": run.fields["CreationTime"],
        }


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
