"""Catalog: what data there is, a database for each zone, and the rules that data must keep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws

from infra.data.declared import EVENT_TIME, FeatureGroup, Table
from infra.data.features import group_name
from infra.foundation.foundation import Foundation
from infra.foundation.place import Place
from infra.storage.storage import Zone

Cataloged = Literal["raw", "curated", "features", "archive"]
CATALOGED: tuple[Cataloged, ...] = ("raw", "curated", "features", "archive")
"""The zones that hold tables."""

_PARQUET = "org.apache.hadoop.hive.ql.io.parquet"
_GLUE_TYPES = {"String": "string", "Integral": "bigint", "Fractional": "double"}


@dataclass(frozen=True, kw_only=True)
class CatalogArgs:
    """What the rest of the platform hands to the catalog. `tables` and `groups` are those declared."""

    foundation: Foundation
    zones: Mapping[Zone, pulumi.Input[str]]
    case: str
    tables: Sequence[Table]
    groups: Sequence[FeatureGroup]


class Catalog(pulumi.ComponentResource):
    """Databases and tables of Glue, rulesets, and the security configuration of Glue's jobs.

    Databases and tables are descriptions: the data lies in the zones, and stays where it is without them.

    Controls: checkov 99 (security configuration on KMS).
    """

    databases: Mapping[Cataloged, pulumi.Output[str]]
    rulesets: Mapping[str, pulumi.Output[str]]
    """Table → its ruleset."""
    security_configuration: pulumi.Output[str]

    def __init__(self, name: str, args: CatalogArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Catalog", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        place, keys = args.foundation.place, args.foundation.key_arns
        self.databases = {
            zone: aws.glue.CatalogDatabase(
                f"{name}-{zone}",
                name=database_name(place, zone),
                description=f"Tables of the zone {zone}",
                location_uri=pulumi.Output.concat("s3://", args.zones[zone], "/"),
                # Without Lake Formation's grant to everybody: IAM alone says who reads.
                create_table_default_permissions=[],
                opts=child,
            ).name
            for zone in CATALOGED
        }
        security = aws.glue.SecurityConfiguration(
            f"{name}-security",
            name=f"{place.prefix}-data",
            encryption_configuration={
                "cloudwatch_encryption": {
                    "cloudwatch_encryption_mode": "SSE-KMS",
                    "kms_key_arn": keys["logs"],
                },
                "job_bookmarks_encryption": {
                    "job_bookmarks_encryption_mode": "CSE-KMS",
                    "kms_key_arn": keys["data"],
                },
                "s3_encryption": {"s3_encryption_mode": "SSE-KMS", "kms_key_arn": keys["data"]},
            },
            opts=child,
        )
        rulesets: dict[str, pulumi.Output[str]] = {}
        for table in args.tables:
            made = self._table(
                f"{name}-{table.name}",
                table.name,
                self.databases[table.zone],
                pulumi.Output.concat("s3://", args.zones[table.zone], f"/{args.case}/{table.path}/"),
                table.columns,
            )
            if table.rules:
                rulesets[table.name] = aws.glue.DataQualityRuleset(
                    f"{name}-{table.name}-rules",
                    name=f"{place.prefix}-{table.name}",
                    description=f"What the table {table.name} must keep to",
                    ruleset=ruleset(table.rules),
                    target_table={"database_name": self.databases[table.zone], "table_name": made.name},
                    opts=child,
                ).name
        for group in args.groups:
            # The offline store writes to folders below, whose names it makes up.
            self._table(
                f"{name}-features-{group.name}",
                f"{args.case}_{group.name}",
                self.databases["features"],
                pulumi.Output.concat(
                    "s3://", args.zones["features"], f"/{group_name(place, args.case, group)}/"
                ),
                {
                    group.entity: "string",
                    EVENT_TIME: "string",
                    **{feature: _GLUE_TYPES[kind] for feature, kind in group.features.items()},
                    "write_time": "timestamp",
                    "api_invocation_time": "timestamp",
                    "is_deleted": "boolean",
                },
            )
        self.rulesets = rulesets
        self.security_configuration = security.name
        self.register_outputs(
            {
                "databases": dict(self.databases),
                "rulesets": dict(rulesets),
                "security_configuration": self.security_configuration,
            }
        )

    def _table(
        self,
        name: str,
        table: str,
        database: pulumi.Input[str],
        location: pulumi.Input[str],
        columns: Mapping[str, str],
    ) -> aws.glue.CatalogTable:
        return aws.glue.CatalogTable(
            name,
            name=table,
            database_name=database,
            table_type="EXTERNAL_TABLE",
            parameters={"EXTERNAL": "TRUE", "classification": "parquet"},
            storage_descriptor=parquet_files(location, columns),
            opts=pulumi.ResourceOptions(parent=self),
        )


def database_name(place: Place, zone: Cataloged) -> str:
    """Athena wants no hyphens in names that are written without quotes."""
    return f"{place.prefix}_{zone}".replace("-", "_")


def parquet_files(
    location: pulumi.Input[str], columns: Mapping[str, str]
) -> aws.glue.CatalogTableStorageDescriptorArgsDict:
    """How a table says that its files are Parquet. `columns`: name → Glue's type."""
    return {
        "input_format": f"{_PARQUET}.MapredParquetInputFormat",
        "output_format": f"{_PARQUET}.MapredParquetOutputFormat",
        "ser_de_info": {"serialization_library": f"{_PARQUET}.serde.ParquetHiveSerDe"},
        "location": location,
        "columns": [{"name": column, "type": kind} for column, kind in columns.items()],
    }


def ruleset(rules: Sequence[str]) -> str:
    """The rules as DQDL has them."""
    return "Rules = [\n" + ",\n".join(f"    {rule}" for rule in rules) + "\n]"
