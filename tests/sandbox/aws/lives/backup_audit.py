"""The lives of AWS Backup's frameworks, reports and settings."""

from __future__ import annotations

from lives.life import Life, Make, a_bucket
from sandbox.engine.values import PropertyMap


def _report(make: Make) -> PropertyMap:
    return {
        "name": "jobs",
        "reportDeliveryChannel": {"s3BucketName": a_bucket(make), "formats": ["CSV"]},
        "reportSetting": {"reportTemplate": "BACKUP_JOB_REPORT"},
    }


LIVES = [
    Life(
        "aws:backup/framework:Framework",
        lambda _: {
            "name": "daily",
            "controls": [
                {
                    "name": "BACKUP_PLAN_MIN_FREQUENCY_AND_MIN_RETENTION_CHECK",
                    "inputParameters": [{"name": "requiredRetentionDays", "value": "35"}],
                },
                {
                    "name": "BACKUP_RESOURCES_PROTECTED_BY_BACKUP_PLAN",
                    "scope": {"complianceResourceTypes": ["S3"]},
                },
            ],
        },
        {
            "controls": [{"name": "BACKUP_RECOVERY_POINT_ENCRYPTED"}],
            "description": "encrypted",
            "tags": {"a": "b"},
        },
        {"name": "other"},
    ),
    Life(
        "aws:backup/reportPlan:ReportPlan",
        _report,
        {"reportSetting": {"reportTemplate": "RESTORE_JOB_REPORT"}, "tags": {"a": "b"}},
        {"name": "other"},
    ),
    Life(
        "aws:backup/globalSettings:GlobalSettings",
        lambda _: {"globalSettings": {"isCrossAccountBackupEnabled": "true"}},
        {"globalSettings": {"isCrossAccountBackupEnabled": "false"}},
        gone_after_delete=False,
    ),
    Life(
        "aws:backup/regionSettings:RegionSettings",
        lambda _: {"resourceTypeOptInPreference": {"S3": True, "EBS": True}},
        {"resourceTypeOptInPreference": {"S3": False, "EBS": True}},
        gone_after_delete=False,
    ),
]
