"""Which of the options is worth choosing? Those that no other beats in everything, and one to recommend."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

HOURS: Final = 730.0
"""Of a month, as AWS's calculator counts them."""
BURSTABLE: Final[Mapping[str, float]] = {
    "ml.t2.medium": 0.2,
    "ml.t3.medium": 0.2,
    "ml.t3.large": 0.3,
    "ml.t3.xlarge": 0.4,
    "ml.t3.2xlarge": 0.4,
}
"""The share of a core that a burstable machine has for good (EC2 guide, "Key concepts for burstable
performance instances"); what it saves up beyond is not counted."""
_CORES: Final[Mapping[str, int]] = {"medium": 2, "large": 2, "xlarge": 4, "2xlarge": 8, "4xlarge": 16}
"""vCPUs by size, of the families m5, c5, r5, t2 and t3; larger machines serve no small model."""
_FAMILIES: Final = ("t2", "t3", "m5", "c5", "r5")


@dataclass(frozen=True, kw_only=True)
class Variant:
    """A form of the model: quality on the test rows, the engine's milliseconds for one row on one core."""

    name: str
    what: str
    accepted: bool
    why_not: str
    pr_auc: float
    brier: float
    bytes: int
    one_row_ms: float
    one_row_p99_ms: float


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What must hold: requests a second at the peak, the slowest answer, machines at least (one a zone).

    `busy` is the share of a machine's capacity that the peak may use; `overhead_ms` is what a request costs
    the server's core beside the engine.
    """

    rate: float
    p99_ms: float
    machines: int
    busy: float = 0.5
    overhead_ms: float = 0.1


@dataclass(frozen=True, kw_only=True)
class Option:
    """A variant on machines of one type: how many, what they can do and cost."""

    variant: Variant
    instance: str
    machines: int
    capacity: float
    """Requests a second of all machines together, at full use."""
    p99_ms: float
    monthly_usd: float

    @property
    def usd_per_million(self) -> float:
        """US dollars for a million predictions at full use."""
        return self.monthly_usd / (self.capacity * HOURS * 3600 / 1e6)


def cores(instance: str) -> float | None:
    """How many cores a machine has for good; None for a type that is no candidate."""
    _, family, size = instance.split(".")
    if family not in _FAMILIES or size not in _CORES:
        return None
    return _CORES[size] * BURSTABLE.get(instance, 1.0)


def options(variants: Sequence[Variant], hourly_usd: Mapping[str, float], needs: Needs) -> list[Option]:
    """Every accepted variant on every type of machine, with as many machines as the peak needs.

    A core is taken to be as quick as one of this machine: what differs between families is not known here.
    """
    found = []
    for variant in (one for one in variants if one.accepted):
        busy_ms = variant.one_row_ms + needs.overhead_ms
        for instance, usd in hourly_usd.items():
            share = cores(instance)
            if share is None:
                continue
            capacity = share * 1000 / busy_ms
            machines = max(needs.machines, math.ceil(needs.rate / (capacity * needs.busy)))
            found.append(
                Option(
                    variant=variant,
                    instance=instance,
                    machines=machines,
                    capacity=capacity * machines,
                    p99_ms=variant.one_row_p99_ms + needs.overhead_ms,
                    monthly_usd=machines * usd * HOURS,
                )
            )
    return found


def frontier(found: Sequence[Option]) -> list[Option]:
    """The options that no other is at least as good as in quality, latency and price, and better in one."""
    kept = [one for one in found if not any(_beats(other, one) for other in found)]
    return sorted(kept, key=lambda one: (one.monthly_usd, -one.variant.pr_auc, one.p99_ms))


def recommended(found: Sequence[Option], needs: Needs) -> Option | None:
    """The cheapest option that answers in time; of those as cheap, the best model, then the quickest.

    A variant that was accepted has lost no more than was stated: quality decides between equals alone.
    """
    in_time = [one for one in found if one.p99_ms <= needs.p99_ms]
    return min(
        in_time,
        key=lambda one: (round(one.monthly_usd, 2), -one.variant.pr_auc, one.p99_ms),
        default=None,
    )


def _beats(other: Option, one: Option) -> bool:
    as_good = (
        other.variant.pr_auc >= one.variant.pr_auc
        and other.p99_ms <= one.p99_ms
        and other.monthly_usd <= one.monthly_usd
    )
    better = (
        other.variant.pr_auc > one.variant.pr_auc
        or other.p99_ms < one.p99_ms
        or other.monthly_usd < one.monthly_usd
    )
    return as_good and better
