"""Which way to train is better? Each learns, stops and calibrates on like rows, and is judged on others."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ml.training.data import Rows
from ml.training.splits import Fold, Places
from ml.training.variants import Floats, Scorer, Setting, Variant

TEST = "test"
"""The part that is judged on the test set."""


@dataclass(frozen=True)
class Part:
    """Rows to learn from, to stop and calibrate by, and to judge on."""

    name: str
    train: Rows
    stop: Rows
    judge: Rows


@dataclass(frozen=True)
class Outcome:
    """What a variant said of the rows that judge, before and after calibration, all of shape (rows,).

    `seconds` are those of training; variants that differ in calibration alone share one training.
    """

    variant: str
    part: str
    labels: Floats
    before: Floats
    after: Floats
    seconds: float


def parts(rows: Rows, folds: Iterable[Fold]) -> Iterator[Part]:
    """The parts that folds cut from rows, one at a time."""
    for fold in folds:
        yield Part(fold.name, _of(rows, fold.train), _of(rows, fold.stop), _of(rows, fold.judge))


def compare(
    variants: Sequence[Variant],
    over: Iterable[Part],
    setting: Setting,
    say: Callable[[str], None] = print,
) -> list[Outcome]:
    """Every variant on every part; what resamples sees the rows to learn from and no others."""
    found = []
    for part in over:
        made: dict[Callable[[Rows, Rows, Setting], Scorer], tuple[Floats, Floats, float]] = {}
        for variant in variants:
            if variant.fit not in made:
                began = time.monotonic()
                scorer = variant.fit(part.train, part.stop, setting)
                seconds = time.monotonic() - began
                made[variant.fit] = scorer(part.stop.values), scorer(part.judge.values), seconds
            stopping, judged, seconds = made[variant.fit]
            calibrated = variant.calibrate(stopping, part.stop.labels.astype(np.float64))
            found.append(
                Outcome(
                    variant=variant.name,
                    part=part.name,
                    labels=part.judge.labels.astype(np.float64),
                    before=1.0 / (1.0 + np.exp(-judged)),
                    after=calibrated.probabilities(judged),
                    seconds=seconds,
                )
            )
            say(f"{part.name}: {variant.name}, {seconds:.1f} s")
    return found


def _of(rows: Rows, places: Places) -> Rows:
    return Rows(rows.values[places], rows.labels[places])
