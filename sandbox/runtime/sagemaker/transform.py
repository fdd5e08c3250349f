"""Batch transform jobs: the operations on them. How one runs is `transform_run`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.runtime.overlay import Caller, Cloud, Params, ServiceError
from sandbox.runtime.sagemaker import listing
from sandbox.runtime.sagemaker.board import Board
from sandbox.runtime.sagemaker.container import Containers
from sandbox.runtime.sagemaker.plans import Planner, container_document
from sandbox.runtime.sagemaker.process import Ending, Orders
from sandbox.runtime.sagemaker.records import Record, now
from sandbox.runtime.sagemaker.shelves import Shelves
from sandbox.runtime.sagemaker.transform_run import TransformRun

Operation = Callable[[Params, Caller], Params]
_SHOWN = (
    "TransformJobName",
    "CreationTime",
    "TransformEndTime",
    "LastModifiedTime",
    "TransformJobStatus",
    "FailureReason",
)


class TransformJobs:
    """Create, Describe, List and Stop for transform jobs."""

    def __init__(
        self, cloud: Cloud, shelves: Shelves, board: Board, containers: Containers, planner: Planner
    ) -> None:
        self._cloud = cloud
        self._shelf = shelves.transform_jobs
        self._tags = shelves.tags
        self._board = board
        self._containers = containers
        self._planner = planner
        self.operations: Mapping[str, Operation] = {
            "CreateTransformJob": self.create,
            "DescribeTransformJob": self.describe,
            "ListTransformJobs": self._list,
            "StopTransformJob": self.stop,
        }

    def create(self, params: Params, caller: Caller) -> Params:
        _check(params)
        container, _ = self._planner.container(params["ModelName"], caller)
        fields: dict[str, Any] = {key: value for key, value in params.items() if key != "Tags"}
        fields |= {"TransformJobStatus": "InProgress", "CreationTime": now(), "LastModifiedTime": now()}
        private = {"container": container_document(container)}
        record = self._shelf.create(params["TransformJobName"], caller, fields, private)
        self._tags.add(record.arn, params.get("Tags") or [])
        self._board.start(record.arn, lambda orders: self._run(record, orders))
        return {"TransformJobArn": record.arn}

    def describe(self, params: Params, caller: Caller) -> Params:
        record = self._shelf.get(params["TransformJobName"], caller)
        return {**record.fields, "TransformJobArn": record.arn}

    def stop(self, params: Params, caller: Caller) -> Params:
        record = self._shelf.get(params["TransformJobName"], caller)
        status = record.fields["TransformJobStatus"]
        if status not in {"InProgress", "Stopping"}:
            raise ServiceError(
                "ValidationException", f"The request was rejected: the transform job is in status {status}."
            )
        self._shelf.update(record, {"TransformJobStatus": "Stopping", "LastModifiedTime": now()})
        if not self._board.order(record.arn, Ending.STOPPED):
            self._end(record, {"TransformJobStatus": "Stopped"})
        return {}

    def settle(self) -> None:
        """Fails the jobs that a kill of the sandbox cut off."""
        for record in self._shelf.all():
            if record.fields["TransformJobStatus"] in {"InProgress", "Stopping"}:
                reason = "InternalServerError: the sandbox was stopped while the job ran; start it again"
                self._end(record, {"TransformJobStatus": "Failed", "FailureReason": reason})

    def _run(self, record: Record, orders: Orders) -> None:
        fields = TransformRun(self._cloud, self._shelf, self._containers, record, orders).run()
        if orders.ending is not Ending.ABANDONED:
            self._end(record, fields)

    def _end(self, record: Record, fields: Mapping[str, Any]) -> None:
        self._shelf.update(record, {**fields, "TransformEndTime": now(), "LastModifiedTime": now()})

    def _list(self, params: Params, caller: Caller) -> Params:
        records = listing.choose(self._shelf.all(caller), params, ("StatusEquals", "TransformJobStatus"))
        items = [{**listing.summary(r, _SHOWN), "TransformJobArn": r.arn} for r in records]
        return listing.page(items, params, "TransformJobSummaries")


def _check(params: Params) -> None:
    """Raises ServiceError for what the sandbox cannot transform."""
    source, refused = params["TransformInput"], ""
    processing = params.get("DataProcessing") or {}
    filters = [processing.get(name, "$") for name in ("InputFilter", "OutputFilter")]
    if source["DataSource"]["S3DataSource"]["S3DataType"] != "S3Prefix":
        refused = "S3DataType S3Prefix, not a manifest"
    elif source.get("SplitType", "None") not in {"None", "Line"}:
        refused = f"SplitType None and Line, not {source['SplitType']}"
    elif params["TransformResources"]["InstanceCount"] != 1:
        refused = "a transform job on one instance; set TransformResources.InstanceCount to 1"
    elif filters != ["$", "$"] or processing.get("JoinSource", "None") != "None":
        refused = "whole records: leave DataProcessing out"
    elif params.get("BatchStrategy") == "SingleRecord" and source.get("SplitType", "None") == "None":
        refused = "BatchStrategy SingleRecord only with SplitType Line"
    if refused:
        raise ServiceError("ValidationException", f"The sandbox transforms {refused}.")
