"""What does each outcome tell of the gain? Weighted by chance, centred, and none where both act alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml.case import Costs
from ml.experiments.observed import Floats, Loss, Observed, losses

TOLERANCE = 1e-5
"""How far an answer may lie from what the archive says: six decimals are sent, and ONNX and the native
library differ by up to 1e-6."""


@dataclass(frozen=True)
class Gains:
    """One a row: `value` expects, given what was before, the champion's loss less the challenger's on that
    very request; `predicted` is what was expected of it before anyone was asked. Where nothing is `triggered`
    both are exactly 0.
    """

    value: Floats
    predicted: Floats
    triggered: npt.NDArray[np.bool_]


def gains(
    known: Observed,
    *,
    challenger: str,
    share: float,
    loss: Loss,
    thresholds: tuple[float, float],
    costs: Costs,
) -> Gains:
    """Of requests in order, each with its outcome; `thresholds` are the champion's and the challenger's.

    A request is assigned at random, so `(loss - m) / (1 - share)` where the champion was asked, and `(m' -
    loss) / share` where the challenger was, expects the difference of both losses less `m - m'`, whatever m
    and m' are, as long as they were known before (Horvitz and Thompson, 1952; augmented as by Robins,
    Rotnitzky and Zhao, 1994). With the archives m and m' are what either would lose were its probability, and
    the other's, half right; without, the mean of all losses before.
    """
    theirs = known.variant == challenger
    lost = losses(
        known.outcome, known.probability, loss, np.where(theirs, thresholds[1], thresholds[0]), costs
    )
    if known.both is None:
        seen = np.ones(len(lost), dtype=np.bool_)
        before = np.concatenate([[0.0], np.cumsum(lost)[:-1]])
        ours_expected = theirs_expected = before / np.maximum(np.arange(len(lost)), 1)
    else:
        seen = triggered(known.both, loss, thresholds)
        ours_expected, theirs_expected = _expected(known.both, loss, thresholds, costs)
    predicted = ours_expected - theirs_expected
    value = predicted + np.where(
        theirs, (theirs_expected - lost) / share, (lost - ours_expected) / (1 - share)
    )
    return Gains(np.where(seen, value, 0.0), np.where(seen, predicted, 0.0), seen)


def triggered(both: Floats, loss: Loss, thresholds: tuple[float, float]) -> npt.NDArray[np.bool_]:
    """Whether the two answers to a request could differ in their loss, (rows,): where they surely act alike,
    they cannot. It depends on the request alone, not on who was asked.

    Deng and Hu, "Diluted Treatment Effect Estimation for Trigger Analysis in Online Controlled Experiments",
    WSDM 2015.
    """
    if loss == "brier":
        return np.asarray(~(np.abs(both[:, 0] - both[:, 1]) == 0))
    acts = both >= np.array(thresholds) + TOLERANCE
    rests = both < np.array(thresholds) - TOLERANCE
    return np.asarray(~(acts.all(axis=1) | rests.all(axis=1)))


def _expected(
    both: Floats, loss: Loss, thresholds: tuple[float, float], costs: Costs
) -> tuple[Floats, Floats]:
    """What champion and challenger would lose on average, were the mean of both probabilities right."""
    likely = both.mean(axis=1)
    ones, zeros = np.ones(len(both)), np.zeros(len(both))
    found = []
    for place, threshold in enumerate(thresholds):
        said = both[:, place]
        hit, miss = losses(ones, said, loss, threshold, costs), losses(zeros, said, loss, threshold, costs)
        # NaN: a model that refuses the request; then nothing is expected of it.
        found.append(np.nan_to_num(likely * hit + (1 - likely) * miss))
    return found[0], found[1]
