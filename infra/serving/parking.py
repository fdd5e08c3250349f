"""Parking: an endpoint of dev goes after hours and when nobody asks it; an `up` brings it back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
from pydantic import Field

from infra.cost.instance_prices import daily_in_words
from infra.foundation.alarm import Topics
from infra.foundation.dead_letters import DeadLetters, DeadLettersArgs
from infra.foundation.foundation import Foundation
from infra.foundation.function import Function, FunctionArgs
from infra.foundation.place import Place
from infra.foundation.policy import Statement
from infra.foundation.role import Role, RoleArgs
from infra.settings.block import Settings
from infra.settings.schedules import TimeZone


class ParkingSettings(Settings):
    """`groundplan:parking`: when an endpoint of dev is deleted until the next `up`."""

    enabled: bool = Field(default=False, description="Whether the endpoint is parked; in dev alone.")
    stop_at: str = Field(
        default="19:00",
        pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$",
        description="Time of day, every day, at which it is parked.",
    )
    time_zone: TimeZone = Field(default="UTC", description="Time zone of stopAt.")
    idle_hours: int = Field(
        default=2, ge=1, le=48, description="Hours without a request after which it is parked."
    )


@dataclass(frozen=True, kw_only=True)
class ParkingArgs:
    """What the rest of the platform hands to parking."""

    settings: ParkingSettings
    foundation: Foundation
    topics: Topics
    endpoint_name: str
    instances: Sequence[tuple[str, int]]
    """`(type, count)` of what stands, for what is saved."""


class Parking(pulumi.ComponentResource):
    """Two schedules that call one function: every evening, and every hour to see whether anybody asks.

    The function deregisters the variants from autoscaling and deletes the endpoint. Its models and its
    configuration stay, and so does the state: a refresh of the endpoint sees that it is gone, and an update
    makes it again as it was.
    """

    parked: dict[str, Any]
    """What the output `parking` says: the endpoint, the function, its schedules."""

    def __init__(self, name: str, args: ParkingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Parking", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        foundation, place = args.foundation, args.foundation.place
        undelivered = DeadLetters(
            f"{name}-undelivered",
            DeadLettersArgs(
                purpose="parking", runbook="endpoint-not-parked", foundation=foundation, topics=args.topics
            ),
            opts=child,
        )
        topic = pulumi.Output.from_input(args.topics["info"])
        function = Function(
            f"{name}-function",
            FunctionArgs(
                purpose="parking",
                description="Parks the endpoint of dev after hours and when nobody asks it",
                foundation=foundation,
                statements=topic.apply(lambda arn: parking_statements(place, args.endpoint_name, arn)),
                environment={
                    "ENDPOINT": args.endpoint_name,
                    "TOPIC": topic,
                    "IDLE_HOURS": str(args.settings.idle_hours),
                    "SAVES": daily_in_words(args.instances),
                    "STACK_NAME": place.stack,
                },
                undelivered_arn=undelivered.queue_arn,
                timeout_seconds=60,
            ),
            opts=child,
        )
        role = Role(
            f"{name}-schedules",
            RoleArgs(
                purpose="parking-schedules",
                description="Calls the function that parks the endpoint",
                service="scheduler.amazonaws.com",
                statements=pulumi.Output.all(
                    function.arn, undelivered.queue_arn, foundation.key_arns["messages"]
                ).apply(
                    lambda known: [
                        Statement(sid="Call", actions=["lambda:InvokeFunction"], resources=[known[0]]),
                        Statement(sid="KeepUndelivered", actions=["sqs:SendMessage"], resources=[known[1]]),
                        Statement(
                            sid="UseMessagesKey",
                            actions=["kms:Decrypt", "kms:GenerateDataKey*"],
                            resources=[known[2]],
                        ),
                    ]
                ),
                boundary_arn=foundation.boundary_arn,
                place=place,
            ),
            opts=child,
        )
        schedules = []
        for reason, (expression, zone) in expressions(args.settings).items():
            schedule_name = f"{place.prefix}-park-{reason}"
            aws.scheduler.Schedule(
                f"{name}-{reason}",
                name=schedule_name,
                description=f"Parks {args.endpoint_name}: {_REASONS[reason]}",
                schedule_expression=expression,
                schedule_expression_timezone=zone,
                flexible_time_window={"mode": "OFF"},
                kms_key_arn=foundation.key_arns["messages"],
                target={
                    "arn": function.arn,
                    "role_arn": role.arn,
                    "input": json.dumps({"reason": reason, "at": "<aws.scheduler.scheduled-time>"}),
                    "dead_letter_config": {"arn": undelivered.queue_arn},
                    # An old order would park what was just brought up.
                    "retry_policy": {"maximum_event_age_in_seconds": 600, "maximum_retry_attempts": 3},
                },
                opts=child,
            )
            schedules.append(schedule_name)
        self.parked = {
            "endpoint": args.endpoint_name,
            "function": function.function_name,
            "schedules": schedules,
        }
        self.register_outputs({"parked": self.parked})


_REASONS = {"after-hours": "every evening", "idle": "when nobody has asked it"}


def expressions(settings: ParkingSettings) -> Mapping[str, tuple[str, str]]:
    """Reason → schedule expression and time zone.

    Every evening covers nights and weekends: what was parked on Friday stays so until somebody brings it up.
    """
    hour, minute = (int(part) for part in settings.stop_at.split(":"))
    return {
        "after-hours": (f"cron({minute} {hour} * * ? *)", settings.time_zone),
        "idle": ("rate(1 hour)", "UTC"),
    }


def parking_statements(place: Place, endpoint: str, topic: str) -> Sequence[Statement]:
    """Looks at the one endpoint, lets autoscaling go of it, deletes it, and says so."""
    return [
        Statement(
            sid="ParkTheEndpoint",
            actions=["sagemaker:DeleteEndpoint", "sagemaker:DescribeEndpoint"],
            resources=[place.arn("sagemaker", f"endpoint/{endpoint}")],
        ),
        Statement(
            sid="LetGoOfVariants",
            actions=["application-autoscaling:DeregisterScalableTarget"],
            resources=[place.arn("application-autoscaling", "scalable-target/*")],
            conditions={"StringEquals": {"application-autoscaling:service-namespace": "sagemaker"}},
        ),
        Statement(
            sid="LookAtScalingAndRequests",
            actions=["application-autoscaling:DescribeScalableTargets", "cloudwatch:GetMetricStatistics"],
            resources=["*"],
            any_resource_because="neither operation knows a resource",
        ),
        Statement(sid="Tell", actions=["sns:Publish"], resources=[topic]),
    ]
