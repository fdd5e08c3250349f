"""What differs between environments before a stack's file has its say? The defaults of each, in one place."""

from collections.abc import Mapping
from typing import Any

EVERYWHERE: Mapping[str, Any] = {
    "storage": {
        "raw": {"infrequentAfterDays": 90, "archiveAfterDays": 365},
        "curated": {"infrequentAfterDays": 60},
        "models": {"oldVersionsDays": 90},
        "captures": {"infrequentAfterDays": 30, "expireAfterDays": 400},
        "logs": {"infrequentAfterDays": 30, "archiveAfterDays": 90, "expireAfterDays": 400},
    },
}
"""What holds in every environment where a model alone cannot say it: the zones share one model."""

DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    # Comes and goes: nothing in it needs to outlive a `destroy`.
    "dev": {
        "protected": False,
        "encryption": {"deletionWindowDays": 7},
        "logs": {"retentionDays": 30},
        "notifications": {"secretRecoveryDays": 0},
        "storage": {"forceDestroy": True},
        "streaming": {"capacity": "provisioned", "shards": 1, "archiveSeconds": 60},
        "budget": {"monthlyUsd": 800},
    },
    # Production in small: the same parts, fewer and shorter-lived.
    "staging": {
        "protected": False,
        "encryption": {"deletionWindowDays": 7},
        "logs": {"retentionDays": 60},
        "notifications": {"secretRecoveryDays": 7},
        "storage": {"forceDestroy": True},
        "streaming": {"capacity": "provisioned", "shards": 1},
        "budget": {"monthlyUsd": 1500},
    },
    # Several zones, locked, replicated to a second region, protected against deletion.
    "prod": {
        "protected": True,
        "logs": {"retentionDays": 400},
        "dataPipeline": {"schedule": "cron(0 3 * * ? *)", "bytesScannedLimitGb": 100},
        "streaming": {"capacity": "onDemand", "retentionHours": 168},
        "budget": {"monthlyUsd": 5000},
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
