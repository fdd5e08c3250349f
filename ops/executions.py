"""Executions of the training pipeline: which there are, how their steps stand, what their jobs logged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from ops.session import Session

RUNNING: Final = frozenset({"Executing", "Starting"})
FAILED: Final = frozenset({"Failed", "Stopped", "Stopping"})
_LOG_GROUPS: Final = {
    "TrainingJob": "/aws/sagemaker/TrainingJobs",
    "TuningJob": "/aws/sagemaker/TrainingJobs",
    "ProcessingJob": "/aws/sagemaker/ProcessingJobs",
}
"""Where SageMaker writes the logs of its jobs (its developer guide, Log groups and streams)."""


@dataclass(frozen=True)
class Execution:
    """One run of the pipeline."""

    arn: str
    status: str
    reason: str
    started: datetime | None = None

    @property
    def id(self) -> str:
        """The last part of its ARN."""
        return self.arn.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class Step:
    """How a step of an execution stands. `job` is its job's ARN, where it has one."""

    name: str
    status: str
    seconds: float
    reason: str
    job: str
    kind: str
    """`TrainingJob`, `ProcessingJob` or another of the service's step types."""
    cached: bool

    @property
    def job_name(self) -> str:
        return self.job.rsplit("/", 1)[-1]

    @property
    def log_prefix(self) -> str:
        """How the names of its log streams begin; a search's trainings are named after it."""
        return f"{self.job_name}{'-' if self.kind == 'TuningJob' else '/'}"

    @property
    def log_group(self) -> str | None:
        """The log group of its job."""
        return _LOG_GROUPS.get(self.kind)


def executions(session: Session, pipeline: str) -> Iterator[Execution]:
    """The pipeline's executions, newest first."""
    pages = (
        session.client("sagemaker")
        .get_paginator("list_pipeline_executions")
        .paginate(PipelineName=pipeline, SortBy="CreationTime", SortOrder="Descending")
    )
    for page in pages:
        for one in page["PipelineExecutionSummaries"]:
            yield Execution(
                arn=one["PipelineExecutionArn"],
                status=one["PipelineExecutionStatus"],
                reason=one.get("PipelineExecutionFailureReason", ""),
                started=one.get("StartTime"),
            )


def execution(session: Session, arn: str) -> Execution:
    """One execution as it stands."""
    one = session.client("sagemaker").describe_pipeline_execution(PipelineExecutionArn=arn)
    return Execution(
        arn, one["PipelineExecutionStatus"], one.get("FailureReason", ""), one.get("CreationTime")
    )


def parameters(session: Session, arn: str) -> Mapping[str, str]:
    """The parameters that an execution was started with."""
    answer = session.client("sagemaker").list_pipeline_parameters_for_execution(PipelineExecutionArn=arn)
    return {one["Name"]: one["Value"] for one in answer["PipelineParameters"]}


def steps(session: Session, arn: str) -> list[Step]:
    """The execution's steps in the order in which they began."""
    pages = (
        session.client("sagemaker")
        .get_paginator("list_pipeline_execution_steps")
        .paginate(PipelineExecutionArn=arn, SortOrder="Ascending")
    )
    return [_step(one) for page in pages for one in page["PipelineExecutionSteps"]]


def _step(one: Mapping[str, Any]) -> Step:
    kind, job = "", ""
    for name, value in (one.get("Metadata") or {}).items():
        kind, job = name, str(value.get("Arn", "")) if isinstance(value, Mapping) else ""
    begin, end = one.get("StartTime"), one.get("EndTime")
    if begin is not None and end is None:
        end = datetime.now(begin.tzinfo)
    return Step(
        name=one["StepName"],
        status=one.get("StepStatus", ""),
        seconds=(end - begin).total_seconds() if begin is not None and end is not None else 0.0,
        reason=one.get("FailureReason", ""),
        job=job,
        kind=kind,
        cached="CacheHitResult" in one,
    )


class JobLog:
    """A job's log in CloudWatch Logs, read on from where the last reading ended."""

    def __init__(self, session: Session, group: str, prefix: str) -> None:
        self._logs = session.client("logs")
        self._group = group
        self._prefix = prefix
        self._next: dict[str, str] = {}

    def read(self) -> list[str]:
        """Lines that came since the last reading; none where the job has not begun to log."""
        from botocore.exceptions import ClientError

        try:
            streams = self._logs.describe_log_streams(
                logGroupName=self._group, logStreamNamePrefix=self._prefix
            )["logStreams"]
            return [line for stream in streams for line in self._read(stream["logStreamName"])]
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            return []

    def _read(self, stream: str) -> Iterator[str]:
        while True:
            more = {"nextToken": self._next[stream]} if stream in self._next else {}
            answer = self._logs.get_log_events(
                logGroupName=self._group, logStreamName=stream, startFromHead=True, **more
            )
            for event in answer["events"]:
                yield event["message"].rstrip("\n")
            token = answer["nextForwardToken"]
            ended = token == self._next.get(stream) or not answer["events"]
            self._next[stream] = token
            if ended:
                return
