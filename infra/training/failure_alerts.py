"""Failure alerts: a training that fails, and any job of SageMaker beside it, is told to the team."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from infra.foundation.alarm import Severity, Topics
from infra.foundation.foundation import Foundation
from infra.notifications.event_alert import EventAlert, EventAlertArgs

_OF_PIPELINES = "pipelines-"
_OF_MONITORS = "model-monitoring-"
"""What SageMaker begins the names of the jobs with that pipelines and monitoring schedules start."""


@dataclass(frozen=True, kw_only=True)
class FailureAlertsArgs:
    """What the rest of the platform hands to the alerts. `undelivered_arn` admits `events.amazonaws.com`."""

    foundation: Foundation
    topics: Topics
    pipeline_name: str
    undelivered_arn: pulumi.Input[str]


@dataclass(frozen=True)
class Failure:
    """One kind of failure: what ends its rule's name, whom it is told, in which words, by which pattern."""

    purpose: str
    severity: Severity
    says: str
    pattern: Mapping[str, Any]


class FailureAlerts(pulumi.ComponentResource):
    """Events to the topics, by EventBridge. A job or an execution that somebody stopped is no failure."""

    rule_names: Sequence[pulumi.Output[str]]

    def __init__(
        self, name: str, args: FailureAlertsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("groundplan:infra:FailureAlerts", name, opts=opts)
        arn = args.foundation.place.arn("sagemaker", f"pipeline/{args.pipeline_name}")
        self.rule_names = [
            EventAlert(
                f"{name}-{failure.purpose}",
                EventAlertArgs(
                    purpose=failure.purpose,
                    pattern=failure.pattern,
                    says=failure.says,
                    runbook="failed-training",
                    severity=failure.severity,
                    topics=args.topics,
                    foundation=args.foundation,
                    undelivered_arn=args.undelivered_arn,
                ),
                opts=pulumi.ResourceOptions(parent=self),
            ).rule_name
            for failure in failures(arn)
        ]
        self.register_outputs({"rule_names": self.rule_names})


def failures(pipeline_arn: str) -> list[Failure]:
    """Which failures there are. A step's tells why; the execution's, which wakes the topic, does not."""
    jobs = (
        ("training-job", "Training Job", "TrainingJob"),
        ("processing-job", "Processing Job", "ProcessingJob"),
        ("tuning-job", "HyperParameter Tuning Job", "HyperParameterTuningJob"),
        ("transform-job", "Transform Job", "TransformJob"),
    )
    return [
        Failure(
            "failed-training",
            "warning",
            "A run of the training pipeline has failed; no model was registered.",
            _pattern(
                "Model Building Pipeline Execution Status Change",
                {"pipelineArn": [pipeline_arn], "currentPipelineExecutionStatus": ["Failed"]},
            ),
        ),
        Failure(
            "failed-training-step",
            "info",
            "A step of the training pipeline has failed.",
            _pattern(
                "Model Building Pipeline Execution Step Status Change",
                {"pipelineArn": [pipeline_arn], "currentStepStatus": ["Failed"]},
            ),
        ),
        *(
            Failure(
                f"failed-{purpose}",
                "warning",
                f"A {words.lower()} outside of the training pipeline has failed.",
                _pattern(f"{words} State Change", _of_nobody_else(member)),
            )
            for purpose, words, member in jobs
        ),
    ]


def _of_nobody_else(member: str) -> dict[str, Any]:
    """Failed, and neither a pipeline's, which tells by itself, nor a monitor's (runbook `data-drift`)."""
    others = {"anything-but": {"prefix": [_OF_PIPELINES, _OF_MONITORS]}}
    return {f"{member}Name": [others], f"{member}Status": ["Failed"]}


def _pattern(kind: str, detail: Mapping[str, Any]) -> dict[str, Any]:
    return {"source": ["aws.sagemaker"], "detail-type": [f"SageMaker {kind}"], "detail": detail}
