"""Retraining: starts the training pipeline because of drift, unless one runs or has just run.

The event is EventBridge's "CloudWatch Alarm State Change". The pipeline's own list of executions is what the
decision is made of, so there is nothing else to keep, and what people start counts as well. What was done, or
why not, is told to the topic. Whatever fails raises: Lambda tries again, and keeps the event in its queue.
"""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3

_UNDER_WAY = frozenset({"Executing", "Stopping"})
_LOOKED_AT = 20
"""The newest executions: one of them is under way, or none is."""


@dataclass(frozen=True)
class Run:
    """One execution of the pipeline."""

    arn: str
    status: str
    started: datetime


def handle(event: dict[str, Any], context: object) -> dict[str, str]:
    """Starts an execution, or does not: `{"started": ARN}` or `{"refused": reason}`."""
    pipeline = os.environ["PIPELINE"]
    alarm, moment = str(event["detail"]["alarmName"]), str(event["time"])
    sagemaker = boto3.client("sagemaker")
    runs = _newest(sagemaker, pipeline)
    refusal = why_not(runs, datetime.now(UTC), timedelta(hours=float(os.environ["COOL_DOWN_HOURS"])))
    if refusal:
        _tell(f"No retraining of {pipeline}", f"The alarm {alarm} asks for a new model. {refusal}")
        return {"refused": refusal}
    started = str(
        sagemaker.start_pipeline_execution(
            PipelineName=pipeline,
            ClientRequestToken=token(pipeline, runs),
            PipelineExecutionDescription=f"Started by the alarm {alarm} at {moment}",
            # Nobody has looked at the raw data: nothing of an earlier run may be used again.
            PipelineParameters=[{"Name": "InputsFingerprint", "Value": f"drift-{moment}"}],
        )["PipelineExecutionArn"]
    )
    _tell(
        f"Retraining of {pipeline}",
        f"The alarm {alarm} has started the execution {started.rpartition('/')[2]}. "
        "What it registers waits for approval.",
    )
    return {"started": started}


def why_not(runs: Sequence[Run], now: datetime, cool_down: timedelta) -> str:
    """Why nothing may be started, in a sentence; empty where it may. `runs` are the newest, in any order."""
    for run in runs:
        if run.status in _UNDER_WAY:
            return f"Nothing was started: the execution {_name(run)} is under way."
    newest = max(runs, key=lambda run: run.started, default=None)
    if newest is None or now - newest.started >= cool_down:
        return ""
    until = (newest.started + cool_down).astimezone(UTC)
    return (
        f"Nothing was started: the execution {_name(newest)} began at {_written(newest.started)}, and the "
        f"cool-down lasts until {_written(until)}. To train before that: groundplan train."
    )


def token(pipeline: str, runs: Sequence[Run]) -> str:
    """The same for all who have seen the same newest execution: two alarms at once start one execution."""
    newest = max(runs, key=lambda run: run.started, default=None)
    return hashlib.sha256(f"{pipeline} after {newest.arn if newest else 'none'}".encode()).hexdigest()


def _newest(sagemaker: Any, pipeline: str) -> list[Run]:
    answer = sagemaker.list_pipeline_executions(
        PipelineName=pipeline, SortBy="CreationTime", SortOrder="Descending", MaxResults=_LOOKED_AT
    )
    return [
        Run(one["PipelineExecutionArn"], one["PipelineExecutionStatus"], one["StartTime"])
        for one in answer["PipelineExecutionSummaries"]
    ]


def _tell(subject: str, text: str) -> None:
    print(text)
    boto3.client("sns").publish(TopicArn=os.environ["TOPIC"], Subject=subject[:100], Message=text)


def _name(run: Run) -> str:
    return run.arn.rpartition("/")[2]


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
