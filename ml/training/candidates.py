"""What else could be compared than remedies of imbalance? Ensembles, and ways to calibrate."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ml.training.data import Rows
from ml.training.variants import Floats, Scorer, Setting, Variant, boosted

_ENSEMBLES = ("none", "seeds:5", "bagging:5", "depths:4,6,8")


def ensembles() -> tuple[Variant, ...]:
    """One booster, and means of several: they become one booster all the same."""
    return tuple(Variant(kind, f"hyperparameter ensemble={kind}", _ensemble(kind)) for kind in _ENSEMBLES)


def calibrations() -> tuple[Variant, ...]:
    """The same margins, made into probabilities in several ways."""
    return (
        Variant("none", "the logistic function of the margin", boosted, lambda margins, labels: _Logistic()),
        Variant("Platt", "of slope * margin + intercept", boosted),
        Variant("beta", "of a * log p - b * log(1 - p) + c", boosted, _beta),
        Variant("isotonic", "a rising step function", boosted, _isotonic),
    )


@dataclass(frozen=True)
class _Logistic:
    def probabilities(self, margins: Floats) -> Floats:
        return np.asarray(1.0 / (1.0 + np.exp(-margins)))


@dataclass(frozen=True)
class _Fitted:
    apply: Callable[[Floats], Floats]

    def probabilities(self, margins: Floats) -> Floats:
        return self.apply(margins)


def _isotonic(margins: Floats, labels: Floats) -> _Fitted:
    """Zadrozny and Elkan, "Transforming Classifier Scores into Accurate Probability Estimates" (2002)."""
    from sklearn.isotonic import IsotonicRegression

    steps = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(margins, labels)
    return _Fitted(lambda given: np.asarray(steps.predict(given), dtype=np.float64))


def _beta(margins: Floats, labels: Floats) -> _Fitted:
    """Kull, Silva Filho and Flach, "Beta Calibration" (2017): a logistic regression of two logarithms."""
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(C=1e6, max_iter=1_000).fit(_logarithms(margins), labels)
    return _Fitted(lambda given: np.asarray(fitted.predict_proba(_logarithms(given))[:, 1]))


def _logarithms(margins: Floats) -> Floats:
    """log p and -log(1 - p) of p = logistic(margin), (rows, 2), without a probability of 0 or 1 between."""
    return np.column_stack([-np.logaddexp(0, -margins), np.logaddexp(0, margins)])


def _ensemble(kind: str) -> Callable[[Rows, Rows, Setting], Scorer]:
    def fit(training: Rows, stopping: Rows, setting: Setting) -> Scorer:
        parameters = replace(setting.parameters, ensemble=kind)
        return boosted(training, stopping, replace(setting, parameters=parameters))

    return fit
