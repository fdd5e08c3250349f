"""Flink: an application of Managed Flink on the stream, for what needs state across events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import pulumi
import pulumi_aws as aws
from pydantic import Field, model_validator

from infra.foundation.foundation import Foundation
from infra.foundation.log_group import log_group
from infra.foundation.place import Place
from infra.foundation.policy import Statement
from infra.foundation.role import Role, RoleArgs
from infra.settings.block import Settings
from infra.storage.storage import Zone


class FlinkSettings(Settings):
    """`groundplan:streaming.flink`: the application; its code is an object in the zone `models`."""

    enabled: bool = Field(
        default=False, description="Whether there is an application: each unit costs by the hour."
    )
    code_key: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9_./-]+\.(zip|jar)$",
        description="Key of the application's archive in the zone `models`, such as `flink/app.zip`.",
    )
    runtime: str = Field(
        default="FLINK-1_20", pattern=r"^FLINK-[0-9]+_[0-9]+$", description="Runtime of Managed Flink."
    )
    parallelism: int = Field(default=1, ge=1, le=64, description="Tasks at a time.")
    start: bool = Field(default=True, description="Whether the application runs.")

    @model_validator(mode="after")
    def _has_code(self) -> Self:
        if self.enabled and self.code_key is None:
            raise ValueError("codeKey with enabled true: the key of the archive in the zone models")
        return self


@dataclass(frozen=True, kw_only=True)
class FlinkArgs:
    """What streaming hands to the application."""

    settings: FlinkSettings
    foundation: Foundation
    zones: Mapping[Zone, pulumi.Input[str]]
    stream_arn: pulumi.Input[str]


class Flink(pulumi.ComponentResource):
    """An application with snapshots, checkpoints and an encrypted log. Controls: least privilege."""

    application_name: pulumi.Output[str]

    def __init__(self, name: str, args: FlinkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Flink", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        foundation, place, settings = args.foundation, args.foundation.place, args.settings
        application_name = f"{place.prefix}-events"
        log = log_group(
            f"{name}-log",
            name=f"/aws/kinesis-analytics/{application_name}",
            foundation=foundation,
            opts=child,
        )
        told = aws.cloudwatch.LogStream(
            f"{name}-log-stream", name="application", log_group_name=log.name, opts=child
        )
        keys = foundation.key_arns
        role = Role(
            f"{name}-role",
            RoleArgs(
                purpose="flink",
                description="Reads events, with state",
                service="kinesisanalytics.amazonaws.com",
                statements=pulumi.Output.all(args.stream_arn, keys["data"], keys["model"]).apply(
                    lambda known: flink_statements(place, application_name, settings.code_key or "", *known)
                ),
                boundary_arn=foundation.boundary_arn,
                place=place,
            ),
            opts=child,
        )
        application = aws.kinesisanalyticsv2.Application(
            f"{name}-application",
            name=application_name,
            description="What needs state across events",
            runtime_environment=settings.runtime,
            service_execution_role=role.arn,
            start_application=settings.start,
            application_configuration={
                "application_code_configuration": {
                    "code_content_type": "ZIPFILE",
                    "code_content": {
                        "s3_content_location": {
                            "bucket_arn": place.bucket_arn("models"),
                            "file_key": settings.code_key or "",
                        }
                    },
                },
                "application_snapshot_configuration": {"snapshots_enabled": True},
                "environment_properties": {
                    "property_groups": [
                        {
                            "property_group_id": "events",
                            "property_map": {"stream": args.stream_arn, "region": place.region},
                        }
                    ]
                },
                "flink_application_configuration": {
                    "checkpoint_configuration": {"configuration_type": "DEFAULT"},
                    "monitoring_configuration": {
                        "configuration_type": "CUSTOM",
                        "log_level": "WARN",
                        "metrics_level": "APPLICATION",
                    },
                    "parallelism_configuration": {
                        "configuration_type": "CUSTOM",
                        "auto_scaling_enabled": True,
                        "parallelism": settings.parallelism,
                        "parallelism_per_kpu": 1,
                    },
                },
            },
            cloudwatch_logging_options={"log_stream_arn": told.arn},
            opts=child,
        )
        self.application_name = application.name
        self.register_outputs({"application_name": self.application_name})


def flink_statements(
    place: Place, application: str, code_key: str, stream: str, data_key: str, model_key: str
) -> list[Statement]:
    """What the application may do. Source: Managed Flink guide, "Permissions for an application"."""
    group = f"/aws/kinesis-analytics/{application}"
    return [
        Statement(
            sid="ReadCode",
            actions=["s3:GetObject", "s3:GetObjectVersion"],
            resources=[f"{place.bucket_arn('models')}/{code_key}"],
        ),
        Statement(
            sid="ReadEvents",
            actions=[
                "kinesis:DescribeStream",
                "kinesis:DescribeStreamSummary",
                "kinesis:GetRecords",
                "kinesis:GetShardIterator",
                "kinesis:ListShards",
            ],
            resources=[stream],
        ),
        Statement(sid="UseKeys", actions=["kms:Decrypt"], resources=[data_key, model_key]),
        Statement(
            sid="WriteLog",
            actions=["logs:DescribeLogStreams", "logs:PutLogEvents"],
            resources=place.log_group_arns(group),
        ),
        Statement(
            sid="FindLog",
            actions=["logs:DescribeLogGroups"],
            resources=[place.arn("logs", "log-group:*")],
        ),
    ]
