"""When do a zone's objects move to cheaper tiers, and when do they end? Rules as S3 takes them."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi_aws as aws

from infra.storage.zones import AuditSettings, ZoneSettings

_EVERY_OBJECT: aws.s3.BucketLifecycleConfigurationRuleFilterArgsDict = {"prefix": ""}


def lifecycle_rules(settings: ZoneSettings) -> Sequence[aws.s3.BucketLifecycleConfigurationRuleArgsDict]:
    """Lifecycle rules of a zone; leftovers of uploads and of old versions go in every one of them."""
    rules: list[aws.s3.BucketLifecycleConfigurationRuleArgsDict] = [
        {
            "id": "leftovers",
            "status": "Enabled",
            "filter": _EVERY_OBJECT,
            "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
            "noncurrent_version_expiration": {"noncurrent_days": settings.old_versions_days},
        }
    ]
    if not isinstance(settings, AuditSettings):
        # Results of queries and the like: nobody misses them after a week.
        rules.append(
            {
                "id": "temporary",
                "status": "Enabled",
                "filter": {"prefix": "temporary/"},
                "expiration": {"days": 7},
            }
        )
    tiers = _tiers(settings)
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


def _tiers(settings: ZoneSettings) -> list[aws.s3.BucketLifecycleConfigurationRuleTransitionArgsDict]:
    if settings.intelligent_tiering:
        return [{"days": 0, "storage_class": "INTELLIGENT_TIERING"}]
    classes = {
        "infrequentAfterDays": "STANDARD_IA",
        "archiveAfterDays": "GLACIER_IR",
        "deepArchiveAfterDays": "DEEP_ARCHIVE",
    }
    return [{"days": days, "storage_class": classes[name]} for name, days in settings.moves]


def deep_tierings(
    settings: ZoneSettings,
) -> Sequence[aws.s3.BucketIntelligentTieringConfigurationTieringArgsDict]:
    """What Intelligent-Tiering does beyond its own tiers, by days without access; empty where nothing."""
    if not settings.intelligent_tiering or settings.deep_archive_after_days is None:
        return []
    return [{"access_tier": "DEEP_ARCHIVE_ACCESS", "days": settings.deep_archive_after_days}]
