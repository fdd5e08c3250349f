"""Storage: the encrypted, versioned zones that data and models move through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.backup.tag import backed_up
from infra.foundation.alarm import Topics
from infra.foundation.foundation import Foundation
from infra.storage.bucket import BucketPlan, protected_bucket
from infra.storage.replication import Replication, ReplicationArgs
from infra.storage.zone_policies import zone_statements
from infra.storage.zones import KEY_OF, ZONES, StorageSettings, Zone

_BACKED_UP: tuple[Zone, ...] = ("raw", "curated", "features", "models")
"""The zones whose loss no run could make good; captures and archives are copied by replication."""

__all__ = ["Storage", "StorageArgs", "StorageSettings", "Zone"]


@dataclass(frozen=True, kw_only=True)
class StorageArgs:
    """What the rest of the platform hands to the zones."""

    settings: StorageSettings
    foundation: Foundation
    topics: Topics


class Storage(pulumi.ComponentResource):
    """Eight zones that only encrypted connections reach, each encrypted with its domain's key.

    Access logs go to the zone `logs`: S3 delivers them to no bucket with Object Lock, which `audit` has, and
    to none on a key of KMS (S3 guide, "Enabling server access logging").

    Controls: CIS AWS 2.1.1 and 2.1.4; S3.1, S3.5, S3.7, S3.8, S3.9, S3.12 to S3.15, S3.17; PCI DSS 10.3.4.
    """

    buckets: Mapping[Zone, pulumi.Output[str]]
    replicas: Mapping[Zone, pulumi.Output[str]]
    """The buckets in the second region; empty without one."""

    def __init__(self, name: str, args: StorageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Storage", name, opts=opts)
        foundation, settings = args.foundation, args.settings
        place = foundation.place
        aws.s3.AccountPublicAccessBlock(
            f"{name}-account-private",
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=pulumi.ResourceOptions(parent=self),
        )

        def zone_bucket(zone: Zone, log_bucket: pulumi.Input[str] | None) -> pulumi.Output[str]:
            domain = KEY_OF[zone]
            plan = BucketPlan(
                bucket=place.bucket(zone),
                settings=settings.zones()[zone],
                foundation=foundation,
                statements=zone_statements(zone, place),
                key_arn=foundation.key_arns[domain] if domain else None,
                force_destroy=settings.force_destroy,
                log_bucket=log_bucket,
                log_prefix=f"{zone}/",
                retained=settings.retained(zone),
                tags=backed_up() if zone in _BACKED_UP else {},
            )
            return protected_bucket(f"{name}-{zone}", plan, self).bucket_name

        logs = zone_bucket("logs", None)
        self.buckets = {zone: logs if zone == "logs" else zone_bucket(zone, logs) for zone in ZONES}
        self.replicas = {}
        if foundation.recovery_region is not None and settings.replicated:
            self.replicas = Replication(
                f"{name}-replication",
                ReplicationArgs(
                    settings=settings,
                    foundation=foundation,
                    region=foundation.recovery_region,
                    sources=self.buckets,
                    topics=args.topics,
                ),
                opts=pulumi.ResourceOptions(parent=self),
            ).replicas
        self.register_outputs({"buckets": dict(self.buckets), "replicas": dict(self.replicas)})
