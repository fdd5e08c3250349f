"""How good the probabilities of a binary classifier are."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

BINS = 10
"""Bins of the calibration, of equal count: with equal widths nearly all rows would fall into the first."""

LEAST = 1e-7
"""How near to 0 or 1 a probability counts in the log loss: single precision knows none nearer to 1."""


@dataclass(frozen=True)
class Curve:
    """Points of a curve: recall and precision, or false and true positive rate, both from 0 to 1."""

    x: Floats
    y: Floats


@dataclass(frozen=True)
class Bin:
    """Rows of like probability: how many, the mean of what was said, and the share that came true."""

    rows: int
    said: float
    came_true: float


@dataclass(frozen=True)
class Metrics:
    """Figures of one set of rows; `prevalence` is the PR-AUC of guessing.

    `pr_auc` and `auc` are None where all labels are the same, since then neither is defined.
    """

    rows: int
    prevalence: float
    pr_auc: float | None
    auc: float | None
    brier: float
    calibration_error: float
    log_loss: float


@dataclass(frozen=True)
class BrierParts:
    """The Brier score taken apart: brier = reliability - resolution + uncertainty + `within`.

    `reliability` is the mean squared gap between said and true by bin (less is better), `resolution` how far
    the bins stand apart from the mean (more is better), `uncertainty` what saying the mean would give
    (Murphy, "A New Vector Partition of the Probability Score", 1973). `within` is what the bins hide
    (Stephenson, Coelho and Jolliffe, "Two Extra Components in the Brier Score Decomposition", 2008).
    """

    reliability: float
    resolution: float
    uncertainty: float
    within: float


def measure(labels: Floats, said: Floats) -> Metrics:
    """Figures of labels (0 or 1) and probabilities, both of shape (rows,), at least one row."""
    one_class = labels.min() == labels.max()
    return Metrics(
        rows=len(labels),
        prevalence=float(labels.mean()),
        pr_auc=None if one_class else average_precision(labels, said),
        auc=None if one_class else roc_auc(labels, said),
        brier=float(((said - labels) ** 2).mean()),
        calibration_error=calibration_error(calibration(labels, said)),
        log_loss=float(log_losses(labels, said).mean()),
    )


def log_losses(labels: Floats, said: Floats) -> Floats:
    """The log loss of each row, in nats; a probability of 0 or 1 counts as LEAST away from it."""
    sure = np.clip(said, LEAST, 1 - LEAST)
    return np.asarray(-np.log(np.where(labels == 1, sure, 1 - sure)))


def brier_parts(labels: Floats, said: Floats) -> BrierParts:
    """The parts of the Brier score on the bins of the calibration."""
    bins, mean = calibration(labels, said), float(labels.mean())
    rows = len(labels)
    reliability = sum(part.rows * (part.said - part.came_true) ** 2 for part in bins) / rows
    resolution = sum(part.rows * (part.came_true - mean) ** 2 for part in bins) / rows
    uncertainty = mean * (1 - mean)
    brier = float(((said - labels) ** 2).mean())
    return BrierParts(reliability, resolution, uncertainty, brier - reliability + resolution - uncertainty)


def average_precision(labels: Floats, said: Floats) -> float:
    """The area under the precision-recall curve as a sum of steps, ties taken together."""
    curve = precision_recall(labels, said)
    return float((np.diff(curve.x, prepend=0.0) * curve.y).sum())


def precision_recall(labels: Floats, said: Floats) -> Curve:
    """Recall and precision at each distinct threshold, from the highest threshold down."""
    hits, taken = _counts(labels, said)
    return Curve(hits / labels.sum(), hits / taken)


def roc_auc(labels: Floats, said: Floats) -> float:
    """The area under the ROC curve, the chance that a positive ranks above a negative, ties half."""
    curve = roc(labels, said)
    return float(np.trapezoid(curve.y, curve.x))


def roc(labels: Floats, said: Floats) -> Curve:
    """False and true positive rates at each distinct threshold, from (0, 0) on."""
    hits, taken = _counts(labels, said)
    positives = labels.sum()
    false = (taken - hits) / (len(labels) - positives)
    return Curve(np.concatenate([[0.0], false]), np.concatenate([[0.0], hits / positives]))


def calibration(labels: Floats, said: Floats) -> list[Bin]:
    """Bins of equal count (BINS, fewer for fewer rows), from the lowest probability up."""
    order = np.argsort(said, kind="stable")
    parts = [part for part in np.array_split(order, BINS) if len(part)]
    return [Bin(len(part), float(said[part].mean()), float(labels[part].mean())) for part in parts]


def calibration_error(bins: list[Bin]) -> float:
    """The mean distance between what was said and what came true, weighted by rows."""
    rows = sum(part.rows for part in bins)
    return sum(part.rows * abs(part.said - part.came_true) for part in bins) / rows


def _counts(labels: Floats, said: Floats) -> tuple[Floats, Floats]:
    """Positives and rows at or above each distinct threshold, from the highest down."""
    order = np.argsort(-said, kind="stable")
    last = np.append(np.diff(said[order]) != 0, True)
    hits = np.cumsum(labels[order])[last]
    taken = (np.flatnonzero(last) + 1).astype(np.float64)
    return hits, taken
