"""The figures of a model on a set of rows, each with its interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ml.evaluation.bootstrap import Estimate, Floats, Resamples, estimate, reflected
from ml.evaluation.metrics import BINS as PARTS
from ml.evaluation.metrics import Metrics, log_losses, measure
from ml.evaluation.ranking import BINS, areas, binned_areas, ranked


@dataclass(frozen=True)
class Scores:
    """Figures with intervals; `pr_auc` and `auc` are None where all labels are the same.

    `gap` is the mean of what was said less the share that came true: above 0 the model says too much.
    """

    rows: int
    positives: int
    prevalence: Estimate
    pr_auc: Estimate | None
    auc: Estimate | None
    brier: Estimate
    log_loss: Estimate
    calibration_error: Estimate
    gap: Estimate


def score(labels: Floats, said: Floats, resamples: Resamples) -> Scores:
    """Of labels (0 or 1) and probabilities, both (rows,), at least one row."""
    return score_and_draws(labels, said, resamples)[0]


def score_and_draws(
    labels: Floats, said: Floats, resamples: Resamples, bins: int = BINS
) -> tuple[Scores, Floats | None]:
    """The same, and the ROC-AUC of each draw, for differences that are taken of the same draws."""
    exact = measure(labels, said)
    columns = np.column_stack(
        [np.ones_like(said), labels, said, (said - labels) ** 2, log_losses(labels, said)]
    )
    sums = resamples.sums(columns)
    with np.errstate(divide="ignore", invalid="ignore"):
        prevalence, mean_said, brier, log_loss = (sums[:, 1:] / sums[:, :1]).T
    pr_auc, auc, drawn = _areas(exact, labels, said, resamples, bins)
    told = Scores(
        rows=len(labels),
        positives=int(labels.sum()),
        prevalence=estimate(exact.prevalence, prevalence),
        pr_auc=pr_auc,
        auc=auc,
        brier=estimate(exact.brier, brier),
        log_loss=estimate(exact.log_loss, log_loss),
        calibration_error=reflected(exact.calibration_error, _calibration_errors(labels, said, resamples)),
        gap=estimate(float(said.mean() - labels.mean()), mean_said - prevalence),
    )
    return told, drawn


def _areas(
    exact: Metrics, labels: Floats, said: Floats, resamples: Resamples, bins: int
) -> tuple[Estimate | None, Estimate | None, Floats | None]:
    if exact.pr_auc is None or exact.auc is None:
        return None, None, None
    rows = ranked(labels, said, bins)
    drawn, binned = areas(rows, resamples), binned_areas(rows)
    auc = drawn.auc + (exact.auc - binned[1])
    return (
        estimate(exact.pr_auc, drawn.pr_auc + (exact.pr_auc - binned[0])),
        estimate(exact.auc, auc),
        auc,
    )


def _calibration_errors(labels: Floats, said: Floats, resamples: Resamples) -> Floats:
    """On the bins of the rows themselves: the edges do not move from draw to draw."""
    order = np.argsort(said, kind="stable")
    part = np.empty(len(said), dtype=np.int64)
    for number, rows in enumerate(np.array_split(order, PARTS)):
        part[rows] = number
    columns = np.zeros((len(said), PARTS))
    columns[np.arange(len(said)), part] = said - labels
    gaps = resamples.sums(columns)
    rows_drawn = resamples.histograms(part, PARTS).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.abs(gaps).sum(axis=1) / rows_drawn)
