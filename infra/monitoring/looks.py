"""Looks: every day a job holds what was asked and what became of it against what the model learned from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.foundation.alarm import Topics
from infra.foundation.foundation import Foundation
from infra.identity.identity import Work
from infra.monitoring.drift_settings import LookSettings
from infra.monitoring.look_definition import Look, look_definition
from infra.network.placement import Placement
from infra.notifications.event_alert import EventAlert, EventAlertArgs
from infra.storage.storage import Zone
from infra.training.schedule import PipelineSchedule, PipelineScheduleArgs


@dataclass(frozen=True, kw_only=True)
class LooksArgs:
    """What the rest of the platform hands over. `variant` is the champion's name at the endpoint.

    `outcomes_group` is the feature group with what became of predictions; none where there are no groups.
    """

    settings: LookSettings
    foundation: Foundation
    placement: Placement
    zones: Mapping[Zone, pulumi.Input[str]]
    role_arns: Mapping[Work, pulumi.Input[str]]
    topics: Topics
    use_case: str
    image: pulumi.Input[str]
    source_uri: pulumi.Input[str]
    endpoint_name: str
    variant: str
    package_arn: str
    outcomes_group: str | None
    undelivered_arn: pulumi.Input[str]


class Looks(pulumi.ComponentResource):
    """A pipeline of one job, its schedule, and an alert on looks that fail.

    State and report lie in `captures/monitoring/<endpoint>/`. Controls: SageMaker.9, .10, .13 and .15.
    """

    pipeline_name: pulumi.Output[str]

    def __init__(self, name: str, args: LooksArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Looks", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        place, settings = args.foundation.place, args.settings
        case = args.use_case.rpartition(".")[2]
        pipeline_name = f"{place.prefix}-{case}-monitoring"
        look = pulumi.Output.all(
            source=args.source_uri,
            image=args.image,
            captures=args.zones["captures"],
            key=args.foundation.key_arns["data"],
            role=args.role_arns["monitoring"],
            subnets=pulumi.Output.all(*args.placement.subnet_ids),
            security_group=args.placement.security_group_id,
        ).apply(
            lambda known: Look(
                use_case=args.use_case,
                image=known["image"],
                source_uri=known["source"],
                package_arn=args.package_arn,
                endpoint=args.endpoint_name,
                variant=args.variant,
                # SageMaker puts the endpoint's name below the folder that it is told.
                captures_uri=f"s3://{known['captures']}/{args.endpoint_name}/{args.endpoint_name}",
                reports_uri=f"s3://{known['captures']}/monitoring/{args.endpoint_name}",
                outcomes_group=args.outcomes_group,
                key=known["key"],
                role=known["role"],
                subnets=known["subnets"],
                security_group=known["security_group"],
            )
        )
        pipeline = aws.sagemaker.Pipeline(
            f"{name}-pipeline",
            pipeline_name=pipeline_name,
            pipeline_display_name=pipeline_name,
            pipeline_description=f"Watches what {args.endpoint_name} is asked and what became of it",
            role_arn=args.role_arns["pipeline"],
            pipeline_definition=look.apply(lambda known: look_definition(settings, known)),
            opts=child,
        )
        PipelineSchedule(
            f"{name}-schedule",
            PipelineScheduleArgs(
                purpose="monitoring",
                description="Looks at what the endpoint was asked yesterday",
                expression=settings.schedule,
                timezone="UTC",
                foundation=args.foundation,
                pipeline_name=pipeline.pipeline_name,
                undelivered_arn=args.undelivered_arn,
            ),
            opts=child,
        )
        EventAlert(
            f"{name}-failed",
            EventAlertArgs(
                purpose="failed-look",
                pattern=failed(place.arn("sagemaker", f"pipeline/{pipeline_name}")),
                says="A look at what the endpoint was asked has failed.",
                runbook="data-drift",
                severity="warning",
                topics=args.topics,
                foundation=args.foundation,
                undelivered_arn=args.undelivered_arn,
            ),
            opts=child,
        )
        self.pipeline_name = pipeline.pipeline_name
        self.register_outputs({"pipeline_name": self.pipeline_name})


def failed(pipeline_arn: str) -> Mapping[str, Any]:
    """An execution of the pipeline that failed."""
    return {
        "source": ["aws.sagemaker"],
        "detail-type": ["SageMaker Model Building Pipeline Execution Status Change"],
        "detail": {"pipelineArn": [pipeline_arn], "currentPipelineExecutionStatus": ["Failed"]},
    }
