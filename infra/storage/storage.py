"""Storage: the encrypted, versioned zones that data and models move through."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import pulumi
import pulumi_aws as aws
from pydantic import Field

from infra.foundation.foundation import Foundation
from infra.foundation.place import Place
from infra.foundation.policy import Statement, document, only_tls
from infra.settings.block import Settings

Zone = Literal["raw", "curated", "features", "models", "captures", "archive", "logs"]

_EVERY_OBJECT: aws.s3.BucketLifecycleConfigurationRuleFilterArgsDict = {"prefix": ""}


class ZoneSettings(Settings):
    """One zone under `groundplan:storage`: when its objects move to cheaper tiers, and when they end."""

    infrequent_after_days: int | None = Field(
        default=None,
        ge=30,
        description="Days until objects move to Standard-IA; none keeps them in Standard.",
    )
    archive_after_days: int | None = Field(
        default=None, ge=60, description="Days until objects move to Glacier Instant Retrieval."
    )
    expire_after_days: int | None = Field(
        default=None, ge=1, description="Days until objects are deleted; none keeps them."
    )
    old_versions_days: int = Field(
        default=30, ge=1, description="Days until a replaced or deleted version is gone."
    )


class StorageSettings(Settings):
    """`groundplan:storage`: the zones. Encryption, versions and privacy are not choices."""

    force_destroy: bool = Field(
        default=False,
        description="Whether `destroy` may delete buckets that hold objects; for development only.",
    )
    raw: ZoneSettings = ZoneSettings()
    curated: ZoneSettings = ZoneSettings()
    features: ZoneSettings = ZoneSettings()
    models: ZoneSettings = ZoneSettings()
    captures: ZoneSettings = ZoneSettings()
    archive: ZoneSettings = ZoneSettings()
    logs: ZoneSettings = ZoneSettings()

    def zones(self) -> Mapping[Zone, ZoneSettings]:
        return {
            "logs": self.logs,
            "raw": self.raw,
            "curated": self.curated,
            "features": self.features,
            "models": self.models,
            "captures": self.captures,
            "archive": self.archive,
        }


@dataclass(frozen=True, kw_only=True)
class StorageArgs:
    """What the rest of the platform hands to the zones."""

    settings: StorageSettings
    foundation: Foundation


class Storage(pulumi.ComponentResource):
    """Five zones that only encrypted connections reach, each encrypted with its domain's key.

    The access logs' zone alone uses S3's own keys: S3 delivers access logs to no other (S3 guide, "Enabling
    server access logging").

    Controls: CIS AWS 2.1.1 and 2.1.4; S3.1, S3.5, S3.8, S3.9, S3.12, S3.13, S3.14, S3.17.
    """

    buckets: Mapping[Zone, pulumi.Output[str]]

    def __init__(self, name: str, args: StorageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Storage", name, opts=opts)
        keys_of = args.foundation.key_arns
        keys: Mapping[Zone, pulumi.Input[str] | None] = {
            "raw": keys_of["data"],
            "curated": keys_of["data"],
            "features": keys_of["data"],
            "models": keys_of["model"],
            "captures": keys_of["data"],
            "archive": keys_of["data"],
            "logs": None,
        }
        buckets: dict[Zone, pulumi.Output[str]] = {}
        for zone, settings in args.settings.zones().items():
            buckets[zone] = self._zone(
                f"{name}-{zone}", zone, settings, args, keys[zone], buckets.get("logs")
            )
        self.buckets = {zone: buckets[zone] for zone in get_args(Zone)}
        self.register_outputs({"buckets": dict(self.buckets)})

    def _zone(
        self,
        name: str,
        zone: Zone,
        settings: ZoneSettings,
        args: StorageArgs,
        key_arn: pulumi.Input[str] | None,
        log_bucket: pulumi.Input[str] | None,
    ) -> pulumi.Output[str]:
        """One zone's bucket and all that protects it; its name, known once a client may write to it."""
        child = pulumi.ResourceOptions(parent=self)
        place = args.foundation.place
        bucket = aws.s3.Bucket(
            name,
            bucket=place.bucket(zone),
            force_destroy=args.settings.force_destroy,
            opts=args.foundation.holding_data(self),
        )
        private = aws.s3.BucketPublicAccessBlock(
            f"{name}-private",
            bucket=bucket.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=child,
        )
        aws.s3.BucketOwnershipControls(
            f"{name}-owned",
            bucket=bucket.id,
            rule={"object_ownership": "BucketOwnerEnforced"},
            opts=child,
        )
        encrypted = aws.s3.BucketServerSideEncryptionConfiguration(
            f"{name}-encrypted", bucket=bucket.id, rules=[_encryption_rule(key_arn)], opts=child
        )
        versions = aws.s3.BucketVersioning(
            f"{name}-versions",
            bucket=bucket.id,
            versioning_configuration={"status": "Enabled"},
            opts=child,
        )
        policy = aws.s3.BucketPolicy(
            f"{name}-policy",
            bucket=bucket.id,
            policy=document(*zone_statements(zone, place)),
            # S3 answers 409 to a policy and an access block that are set at the same time.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[private]),
        )
        aws.s3.BucketLifecycleConfiguration(
            f"{name}-tiers",
            bucket=bucket.id,
            rules=lifecycle_rules(settings),
            # Rules on old versions need versions.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[versions]),
        )
        if log_bucket is not None:
            aws.s3.BucketLogging(
                f"{name}-access-log",
                bucket=bucket.id,
                target_bucket=log_bucket,
                target_prefix=f"{zone}/",
                opts=child,
            )
        return pulumi.Output.all(bucket.bucket, encrypted.id, versions.id, policy.id).apply(
            lambda made: str(made[0])
        )


def _encryption_rule(
    key_arn: pulumi.Input[str] | None,
) -> aws.s3.BucketServerSideEncryptionConfigurationRuleArgsDict:
    if key_arn is None:
        return {"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}
    return {
        "apply_server_side_encryption_by_default": {
            "sse_algorithm": "aws:kms",
            "kms_master_key_id": key_arn,
        },
        "bucket_key_enabled": True,
    }


def zone_statements(zone: Zone, place: Place) -> list[Statement]:
    """A zone's policy: TLS only, and in the logs' zone S3's own delivery from the other zones."""
    arn = place.bucket_arn(zone)
    statements = [only_tls(action="s3:*", resources=[arn, f"{arn}/*"])]
    if zone == "logs":
        statements.append(
            Statement(
                sid="DeliverAccessLogs",
                principals={"Service": ["logging.s3.amazonaws.com"]},
                actions=["s3:PutObject"],
                resources=[f"{arn}/*"],
                conditions={
                    "StringEquals": {"aws:SourceAccount": place.account},
                    "ArnLike": {
                        "aws:SourceArn": [
                            place.bucket_arn(source) for source in get_args(Zone) if source != zone
                        ]
                    },
                },
            )
        )
    return statements


def lifecycle_rules(settings: ZoneSettings) -> Sequence[aws.s3.BucketLifecycleConfigurationRuleArgsDict]:
    """Lifecycle rules of a zone; leftovers of uploads and of old versions go in every one of them."""
    rules: list[aws.s3.BucketLifecycleConfigurationRuleArgsDict] = [
        {
            "id": "leftovers",
            "status": "Enabled",
            "filter": _EVERY_OBJECT,
            "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
            "noncurrent_version_expiration": {"noncurrent_days": settings.old_versions_days},
        },
        # Results of queries and the like: nobody misses them after a week.
        {
            "id": "temporary",
            "status": "Enabled",
            "filter": {"prefix": "temporary/"},
            "expiration": {"days": 7},
        },
    ]
    tiers: list[aws.s3.BucketLifecycleConfigurationRuleTransitionArgsDict] = []
    if settings.infrequent_after_days is not None:
        tiers.append({"days": settings.infrequent_after_days, "storage_class": "STANDARD_IA"})
    if settings.archive_after_days is not None:
        tiers.append({"days": settings.archive_after_days, "storage_class": "GLACIER_IR"})
    if tiers:
        rules.append({"id": "tiers", "status": "Enabled", "filter": _EVERY_OBJECT, "transitions": tiers})
    if settings.expire_after_days is not None:
        rules.append(
            {
                "id": "expiry",
                "status": "Enabled",
                "filter": _EVERY_OBJECT,
                "expiration": {"days": settings.expire_after_days},
            }
        )
    return rules
