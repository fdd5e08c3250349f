"""Drift: is the world still what the model learned from? Alarms on what the looks publish, and the looks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pulumi
import pulumi_aws as aws

from infra.foundation.alarm import Topics, alarm
from infra.foundation.foundation import Foundation
from infra.foundation.place import Place
from infra.identity.identity import Work
from infra.monitoring.drift_settings import DriftSettings, ModelMonitorSettings
from infra.network.placement import Placement
from infra.notifications.event_alert import EventAlert, EventAlertArgs
from infra.storage.storage import Zone
from infra.training.instances import has_local_storage

NAMESPACE = "Groundplan"
DAY = 86400
"""Seconds of an alarm's period: a look publishes each figure once a day."""

_ANALYZER = "sagemaker-model-monitor-analyzer"
_CAPTURED = "/opt/ml/processing/input/endpoint"
_REPORTED = "/opt/ml/processing/output"

Outcomes = Literal["none", "kept", "heard"]
"""Who says what became of predictions: nobody can, whoever writes to the feature group that is there for it,
or the platform's stream too."""


@dataclass(frozen=True, kw_only=True)
class Watched:
    """A metric that an alarm is on, by `Endpoint`: `says` is one sentence with the endpoint's name in it.

    `Drift` and `PredictionDrift` are relative to what is normal and have lasted (five of seven days) where
    they are above 1; so is `ConceptDrift`. `MissingOutcomes` is a share. `where` says with
    which outcomes there is the alarm: without a group the looks publish no figure of outcomes, and in a group
    that nothing of the platform writes all would be missing for ever.
    """

    metric: Literal["Drift", "PredictionDrift", "ConceptDrift", "MissingOutcomes"]
    ending: str
    says: str
    runbook: str
    retrains: bool
    where: Sequence[Outcomes] = ("none", "kept", "heard")


WATCHED = (
    Watched(
        metric="Drift",
        ending="drift",
        says="A feature of the requests to {} has moved away from the training data.",
        runbook="data-drift",
        retrains=True,
    ),
    Watched(
        metric="PredictionDrift",
        ending="prediction-drift",
        says="What {} answers is distributed otherwise than in validation.",
        runbook="prediction-drift",
        retrains=False,
    ),
    Watched(
        metric="ConceptDrift",
        ending="concept-drift",
        says="What {} says comes true otherwise than it did in validation.",
        runbook="concept-drift",
        retrains=True,
        where=("kept", "heard"),
    ),
    Watched(
        metric="MissingOutcomes",
        ending="missing-outcomes",
        says="Of too many predictions of {} it is not known what became of them.",
        runbook="missing-outcomes",
        retrains=False,
        where=("heard",),
    ),
)


@dataclass(frozen=True, kw_only=True)
class DriftArgs:
    """What the rest of the platform hands over. `endpoint_name` is plain, `endpoint` known once it serves.

    `captures` says whether the endpoint keeps its requests: without, no look would have anything to see.
    """

    settings: DriftSettings
    foundation: Foundation
    placement: Placement
    zones: Mapping[Zone, pulumi.Input[str]]
    role_arns: Mapping[Work, pulumi.Input[str]]
    topics: Topics
    endpoint_name: str
    endpoint: pulumi.Input[str]
    captures: bool
    outcomes: Outcomes
    undelivered_arn: pulumi.Input[str]


class Drift(pulumi.ComponentResource):
    """Alarms on what has drifted or is missing, and SageMaker's data-quality schedule where it is asked for.

    A quiet endpoint raises nothing. Controls: checkov 367 to 369, SageMaker.9, .10, .13 and .15.
    """

    alarm_names: Sequence[str]
    """Of those that ask for a new model; plain, since a rule is made of them."""

    def __init__(self, name: str, args: DriftArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Drift", name, opts=opts)
        settings = args.settings
        watched = [one for one in WATCHED if args.outcomes in one.where]
        for one in watched:
            self._alarm(name, one, args)
        self.alarm_names = [f"{args.endpoint_name}-{one.ending}" for one in watched if one.retrains]
        if settings.model_monitor.enabled and args.captures:
            self._schedule(name, args)
        self.register_outputs({"alarm_names": self.alarm_names})

    def _alarm(self, name: str, one: Watched, args: DriftArgs) -> None:
        settings = args.settings
        alarm(
            f"{name}-{'alarm' if one.ending == 'drift' else one.ending}",
            name=f"{args.endpoint_name}-{one.ending}",
            says=one.says.format(args.endpoint_name),
            runbook=one.runbook,
            severity="warning",
            topics=args.topics,
            foundation=args.foundation,
            namespace=NAMESPACE,
            metric_name=one.metric,
            dimensions={"Endpoint": args.endpoint_name},
            statistic="Maximum",
            comparison_operator="GreaterThanThreshold",
            threshold=settings.missing_outcomes if one.metric == "MissingOutcomes" else settings.threshold,
            period=DAY,
            # A day more: its figure comes with the next look, and until then the alarm is to stand.
            evaluation_periods=settings.persist + 1,
            datapoints_to_alarm=settings.persist,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _schedule(self, name: str, args: DriftArgs) -> None:
        child = pulumi.ResourceOptions(parent=self)
        place, key = args.foundation.place, args.foundation.key_arns["data"]
        monitor = args.settings.model_monitor
        baseline = monitor.baseline
        contents = pulumi.Output.all(
            args.role_arns["monitoring"],
            args.zones["captures"],
            key,
            args.placement.security_group_id,
            *args.placement.subnet_ids,
        )
        definition = aws.sagemaker.DataQualityJobDefinition(
            f"{name}-quality",
            name=contents.apply(lambda known: definition_name(args.endpoint_name, monitor, known)),
            role_arn=args.role_arns["monitoring"],
            data_quality_app_specification={
                "image_uri": analyzer_image(place),
                "environment": {"publish_cloudwatch_metrics": "Enabled" if baseline else "Disabled"},
            },
            data_quality_baseline_config={
                "constraints_resource": {"s3_uri": f"{baseline}/constraints.json"},
                "statistics_resource": {"s3_uri": f"{baseline}/statistics.json"},
            }
            if baseline
            else None,
            data_quality_job_input={
                "endpoint_input": {
                    "endpoint_name": args.endpoint,
                    "local_path": _CAPTURED,
                    "s3_data_distribution_type": "FullyReplicated",
                    "s3_input_mode": "File",
                }
            },
            data_quality_job_output_config={
                "kms_key_id": key,
                "monitoring_outputs": {
                    "s3_output": {
                        "s3_uri": pulumi.Output.concat(
                            "s3://", args.zones["captures"], "/monitoring/", args.endpoint_name
                        ),
                        "local_path": _REPORTED,
                        "s3_upload_mode": "EndOfJob",
                    }
                },
            },
            job_resources={
                "cluster_config": {
                    "instance_count": 1,
                    "instance_type": monitor.instance,
                    "volume_size_in_gb": 30,
                    "volume_kms_key_id": None if has_local_storage(monitor.instance) else key,
                }
            },
            network_config={
                "enable_inter_container_traffic_encryption": True,
                "enable_network_isolation": True,
                "vpc_config": {
                    "security_group_ids": [args.placement.security_group_id],
                    "subnets": args.placement.subnet_ids,
                },
            },
            stopping_condition={"max_runtime_in_seconds": 3600},
            opts=child,
        )
        schedule = aws.sagemaker.MonitoringSchedule(
            f"{name}-schedule",
            name=f"{args.endpoint_name}-drift",
            monitoring_schedule_config={
                "monitoring_job_definition_name": definition.name,
                "monitoring_type": "DataQuality",
                "schedule_config": {"schedule_expression": look_times(monitor.every_hours)},
            },
            opts=child,
        )
        EventAlert(
            f"{name}-failed",
            EventAlertArgs(
                purpose="failed-drift-look",
                pattern=failed_look(),
                says="SageMaker's look at the endpoint's captures has failed.",
                runbook="data-drift",
                severity="warning",
                topics=args.topics,
                foundation=args.foundation,
                undelivered_arn=args.undelivered_arn,
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[schedule]),
        )


def definition_name(endpoint: str, monitor: ModelMonitorSettings, contents: Sequence[str]) -> str:
    """A definition cannot be changed: another content is another name, made before the old one goes."""
    text = json.dumps([monitor.model_dump(mode="json"), *contents])
    return f"{endpoint[:46]}-quality-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def analyzer_image(place: Place) -> str:
    """URI of SageMaker's own analyzer in this region."""
    return str(
        aws.sagemaker.get_prebuilt_ecr_image(
            repository_name=_ANALYZER, image_tag="latest", region=place.region
        ).registry_path
    )


def look_times(every_hours: int) -> str:
    """When SageMaker looks: each hour at the hour, or each day at one o'clock (UTC), when yesterday is whole.

    Source: SageMaker guide, "The cron expression for monitoring schedule".
    """
    return "cron(0 * ? * * *)" if every_hours == 1 else "cron(0 1 ? * * *)"


def failed_look() -> Mapping[str, Any]:
    """A monitoring job that failed. A period without captures makes no job ("Job inputs had no data")."""
    detail = {"ProcessingJobName": [{"prefix": "model-monitoring-"}], "ProcessingJobStatus": ["Failed"]}
    return {
        "source": ["aws.sagemaker"],
        "detail-type": ["SageMaker Processing Job State Change"],
        "detail": detail,
    }
