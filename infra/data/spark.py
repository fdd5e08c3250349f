"""Spark: an application of EMR Serverless, for data that outgrows one machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pydantic import Field

from infra.foundation.foundation import Foundation
from infra.foundation.log_group import log_group
from infra.foundation.place import Place
from infra.foundation.policy import Statement
from infra.foundation.role import Role, RoleArgs
from infra.network.placement import Placement
from infra.settings.block import Settings
from infra.storage.storage import Zone


class SparkSettings(Settings):
    """`groundplan:dataPipeline.spark`: the application. It costs nothing while no job runs."""

    enabled: bool = Field(default=True, description="Whether there is an application.")
    entry_point: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9_./-]+\.py$",
        description="Key in the zone `models` of the script that prepares data, with the engine `spark`.",
    )
    release: str = Field(
        default="emr-7.9.0",
        pattern=r"^emr-[0-9]+\.[0-9]+\.[0-9]+$",
        description="Release of EMR, which says Spark's.",
    )
    most_cpus: int = Field(default=32, ge=4, le=4000, description="vCPUs of all jobs together, at most.")
    most_memory_gb: int = Field(
        default=128, ge=8, le=16000, description="Memory of all jobs together, in GiB, at most."
    )
    most_disk_gb: int = Field(
        default=400, ge=20, le=64000, description="Disk of all jobs together, in GiB, at most."
    )
    idle_minutes: int = Field(
        default=5, ge=1, le=10080, description="Minutes without a job until the application stops."
    )


@dataclass(frozen=True, kw_only=True)
class SparkArgs:
    """What the rest of the platform hands to Spark."""

    settings: SparkSettings
    foundation: Foundation
    placement: Placement
    zones: Mapping[Zone, pulumi.Input[str]]


class Spark(pulumi.ComponentResource):
    """An application in the private subnets that starts with a job, stops by itself, and grows to a limit.

    No capacity is kept ready, so that it costs nothing at rest.

    Controls: least privilege; an encrypted log that ends.
    """

    application_id: pulumi.Output[str]
    role_arn: pulumi.Output[str]
    """The role that jobs run with."""
    log_group: pulumi.Output[str]

    def __init__(self, name: str, args: SparkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Spark", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        foundation, place, settings = args.foundation, args.foundation.place, args.settings
        keys = foundation.key_arns
        log = log_group(
            f"{name}-log", name=f"/aws/emr-serverless/{place.prefix}", foundation=foundation, opts=child
        )
        application = aws.emrserverless.Application(
            f"{name}-application",
            name=f"{place.prefix}-spark",
            type="spark",
            release_label=settings.release,
            architecture="ARM64",
            auto_start_configuration={"enabled": True},
            auto_stop_configuration={"enabled": True, "idle_timeout_minutes": settings.idle_minutes},
            maximum_capacity={
                "cpu": f"{settings.most_cpus} vCPU",
                "memory": f"{settings.most_memory_gb} GB",
                "disk": f"{settings.most_disk_gb} GB",
            },
            network_configuration={
                "subnet_ids": args.placement.subnet_ids,
                "security_group_ids": [args.placement.security_group_id],
            },
            monitoring_configuration={
                "cloudwatch_logging_configuration": {
                    "enabled": True,
                    "log_group_name": log.name,
                    "encryption_key_arn": keys["logs"],
                },
                "managed_persistence_monitoring_configuration": {"enabled": False},
            },
            opts=child,
        )
        role = Role(
            f"{name}-role",
            RoleArgs(
                purpose="spark",
                description="Runs Spark's jobs: reads raw data, writes curated data",
                service="emr-serverless.amazonaws.com",
                statements=pulumi.Output.all(keys["data"], keys["model"], keys["logs"]).apply(
                    lambda known: spark_statements(place, *known)
                ),
                boundary_arn=foundation.boundary_arn,
                place=place,
            ),
            opts=child,
        )
        self.application_id = application.id
        self.role_arn = role.arn
        self.log_group = log.name
        self.register_outputs(
            {"application_id": self.application_id, "role_arn": self.role_arn, "log_group": self.log_group}
        )


def spark_statements(place: Place, data_key: str, model_key: str, logs_key: str) -> list[Statement]:
    """What a job may do. Source: EMR Serverless guide, "Job runtime roles" and "Encrypting logs"."""
    read = ("raw", "curated", "features", "archive", "models")
    databases = [place.arn("glue", f"database/{place.prefix.replace('-', '_')}_*")]
    tables = [place.arn("glue", f"table/{place.prefix.replace('-', '_')}_*/*")]
    return [
        Statement(
            sid="ReadData",
            actions=["s3:GetObject"],
            resources=[f"{place.bucket_arn(zone)}/*" for zone in read],
        ),
        Statement(
            sid="WriteCurated",
            actions=["s3:DeleteObject", "s3:PutObject"],
            resources=[f"{place.bucket_arn('curated')}/*"],
        ),
        Statement(
            sid="ListZones",
            actions=["s3:GetBucketLocation", "s3:ListBucket"],
            resources=[place.bucket_arn(zone) for zone in read],
        ),
        Statement(
            sid="ReadCatalog",
            actions=["glue:GetDatabase", "glue:GetPartitions", "glue:GetTable", "glue:GetTables"],
            resources=[place.arn("glue", "catalog"), *databases, *tables],
        ),
        Statement(
            sid="UseKeys",
            actions=["kms:Decrypt", "kms:GenerateDataKey*"],
            resources=[data_key, model_key, logs_key],
        ),
        Statement(
            sid="WriteLog",
            actions=["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            resources=place.log_group_arns(f"/aws/emr-serverless/{place.prefix}"),
        ),
        Statement(
            sid="FindLog",
            actions=["logs:DescribeLogGroups"],
            resources=[place.arn("logs", "log-group:*")],
        ),
    ]
