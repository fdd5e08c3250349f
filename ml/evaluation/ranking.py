"""How well are positives ranked above negatives, in each of many resamples? On bins of the probability."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml.evaluation.bootstrap import Floats, Integers, Resamples

BINS = 2000
"""Half of them spread over all rows, half over the positives, which stand where precision is decided. What
they move a figure by, against each row by itself, the intervals are shifted by."""
FEWER_BINS = 500
"""For the many segments, whose intervals are wide."""


@dataclass(frozen=True)
class Ranked:
    """Rows in bins of falling probability: the bin of each row, how many bins, and each row's label."""

    place: Integers
    size: int
    labels: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Areas:
    """PR-AUC and ROC-AUC of each resample, NaN where a resample has one class alone: both (resamples,)."""

    pr_auc: Floats
    auc: Floats


def ranked(labels: Floats, said: Floats, bins: int = BINS) -> Ranked:
    """Bins the rows; where there are at most `bins` distinct probabilities, each has a bin of its own."""
    values = np.unique(said)
    if len(values) > bins:
        shares = np.linspace(0, 1, bins // 2)
        of_positives = np.quantile(said[labels == 1], shares) if labels.any() else values[:0]
        values = np.unique(np.concatenate([np.quantile(said, shares), of_positives]))
    up = np.minimum(np.searchsorted(values, said, side="left"), len(values) - 1)
    return Ranked((len(values) - 1 - up).astype(np.int64), len(values), labels.astype(np.int64))


def areas(rows: Ranked, resamples: Resamples) -> Areas:
    """The areas in each resample."""
    cells = rows.labels * rows.size + rows.place
    return _areas(resamples.histograms(cells, 2 * rows.size), rows.size)


def binned_areas(rows: Ranked) -> tuple[float, float]:
    """PR-AUC and ROC-AUC of the rows themselves, on the bins."""
    cells = rows.labels * rows.size + rows.place
    whole = np.bincount(cells, minlength=2 * rows.size).astype(np.float64)[None, :]
    found = _areas(whole, rows.size)
    return float(found.pr_auc[0]), float(found.auc[0])


def _areas(histograms: Floats, size: int) -> Areas:
    new_negatives, new_hits = histograms[:, :size], histograms[:, size:]
    hits = np.cumsum(new_hits, axis=1)
    taken = np.cumsum(new_negatives, axis=1)
    negative, positive = taken[:, -1].copy(), hits[:, -1].copy()
    taken += hits
    np.maximum(taken, 1, out=taken)
    with np.errstate(divide="ignore", invalid="ignore"):
        pr_auc = np.einsum("ij,ij->i", new_hits, hits / taken) / positive
        # Of each new negative: the positives above it, and half of those in its bin.
        pairs = (
            np.einsum("ij,ij->i", new_negatives, hits) - np.einsum("ij,ij->i", new_negatives, new_hits) / 2
        )
        auc = pairs / (positive * negative)
    undefined = (positive == 0) | (negative == 0)
    pr_auc[undefined] = np.nan
    auc[undefined] = np.nan
    return Areas(pr_auc, auc)
