"""Days of predictions whose drift and whose truth are known."""

from typing import Any

import numpy as np

from ml.monitoring import baseline as baselines
from ml.monitoring import history
from ml.monitoring.captured import Captured, Outcomes
from ml.monitoring.outcomes import MINUTES
from ml.training.schema import Feature

FEATURES = (
    Feature(name="size", kind="number"),
    Feature(name="origin", kind="category", values=("EWR", "JFK", "LGA")),
)
FIRST = 15_000
"""A day: 26 January 2011."""
ROWS = 300
NONE = Outcomes(np.array([], dtype=np.str_), np.array([]), np.array([]))


def of_day(day: int, *, moved: float = 0.0, wrong: float = 0.0) -> tuple[Captured, Outcomes]:
    """A day's predictions and what became of them; `wrong` raises the truth above what was said."""
    random = np.random.default_rng(day)
    values = np.column_stack([random.normal(moved, 1, ROWS), random.integers(0, 3, ROWS)]).astype(np.float32)
    probability = np.clip(random.beta(1, 9, ROWS), 0.001, 0.999)
    ids = np.array([f"{day}-{number}" for number in range(ROWS)])
    at = day * MINUTES + random.integers(0, MINUTES, ROWS).astype(np.float64)
    outcome = (random.random(ROWS) < np.clip(probability + wrong, 0, 1)).astype(np.float64)
    variant = np.full(ROWS, "champion")
    return Captured(ids, variant, at, values, probability), Outcomes(ids, outcome, at + 90)


def of_days(first: int, last: int, **how: float) -> tuple[Captured, Outcomes]:
    """The same for every day from `first` to `last`."""
    parts = [of_day(day, **how) for day in range(first, last + 1)]
    captured = Captured(
        *(
            np.concatenate([getattr(one, name) for one, _ in parts])
            for name in ("inference_id", "variant", "at", "features", "probability")
        )
    )
    outcomes = Outcomes(
        *(
            np.concatenate([getattr(one, name) for _, one in parts])
            for name in ("inference_id", "outcome", "known_at")
        )
    )
    return captured, outcomes


def added(
    before: history.History, learned: baselines.Baseline, *given: Any, until: int | None = None
) -> history.History:
    """What is kept once captures and outcomes came in."""
    captured, outcomes = given
    return history.added(before, learned, captured, outcomes, ["origin"], until=until)
