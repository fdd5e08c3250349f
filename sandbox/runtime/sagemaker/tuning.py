"""Hyperparameter tuning jobs: the operations on them. How one runs is `tuning_run`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.runtime.overlay import Caller, Cloud, Params, ServiceError
from sandbox.runtime.sagemaker import listing
from sandbox.runtime.sagemaker.board import Board
from sandbox.runtime.sagemaker.process import Ending, Orders
from sandbox.runtime.sagemaker.records import Record, now
from sandbox.runtime.sagemaker.shelves import Shelves
from sandbox.runtime.sagemaker.strategies import RangesError, dimensions, grid
from sandbox.runtime.sagemaker.surroundings import require_role
from sandbox.runtime.sagemaker.training import TrainingJobs
from sandbox.runtime.sagemaker.tuning_run import TuningRun, summary

Operation = Callable[[Params, Caller], Params]
_STRATEGIES = ("Bayesian", "Random", "Grid")
_SHOWN = (
    "HyperParameterTuningJobName",
    "HyperParameterTuningJobStatus",
    "CreationTime",
    "HyperParameterTuningEndTime",
    "LastModifiedTime",
    "TrainingJobStatusCounters",
    "ObjectiveStatusCounters",
)


class TuningJobs:
    """Create, Describe, List, Stop and Delete for tuning jobs, and the listing of their trainings."""

    def __init__(self, cloud: Cloud, shelves: Shelves, board: Board, training: TrainingJobs) -> None:
        self._cloud = cloud
        self._shelf = shelves.tuning_jobs
        self._trainings = shelves.training_jobs
        self._tags = shelves.tags
        self._board = board
        self._training = training
        self.operations: Mapping[str, Operation] = {
            "CreateHyperParameterTuningJob": self.create,
            "DescribeHyperParameterTuningJob": self.describe,
            "ListHyperParameterTuningJobs": self._list,
            "ListTrainingJobsForHyperParameterTuningJob": self._list_trainings,
            "StopHyperParameterTuningJob": self.stop,
            "DeleteHyperParameterTuningJob": self._delete,
        }

    def create(self, params: Params, caller: Caller) -> Params:
        _check(params)
        require_role(self._cloud, params["TrainingJobDefinition"]["RoleArn"], caller)
        fields: dict[str, Any] = {key: value for key, value in params.items() if key != "Tags"}
        counters = ("Completed", "InProgress", "RetryableError", "NonRetryableError", "Stopped")
        fields |= {
            "HyperParameterTuningJobStatus": "InProgress",
            "CreationTime": now(),
            "LastModifiedTime": now(),
            "TrainingJobStatusCounters": dict.fromkeys(counters, 0),
            "ObjectiveStatusCounters": dict.fromkeys(("Succeeded", "Pending", "Failed"), 0),
        }
        record = self._shelf.create(params["HyperParameterTuningJobName"], caller, fields)
        self._tags.add(record.arn, params.get("Tags") or [])
        self._board.start(record.arn, lambda orders: self._new_run(record, orders).run())
        return {"HyperParameterTuningJobArn": record.arn}

    def describe(self, params: Params, caller: Caller) -> Params:
        record = self._shelf.get(params["HyperParameterTuningJobName"], caller)
        return {**record.fields, "HyperParameterTuningJobArn": record.arn}

    def stop(self, params: Params, caller: Caller) -> Params:
        record = self._shelf.get(params["HyperParameterTuningJobName"], caller)
        status = record.fields["HyperParameterTuningJobStatus"]
        if status not in {"InProgress", "Stopping"}:
            raise ServiceError(
                "ValidationException",
                f"The request was rejected because the tuning job is in status {status}.",
            )
        self._shelf.update(record, {"HyperParameterTuningJobStatus": "Stopping", "LastModifiedTime": now()})
        if not self._board.order(record.arn, Ending.STOPPED):
            self._shelf.update(record, {"HyperParameterTuningJobStatus": "Stopped"})
        return {}

    def settle(self) -> None:
        """Fails the tuning jobs that a kill of the sandbox cut off."""
        for record in self._shelf.all():
            if record.fields["HyperParameterTuningJobStatus"] in {"InProgress", "Stopping"}:
                reason = "InternalServerError: the sandbox was stopped while the job ran; start it again"
                ended = {"HyperParameterTuningEndTime": now(), "LastModifiedTime": now()}
                status = {"HyperParameterTuningJobStatus": "Failed", "FailureReason": reason}
                self._shelf.update(record, {**status, **ended})

    def _new_run(self, record: Record, orders: Orders) -> TuningRun:
        return TuningRun(self._cloud, self._shelf, self._trainings, self._training, record, orders)

    def _list(self, params: Params, caller: Caller) -> Params:
        status = ("StatusEquals", "HyperParameterTuningJobStatus")
        records = listing.choose(self._shelf.all(caller), params, status)
        items = []
        for one in records:
            config = one.fields["HyperParameterTuningJobConfig"]
            items.append(
                {
                    **listing.summary(one, _SHOWN),
                    "HyperParameterTuningJobArn": one.arn,
                    "Strategy": config["Strategy"],
                    "ResourceLimits": config["ResourceLimits"],
                }
            )
        return listing.page(items, params, "HyperParameterTuningJobSummaries")

    def _list_trainings(self, params: Params, caller: Caller) -> Params:
        record = self._shelf.get(params["HyperParameterTuningJobName"], caller)
        run = self._new_run(record, Orders())
        objective = record.fields["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"]
        jobs = run.jobs()
        if wanted := params.get("StatusEquals"):
            jobs = [job for job in jobs if job.fields["TrainingJobStatus"] == wanted]
        items = [summary(job, objective, run.objective_of(job)) for job in jobs]
        if params.get("SortBy") == "FinalObjectiveMetricValue":
            metric = "FinalHyperParameterTuningJobObjectiveMetric"
            items = [one for one in items if metric in one]
            items.sort(key=lambda one: one[metric]["Value"])
        if params.get("SortOrder", "Ascending") == "Descending":
            items.reverse()
        return listing.page(items, params, "TrainingJobSummaries")

    def _delete(self, params: Params, caller: Caller) -> Params:
        record = self._shelf.get(params["HyperParameterTuningJobName"], caller)
        if record.fields["HyperParameterTuningJobStatus"] in {"InProgress", "Stopping"}:
            raise ServiceError("ResourceInUse", f"Tuning job {record.arn} is still running; stop it first.")
        self._shelf.delete(record.name, caller)
        self._tags.forget(record.arn)
        return {}


def _check(params: Params) -> None:
    """Raises ServiceError for what the sandbox cannot search."""
    config = params["HyperParameterTuningJobConfig"]
    refused = ""
    if params.get("TrainingJobDefinitions") or not params.get("TrainingJobDefinition"):
        refused = "the sandbox tunes one TrainingJobDefinition, not TrainingJobDefinitions"
    elif params.get("WarmStartConfig"):
        refused = "the sandbox begins each tuning job anew: leave WarmStartConfig out"
    elif config["Strategy"] not in _STRATEGIES:
        refused = f"the sandbox searches by {', '.join(_STRATEGIES)}, not by {config['Strategy']}"
    elif not config.get("HyperParameterTuningJobObjective"):
        refused = "HyperParameterTuningJobConfig needs HyperParameterTuningJobObjective"
    elif config["Strategy"] != "Grid" and not config["ResourceLimits"].get("MaxNumberOfTrainingJobs"):
        refused = "ResourceLimits needs MaxNumberOfTrainingJobs"
    if refused:
        raise ServiceError("ValidationException", refused[0].upper() + refused[1:] + ".")
    algorithm = params["TrainingJobDefinition"]["AlgorithmSpecification"]
    metric = config["HyperParameterTuningJobObjective"]["MetricName"]
    known = [one["Name"] for one in algorithm.get("MetricDefinitions") or ()]
    if metric not in known:
        raise ServiceError(
            "ValidationException",
            f"The objective {metric!r} is none of the algorithm's metrics: {', '.join(known) or 'none'}.",
        )
    try:
        space = dimensions(config.get("ParameterRanges") or {})
        if config["Strategy"] == "Grid":
            grid(space)
    except RangesError as wrong:
        raise ServiceError("ValidationException", str(wrong)) from wrong
