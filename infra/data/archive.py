"""Archive: every event as it came, in Parquet below its day in the zone `archive`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.data.catalog import parquet_files
from infra.foundation.alarm import Topics, alarm
from infra.foundation.foundation import Foundation
from infra.foundation.log_group import log_group
from infra.foundation.place import Place
from infra.foundation.policy import Statement
from infra.foundation.role import Role, RoleArgs
from infra.storage.storage import Zone

EVENTS = "events"
COLUMNS: Mapping[str, str] = {
    "id": "string",
    "type": "string",
    "entity": "string",
    "time": "string",
    "features": "string",
}
"""An event as it is kept; `time` is ISO 8601, `features` JSON."""
_LOG_STREAM = "delivery"
_MEGABYTES = 64
"""The least that Firehose gathers where it converts (Firehose guide, "Converting input record format")."""


@dataclass(frozen=True, kw_only=True)
class ArchiveArgs:
    """What streaming hands to the archive. Without `stream_arn` it takes what the consumer puts."""

    foundation: Foundation
    topics: Topics
    zones: Mapping[Zone, pulumi.Input[str]]
    database: pulumi.Input[str]
    wait_seconds: int
    stream_arn: pulumi.Input[str] | None


class Archive(pulumi.ComponentResource):
    """A delivery stream of Firehose with a table for what it writes. What is no event goes to `errors/`.

    Controls: DataFirehose.1; least privilege, an encrypted log that ends, an alarm on old data.
    """

    delivery_stream_name: pulumi.Output[str]
    delivery_stream_arn: pulumi.Output[str]
    table_name: pulumi.Output[str]

    def __init__(self, name: str, args: ArchiveArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Archive", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        foundation, place = args.foundation, args.foundation.place
        bucket, key = args.zones["archive"], foundation.key_arns["data"]
        stream_name = f"{place.prefix}-events-archive"
        table = aws.glue.CatalogTable(
            f"{name}-table",
            name=EVENTS,
            database_name=args.database,
            description="Every event, by the day on which it came",
            table_type="EXTERNAL_TABLE",
            parameters=_by_day(bucket),
            partition_keys=[{"name": part, "type": "string"} for part in ("year", "month", "day")],
            storage_descriptor=parquet_files(pulumi.Output.concat("s3://", bucket, "/events/"), COLUMNS),
            opts=child,
        )
        log = log_group(
            f"{name}-log", name=f"/aws/kinesisfirehose/{stream_name}", foundation=foundation, opts=child
        )
        told = aws.cloudwatch.LogStream(
            f"{name}-log-stream", name=_LOG_STREAM, log_group_name=log.name, opts=child
        )
        role = Role(
            f"{name}-role",
            RoleArgs(
                purpose="archive",
                description="Reads the events, writes the archive",
                service="firehose.amazonaws.com",
                statements=pulumi.Output.all(key, args.stream_arn, args.database).apply(
                    lambda known: archive_statements(place, stream_name, *known)
                ),
                boundary_arn=foundation.boundary_arn,
                place=place,
            ),
            opts=child,
        )
        delivery = aws.kinesis.FirehoseDeliveryStream(
            f"{name}-delivery",
            name=stream_name,
            destination="extended_s3",
            kinesis_source_configuration={"kinesis_stream_arn": args.stream_arn, "role_arn": role.arn}
            if args.stream_arn is not None
            else None,
            server_side_encryption=None
            if args.stream_arn is not None
            else {"enabled": True, "key_type": "CUSTOMER_MANAGED_CMK", "key_arn": key},
            extended_s3_configuration={
                "role_arn": role.arn,
                "bucket_arn": pulumi.Output.concat(f"arn:{place.partition}:s3:::", bucket),
                "prefix": "events/year=!{timestamp:yyyy}/month=!{timestamp:MM}/day=!{timestamp:dd}/",
                "error_output_prefix": "errors/!{firehose:error-output-type}/day=!{timestamp:yyyy-MM-dd}/",
                "buffering_interval": args.wait_seconds,
                "buffering_size": _MEGABYTES,
                "kms_key_arn": key,
                "cloudwatch_logging_options": {
                    "enabled": True,
                    "log_group_name": log.name,
                    "log_stream_name": told.name,
                },
                "data_format_conversion_configuration": {
                    "enabled": True,
                    "input_format_configuration": {"deserializer": {"open_x_json_ser_de": {}}},
                    "output_format_configuration": {
                        "serializer": {"parquet_ser_de": {"compression": "SNAPPY"}}
                    },
                    "schema_configuration": {
                        "database_name": args.database,
                        "table_name": table.name,
                        "region": place.region,
                        "role_arn": role.arn,
                    },
                },
            },
            opts=child,
        )
        alarm(
            f"{name}-late",
            name=f"{stream_name}-late",
            says=f"The archive is behind: {stream_name} holds events that are older than an hour.",
            runbook="archive-behind",
            severity="warning",
            topics=args.topics,
            foundation=foundation,
            namespace="AWS/Firehose",
            metric_name="DeliveryToS3.DataFreshness",
            dimensions={"DeliveryStreamName": stream_name},
            statistic="Maximum",
            comparison_operator="GreaterThanThreshold",
            threshold=3600,
            period=300,
            evaluation_periods=3,
            opts=child,
        )
        self.delivery_stream_name = delivery.name
        self.delivery_stream_arn = delivery.arn
        self.table_name = table.name
        self.register_outputs(
            {
                "delivery_stream_name": self.delivery_stream_name,
                "delivery_stream_arn": self.delivery_stream_arn,
                "table_name": self.table_name,
            }
        )


def _by_day(bucket: pulumi.Input[str]) -> dict[str, pulumi.Input[str]]:
    """Athena works the partitions out by itself (Athena guide, "Use partition projection")."""
    ranges = {"year": "2020,2099", "month": "1,12", "day": "1,31"}
    parameters: dict[str, pulumi.Input[str]] = {
        "EXTERNAL": "TRUE",
        "classification": "parquet",
        "projection.enabled": "true",
        "storage.location.template": pulumi.Output.concat(
            "s3://", bucket, "/events/year=${year}/month=${month}/day=${day}/"
        ),
    }
    for part, span in ranges.items():
        parameters[f"projection.{part}.type"] = "integer"
        parameters[f"projection.{part}.range"] = span
        parameters[f"projection.{part}.digits"] = "4" if part == "year" else "2"
    return parameters


def archive_statements(
    place: Place, stream_name: str, key_arn: str, stream_arn: str | None, database: str
) -> list[Statement]:
    """What Firehose needs to read the stream, know the table, and write.

    Source: Firehose guide, "Grant Firehose access to an Amazon S3 destination" and "Grant Firehose access to
    AWS Glue for data format conversion".
    """
    zone = place.bucket_arn("archive")
    reading = (
        [
            Statement(
                sid="ReadEvents",
                actions=[
                    "kinesis:DescribeStream",
                    "kinesis:GetRecords",
                    "kinesis:GetShardIterator",
                    "kinesis:ListShards",
                ],
                resources=[stream_arn],
            )
        ]
        if stream_arn
        else []
    )
    return [
        *reading,
        Statement(
            sid="WriteArchive",
            actions=["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"],
            resources=[f"{zone}/events/*", f"{zone}/errors/*"],
        ),
        Statement(
            sid="ListArchive",
            actions=["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"],
            resources=[zone],
        ),
        Statement(
            sid="ReadTable",
            actions=["glue:GetTable", "glue:GetTableVersion", "glue:GetTableVersions"],
            resources=[
                place.arn("glue", "catalog"),
                place.arn("glue", f"database/{database}"),
                place.arn("glue", f"table/{database}/{EVENTS}"),
            ],
        ),
        Statement(sid="UseDataKey", actions=["kms:Decrypt", "kms:GenerateDataKey*"], resources=[key_arn]),
        Statement(
            sid="WriteLog",
            actions=["logs:PutLogEvents"],
            resources=place.log_group_arns(f"/aws/kinesisfirehose/{stream_name}"),
        ),
    ]
