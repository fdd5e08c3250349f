"""Replication: the zones that live on in the second region, and what carries them there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.foundation.alarm import Topics, alarm
from infra.foundation.foundation import Foundation
from infra.foundation.place import Place
from infra.foundation.policy import Statement, only_tls
from infra.foundation.role import Role, RoleArgs
from infra.storage.bucket import BucketPlan, ProtectedBucket, protected_bucket
from infra.storage.zone_policies import delivery_of_access_logs
from infra.storage.zones import KEY_OF, StorageSettings, Zone

RULE = "everything"
BEHIND_SECONDS = 3600
"""How far a copy may lag before somebody is told: the recovery point that production promises."""


@dataclass(frozen=True, kw_only=True)
class ReplicationArgs:
    """What the zones hand over: their buckets, and the second region."""

    settings: StorageSettings
    foundation: Foundation
    region: str
    sources: Mapping[Zone, pulumi.Output[str]]
    topics: Topics


class Replication(pulumi.ComponentResource):
    """A bucket for each replicated zone in the second region, equally protected, on the keys' replicas.

    Objects follow within minutes, with their versions and delete markers; what was there before does not (S3
    Batch Replication carries it). Controls: S3.7, and Object Lock on the copies of what is locked.
    """

    replicas: Mapping[Zone, pulumi.Output[str]]

    def __init__(self, name: str, args: ReplicationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Replication", name, opts=opts)
        place, region = args.foundation.place, args.region
        zones = [zone for zone in args.settings.zones() if zone in args.settings.replicated]
        log_bucket = self._copy(name, "logs", args, None).bucket_name
        copies = {zone: self._copy(name, zone, args, log_bucket) for zone in zones}
        domains = sorted({domain for zone in zones if (domain := KEY_OF[zone]) is not None})
        keys = pulumi.Output.all(
            here=[args.foundation.key_arns[domain] for domain in domains],
            there=[args.foundation.replica_key_arns[domain] for domain in domains],
        )
        role = Role(
            f"{name}-carrier",
            RoleArgs(
                purpose="replication",
                description="Carries objects to the second region",
                service="s3.amazonaws.com",
                statements=keys.apply(
                    lambda arns: carrier_statements(zones, place, region, arns["here"], arns["there"])
                ),
                boundary_arn=args.foundation.boundary_arn,
                place=place,
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        for zone in zones:
            self._carry(f"{name}-{zone}-to-{region}", zone, args, role, copies[zone])
        self.replicas = {zone: copies[zone].bucket_name for zone in zones}
        self.register_outputs({"replicas": dict(self.replicas)})

    def _copy(
        self, name: str, zone: Zone, args: ReplicationArgs, log_bucket: pulumi.Input[str] | None
    ) -> ProtectedBucket:
        """A zone's bucket in the second region. Its name holds the region, so that another one moves none."""
        foundation, place = args.foundation, args.foundation.place
        bucket = replica_bucket(zone, place, args.region)
        arn = replica_arn(zone, place, args.region)
        statements = [only_tls(action="s3:*", resources=[arn, f"{arn}/*"])]
        if zone == "logs":
            sources = [replica_arn(source, place, args.region) for source in args.settings.replicated]
            statements.append(delivery_of_access_logs(arn, sources, place))
        domain = KEY_OF[zone]
        return protected_bucket(
            f"{name}-{args.region}-{zone}",
            BucketPlan(
                bucket=bucket,
                region=args.region,
                settings=args.settings.zones()[zone],
                foundation=foundation,
                statements=statements,
                key_arn=foundation.replica_key_arns[domain] if domain else None,
                force_destroy=args.settings.force_destroy,
                log_bucket=log_bucket,
                log_prefix=f"{zone}/",
                retained=args.settings.retained(zone),
            ),
            self,
        )

    def _carry(self, name: str, zone: Zone, args: ReplicationArgs, role: Role, copy: ProtectedBucket) -> None:
        """The zone's replication, by S3's rules of version 2, and the alarms on it."""
        domain = KEY_OF[zone]
        key = args.foundation.replica_key_arns[domain] if domain else None
        there = pulumi.Output.all(copy.arn, copy.bucket_name).apply(lambda made: str(made[0]))
        aws.s3.BucketReplicationConfig(
            name,
            bucket=args.sources[zone],
            role=role.arn,
            rules=[
                {
                    "id": RULE,
                    "priority": 1,
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "delete_marker_replication": {"status": "Enabled"},
                    "source_selection_criteria": {"sse_kms_encrypted_objects": {"status": "Enabled"}},
                    "destination": {
                        "bucket": there,
                        "encryption_configuration": {"replica_kms_key_id": key} if key else None,
                        "metrics": {"status": "Enabled"},
                    },
                }
            ],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self._watch(name, zone, args)

    def _watch(self, name: str, zone: Zone, args: ReplicationArgs) -> None:
        """The alarms on copies that are late, and on those that never come."""
        place = args.foundation.place
        watched: dict[str, Any] = {
            "runbook": "replication-behind",
            "severity": "warning",
            "topics": args.topics,
            "foundation": args.foundation,
            "namespace": "AWS/S3",
            "dimensions": {
                "SourceBucket": place.bucket(zone),
                "DestinationBucket": replica_bucket(zone, place, args.region),
                "RuleId": RULE,
            },
            "comparison_operator": "GreaterThanThreshold",
            "period": 300,
            "opts": pulumi.ResourceOptions(parent=self),
        }
        alarm(
            f"{name}-behind",
            name=f"{place.prefix}-{zone}-replication-behind",
            says=f"Copies of the zone {zone} in {args.region} are more than an hour behind.",
            metric_name="ReplicationLatency",
            statistic="Maximum",
            threshold=BEHIND_SECONDS,
            evaluation_periods=3,
            **watched,
        )
        alarm(
            f"{name}-failed",
            name=f"{place.prefix}-{zone}-replication-failed",
            says=f"Objects of the zone {zone} could not be copied to {args.region}.",
            metric_name="OperationsFailedReplication",
            statistic="Sum",
            threshold=0,
            evaluation_periods=1,
            **watched,
        )


def replica_bucket(zone: Zone, place: Place, region: str) -> str:
    """The name of a zone's bucket in the second region."""
    return place.bucket(f"{zone}-{region}")


def replica_arn(zone: Zone, place: Place, region: str) -> str:
    return place.bucket_arn(f"{zone}-{region}")


def carrier_statements(
    zones: Sequence[Zone], place: Place, region: str, keys: Sequence[str], replica_keys: Sequence[str]
) -> list[Statement]:
    """What S3 needs to carry encrypted, locked objects (S3 guide, "Setting up permissions for live
    replication", and "Replicating encrypted objects")."""
    sources = [place.bucket_arn(zone) for zone in zones]
    copies = [f"{replica_arn(zone, place, region)}/*" for zone in zones]
    return [
        Statement(
            sid="ReadConfiguration",
            actions=["s3:GetReplicationConfiguration", "s3:ListBucket"],
            resources=sources,
        ),
        Statement(
            sid="ReadVersions",
            actions=[
                "s3:GetObjectLegalHold",
                "s3:GetObjectRetention",
                "s3:GetObjectVersionAcl",
                "s3:GetObjectVersionForReplication",
                "s3:GetObjectVersionTagging",
            ],
            resources=[f"{arn}/*" for arn in sources],
        ),
        Statement(
            sid="WriteCopies",
            actions=["s3:ReplicateDelete", "s3:ReplicateObject", "s3:ReplicateTags"],
            resources=copies,
        ),
        Statement(
            sid="OpenObjects",
            actions=["kms:Decrypt"],
            resources=keys,
            conditions={"StringLike": {"kms:ViaService": f"s3.{place.region}.amazonaws.com"}},
        ),
        Statement(
            sid="SealCopies",
            actions=["kms:Encrypt", "kms:GenerateDataKey"],
            resources=replica_keys,
            conditions={"StringLike": {"kms:ViaService": f"s3.{region}.amazonaws.com"}},
        ),
    ]
