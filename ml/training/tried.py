"""Which of a search's trials are held against the default, on folds by time?"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ml.training.data import Rows
from ml.training.parameters import Parameters
from ml.training.trials import Found, Trial
from ml.training.variants import Scorer, Setting, Variant, boosted

DEFAULT = "default"

_BEST = 3
"""The best trial of many is partly luck, so that the next ones are asked too."""


def as_variants(base: Parameters, found: Found) -> tuple[Variant, ...]:
    """The default and the best trials, which differ in their hyperparameters alone."""
    best = [
        Variant(f"trial {one.number + 1}", told(one), _fit(with_trial(base, one))) for one in found.ranked
    ]
    return (Variant(DEFAULT, told(found.default), _fit(base)), *best[:_BEST])


def with_trial(base: Parameters, trial: Trial) -> Parameters:
    """The parameters of a trial, whole."""
    searched: dict[str, Any] = dict(trial.parameters)
    return replace(base, **searched)


def told(trial: Trial) -> str:
    """A trial's hyperparameters as text."""
    return ", ".join(f"{name} {value:.4g}" for name, value in trial.parameters.items())


def _fit(parameters: Parameters) -> Callable[[Rows, Rows, Setting], Scorer]:
    def fit(training: Rows, stopping: Rows, setting: Setting) -> Scorer:
        return boosted(training, stopping, replace(setting, parameters=parameters))

    return fit
