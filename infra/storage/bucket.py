"""Bucket: what every zone's bucket has, in whichever region it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from infra.foundation.foundation import Foundation
from infra.foundation.policy import Statement, document
from infra.storage.lifecycle import deep_tierings, lifecycle_rules
from infra.storage.zones import AuditSettings, ZoneSettings


@dataclass(frozen=True, kw_only=True)
class BucketPlan:
    """A bucket, and how it is protected. Without `key_arn` it is on S3's own keys.

    `region` is the second region, or none for the stack's own. `log_bucket` takes its access logs, below
    `log_prefix`; `retained` has it and its protections outlive a destroy.
    """

    bucket: str
    settings: ZoneSettings
    foundation: Foundation
    statements: Sequence[Statement]
    key_arn: pulumi.Input[str] | None
    force_destroy: bool
    region: str | None = None
    log_bucket: pulumi.Input[str] | None = None
    log_prefix: str = ""
    retained: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ProtectedBucket:
    """A bucket once it is protected."""

    bucket_name: pulumi.Output[str]
    """Known once a client may write to it: encrypted, versioned, with its policy and its lock."""
    arn: pulumi.Output[str]


def protected_bucket(name: str, plan: BucketPlan, parent: pulumi.Resource) -> ProtectedBucket:
    """Makes the bucket and all that protects it, as children of `parent`.

    A function and not a component, so that the zones' addresses in a stack's state stay as they always were.
    """
    region = plan.region
    child = pulumi.ResourceOptions(parent=parent, retain_on_delete=plan.retained or None)
    bucket = aws.s3.Bucket(
        name,
        bucket=plan.bucket,
        region=region,
        force_destroy=plan.force_destroy,
        tags=dict(plan.tags) or None,
        opts=plan.foundation.holding_data(parent, retain_on_delete=plan.retained or None),
    )
    private = aws.s3.BucketPublicAccessBlock(
        f"{name}-private",
        bucket=bucket.id,
        region=region,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=child,
    )
    aws.s3.BucketOwnershipControls(
        f"{name}-owned",
        bucket=bucket.id,
        region=region,
        rule={"object_ownership": "BucketOwnerEnforced"},
        opts=child,
    )
    encrypted = aws.s3.BucketServerSideEncryptionConfiguration(
        f"{name}-encrypted",
        bucket=bucket.id,
        region=region,
        rules=[_encryption_rule(plan.key_arn)],
        opts=child,
    )
    versions = aws.s3.BucketVersioning(
        f"{name}-versions",
        bucket=bucket.id,
        region=region,
        versioning_configuration={"status": "Enabled"},
        opts=child,
    )
    policy = aws.s3.BucketPolicy(
        f"{name}-policy",
        bucket=bucket.id,
        region=region,
        policy=document(*plan.statements),
        # S3 answers 409 to a policy and an access block that are set at the same time.
        opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[private])),
    )
    # Rules on old versions, and locks, need versions.
    versioned = pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[versions]))
    aws.s3.BucketLifecycleConfiguration(
        f"{name}-tiers",
        bucket=bucket.id,
        region=region,
        rules=lifecycle_rules(plan.settings),
        opts=versioned,
    )
    _tiering(name, plan, bucket, child)
    lock = _lock(name, plan, bucket, versioned)
    if plan.log_bucket is not None:
        aws.s3.BucketLogging(
            f"{name}-access-log",
            bucket=bucket.id,
            region=region,
            target_bucket=plan.log_bucket,
            target_prefix=plan.log_prefix,
            # Not retained: the bucket that takes the logs is not either.
            opts=pulumi.ResourceOptions(parent=parent),
        )
    parts = [encrypted.id, versions.id, policy.id, *([lock.id] if lock else [])]
    usable = pulumi.Output.all(bucket.bucket, *parts).apply(lambda made: str(made[0]))
    return ProtectedBucket(bucket_name=usable, arn=bucket.arn)


def _tiering(name: str, plan: BucketPlan, bucket: aws.s3.Bucket, child: pulumi.ResourceOptions) -> None:
    tierings = deep_tierings(plan.settings)
    if tierings:
        aws.s3.BucketIntelligentTieringConfiguration(
            f"{name}-deep",
            bucket=bucket.id,
            region=plan.region,
            name="deep-archive",
            tierings=tierings,
            opts=child,
        )


def _lock(
    name: str, plan: BucketPlan, bucket: aws.s3.Bucket, versioned: pulumi.ResourceOptions
) -> aws.s3.BucketObjectLockConfiguration | None:
    """The lock as a resource of its own: switching the bucket's own flag would replace the bucket."""
    settings = plan.settings
    if not isinstance(settings, AuditSettings) or settings.object_lock == "none":
        return None
    return aws.s3.BucketObjectLockConfiguration(
        f"{name}-lock",
        bucket=bucket.id,
        region=plan.region,
        object_lock_enabled="Enabled",
        rule={"default_retention": {"mode": settings.object_lock.upper(), "days": settings.lock_days}},
        opts=versioned,
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
