"""Verification: is everything backed up as it should be? AWS Backup Audit Manager's framework and reports."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.backup.settings import BackupSettings
from infra.foundation.place import Place


@dataclass(frozen=True, kw_only=True)
class VerificationArgs:
    """What the backups hand to their verification."""

    settings: BackupSettings
    place: Place


class Verification(pulumi.ComponentResource):
    """A framework of controls over backups, which AWS Config evaluates, and a daily report of the jobs."""

    framework_arn: pulumi.Output[str] | None = None

    def __init__(self, name: str, args: VerificationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:BackupVerification", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        prefix = args.place.prefix.replace("-", "_")
        if args.settings.framework:
            framework = aws.backup.Framework(
                f"{name}-framework",
                name=f"{prefix}_backups",
                description="Recovery points are made often enough, kept long enough, encrypted and locked",
                controls=controls(args.settings, args.place),
                opts=child,
            )
            self.framework_arn = framework.arn
        if args.settings.reports_bucket:
            aws.backup.ReportPlan(
                f"{name}-jobs",
                name=f"{prefix}_backup_jobs",
                description="Each day's backup jobs",
                report_delivery_channel={
                    "s3_bucket_name": args.settings.reports_bucket,
                    "s3_key_prefix": args.place.prefix,
                    "formats": ["CSV", "JSON"],
                },
                report_setting={"report_template": "BACKUP_JOB_REPORT"},
                opts=child,
            )
        self.register_outputs({"framework_arn": self.framework_arn})


def controls(settings: BackupSettings, place: Place) -> list[aws.backup.FrameworkControlArgsDict]:
    """Audit Manager's controls that hold for these settings (its guide, "Controls and remediation")."""
    shortest = min((plan.keep_days for plan in settings.plans().values()), default=1)
    found: list[aws.backup.FrameworkControlArgsDict] = [
        {"name": "BACKUP_RECOVERY_POINT_ENCRYPTED"},
        {"name": "BACKUP_RECOVERY_POINT_MANUAL_DELETION_DISABLED"},
        {
            "name": "BACKUP_RECOVERY_POINT_MINIMUM_RETENTION_CHECK",
            "input_parameters": [{"name": "requiredRetentionDays", "value": str(shortest)}],
        },
        {
            "name": "BACKUP_RESOURCES_PROTECTED_BY_BACKUP_PLAN",
            "scope": {"compliance_resource_types": ["DynamoDB", "S3"]},
        },
    ]
    if settings.lock.mode != "none":
        found.append({"name": "BACKUP_RESOURCES_PROTECTED_BY_BACKUP_VAULT_LOCK"})
    return found
