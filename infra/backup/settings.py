"""What may an operator choose about backups? Plans, the lock on the vaults, tests of restoring."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from infra.backup.tag import Plan
from infra.settings.block import Settings

Kind = Literal["DynamoDB", "EBS", "EFS", "RDS", "S3"]

_DAYS_IN_COLD_STORAGE = 90
"""What a recovery point stays in cold storage at least (AWS Backup guide, "Lifecycle")."""
_MOST_CONTINUOUS_DAYS = 35
"""How far back a point in time may lie (AWS Backup guide, "Point-in-time recovery")."""

_BREAKS = r"^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/[A-Za-z0-9_+=,.@/-]+$"

_Days = Annotated[int, Field(ge=1, le=36_500)]


class PlanSettings(Settings):
    """One plan under `groundplan:backup`."""

    enabled: bool = Field(default=True, description="Whether the plan runs.")
    keep_days: _Days = Field(description="Days until a recovery point is deleted.")
    cold_after_days: _Days | None = Field(
        default=None,
        description=(
            "Days until a recovery point moves to cold storage, where it stays 90 days or more; S3 knows "
            "none "
            "and stays where it is."
        ),
    )
    copy_keep_days: _Days | None = Field(
        default=None,
        description="Days until the copy in the second region is deleted; none copies nothing.",
    )

    @model_validator(mode="after")
    def _long_enough_in_cold_storage(self) -> Self:
        if self.cold_after_days is not None and self.keep_days < self.cold_after_days + _DAYS_IN_COLD_STORAGE:
            raise ValueError(f"keepDays of coldAfterDays + {_DAYS_IN_COLD_STORAGE} or more")
        return self


class LockSettings(Settings):
    """`groundplan:backup.lock`: who can still delete a recovery point before its time."""

    mode: Literal["none", "governance", "compliance"] = Field(
        default="none",
        description=(
            "none: by its policy; governance: nobody, until the lock is taken off; compliance: nobody, root "
            "and AWS included, and the lock stays for ever once changeableDays are over."
        ),
    )
    changeable_days: int = Field(
        default=14, ge=3, le=36_500, description="Days in which a compliance lock can still be taken off."
    )
    least_days: _Days = Field(default=7, description="Fewest days that a recovery point may be kept for.")
    most_days: _Days = Field(default=3_653, description="Most days that a recovery point may be kept for.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.least_days > self.most_days:
            raise ValueError("leastDays up to mostDays")
        return self


class RestoreTestSettings(Settings):
    """`groundplan:backup.restoreTests`: whether what is kept can be brought back."""

    enabled: bool = Field(
        default=False, description="Whether AWS Backup restores a recent recovery point each week, on trial."
    )
    kinds: tuple[Kind, ...] = Field(
        default=("S3",), min_length=1, description="Kinds of data stores that are tried."
    )
    validation_hours: int = Field(
        default=4, ge=1, le=168, description="Hours that what was restored stays for a look at it."
    )

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len(set(self.kinds)) < len(self.kinds):
            raise ValueError("each of kinds once")
        return self


class BackupSettings(Settings):
    """`groundplan:backup`: recovery points of what carries the tag `Backup`."""

    enabled: bool = Field(
        default=True,
        description="Whether data stores are backed up; without, the vaults keep what they hold.",
    )
    daily: PlanSettings = PlanSettings(keep_days=35)
    weekly: PlanSettings = PlanSettings(keep_days=90)
    monthly: PlanSettings = PlanSettings(keep_days=365, cold_after_days=30)
    continuous_days: int | None = Field(
        default=None,
        ge=1,
        le=_MOST_CONTINUOUS_DAYS,
        description="Days back in which any moment of S3 and RDS can be restored; none: no such.",
    )
    lock: LockSettings = LockSettings()
    break_glass: tuple[Annotated[str, Field(pattern=_BREAKS)], ...] = Field(
        default=(), description="ARNs of who may delete recovery points by hand in an emergency."
    )
    opt_in: bool = Field(
        default=True,
        description="Whether to switch S3 and DynamoDB on for AWS Backup in this account and region.",
    )
    restore_tests: RestoreTestSettings = RestoreTestSettings()
    framework: bool = Field(
        default=False,
        description="Whether AWS Backup Audit Manager checks the backups; it needs AWS Config's recorder.",
    )
    reports_bucket: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
        description=(
            "Bucket for a daily report of backup jobs, whose policy admits the service-linked role "
            "AWSServiceRoleForBackupReports; none writes none."
        ),
    )

    def plans(self) -> Mapping[Plan, PlanSettings]:
        """The plans that run."""
        every: Mapping[Plan, PlanSettings] = {
            "daily": self.daily,
            "weekly": self.weekly,
            "monthly": self.monthly,
        }
        return {plan: settings for plan, settings in every.items() if settings.enabled}

    @model_validator(mode="after")
    def _within_the_lock(self) -> Self:
        if self.lock.mode == "none":
            return self
        kept: list[tuple[str, int | None]] = (
            [("continuousDays", self.continuous_days)] if self.continuous_days and self.daily.enabled else []
        )
        for plan, settings in self.plans().items():
            kept += [
                (f"{plan}.keepDays", settings.keep_days),
                (f"{plan}.copyKeepDays", settings.copy_keep_days),
            ]
        least, most = self.lock.least_days, self.lock.most_days
        outside = [path for path, days in kept if days is not None and not least <= days <= most]
        if outside:
            raise ValueError(
                f"{least} to {most} days, by lock.leastDays and lock.mostDays, for {' and '.join(outside)}"
            )
        return self
