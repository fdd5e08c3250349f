"""What is compared with what? Ways to train, and ways to turn margins into probabilities."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ml.training import calibration
from ml.training.boosting import Run
from ml.training.data import Rows
from ml.training.ensemble import train_all
from ml.training.parameters import Parameters
from ml.training.schema import Feature

Floats = npt.NDArray[np.float64]

Scorer = Callable[[npt.NDArray[np.float32]], Floats]
"""From rows (rows, features) to margins (rows,): log odds, before calibration."""


@dataclass(frozen=True)
class Setting:
    """What all variants of a comparison share."""

    features: Sequence[Feature]
    parameters: Parameters
    device: str


class Calibrated(Protocol):
    """What a way to calibrate gives."""

    def probabilities(self, margins: Floats) -> Floats: ...


@dataclass(frozen=True)
class Variant:
    """A way to train on some rows, stopping by others, and to calibrate by those."""

    name: str
    what: str
    fit: Callable[[Rows, Rows, Setting], Scorer]
    calibrate: Callable[[Floats, Floats], Calibrated] = calibration.fit


def boosted(training: Rows, stopping: Rows, setting: Setting) -> Scorer:
    """The boosting of a training job, with its ensemble if it has one."""
    made = train_all(
        training, stopping, setting.features, setting.parameters, Run(device=setting.device, say=silent)
    )
    return made.margins


def silent(line: str) -> None:
    """Says nothing of the rounds: a comparison has a line for each training."""
