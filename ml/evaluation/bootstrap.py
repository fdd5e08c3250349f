"""How far might a figure be off by chance? Resamples of rows, or of whole clusters of rows, and intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

RESAMPLES = 1000
SEED = 7
FEWEST_CLUSTERS = 20
"""Below this many clusters their bootstrap says intervals that are too narrow (Cameron, Gelbach and Miller,
"Bootstrap-Based Improvements for Inference with Clustered Errors", 2008): rows are drawn then."""
LEVEL = 0.95
_CHUNK = 50


@dataclass(frozen=True)
class Estimate:
    """A figure with its interval at LEVEL."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Resamples:
    """How often each unit stands in each resample: `counts` (resamples, units).

    `unit` (rows,) is the cluster of each row; where it is None, each row is a unit of its own. Figures of the
    same Resamples are paired: they are of the same drawn rows.
    """

    counts: npt.NDArray[Any]
    unit: Integers | None

    @property
    def clustered(self) -> bool:
        return self.unit is not None

    def of(self, chosen: npt.NDArray[np.bool_]) -> Resamples:
        """The same draws, seen by some of the rows."""
        if self.unit is None:
            return Resamples(self.counts[:, chosen], None)
        return Resamples(self.counts, self.unit[chosen])

    def sums(self, columns: Floats) -> Floats:
        """The sum of each column over the drawn rows: (rows, columns) to (resamples, columns)."""
        if self.unit is not None:
            units = self.counts.shape[1]
            per_unit = np.column_stack(
                [np.bincount(self.unit, weights=column, minlength=units) for column in columns.T]
            )
            return np.asarray(self.counts.astype(np.float64) @ per_unit)
        parts = range(0, len(self.counts), _CHUNK)
        return np.concatenate(
            [self.counts[start : start + _CHUNK].astype(np.float64) @ columns for start in parts]
        )

    def histograms(self, cells: Integers, size: int) -> Floats:
        """How many drawn rows fall into each cell: cells (rows,) to (resamples, size)."""
        if self.unit is not None:
            units = self.counts.shape[1]
            per_unit = np.bincount(self.unit * size + cells, minlength=units * size).reshape(units, size)
            return np.asarray(self.counts @ per_unit.astype(np.float32), dtype=np.float64)
        return np.stack([np.bincount(cells, weights=counts, minlength=size) for counts in self.counts])


def draw(labels: Floats, clusters: npt.NDArray[Any] | None, resamples: int = RESAMPLES) -> Resamples:
    """Whole clusters where there are FEWEST_CLUSTERS at least; else rows, positives and negatives apart.

    `clusters` (rows,) names the cluster of each row, such as its day: what happens on one day depends on each
    other, and single rows drawn from it would make the intervals too narrow. The same of everything gives the
    same draws.
    """
    random = np.random.default_rng(SEED)
    if clusters is not None:
        names, unit = np.unique(clusters, return_inverse=True)
        if len(names) >= FEWEST_CLUSTERS:
            drawn = random.multinomial(len(names), np.full(len(names), 1 / len(names)), size=resamples)
            return Resamples(drawn.astype(np.float32), unit.reshape(-1).astype(np.int64))
    # A byte each: a row is drawn 256 times in no lifetime, and 54,000 of them take 54 MB.
    counts = np.zeros((resamples, len(labels)), dtype=np.uint8)
    for label in (0, 1):
        rows = np.flatnonzero(labels == label)
        if len(rows):
            for number in range(resamples):
                drawn = random.integers(len(rows), size=len(rows))
                counts[number, rows] = np.bincount(drawn, minlength=len(rows))
    return Resamples(counts, None)


def estimate(value: float, drawn: Floats) -> Estimate:
    """The percentile interval around a value. Draws in which the figure is undefined (NaN) are left out."""
    known = drawn[np.isfinite(drawn)]
    if not len(known):
        return Estimate(value, value, value)
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(value, float(low), float(high))


def reflected(value: float, drawn: Floats) -> Estimate:
    """The basic interval, for a figure that chance alone makes larger, such as a calibration error: each draw
    is worse than the rows that it is drawn from by about as much as those are worse than the truth.
    """
    around = estimate(value, drawn)
    return Estimate(value, max(0.0, 2 * value - around.high), max(0.0, 2 * value - around.low))
