"""Turning margins into probabilities that come true as often as they say."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_STEPS = 100


@dataclass(frozen=True)
class Calibration:
    """probability = logistic(slope * margin + intercept)."""

    slope: float
    intercept: float

    def probabilities(self, margins: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.asarray(1.0 / (1.0 + np.exp(-(self.slope * margins + self.intercept))))


def fit(margins: npt.NDArray[np.float64], labels: npt.NDArray[np.float64]) -> Calibration:
    """Platt's scaling: the two numbers that make the labels likeliest, by Newton's method.

    Platt's smoothed targets (Advances in Large Margin Classifiers, 1999) keep the slope finite even where the
    margins separate the labels. Two numbers from tens of thousands of rows cannot follow their noise.
    """
    positives, negatives = float(labels.sum()), float((1 - labels).sum())
    if not positives or not negatives:
        return Calibration(1.0, 0.0)
    target = np.where(labels == 1, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    design = np.column_stack([margins, np.ones_like(margins)])
    weights = np.array([1.0, 0.0])
    for _ in range(_STEPS):
        probability = 1.0 / (1.0 + np.exp(-(design @ weights)))
        gradient = design.T @ (probability - target)
        curvature = (design * (probability * (1 - probability))[:, None]).T @ design
        step = np.linalg.solve(curvature + 1e-9 * np.eye(2), gradient)
        weights = weights - step
        if np.abs(step).max() < 1e-10:
            break
    return Calibration(float(weights[0]), float(weights[1]))
