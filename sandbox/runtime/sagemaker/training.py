"""Training jobs: the operations on them. How one runs is `training_run`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.runtime.overlay import Caller, Cloud, Params, ServiceError
from sandbox.runtime.sagemaker import listing
from sandbox.runtime.sagemaker.board import Board
from sandbox.runtime.sagemaker.container import Containers
from sandbox.runtime.sagemaker.process import Ending, Orders
from sandbox.runtime.sagemaker.records import Record, now
from sandbox.runtime.sagemaker.shelves import Shelves
from sandbox.runtime.sagemaker.surroundings import require_role
from sandbox.runtime.sagemaker.training_run import TrainingRun
from sandbox.runtime.sagemaker.transitions import move

Operation = Callable[[Params, Caller], Params]
_SHOWN = (
    "TrainingJobName",
    "CreationTime",
    "TrainingEndTime",
    "LastModifiedTime",
    "TrainingJobStatus",
    "SecondaryStatus",
)


class TrainingJobs:
    """Create, Describe, List, Stop and Delete for training jobs."""

    def __init__(self, cloud: Cloud, shelves: Shelves, board: Board, containers: Containers) -> None:
        self._cloud = cloud
        self._shelf = shelves.training_jobs
        self._tags = shelves.tags
        self._board = board
        self._containers = containers
        self.operations: Mapping[str, Operation] = {
            "CreateTrainingJob": self.create,
            "DescribeTrainingJob": self.describe,
            "ListTrainingJobs": self._list,
            "StopTrainingJob": self.stop,
            "DeleteTrainingJob": self._delete,
        }

    def create(
        self,
        params: Params,
        caller: Caller,
        more: Params | None = None,
        private: Params | None = None,
    ) -> Params:
        """Starts a job. `more` and `private` are what a tuning job adds to the job's record."""
        algorithm = params["AlgorithmSpecification"]
        if not algorithm.get("TrainingImage"):
            raise ServiceError(
                "ValidationException",
                "AlgorithmSpecification needs TrainingImage; the sandbox has no algorithms",
            )
        resources = params.get("ResourceConfig") or {}
        if resources.get("InstanceCount", 1) != 1 or resources.get("InstanceGroups"):
            raise ServiceError(
                "ValidationException",
                "The sandbox runs a training job on one instance; set ResourceConfig.InstanceCount to 1.",
            )
        _check_spot(params)
        require_role(self._cloud, params["RoleArn"], caller)
        fields: dict[str, Any] = {key: value for key, value in params.items() if key != "Tags"}
        created = now()
        fields |= {
            "TrainingJobStatus": "InProgress",
            "SecondaryStatus": "Starting",
            "SecondaryStatusTransitions": [
                {"Status": "Starting", "StartTime": created, "StatusMessage": "Starting the training job"}
            ],
            "ModelArtifacts": {"S3ModelArtifacts": _artifacts_uri(params)},
            "CreationTime": created,
            "LastModifiedTime": created,
            "EnableNetworkIsolation": params.get("EnableNetworkIsolation", False),
            "EnableManagedSpotTraining": params.get("EnableManagedSpotTraining", False),
            "EnableInterContainerTrafficEncryption": params.get(
                "EnableInterContainerTrafficEncryption", False
            ),
        }
        fields |= more or {}
        record = self._shelf.create(params["TrainingJobName"], caller, fields, private)
        self._tags.add(record.arn, params.get("Tags") or [])
        self._board.start(record.arn, lambda orders: self._run(record, orders))
        return {"TrainingJobArn": record.arn}

    def describe(self, params: Params, caller: Caller) -> Params:
        record = self._shelf.get(params["TrainingJobName"], caller)
        return {**record.fields, "TrainingJobArn": record.arn}

    def stop(self, params: Params, caller: Caller) -> Params:
        record = self._shelf.get(params["TrainingJobName"], caller)
        if record.fields["TrainingJobStatus"] not in {"InProgress", "Stopping"}:
            raise ServiceError(
                "ValidationException",
                f"The request was rejected because the training job is in status "
                f"{record.fields['TrainingJobStatus']}.",
            )
        record = move(self._shelf, record, "Stopping", {"TrainingJobStatus": "Stopping"})
        if not self._board.order(record.arn, Ending.STOPPED):
            move(self._shelf, record, "Stopped", {"TrainingJobStatus": "Stopped", "TrainingEndTime": now()})
        return {}

    def settle(self) -> None:
        """Fails the jobs that a kill of the sandbox cut off."""
        for record in self._shelf.all():
            if record.fields["TrainingJobStatus"] in {"InProgress", "Stopping"}:
                reason = (
                    "InternalServerError: the sandbox was stopped while the job was "
                    f"{record.fields['SecondaryStatus'].lower()}; start it again"
                )
                ended = {
                    "TrainingJobStatus": "Failed",
                    "FailureReason": reason,
                    "TrainingEndTime": now(),
                }
                move(self._shelf, record, "Failed", ended)

    def _run(self, record: Record, orders: Orders) -> None:
        TrainingRun(self._cloud, self._shelf, self._containers, record, orders).run()

    def _list(self, params: Params, caller: Caller) -> Params:
        records = listing.choose(self._shelf.all(caller), params, ("StatusEquals", "TrainingJobStatus"))
        items = [{**listing.summary(r, _SHOWN), "TrainingJobArn": r.arn} for r in records]
        return listing.page(items, params, "TrainingJobSummaries")

    def _delete(self, params: Params, caller: Caller) -> Params:
        record = self._shelf.get(params["TrainingJobName"], caller)
        if record.fields["TrainingJobStatus"] in {"InProgress", "Stopping"}:
            raise ServiceError("ResourceInUse", f"Training job {record.arn} is still running; stop it first.")
        self._shelf.delete(record.name, caller)
        self._tags.forget(record.arn)
        return {}


def _check_spot(params: Params) -> None:
    if not params.get("EnableManagedSpotTraining"):
        return
    stopping = params.get("StoppingCondition") or {}
    wait, run = stopping.get("MaxWaitTimeInSeconds"), stopping.get("MaxRuntimeInSeconds", 86400)
    if wait is None or wait < run:
        raise ServiceError(
            "ValidationException",
            "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to "
            f"MaxRuntimeInSeconds ({run}) when EnableManagedSpotTraining is true; it is {wait}.",
        )


def _artifacts_uri(params: Params) -> str:
    base = params["OutputDataConfig"]["S3OutputPath"].rstrip("/")
    return f"{base}/{params['TrainingJobName']}/output/model.tar.gz"
