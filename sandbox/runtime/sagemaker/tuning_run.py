"""How does a tuning job run? Trainings side by side, each chosen by what the others came to."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from sandbox.runtime.overlay import Cloud, Params, ServiceError
from sandbox.runtime.sagemaker.process import Ending, Orders
from sandbox.runtime.sagemaker.records import Record, Shelf, now
from sandbox.runtime.sagemaker.strategies import Trial, dimensions, grid, lags, suggestion
from sandbox.runtime.sagemaker.training import TrainingJobs

_LOOK_SECONDS = 0.2
_FINAL = frozenset({"Completed", "Failed", "Stopped"})
_COUNTERS = {
    "Completed": "Completed",
    "InProgress": "InProgress",
    "Stopping": "InProgress",
    "Stopped": "Stopped",
}
_MANY_FAILURES = 3
"""A tuning job none of whose first trainings succeeds has failed."""
_log = logging.getLogger(__name__)


class TuningRun:
    """One tuning job, from its first training to its end."""

    def __init__(
        self,
        cloud: Cloud,
        shelf: Shelf,
        trainings: Shelf,
        training: TrainingJobs,
        record: Record,
        orders: Orders,
    ) -> None:
        self._cloud = cloud
        self._shelf = shelf
        self._trainings = trainings
        self._training = training
        self._record = record
        self._orders = orders
        self._config = record.fields["HyperParameterTuningJobConfig"]
        self._objective = self._config["HyperParameterTuningJobObjective"]
        self._sign = -1.0 if self._objective["Type"] == "Minimize" else 1.0
        self._space = dimensions(self._config["ParameterRanges"])
        self._seed = int(self._config.get("RandomSeed") or abs(hash_of(record.name)))
        self._stopped: set[str] = set()

    def run(self) -> None:
        limits = self._config["ResourceLimits"]
        most = limits.get("MaxNumberOfTrainingJobs")
        if self._config["Strategy"] == "Grid":
            most = len(grid(self._space))
        until = time.monotonic() + limits.get("MaxRuntimeInSeconds", 30 * 86400)
        enough = False
        while self._orders.ending is None:
            jobs = self.jobs()
            running = [job for job in jobs if job.fields["TrainingJobStatus"] not in _FINAL]
            enough = enough or self._reached(jobs) or time.monotonic() > until
            done = enough or len(jobs) >= most or self._hopeless(jobs)
            self._show(jobs)
            if done and not running:
                break
            if enough:
                self._stop(running)
            self._stop_early(jobs, running)
            while not done and len(running) < limits["MaxParallelTrainingJobs"] and len(jobs) < most:
                fresh = self._launch(len(jobs))
                jobs, running = [*jobs, fresh], [*running, fresh]
            self._orders.wait(_LOOK_SECONDS)
        if self._orders.ending is Ending.ABANDONED:
            return
        self._finish()

    def jobs(self) -> list[Record]:
        """Its trainings, oldest first."""
        every = self._trainings.all(self._record.caller)
        return [one for one in every if one.private.get("tuning") == self._record.arn]

    def objective_of(self, job: Record) -> float | None:
        """The last value of the objective that a training has shown."""
        for metric in job.fields.get("FinalMetricDataList") or ():
            if metric["MetricName"] == self._objective["MetricName"]:
                return float(metric["Value"])
        return None

    def _launch(self, number: int) -> Record:
        trials = [
            Trial(job.fields["TunedHyperParameters"], self._sign * value)
            for job in self.jobs()
            if job.fields["TrainingJobStatus"] == "Completed"
            and (value := self.objective_of(job)) is not None
        ]
        tuned = suggestion(self._config["Strategy"], self._space, trials, number, self._seed)
        given = dict(self._record.fields["TrainingJobDefinition"])
        static = given.pop("StaticHyperParameters", None) or {}
        for member in ("DefinitionName", "TuningObjective", "HyperParameterRanges"):
            given.pop(member, None)
        name = f"{self._record.name[:50]}-{number + 1:03d}-{secrets.token_hex(4)}"
        params: Params = {**given, "TrainingJobName": name, "HyperParameters": {**static, **tuned}}
        more = {"TunedHyperParameters": tuned, "TuningJobArn": self._record.arn}
        self._training.create(params, self._record.caller, more, {"tuning": self._record.arn})
        return self._trainings.get(name, self._record.caller)

    def _reached(self, jobs: list[Record]) -> bool:
        target = (self._config.get("TuningJobCompletionCriteria") or {}).get("TargetObjectiveMetricValue")
        values = [value for job in jobs if (value := self.objective_of(job)) is not None]
        return target is not None and any(self._sign * value >= self._sign * target for value in values)

    def _hopeless(self, jobs: list[Record]) -> bool:
        ended = [job.fields["TrainingJobStatus"] for job in jobs if job.fields["TrainingJobStatus"] in _FINAL]
        return len(ended) >= _MANY_FAILURES and set(ended) == {"Failed"}

    def _stop_early(self, jobs: list[Record], running: list[Record]) -> None:
        if self._config.get("TrainingJobEarlyStoppingType", "Off") != "Auto":
            return
        completed = [self._progress(one) for one in jobs if one.fields["TrainingJobStatus"] == "Completed"]
        self._stop([job for job in running if lags(self._progress(job), completed)])

    def _progress(self, job: Record) -> list[float]:
        seen = (job.private.get("progress") or {}).get(self._objective["MetricName"], [])
        return [self._sign * value for value in seen]

    def _stop(self, jobs: list[Record]) -> None:
        for job in jobs:
            if job.name not in self._stopped:
                self._stopped.add(job.name)
                # It may have ended by itself at this moment.
                with suppress(ServiceError):
                    self._training.stop({"TrainingJobName": job.name}, job.caller)

    def _finish(self) -> None:
        stopped = self._orders.ending is Ending.STOPPED
        if stopped:
            self._stop([job for job in self.jobs() if job.fields["TrainingJobStatus"] not in _FINAL])
            while self._orders.ending is Ending.STOPPED and any(
                job.fields["TrainingJobStatus"] not in _FINAL for job in self.jobs()
            ):
                time.sleep(_LOOK_SECONDS)
        jobs = self.jobs()
        fields: dict[str, Any] = {"HyperParameterTuningEndTime": now()}
        best = any(job.fields["TrainingJobStatus"] == "Completed" for job in jobs)
        fields["HyperParameterTuningJobStatus"] = "Stopped" if stopped else "Completed" if best else "Failed"
        if not best and not stopped:
            reasons = [job.fields.get("FailureReason", "") for job in jobs]
            fields["FailureReason"] = f"No training job succeeded: {reasons[-1] if reasons else 'none ran'}"[
                :1024
            ]
        self._show(jobs, fields)

    def _show(self, jobs: list[Record], fields: Mapping[str, Any] | None = None) -> None:
        counters = dict.fromkeys(
            ("Completed", "InProgress", "RetryableError", "NonRetryableError", "Stopped"), 0
        )
        objectives = dict.fromkeys(("Succeeded", "Pending", "Failed"), 0)
        for job in jobs:
            status = job.fields["TrainingJobStatus"]
            counters[_COUNTERS.get(status, "NonRetryableError")] += 1
            known = self.objective_of(job) is not None
            objectives["Pending" if status not in _FINAL else "Succeeded" if known else "Failed"] += 1
        shown: dict[str, Any] = {
            "TrainingJobStatusCounters": counters,
            "ObjectiveStatusCounters": objectives,
            **(fields or {}),
        }
        scored = [
            (self._sign * value, job)
            for job in jobs
            if job.fields["TrainingJobStatus"] in _FINAL and (value := self.objective_of(job)) is not None
        ]
        if scored:
            best = max(scored, key=lambda pair: pair[0])[1]
            shown["BestTrainingJob"] = summary(best, self._objective, self.objective_of(best))
        current = self._shelf.find(self._record.name, self._record.caller)
        if current is not None and any(current.fields.get(key) != value for key, value in shown.items()):
            self._shelf.update(self._record, {**shown, "LastModifiedTime": now()})


def summary(job: Record, objective: Mapping[str, str], value: float | None) -> Params:
    """A training as the operations on its tuning job show it."""
    shown: Params = {
        "TrainingJobName": job.name,
        "TrainingJobArn": job.arn,
        "TrainingJobStatus": job.fields["TrainingJobStatus"],
        "TunedHyperParameters": job.fields["TunedHyperParameters"],
        "CreationTime": job.fields["CreationTime"],
    }
    for member in ("TrainingStartTime", "TrainingEndTime", "FailureReason"):
        if member in job.fields:
            shown[member] = job.fields[member]
    ended = job.fields["TrainingJobStatus"] in _FINAL
    shown["ObjectiveStatus"] = "Succeeded" if value is not None else "Failed" if ended else "Pending"
    if value is not None:
        shown["FinalHyperParameterTuningJobObjectiveMetric"] = {**objective, "Value": value}
    return shown


def hash_of(name: str) -> int:
    """The same for the same name, in every process."""
    return sum((place + 1) * ord(letter) for place, letter in enumerate(name))
