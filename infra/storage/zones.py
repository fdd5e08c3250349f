"""Which zones of data are there, and what may be chosen for each?"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Literal, Self, get_args

from pydantic import Field, model_validator

from infra.foundation.encryption import Domain
from infra.settings.block import Settings

Zone = Literal["raw", "curated", "features", "models", "captures", "archive", "logs", "audit"]
Replicable = Literal["raw", "curated", "features", "models", "archive", "audit"]
"""The zones that can be copied to a second region: captures and access logs say nothing there."""

ZONES: tuple[Zone, ...] = get_args(Zone)
LOCKABLE = "audit"

KEY_OF: Mapping[Zone, Domain | None] = {
    "raw": "data",
    "curated": "data",
    "features": "data",
    "models": "model",
    "captures": "data",
    "archive": "data",
    # S3 delivers access logs to no bucket on a key of KMS (S3 guide, "Enabling server access logging").
    "logs": None,
    "audit": "logs",
}
"""Zone → the domain whose key encrypts it."""

_BETWEEN_TIERS = 30
"""Days that S3 wants between an object's move to Standard-IA and its next (S3 guide, "Transitioning objects
using Amazon S3 Lifecycle"); shorter stays in the other tiers are paid for in full."""
_DEEP_ACCESS = (180, 730)
"""Days in which Intelligent-Tiering can move to Deep Archive Access (S3 API, Tiering)."""


class ZoneSettings(Settings):
    """One zone under `groundplan:storage`: when its objects move to cheaper tiers, and when they end."""

    intelligent_tiering: bool = Field(
        default=False,
        description="Whether S3 moves objects between tiers as they are read, in the place of "
        "infrequentAfterDays and archiveAfterDays.",
    )
    infrequent_after_days: int | None = Field(
        default=None,
        ge=30,
        le=36500,
        description="Days until objects move to Standard-IA; none keeps them in Standard.",
    )
    archive_after_days: int | None = Field(
        default=None,
        ge=30,
        le=36500,
        description="Days until objects move to Glacier Instant Retrieval, 30 after infrequentAfterDays.",
    )
    deep_archive_after_days: int | None = Field(
        default=None,
        ge=90,
        le=36500,
        description="Days until objects move to Glacier Deep Archive, where reading one takes hours; 30 "
        "after the tier before, and 180 to 730 with intelligentTiering.",
    )
    expire_after_days: int | None = Field(
        default=None,
        ge=1,
        le=36500,
        description="Days until objects are deleted, more than until the last tier; none keeps them.",
    )
    old_versions_days: int = Field(
        default=30, ge=1, le=36500, description="Days until a replaced or deleted version is gone."
    )

    @property
    def moves(self) -> list[tuple[str, int]]:
        """Setting and days of each move by the clock, in their order."""
        days = {
            "infrequentAfterDays": None if self.intelligent_tiering else self.infrequent_after_days,
            "archiveAfterDays": None if self.intelligent_tiering else self.archive_after_days,
            "deepArchiveAfterDays": self.deep_archive_after_days,
        }
        return [(name, after) for name, after in days.items() if after is not None]

    @model_validator(mode="after")
    def _tiers_that_s3_takes(self) -> Self:
        deep = self.deep_archive_after_days
        least, most = _DEEP_ACCESS
        if self.intelligent_tiering and deep is not None and not least <= deep <= most:
            raise ValueError(f"deepArchiveAfterDays of {least} to {most} with intelligentTiering")
        moves = self.moves
        for (before, first), (after, second) in pairwise(moves):
            least = first + _BETWEEN_TIERS
            if second < least:
                raise ValueError(f"{after} of {least} or more, {_BETWEEN_TIERS} days after {before}; or none")
        if moves and self.expire_after_days is not None and self.expire_after_days <= moves[-1][1]:
            raise ValueError(
                f"expireAfterDays of more than {moves[-1][0]}, {moves[-1][1]}; or none in the place of either"
            )
        return self


class AuditSettings(ZoneSettings):
    """The zone `audit`: what nobody may change before its time."""

    object_lock: Literal["none", "governance", "compliance"] = Field(
        default="governance",
        description="Object Lock on audit logs: `governance` gives way to who may bypass it, `compliance` to "
        "nobody, so that bucket and key outlive a destroy.",
    )
    lock_days: int = Field(default=365, ge=1, le=36500, description="Days that an audit log is locked.")

    @model_validator(mode="after")
    def _kept_while_locked(self) -> Self:
        ends = self.expire_after_days
        if self.object_lock != "none" and ends is not None and ends < self.lock_days:
            raise ValueError(f"expireAfterDays of lockDays, {self.lock_days}, or more; or none")
        return self


class StorageSettings(Settings):
    """`groundplan:storage`: the zones. Encryption, versions and privacy are not choices."""

    force_destroy: bool = Field(
        default=False,
        description="Whether `destroy` may delete buckets that hold objects; for development only.",
    )
    replicated: tuple[Replicable, ...] = Field(
        default=get_args(Replicable),
        description="Zones that are copied to the recovery region, where there is one.",
    )
    raw: ZoneSettings = ZoneSettings()
    curated: ZoneSettings = ZoneSettings()
    features: ZoneSettings = ZoneSettings()
    models: ZoneSettings = ZoneSettings()
    captures: ZoneSettings = ZoneSettings()
    archive: ZoneSettings = ZoneSettings()
    logs: ZoneSettings = ZoneSettings()
    audit: AuditSettings = AuditSettings()

    def zones(self) -> Mapping[Zone, ZoneSettings]:
        return {
            "raw": self.raw,
            "curated": self.curated,
            "features": self.features,
            "models": self.models,
            "captures": self.captures,
            "archive": self.archive,
            "logs": self.logs,
            "audit": self.audit,
        }

    def retained(self, zone: Zone) -> bool:
        """Whether the zone outlives a destroy: in compliance mode nobody can delete what is locked."""
        return zone == "audit" and self.audit.object_lock == "compliance"
