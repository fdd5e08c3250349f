"""What became of what was predicted? A day's sums over predictions and outcomes, and which are missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from ml.evaluation.metrics import average_precision
from ml.monitoring.bins import Floats

MINUTES = 1440
"""Of a day."""

_SMALLEST = 1e-6
"""Probabilities are kept this far from 0 and 1, where the log loss has no end."""


@dataclass(frozen=True)
class Sums:
    """Of the predictions of one day whose outcome is known: what daily figures are made of."""

    rows: float = 0.0
    positives: float = 0.0
    said: float = 0.0
    """Sum of the probabilities: the positives that were to be expected."""
    variance: float = 0.0
    """Of the number of positives, were the probabilities right."""
    squares: float = 0.0
    """Sum of squared errors: rows times the Brier score."""
    log_loss: float = 0.0
    log_loss_expected: float = 0.0
    """Its expectation, were the probabilities right: it moves with the prevalence as the loss does."""
    log_loss_variance: float = 0.0
    pr_auc: float = float("nan")
    delay: float = float("nan")
    """Median minutes from the prediction to its outcome."""

    @property
    def brier(self) -> float:
        return self.squares / self.rows if self.rows else float("nan")

    @property
    def gap(self) -> float:
        """The share that came true less the mean probability."""
        return (self.positives - self.said) / self.rows if self.rows else float("nan")


SUMS = tuple(field.name for field in fields(Sums))


def sums(probability: Floats, outcome: Floats, delay: Floats | None = None) -> Sums:
    """Of probabilities and outcomes, shape (rows,); NaN is an outcome that is not known."""
    known = ~np.isnan(outcome)
    if not known.any():
        return Sums()
    p = np.clip(probability[known].astype(np.float64), _SMALLEST, 1 - _SMALLEST)
    y = outcome[known].astype(np.float64)
    odds = np.log(p / (1 - p))
    both = 0 < y.sum() < len(y)
    return Sums(
        rows=float(len(y)),
        positives=float(y.sum()),
        said=float(p.sum()),
        variance=float((p * (1 - p)).sum()),
        squares=float(((p - y) ** 2).sum()),
        log_loss=float(-(y * np.log(p) + (1 - y) * np.log1p(-p)).sum()),
        log_loss_expected=float(-(p * np.log(p) + (1 - p) * np.log1p(-p)).sum()),
        log_loss_variance=float((p * (1 - p) * odds**2).sum()),
        pr_auc=average_precision(y, p) if both else float("nan"),
        delay=float(np.median(delay[known])) if delay is not None else float("nan"),
    )


@dataclass(frozen=True)
class Missing:
    """Of predictions that are old enough to have an outcome: how many have none."""

    due: int
    missing: int

    @property
    def share(self) -> float:
        return self.missing / self.due if self.due else 0.0


def missing(outcome: Floats) -> Missing:
    """Of outcomes, shape (rows,), all due; NaN is missing."""
    return Missing(len(outcome), int(np.isnan(outcome).sum()))


def missing_by_segment(
    outcome: Floats, segments: npt.NDArray[np.int16], values: Mapping[str, Sequence[str]]
) -> Mapping[str, Mapping[str, Missing]]:
    """Segment → value → what is missing; `segments` are codes, shape (rows, segments)."""
    found: dict[str, dict[str, Missing]] = {}
    for place, (name, known) in enumerate(values.items()):
        codes = segments[:, place]
        found[name] = {
            value: missing(outcome[codes == code])
            for code, value in enumerate(known)
            if (codes == code).any()
        }
    return found
