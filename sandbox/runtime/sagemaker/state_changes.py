"""Which events does SageMaker put on the default bus, and what do they say?

Source of kinds and members: SageMaker guide, "Events that Amazon SageMaker AI sends to Amazon EventBridge".
As on AWS, an event follows a change and may be lost with the machine at that very moment.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from sandbox.runtime.overlay import Cloud, ServiceError
from sandbox.runtime.sagemaker.records import Record, Tags
from sandbox.runtime.sagemaker.shelves import Shelves

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Event:
    kind: str
    resources: Sequence[str]
    detail: Mapping[str, Any]


Told = Callable[["Record | None", "Record | None"], Iterator[_Event]]


class StateChanges:
    """Watches the shelves, and tells the bus of each change that AWS tells of."""

    def __init__(self, cloud: Cloud, tags: Tags) -> None:
        self._cloud = cloud
        self._tags = tags

    def watch(self, shelves: Shelves) -> None:
        """Begins to watch. To be called once."""
        jobs = (
            (shelves.training_jobs, "Training Job", "TrainingJob", ("TrainingJobStatus", "SecondaryStatus")),
            (shelves.processing_jobs, "Processing Job", "ProcessingJob", ("ProcessingJobStatus",)),
            (shelves.transform_jobs, "Transform Job", "TransformJob", ("TransformJobStatus",)),
            (
                shelves.tuning_jobs,
                "HyperParameter Tuning Job",
                "HyperParameterTuningJob",
                ("HyperParameterTuningJobStatus",),
            ),
        )
        for shelf, words, member, statuses in jobs:
            shelf.watch(partial(self._changed, partial(self._job, words, member, statuses)))
        shelves.endpoints.watch(partial(self._changed, self._endpoint))
        shelves.packages.watch(partial(self._changed, self._package))
        shelves.models.watch(partial(self._changed, self._model))
        shelves.executions.watch(partial(self._changed, _execution))

    def _changed(self, told: Told, before: Record | None, after: Record | None) -> None:
        record = after or before
        if record is None:
            return
        for event in told(before, after):
            try:
                self._cloud.emit(
                    "aws.sagemaker", f"SageMaker {event.kind}", event.detail, record.caller, event.resources
                )
            except ServiceError as error:
                _log.warning("the event of %s is lost: %s", record.arn, error)

    def _job(
        self,
        words: str,
        member: str,
        statuses: Sequence[str],
        before: Record | None,
        after: Record | None,
    ) -> Iterator[_Event]:
        if after is not None and _differs(before, after, statuses):
            yield self._whole(f"{words} State Change", member, after, after.fields)

    def _endpoint(self, before: Record | None, after: Record | None) -> Iterator[_Event]:
        if after is not None and _differs(before, after, ("EndpointStatus", "EndpointConfigName")):
            # The service writes the status of this event in capitals.
            status = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", after.fields["EndpointStatus"]).upper()
            shown = {**after.fields, "EndpointStatus": status}
            yield self._whole("Endpoint State Change", "Endpoint", after, shown)

    def _package(self, before: Record | None, after: Record | None) -> Iterator[_Event]:
        if after is None:
            return
        updated = sorted(
            name
            for name, value in after.fields.items()
            if before is not None and name != "LastModifiedTime" and before.fields.get(name) != value
        )
        if before is None or updated:
            shown = {**after.fields, "UpdatedModelPackageFields": updated}
            yield self._whole("Model Package State Change", "ModelPackage", after, shown)

    def _model(self, before: Record | None, after: Record | None) -> Iterator[_Event]:
        record = after if before is None else before if after is None else None
        if record is not None:
            yield self._whole("Model State Change", "Model", record, record.fields)

    def _whole(self, kind: str, member: str, record: Record, fields: Mapping[str, Any]) -> _Event:
        tags = {tag["Key"]: tag["Value"] for tag in self._tags.of(record.arn)}
        detail = {**fields, f"{member}Arn": record.arn, "Tags": tags}
        return _Event(kind, [record.arn], json.loads(json.dumps(detail, default=_milliseconds)))


def _differs(before: Record | None, after: Record, members: Sequence[str]) -> bool:
    return before is None or any(before.fields.get(name) != after.fields.get(name) for name in members)


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _execution(before: Record | None, after: Record | None) -> Iterator[_Event]:
    if after is None:
        return
    arns = {
        "pipelineArn": after.fields["PipelineArn"],
        "pipelineExecutionArn": after.fields["PipelineExecutionArn"],
    }
    earlier = before.private["steps"] if before is not None else {}
    for name, step in after.private["steps"].items():
        was = earlier.get(name, {}).get("StepStatus")
        if step["StepStatus"] != was:
            yield _Event(
                "Model Building Pipeline Execution Step Status Change",
                list(arns.values()),
                {**_step(step, was or "Starting"), **arns},
            )
    if _differs(before, after, ("PipelineExecutionStatus",)):
        yield _Event(
            "Model Building Pipeline Execution Status Change",
            list(arns.values()),
            {**_run(before, after), **arns},
        )


def _run(before: Record | None, after: Record) -> dict[str, Any]:
    status = after.fields["PipelineExecutionStatus"]
    detail = {
        "pipelineExecutionDisplayName": after.fields["PipelineExecutionDisplayName"],
        "currentPipelineExecutionStatus": status,
        "executionStartTime": _written(after.fields["CreationTime"]),
    }
    if before is not None:
        detail["previousPipelineExecutionStatus"] = before.fields["PipelineExecutionStatus"]
    if status in {"Succeeded", "Failed", "Stopped"}:
        detail["executionEndTime"] = _written(after.fields["LastModifiedTime"])
    if description := after.fields.get("PipelineExecutionDescription"):
        detail["pipelineExecutionDescription"] = description
    return detail


def _step(step: Mapping[str, Any], was: str) -> dict[str, Any]:
    detail = {
        "stepName": step["StepName"],
        "stepType": step["StepType"],
        "previousStepStatus": was,
        "currentStepStatus": step["StepStatus"],
        "metadata": _small(step.get("Metadata") or {}),
        "stepStartTime": _written(step["StartTime"]),
    }
    if end := step.get("EndTime"):
        detail["stepEndTime"] = _written(end)
    if reason := step.get("FailureReason"):
        detail["failureReason"] = reason
    if hit := step.get("CacheHitResult"):
        detail["cacheHitResult"] = _small(hit)
    return detail


def _small(value: Any) -> Any:
    """Members of the API as the events of pipelines write them: with a small first letter."""
    if isinstance(value, Mapping):
        return {name[:1].lower() + name[1:]: _small(one) for name, one in value.items()}
    return [_small(one) for one in value] if isinstance(value, list) else value


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
