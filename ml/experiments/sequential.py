"""Between which bounds does a mean lie, at every moment at once? Confidence sequences.

A bound at level alpha holds at all times together: whoever looks after every batch and stops when he likes
errs no more often than alpha. A usual interval holds at one time that was fixed before.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_RATES = np.geomspace(1e-3, 0.95, 48)
"""Rates of the mixture: the least suits a sum of squares of about 10^7 scales, the greatest one of 10."""
_STEPS = 80
FEWEST_CLUSTERS = 20
"""Clusters from which the limit that `by_clusters` relies on is taken to hold."""
_TUNED_FOR = 40
"""Clusters at which the bound of `by_clusters` is about tightest."""


@dataclass(frozen=True)
class Sequence:
    """Estimates after so many observations and their bounds, each (looks,).

    Each bound is of the mean so far, which may move: bounds of different times are not intersected.
    """

    count: Floats
    estimate: Floats
    low: Floats
    high: Floats


def bounded(
    values: Floats,
    looks: npt.NDArray[np.int64],
    alpha: float,
    *,
    lowest: float,
    highest: float,
    predicted: Floats | None = None,
) -> Sequence:
    """Of the running mean of what each value was expected to be, given those before it; after each of `looks`
    observations.

    Values less what was `predicted` of them (0 where that is not given) lie between `lowest` < 0 < `highest`;
    a prediction may use all that is known before its value, and the better it is, the narrower is the bound.
    No assumption beside: no independence, no equal means, no limit of large numbers, no right predictions.
    The empirical-Bernstein bound of Howard, Ramdas, McAuliffe and Sekhon, "Time-uniform, nonparametric,
    nonasymptotic confidence sequences", 2021, theorem 4, with a mixture over rates in place of their
    stitching: exp(rate * x / scale - psi(rate) * (x / scale)^2) is at most 1 + rate * x / scale for
    x >= -scale.
    """
    missed = values if predicted is None else values - predicted
    sums, squares = np.cumsum(values)[looks - 1], np.cumsum(missed**2)[looks - 1]
    count = looks.astype(np.float64)
    low = (sums - _deviation(squares, -lowest, alpha / 2)) / count
    high = (sums + _deviation(squares, highest, alpha / 2)) / count
    return Sequence(count, sums / count, low, high)


def by_clusters(totals: Floats, sizes: Floats, looks: npt.NDArray[np.int64], alpha: float) -> Sequence:
    """Of a mean over rows that come in clusters, such as days: `totals` and `sizes` of each cluster in order.

    The asymptotic confidence sequence of Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, "Time-uniform
    central limit theory and asymptotic confidence sequences", 2024, theorem 2.2, on a ratio of means. Before
    FEWEST_CLUSTERS nothing is known.
    """
    count = looks.astype(np.float64)
    estimate, spread = np.empty(len(looks)), np.empty(len(looks))
    for place, look in enumerate(looks):
        rows = sizes[:look].sum()
        estimate[place] = totals[:look].sum() / rows
        residuals = (totals[:look] - estimate[place] * sizes[:look]) * look / rows
        # One degree of freedom went into the mean; with few clusters that matters.
        spread[place] = math.sqrt(float((residuals**2).sum()) / max(look - 1, 1))
    rate = (-2 * math.log(alpha) + math.log(-2 * math.log(alpha)) + 1) / _TUNED_FOR
    grown = count * rate + 1
    radius = spread * np.sqrt(2 * grown / (count**2 * rate) * np.log(np.sqrt(grown) / alpha))
    radius = np.where(count < FEWEST_CLUSTERS, np.inf, radius)
    return Sequence(count, estimate, estimate - radius, estimate + radius)


def looks_of(rows: int, batch: int) -> npt.NDArray[np.int64]:
    """After every batch, and at the end."""
    looks = list(range(batch, rows + 1, batch))
    if rows and (not looks or looks[-1] != rows):
        looks.append(rows)
    return np.array(looks, dtype=np.int64)


def _deviation(squares: Floats, scale: float, alpha: float) -> Floats:
    """How far a sum with these squares may ever stray above its expectation, but for a chance of `alpha`."""
    psi = -np.log1p(-_RATES) - _RATES
    fixed = psi[:, None] * (squares / scale**2)[None, :] + math.log(len(_RATES))
    wanted = -math.log(alpha)
    low = np.zeros_like(squares)
    # At the greatest rate alone the mixture is reached for certain.
    high = scale * (wanted + fixed[-1]) / _RATES[-1]
    for _ in range(_STEPS):
        middle = (low + high) / 2
        powers = _RATES[:, None] * (middle / scale)[None, :] - fixed
        peak = powers.max(axis=0)
        reached = peak + np.log(np.exp(powers - peak).sum(axis=0)) >= wanted
        low, high = np.where(reached, low, middle), np.where(reached, middle, high)
    return np.asarray(high)
