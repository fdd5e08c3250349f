"""Trail: who did what in the account, in every region, in a record that cannot be changed unnoticed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import pulumi
import pulumi_aws as aws
from pydantic import Field, model_validator

from infra.audit.activity import ActivityAlarms, ActivityAlarmsArgs
from infra.foundation.alarm import Topics
from infra.foundation.foundation import Foundation
from infra.foundation.log_group import log_group
from infra.foundation.place import Place
from infra.foundation.policy import Statement
from infra.foundation.role import Role, RoleArgs
from infra.settings.block import Settings


class TrailSettings(Settings):
    """`groundplan:audit.trail`: CloudTrail. The first copy of management events costs nothing."""

    enabled: bool = Field(
        default=True, description="Whether there is a trail; an organization's own may be enough."
    )
    data_events: bool = Field(
        default=False,
        description="Whether each access to an object of the platform is recorded, 0.10 USD per 100,000.",
    )
    insights: bool = Field(
        default=False, description="Whether unusual rates of calls and of errors are looked for, at a price."
    )
    log_group: bool = Field(
        default=False,
        description="Whether events go to a log group too, where they can be searched and alarmed on.",
    )
    alarms: bool = Field(
        default=False,
        description="Whether sensitive changes raise alarms (CIS AWS, section 4); needs logGroup.",
    )

    @model_validator(mode="after")
    def _alarms_read_the_log_group(self) -> Self:
        if self.alarms and not self.log_group:
            raise ValueError("alarms with logGroup, which they read")
        return self


@dataclass(frozen=True, kw_only=True)
class TrailArgs:
    """What the audit hands to its trail. `bucket` admits CloudTrail below `cloudtrail/`."""

    settings: TrailSettings
    foundation: Foundation
    bucket: pulumi.Input[str]
    topics: Topics


class Trail(pulumi.ComponentResource):
    """A trail over all regions with digests of its files, on the logs' key, in the locked bucket.

    Controls: CloudTrail.1, .2, .4, .5, .6, CIS AWS 3.1, 3.2, 3.5, 3.8, 3.9, PCI DSS 10.2.1 and 10.3.
    """

    trail_arn: pulumi.Output[str]

    def __init__(self, name: str, args: TrailArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Trail", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        settings, foundation, place = args.settings, args.foundation, args.foundation.place
        group_arn: pulumi.Output[str] | None = None
        writer_arn: pulumi.Output[str] | None = None
        if settings.log_group:
            group_name = f"/{place.project}/{place.stack}/trail"
            group = log_group(f"{name}-group", name=group_name, foundation=foundation, opts=child)
            writer_arn = Role(
                f"{name}-writer",
                RoleArgs(
                    purpose="trail",
                    description="Writes the trail's events to their log group",
                    service="cloudtrail.amazonaws.com",
                    statements=[
                        Statement(
                            sid="WriteEvents",
                            actions=["logs:CreateLogStream", "logs:PutLogEvents"],
                            resources=place.log_group_arns(group_name),
                        )
                    ],
                    boundary_arn=foundation.boundary_arn,
                    place=place,
                ),
                opts=child,
            ).arn
            group_arn = group.arn.apply(lambda arn: f"{arn}:*")
            if settings.alarms:
                ActivityAlarms(
                    f"{name}-activity",
                    ActivityAlarmsArgs(foundation=foundation, log_group=group.name, topics=args.topics),
                    opts=child,
                )
        trail = aws.cloudtrail.Trail(
            f"{name}-trail",
            name=trail_name(place),
            s3_bucket_name=args.bucket,
            s3_key_prefix="cloudtrail",
            is_multi_region_trail=True,
            include_global_service_events=True,
            enable_log_file_validation=True,
            kms_key_id=foundation.key_arns["logs"],
            cloud_watch_logs_group_arn=group_arn,
            cloud_watch_logs_role_arn=writer_arn,
            advanced_event_selectors=event_selectors(place, data_events=settings.data_events),
            insight_selectors=[
                {"insight_type": "ApiCallRateInsight"},
                {"insight_type": "ApiErrorRateInsight"},
            ]
            if settings.insights
            else None,
            opts=child,
        )
        self.trail_arn = trail.arn
        self.register_outputs({"trail_arn": self.trail_arn})


def trail_name(place: Place) -> str:
    """The trail's name, which the policies of its bucket and of its key name too."""
    return f"{place.prefix}-trail"


def event_selectors(
    place: Place, *, data_events: bool
) -> Sequence[aws.cloudtrail.TrailAdvancedEventSelectorArgsDict]:
    """Management events; and each access to objects, but not the logs' own, which would feed themselves."""
    selectors: list[aws.cloudtrail.TrailAdvancedEventSelectorArgsDict] = [
        {
            "name": "Management events",
            "field_selectors": [{"field": "eventCategory", "equals": ["Management"]}],
        }
    ]
    if data_events:
        watched = ("raw", "curated", "models", "captures")
        selectors.append(
            {
                "name": "Objects of the platform",
                "field_selectors": [
                    {"field": "eventCategory", "equals": ["Data"]},
                    {"field": "resources.type", "equals": ["AWS::S3::Object"]},
                    {
                        "field": "resources.ARN",
                        "starts_withs": [f"{place.bucket_arn(zone)}/" for zone in watched],
                    },
                ],
            }
        )
    return selectors
