"""Which smaller model may answer in the full one's place? One whose loss is within what was stated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

FULL = "full"


@dataclass(frozen=True, kw_only=True)
class Allowed:
    """What a variant may lose against the full model on the validation rows, as absolute differences."""

    pr_auc: float = 0.005
    auc: float = 0.005
    brier: float = 0.0005
    calibration_error: float = 0.005


@dataclass(frozen=True, kw_only=True)
class Quality:
    """Figures of a model on a set of rows."""

    pr_auc: float
    auc: float
    brier: float
    calibration_error: float


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A variant: its quality, its size in bytes, the milliseconds of one row and of a hundred on one thread.

    `largest_shift` is the largest difference of a probability from the full model's, `mean_shift` their mean.
    """

    name: str
    what: str
    quality: Quality
    bytes: int
    one_row_ms: float
    one_row_p99_ms: float
    hundred_rows_ms: float
    largest_shift: float = 0.0
    mean_shift: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A variant with what speaks against it: nothing, if it is accepted."""

    measured: Measured
    refused_because: tuple[str, ...] = ()

    @property
    def accepted(self) -> bool:
        return not self.refused_because


def judge(full: Measured, variants: Sequence[Measured], allowed: Allowed) -> list[Judged]:
    """Each variant against the full model, which is accepted by itself and stands first."""
    return [Judged(measured=full)] + [
        Judged(measured=one, refused_because=tuple(_losses(full.quality, one.quality, allowed)))
        for one in variants
    ]


def choose(judged: Sequence[Judged], asked: str) -> Judged:
    """The variant of the name `asked`, if it is accepted, else the full one; for `auto` the quickest of them.

    Of two that are as quick within a twentieth the smaller one wins, so that noise decides nothing.
    """
    full = next(one for one in judged if one.measured.name == FULL)
    if asked != "auto":
        found = next((one for one in judged if one.measured.name == asked and one.accepted), None)
        return found or full
    accepted = [one for one in judged if one.accepted]
    quickest = min(one.measured.one_row_ms for one in accepted)
    as_quick = [one for one in accepted if one.measured.one_row_ms <= quickest * 1.05]
    return min(as_quick, key=lambda one: (one.measured.bytes, one.measured.name))


def _losses(full: Quality, one: Quality, allowed: Allowed) -> list[str]:
    lost = {
        "PR-AUC": (full.pr_auc - one.pr_auc, allowed.pr_auc),
        "ROC-AUC": (full.auc - one.auc, allowed.auc),
        "Brier score": (one.brier - full.brier, allowed.brier),
        "calibration error": (one.calibration_error - full.calibration_error, allowed.calibration_error),
    }
    # Not a number is no small loss.
    return [
        f"{name} worse by {loss:.4f}; allowed: {limit:g}"
        for name, (loss, limit) in lost.items()
        if not loss <= limit
    ]
