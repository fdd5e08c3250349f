"""What an experiment is judged by: predictions of each variant, with what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ml.case import Costs
from ml.evaluation.thresholds import cost_per_row

Floats = npt.NDArray[np.float64]
Loss = Literal["brier", "cost"]

DAY = 1440.0
"""Minutes."""


@dataclass(frozen=True)
class Observed:
    """Predictions, one a row, in any order; `outcome` is NaN where it is not known (yet).

    `at` is in minutes since 1970 (UTC), by the event; `latency` in milliseconds, NaN where nobody measured.
    """

    inference_id: npt.NDArray[np.str_]
    variant: npt.NDArray[np.str_]
    at: Floats
    probability: Floats
    outcome: Floats
    latency: Floats
    both: Floats | None = None
    """(rows, 2): what the champion's model and the challenger's answer to each request, whoever was asked, as
    computed from their archives; NaN where a model would refuse it. None without the archives."""

    def __len__(self) -> int:
        return len(self.at)

    def of(self, chosen: npt.NDArray[Any]) -> Observed:
        """The chosen rows, by mask or by place."""
        return Observed(
            self.inference_id[chosen],
            self.variant[chosen],
            self.at[chosen],
            self.probability[chosen],
            self.outcome[chosen],
            self.latency[chosen],
            None if self.both is None else self.both[chosen],
        )

    def in_order(self) -> Observed:
        """By the time of the event, and by id where that is the same."""
        return self.of(np.lexsort((self.inference_id, self.at)))


def losses(
    outcome: Floats, probability: Floats, loss: Loss, threshold: float | Floats, costs: Costs
) -> Floats:
    """What each prediction lost, 0 to 1: its squared error, or its cost as a share of the dearest one.

    The threshold is one for all, or (rows,).
    """
    if loss == "brier":
        return np.asarray((probability - outcome) ** 2)
    return cost_per_row(outcome, probability, threshold, costs) / max(costs.missed, costs.false_alarm)
