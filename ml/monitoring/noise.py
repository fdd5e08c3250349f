"""How much do days differ from each other though nothing has changed? From that, when drift is no noise.

A day's flights share one weather: as a sample they are far fewer than they are rows, so no theory of random
rows gives the bound. It is measured instead: every window of days in a row of the reference is compared with
all its other days. The logarithms of those indices are near to normal, and the bound is what a further window
exceeds by chance with the stated probability, over all features together (Bonferroni).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from ml.monitoring.bins import Counts, Floats
from ml.monitoring.drift import psi

LONGEST_WINDOW = 14
"""Days that are looked at together: two of each day of the week, and weather that has changed a few times."""

WINDOWS_AT_LEAST = 4
"""The reference must hold so many windows side by side for their spread to be known."""

FALSE_ALARMS = 0.01
"""Probability that any feature's window exceeds its bound though nothing has changed."""

CUSTOMARY = 0.2
"""No bound is below it: a population stability index of 0.2 is "much" by custom, however steady the past."""


@dataclass(frozen=True)
class Normal:
    """Bounds by the window's length: `bounds` has the shape (longest window, features)."""

    bounds: Floats

    @property
    def longest(self) -> int:
        """The longest window, in days."""
        return max(1, len(self.bounds))

    def threshold(self, days: int, rows: int, bins: npt.NDArray[np.intp]) -> Floats:
        """The population stability index above which a window has drifted, shape (features,).

        `bins` counts each feature's bins: of few rows, chance alone moves many of them.
        """
        few = by_chance(bins, rows, len(bins))
        if not len(self.bounds):
            return np.asarray(np.maximum(few, CUSTOMARY))
        known = self.bounds[min(days, len(self.bounds)) - 1]
        return np.asarray(np.maximum(np.maximum(known, few), CUSTOMARY))


def normal_variation(by_day: Counts, begin: npt.NDArray[np.intp]) -> Normal:
    """What is normal, of counts (days, bins of all features) of a reference whose days are in order."""
    days, width = by_day.shape
    features = len(begin)
    bins = np.diff(np.append(begin, width))
    quantile = _quantile(features)
    total = by_day.sum(axis=0)
    summed = np.concatenate([np.zeros((1, width), dtype=np.int64), np.cumsum(by_day, axis=0)])
    bounds = []
    for length in range(1, min(LONGEST_WINDOW, days // WINDOWS_AT_LEAST) + 1):
        inside = summed[length:] - summed[:-length]
        found = psi(total - inside, inside, begin)
        rows = np.maximum(inside[:, : bins[0]].sum(axis=1, keepdims=True), 1)
        # Below what random rows give there is nothing to tell, and its logarithm would tell it loudly.
        logarithms = np.log(np.maximum(found, np.maximum(bins - 1, 1) / rows))
        apart = days / length
        spread = logarithms.std(axis=0) * math.sqrt(apart / (apart - 1)) * math.sqrt(1 + 1 / apart)
        bounds.append(np.exp(logarithms.mean(axis=0) + quantile * spread))
    return Normal(np.array(bounds).reshape(len(bounds), features))


def by_chance(bins: npt.NDArray[np.intp], rows: int, features: int) -> Floats:
    """The index that so many random rows of the reference itself exceed with probability FALSE_ALARMS.

    Rows times the index follow a chi-squared distribution with one degree of freedom less than bins
    (Yurdakul, Statistical Properties of Population Stability Index, 2018); its quantile is Wilson's and
    Hilferty's.
    """
    free = np.maximum(bins - 1, 1).astype(np.float64)
    part = 2 / (9 * free)
    return np.asarray(free * (1 - part + _quantile(features) * np.sqrt(part)) ** 3 / max(rows, 1))


def _quantile(features: int) -> float:
    return NormalDist().inv_cdf(1 - FALSE_ALARMS / features)
