"""Data pipeline: the catalog, where people ask, Spark, and the workflow that renews the data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Self

import pulumi
from pydantic import Field, model_validator

from infra.data.catalog import Catalog, CatalogArgs
from infra.data.declared import UseCase
from infra.data.query import Query, QueryArgs
from infra.data.spark import Spark, SparkArgs, SparkSettings
from infra.data.workflow import Workflow, WorkflowArgs
from infra.data.workflow_definition import SparkSite
from infra.foundation.alarm import Topics
from infra.foundation.foundation import Foundation
from infra.network.placement import Placement
from infra.settings.block import InstanceType, Settings
from infra.settings.schedules import ScheduleExpression
from infra.storage.storage import Zone


class DataPipelineSettings(Settings):
    """`groundplan:dataPipeline`: how data is prepared, judged and asked about."""

    enabled: bool = Field(
        default=True,
        description="Whether there are Spark, a workgroup and the workflow; the catalog always is.",
    )
    engine: Literal["processing", "spark"] = Field(
        default="processing",
        description="What prepares the data: a processing job on one machine, or Spark.",
    )
    schedule: ScheduleExpression | None = Field(
        default=None,
        description="When the workflow runs, in UTC, such as `cron(0 3 * * ? *)`; none runs it on demand.",
    )
    instance: InstanceType = Field(default="ml.m5.xlarge", description="Prepares, with `processing`.")
    max_run_minutes: int = Field(
        default=60, ge=5, le=1440, description="Minutes until the preparation is stopped."
    )
    bytes_scanned_limit_gb: int = Field(
        default=10, ge=1, le=7000, description="GiB that one query may scan; each TiB costs 5 USD."
    )
    spark: SparkSettings = SparkSettings()

    @model_validator(mode="after")
    def _spark_can_prepare(self) -> Self:
        if self.engine == "spark" and not (self.spark.enabled and self.spark.entry_point):
            raise ValueError(
                "engine processing, or spark.enabled true with spark.entryPoint, a key in models"
            )
        return self


@dataclass(frozen=True, kw_only=True)
class DataPipelineArgs:
    """What the rest of the platform hands to the data pipeline."""

    settings: DataPipelineSettings
    foundation: Foundation
    topics: Topics
    zones: Mapping[Zone, pulumi.Input[str]]
    placement: Placement
    declared: UseCase
    use_case: str
    source_uri: pulumi.Input[str]
    image: pulumi.Input[str]
    processing_role_arn: pulumi.Input[str]
    pseudonym_keys: str | None = None
    """Name of the secret with the keys of the pseudonyms, where there are any."""


class DataPipeline(pulumi.ComponentResource):
    """From sources to judged, published tables. The workflow is there where a use case declares its table."""

    catalog: Catalog
    workgroup_name: pulumi.Output[str] | None
    machine_arn: pulumi.Output[str] | None
    spark_application_id: pulumi.Output[str] | None

    def __init__(self, name: str, args: DataPipelineArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:DataPipeline", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        settings, foundation, declared = args.settings, args.foundation, args.declared
        case = args.use_case.rpartition(".")[2]
        prepared = declared.prepared
        self.catalog = Catalog(
            f"{name}-catalog",
            CatalogArgs(
                foundation=foundation,
                zones=args.zones,
                case=case,
                tables=[prepared] if prepared else [],
                groups=declared.groups,
            ),
            opts=child,
        )
        self.workgroup_name = self.machine_arn = self.spark_application_id = None
        if settings.enabled:
            query = Query(
                f"{name}-query",
                QueryArgs(foundation=foundation, zones=args.zones, limit_gb=settings.bytes_scanned_limit_gb),
                opts=child,
            )
            self.workgroup_name = query.workgroup_name
        spark = None
        if settings.enabled and settings.spark.enabled:
            spark = Spark(
                f"{name}-spark",
                SparkArgs(
                    settings=settings.spark,
                    foundation=foundation,
                    placement=args.placement,
                    zones=args.zones,
                ),
                opts=child,
            )
            self.spark_application_id = spark.application_id
        if settings.enabled and prepared is not None and prepared.name in self.catalog.rulesets:
            self.machine_arn = self._workflow(name, args, prepared.name, spark).machine_arn
        self.register_outputs(
            {
                "workgroup_name": self.workgroup_name,
                "machine_arn": self.machine_arn,
                "spark_application_id": self.spark_application_id,
            }
        )

    def _workflow(self, name: str, args: DataPipelineArgs, table: str, spark: Spark | None) -> Workflow:
        settings, foundation = args.settings, args.foundation
        known: dict[str, pulumi.Input[object]] = {
            "raw_bucket": args.zones["raw"],
            "curated_bucket": args.zones["curated"],
            "source_uri": args.source_uri,
            "data_key": foundation.key_arns["data"],
            "image": args.image,
            "processing_role": args.processing_role_arn,
            "subnets": pulumi.Output.all(*args.placement.subnet_ids),
            "security_group": args.placement.security_group_id,
            "database": self.catalog.databases["curated"],
            "ruleset": self.catalog.rulesets[table],
        }
        if spark is not None and settings.engine == "spark":
            known["spark"] = pulumi.Output.all(
                spark.application_id, spark.role_arn, args.zones["models"]
            ).apply(
                lambda made: SparkSite(
                    application_id=made[0],
                    role_arn=made[1],
                    entry_point=f"s3://{made[2]}/{settings.spark.entry_point}",
                )
            )
        return Workflow(
            f"{name}-workflow",
            WorkflowArgs(
                foundation=foundation,
                topics=args.topics,
                fixed={
                    "name": foundation.place.prefix,
                    "use_case": args.use_case,
                    "sources": args.declared.sources,
                    "instance": settings.instance,
                    "max_run_minutes": settings.max_run_minutes,
                    "table": table,
                    "pseudonym_keys": args.pseudonym_keys,
                },
                known=known,
                schedule=settings.schedule,
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
