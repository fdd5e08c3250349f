"""What differs between environments before a stack's file has its say? The defaults of each, in one place."""

from collections.abc import Mapping
from typing import Any

EVERYWHERE: Mapping[str, Any] = {
    "storage": {
        "raw": {"infrequentAfterDays": 90, "archiveAfterDays": 365},
        "curated": {"infrequentAfterDays": 60},
        "models": {"oldVersionsDays": 90},
        "features": {"infrequentAfterDays": 90},
        "captures": {"infrequentAfterDays": 30, "expireAfterDays": 400},
        "archive": {"archiveAfterDays": 30, "deepArchiveAfterDays": 365, "expireAfterDays": 2557},
        "audit": {"infrequentAfterDays": 30, "archiveAfterDays": 90, "expireAfterDays": 2557},
        "logs": {"infrequentAfterDays": 30, "archiveAfterDays": 90, "expireAfterDays": 400},
    },
    "backup": {
        "daily": {"keepDays": 35},
        "weekly": {"keepDays": 90},
        "monthly": {"keepDays": 365, "coldAfterDays": 30},
    },
}
"""What holds in every environment where a model alone cannot say it: the zones share one model."""

DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    # Comes and goes: nothing in it needs to outlive a `destroy`.
    "dev": {
        "protected": False,
        "encryption": {"deletionWindowDays": 7},
        "logs": {"retentionDays": 30},
        "network": {"interfacesInUse": False},
        "notifications": {"secretRecoveryDays": 0},
        "storage": {
            "forceDestroy": True,
            "raw": {"oldVersionsDays": 7},
            "curated": {"oldVersionsDays": 7},
            "features": {"oldVersionsDays": 7},
            "models": {"oldVersionsDays": 30},
            "captures": {"infrequentAfterDays": None, "expireAfterDays": 30, "oldVersionsDays": 1},
            "archive": {
                "archiveAfterDays": None,
                "deepArchiveAfterDays": None,
                "expireAfterDays": 30,
                "oldVersionsDays": 1,
            },
            "logs": {"archiveAfterDays": None, "expireAfterDays": 60, "oldVersionsDays": 1},
            "audit": {"objectLock": "none", "archiveAfterDays": None, "expireAfterDays": 90},
        },
        "parking": {"enabled": True},
        "budget": {"monthlyUsd": 800, "stopTraining": {"enabled": True}},
        "backup": {
            "daily": {"keepDays": 7},
            "weekly": {"enabled": False},
            "monthly": {"enabled": False},
        },
        "retraining": {"coolDownHours": 72},
        "streaming": {"capacity": "provisioned", "shards": 1, "archiveSeconds": 60},
    },
    # Production in small: the same parts, fewer and shorter-lived.
    "staging": {
        "protected": False,
        "encryption": {"deletionWindowDays": 7},
        "logs": {"retentionDays": 60},
        # Endpoints for all services in two zones would cost more than half of what an idle staging may.
        "network": {"interfacesInUse": False},
        # It comes and goes with what it verifies, and a secret that waits for its deletion keeps its name.
        "notifications": {"secretRecoveryDays": 0},
        "storage": {
            "forceDestroy": True,
            "captures": {"expireAfterDays": 90},
            "archive": {"deepArchiveAfterDays": None, "expireAfterDays": 90},
            "audit": {"objectLock": "governance", "lockDays": 30, "expireAfterDays": 400},
        },
        "streaming": {"capacity": "provisioned", "shards": 1},
        "budget": {"monthlyUsd": 1500},
        "backup": {
            "daily": {"keepDays": 14},
            "weekly": {"keepDays": 35},
            "monthly": {"enabled": False},
            "lock": {"mode": "governance"},
            "restoreTests": {"enabled": True},
        },
        "audit": {
            "trail": {"logGroup": True, "alarms": True},
            "recorder": {"enabled": True},
            "threats": {"enabled": True},
        },
    },
    # Several zones, locked, replicated to a second region, protected against deletion.
    "prod": {
        "protected": True,
        "logs": {"retentionDays": 400},
        "storage": {
            "raw": {"deepArchiveAfterDays": 730},
            "audit": {"objectLock": "compliance", "lockDays": 365, "deepArchiveAfterDays": 365},
        },
        "dataPipeline": {"schedule": "cron(0 3 * * ? *)", "bytesScannedLimitGb": 100},
        "streaming": {"capacity": "onDemand", "retentionHours": 168},
        "budget": {"monthlyUsd": 5000},
        "backup": {
            "daily": {"keepDays": 35, "copyKeepDays": 35},
            "weekly": {"keepDays": 90, "copyKeepDays": 90},
            "monthly": {"keepDays": 730, "coldAfterDays": 30, "copyKeepDays": 365},
            "continuousDays": 35,
            "lock": {"mode": "compliance"},
            "restoreTests": {"enabled": True},
            "framework": True,
        },
        "audit": {
            "trail": {"dataEvents": True, "logGroup": True, "alarms": True},
            "recorder": {"enabled": True},
            "threats": {"enabled": True, "features": ["s3", "malware", "lambda"]},
            "hub": {"enabled": True},
            "analyzer": {"unusedDays": 90},
            "inspector": {"enabled": True},
        },
    },
}
"""Environment → component → setting, as they would stand in the stack's file."""


def with_defaults(environment: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a stack over its environment's defaults, block by block.

    What is given wins; a list or a value is replaced whole.
    """
    return _over(_over(EVERYWHERE, DEFAULTS.get(environment, {})), given)


def _over(base: Mapping[str, Any], top: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for name, value in top.items():
        below = merged.get(name)
        merged[name] = (
            _over(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
        )
    return merged
