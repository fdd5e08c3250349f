"""Has the relation of features and outcome changed? Residuals by day, and river's Page-Hinkley test on them.

The stream is no raw error, which moves whenever the prevalence does: it is, by day, how many more came true
than was said (`calibration`), and how much larger the log loss was than the probabilities themselves expect
(`sharpness`), each in standard deviations. The rows of a day share its weather, so a day is one observation:
its standard deviation is measured on the validation's days, not derived from the number of rows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml.monitoring.bins import Floats
from ml.monitoring.outcomes import Sums

STREAMS = ("calibration", "sharpness")
DELTA = 0.25
"""Standard deviations of a day that count as no change."""
FEWEST = 7
"""Days before the test may say anything."""
FORGETTING = 1 - 0.0001
"""river's own factor."""
WINDOW = 14
"""Days over which the mean residual says whether it is over."""
LEAST_ROWS = 30
"""Outcomes of a day below which it is no observation."""

_YEARS = 400
_DAYS = 365
_BLOCK = 7
_FALSE_ALARMS = 0.05


@dataclass(frozen=True)
class Stream:
    """What is normal of one residual: the reference's days in standard deviations, and the bounds.

    `scale`: what a day's raw residual is divided by. `threshold`: the Page-Hinkley statistic that a year of
    days like these, drawn in blocks of a week, exceeds with a probability of 5 %. `bound`: the mean of
    fourteen days that is exceeded with 5 %.
    """

    scale: float
    days: tuple[float, ...]
    threshold: float
    bound: float


def residuals(days: Sequence[Sums]) -> dict[str, Floats]:
    """Of each stream the raw residual by day; NaN where a day has too few outcomes."""

    def by_day(difference: float, variance: float, rows: float) -> float:
        return difference / math.sqrt(variance) if rows >= LEAST_ROWS and variance > 0 else math.nan

    return {
        "calibration": np.array([by_day(one.positives - one.said, one.variance, one.rows) for one in days]),
        "sharpness": np.array(
            [by_day(one.log_loss - one.log_loss_expected, one.log_loss_variance, one.rows) for one in days]
        ),
    }


def streams(days: Sequence[Sums]) -> dict[str, Stream]:
    """What is normal, of the days of a reference; empty where they are fewer than two blocks."""
    found = {}
    for name, raw in residuals(days).items():
        known = raw[~np.isnan(raw)]
        if len(known) < 2 * _BLOCK:
            return {}
        # About the mean that the calibration made nearly zero; what is left of it belongs to the model.
        scale = float(np.sqrt((known**2).mean())) or 1.0
        standard = known / scale
        years = _drawn(standard)
        before = np.broadcast_to(standard, (_YEARS, len(standard)))
        statistics = page_hinkley(np.concatenate([before, years], axis=1))
        sums = np.cumsum(np.pad(years, ((0, 0), (1, 0))), axis=1)
        means = np.abs(sums[:, WINDOW:] - sums[:, :-WINDOW]) / WINDOW
        found[name] = Stream(
            scale=scale,
            days=tuple(standard.tolist()),
            threshold=float(np.quantile(statistics[:, len(standard) :].max(axis=1), 1 - _FALSE_ALARMS)),
            bound=float(np.quantile(means, 1 - _FALSE_ALARMS)),
        )
    return found


def page_hinkley(sequences: Floats) -> Floats:
    """The two-sided statistic after each day, of sequences (sequences, days), without any reset.

    The recursion is river's `PageHinkley`; here it runs over many sequences at once, to choose the threshold.
    """
    count, days = sequences.shape
    mean, rise, fall = np.zeros(count), np.zeros(count), np.zeros(count)
    lowest, highest = np.full(count, np.inf), np.full(count, -1.0)
    found = np.zeros((count, days))
    for day in range(days):
        value = sequences[:, day]
        mean += (value - mean) / (day + 1)
        rise = FORGETTING * rise + value - mean - DELTA
        fall = FORGETTING * fall + value - mean + DELTA
        lowest, highest = np.minimum(lowest, rise), np.maximum(highest, fall)
        if day + 1 >= FEWEST:
            found[:, day] = np.maximum(rise - lowest, highest - fall)
    return found


@dataclass(frozen=True)
class Concept:
    """Of one stream, by day: the residual in standard deviations (NaN: no observation), its mean over the
    last fourteen relative to its bound, whether river's test fired, and whether that counts as drift.
    """

    residual: Floats
    relative: Floats
    fired: npt.NDArray[np.bool_]
    drifted: npt.NDArray[np.bool_]


def follow(stream: Stream, raw: Floats) -> Concept:
    """Runs the test over the days in order, after the reference's own days.

    Drifted is from the day on which the test has fired and the last fourteen days lie outside the bound,
    until they lie within it again.
    """
    from river.drift import PageHinkley

    test = PageHinkley(
        min_instances=FEWEST, delta=DELTA, threshold=stream.threshold, alpha=FORGETTING, mode="both"
    )
    for value in stream.days:
        test.update(value)  # type: ignore[no-untyped-call]
    residual = raw / stream.scale
    relative, fired, drifted = np.zeros(len(raw)), np.zeros(len(raw), bool), np.zeros(len(raw), bool)
    last: list[float] = []
    suspected = False
    for day, value in enumerate(residual):
        if not np.isnan(value):
            test.update(float(value))  # type: ignore[no-untyped-call]
            fired[day] = test.drift_detected
            last = [*last, float(value)][-WINDOW:]
        # The mean of fewer days spreads further.
        wider = math.sqrt(WINDOW / len(last)) if last else 1.0
        relative[day] = abs(sum(last) / len(last)) / (stream.bound * wider) if last else 0.0
        suspected = (suspected or bool(fired[day])) and (relative[day] >= 1 or bool(fired[day]))
        drifted[day] = suspected and relative[day] >= 1
    return Concept(residual, relative, fired, drifted)


def _drawn(standard: Floats) -> Floats:
    """Years of days drawn from the reference in blocks of a week, so that bad weather lasts as it does."""
    random = np.random.default_rng(0)
    blocks = -(-_DAYS // _BLOCK)
    first = random.integers(0, len(standard), (_YEARS, blocks, 1))
    places = (first + np.arange(_BLOCK)) % len(standard)
    return np.asarray(standard[places.reshape(_YEARS, -1)[:, :_DAYS]])
