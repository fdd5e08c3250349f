"""Features: the feature groups of the use case, online for answers and offline for training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pulumi
import pulumi_aws as aws
from pydantic import Field

from infra.data.declared import EVENT_TIME, FeatureGroup
from infra.foundation.foundation import Foundation
from infra.foundation.place import Place
from infra.foundation.policy import Statement
from infra.foundation.role import Role, RoleArgs
from infra.settings.block import Settings
from infra.storage.storage import Zone


class FeatureSettings(Settings):
    """`groundplan:features`: the feature store. Both of its stores are encrypted in every case."""

    enabled: bool = Field(default=True, description="Whether there are feature groups.")
    online_days: int = Field(
        default=365,
        ge=1,
        le=3650,
        description="Days until a record leaves the online store; offline it stays.",
    )
    throughput: Literal["onDemand", "provisioned"] = Field(
        default="onDemand",
        description="How the online store is paid for: by request, or by units of capacity.",
    )
    read_units: int = Field(default=5, ge=1, le=10000, description="Units of reading, where provisioned.")
    write_units: int = Field(default=5, ge=1, le=10000, description="Units of writing, where provisioned.")


@dataclass(frozen=True, kw_only=True)
class FeaturesArgs:
    """What the rest of the platform hands to the features."""

    settings: FeatureSettings
    foundation: Foundation
    zones: Mapping[Zone, pulumi.Input[str]]
    case: str
    groups: Sequence[FeatureGroup]


class Features(pulumi.ComponentResource):
    """A feature group for each that the use case declares, on the data's key, with a role of their own.

    A group holds data, and the provider would replace it for any change of its definitions (terraform-
    provider-aws #36784). So it does not look at them once the group is there: docs/components/data.md says
    how a feature is added.

    Controls: SageMaker guide, "Security and access control" of Feature Store; least privilege.
    """

    group_names: Mapping[str, pulumi.Output[str]]
    """Declared name → the feature group's name."""

    def __init__(self, name: str, args: FeaturesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Features", name, opts=opts)
        foundation, settings = args.foundation, args.settings
        place, key = foundation.place, foundation.key_arns["data"]
        role = Role(
            f"{name}-role",
            RoleArgs(
                purpose="features",
                description="Writes what the feature store keeps offline",
                service="sagemaker.amazonaws.com",
                statements=key.apply(lambda known: store_statements(place, known)),
                boundary_arn=foundation.boundary_arn,
                place=place,
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.group_names = {
            group.name: aws.sagemaker.FeatureGroup(
                f"{name}-{group.name}",
                feature_group_name=group_name(place, args.case, group),
                description=group.description,
                record_identifier_feature_name=group.entity,
                event_time_feature_name=EVENT_TIME,
                feature_definitions=definitions(group),
                role_arn=role.arn,
                online_store_config={
                    "enable_online_store": True,
                    "security_config": {"kms_key_id": key},
                    "ttl_duration": {"unit": "Days", "value": settings.online_days},
                },
                offline_store_config={
                    "s3_storage_config": {
                        "s3_uri": pulumi.Output.concat(
                            "s3://", args.zones["features"], "/", group_name(place, args.case, group)
                        ),
                        "kms_key_id": key,
                    },
                    # The catalog has a table of ours: one that SageMaker made would outlive a destroy.
                    "disable_glue_table_creation": True,
                    "table_format": "Glue",
                },
                throughput_config=_throughput(settings),
                opts=foundation.holding_data(self, ignore_changes=["feature_definitions"]),
            ).feature_group_name
            for group in args.groups
        }
        self.register_outputs({"group_names": dict(self.group_names)})


def group_name(place: Place, case: str, group: FeatureGroup) -> str:
    """What a feature group is called: `groundplan-dev-flights-airports`."""
    return f"{place.prefix}-{case}-{group.name}"


def definitions(group: FeatureGroup) -> list[aws.sagemaker.FeatureGroupFeatureDefinitionArgsDict]:
    """The definitions of a group: entity and event time first."""
    every = {group.entity: "String", EVENT_TIME: "String", **group.features}
    return [{"feature_name": name, "feature_type": kind} for name, kind in every.items()]


def _throughput(settings: FeatureSettings) -> Any:
    if settings.throughput == "onDemand":
        return {"throughput_mode": "OnDemand"}
    return {
        "throughput_mode": "Provisioned",
        "provisioned_read_capacity_units": settings.read_units,
        "provisioned_write_capacity_units": settings.write_units,
    }


def store_statements(place: Place, key_arn: str) -> list[Statement]:
    """What the store does by the role: it writes to the zone, and encrypts.

    Source: SageMaker guide, "Adding required policies to your IAM role" (Feature Store).
    """
    zone = place.bucket_arn("features")
    return [
        Statement(sid="WriteFeatures", actions=["s3:PutObject"], resources=[f"{zone}/*"]),
        Statement(sid="LookAtZone", actions=["s3:GetBucketAcl", "s3:GetBucketLocation"], resources=[zone]),
        Statement(
            sid="UseDataKey",
            actions=["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*"],
            resources=[key_arn],
        ),
        Statement(
            sid="EncryptOnlineStore",
            actions=["kms:CreateGrant"],
            resources=[key_arn],
            conditions={"StringLike": {"kms:ViaService": f"sagemaker.{place.region}.amazonaws.com"}},
        ),
    ]
