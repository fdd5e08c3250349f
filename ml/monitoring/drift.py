"""How far apart are two distributions? Measures over counts in bins, of all features at once.

p-values are left out on purpose: with tens of thousands of rows every difference is significant, and none
says whether it is large.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml.monitoring.bins import Bins, Counts, Floats, Matrix, count, starts

SMALLEST_SHARE = 1e-4
"""What an empty bin counts as in the population stability index, which is infinite without: evidently's."""


@dataclass(frozen=True)
class Drift:
    """How far one feature is from the reference.

    `psi`: population stability index, 0.1 some, 0.2 much by custom (Siddiqi, Credit Risk Scorecards, 2006).
    `jensen_shannon`: distance from 0 to 1, logarithms to base 2. `largest_gap`: of a number the largest
    distance between the cumulative distributions over the bins' edges (the KS statistic as an effect size),
    of a category the total variation. `missing` and `new`: shares of the rows.
    """

    name: str
    psi: float
    jensen_shannon: float
    largest_gap: float
    missing: float
    missing_before: float
    new: float


def measure(bins: Sequence[Bins], reference: Counts, observed: Counts) -> list[Drift]:
    """Every feature's drift; `reference` and `observed` are counts of shape (bins of all features,)."""
    begin = starts(bins)
    psis = psi(reference, observed, begin)
    distances = jensen_shannon(reference, observed, begin)
    found = []
    for place, one in enumerate(bins):
        part = slice(begin[place], begin[place] + one.count)
        before, now = _shares(reference[part]), _shares(observed[part])
        gap = now - before
        largest = np.abs(gap).sum() / 2 if one.values else np.abs(np.cumsum(gap)).max()
        found.append(
            Drift(
                name=one.name,
                psi=float(psis[place]),
                jensen_shannon=float(distances[place]),
                largest_gap=float(largest),
                missing=float(now[-1]),
                missing_before=float(before[-1]),
                new=float(now[-2]) if one.values else 0.0,
            )
        )
    return found


def measure_rows(bins: Sequence[Bins], reference: Counts, values: Matrix) -> list[Drift]:
    """Every feature's drift of rows (rows, features)."""
    return measure(bins, reference, count(bins, values))


def psi(reference: npt.ArrayLike, observed: npt.ArrayLike, begin: npt.NDArray[np.intp]) -> Floats:
    """Population stability index, shape (…, features), of counts of shape (…, bins of all features).

    Sum of (observed - reference) * ln(observed / reference) over a feature's bins. Of no rows it is 0.
    """
    width = np.shape(observed)[-1]
    before = np.maximum(_shares_of_all(reference, begin, width), SMALLEST_SHARE)
    now = np.maximum(_shares_of_all(observed, begin, width), SMALLEST_SHARE)
    found = np.add.reduceat((now - before) * np.log(now / before), begin, axis=-1)
    rows = np.add.reduceat(np.asarray(observed, dtype=np.float64), begin, axis=-1)
    return np.asarray(np.where(rows > 0, found, 0.0), dtype=np.float64)


def jensen_shannon(reference: npt.ArrayLike, observed: npt.ArrayLike, begin: npt.NDArray[np.intp]) -> Floats:
    """Jensen-Shannon distance, shape (…, features): the square root of the divergence to base 2."""
    width = np.shape(observed)[-1]
    before, now = (_shares_of_all(counts, begin, width) for counts in (reference, observed))
    middle = (before + now) / 2

    def against_middle(shares: Floats) -> Floats:
        ratio = np.divide(shares, middle, out=np.ones_like(middle), where=(shares > 0) & (middle > 0))
        return np.asarray(shares * np.log2(ratio))

    parts = (against_middle(before) + against_middle(now)) / 2
    return np.sqrt(np.maximum(np.add.reduceat(parts, begin, axis=-1), 0.0))


def _shares_of_all(counts: npt.ArrayLike, begin: npt.NDArray[np.intp], width: int) -> Floats:
    counted = np.asarray(counts, dtype=np.float64)
    rows = np.add.reduceat(counted, begin, axis=-1)
    lengths = np.diff(np.append(begin, width))
    return np.asarray(counted / np.maximum(np.repeat(rows, lengths, axis=-1), 1.0))


def _shares(counts: Counts) -> Floats:
    return counts / max(int(counts.sum()), 1)
