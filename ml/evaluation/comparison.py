"""Is the model better than the champion? Differences on the same rows, by paired bootstrap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ml.case import Costs
from ml.evaluation.bootstrap import Estimate, Floats, Resamples, estimate
from ml.evaluation.metrics import average_precision, roc_auc
from ml.evaluation.ranking import areas, binned_areas, ranked
from ml.evaluation.thresholds import cost_per_row

Verdict = Literal["superior", "non-inferior", "worse", "undecided"]

MARGINS = {"pr_auc": 0.02, "auc": 0.01, "brier": 0.001, "cost": 0.05}
"""By how much the model may be worse and still count as no worse; of `cost`, a share of the champion's."""


@dataclass(frozen=True)
class Difference:
    """A figure of the model and of the champion. `gain` is above 0 where the model is better, whichever way
    the figure goes; `margin` is in the same unit.
    """

    model: float
    champion: float
    gain: Estimate
    margin: float
    verdict: Verdict


@dataclass(frozen=True)
class Comparison:
    """The differences by figure, on how many rows; `left_out` rows are of periods that the champion knew."""

    differences: dict[str, Difference]
    rows: int
    left_out: int
    unit: str


@dataclass(frozen=True)
class Contender:
    """A model on the rows: what it said (rows,), and from which probability it acts."""

    said: Floats
    threshold: float


def compare(
    labels: Floats,
    model: Contender,
    champion: Contender,
    costs: Costs,
    resamples: Resamples,
    *,
    margin: float | None = None,
    left_out: int = 0,
) -> Comparison:
    """Of rows with both classes. `margin` replaces that of the PR-AUC."""
    margins = MARGINS if margin is None else MARGINS | {"pr_auc": margin}
    ours, theirs = ranked(labels, model.said), ranked(labels, champion.said)
    drawn_ours, drawn_theirs = areas(ours, resamples), areas(theirs, resamples)
    binned_ours, binned_theirs = binned_areas(ours), binned_areas(theirs)
    told: dict[str, Difference] = {}
    for name, exact, draws, place in (
        ("pr_auc", average_precision, drawn_ours.pr_auc - drawn_theirs.pr_auc, 0),
        ("auc", roc_auc, drawn_ours.auc - drawn_theirs.auc, 1),
    ):
        here, there = exact(labels, model.said), exact(labels, champion.said)
        moved = (here - there) - (binned_ours[place] - binned_theirs[place])
        told[name] = _difference(here, there, estimate(here - there, draws + moved), margins[name])
    losses = np.column_stack(
        [
            np.ones_like(labels),
            (model.said - labels) ** 2,
            (champion.said - labels) ** 2,
            1000 * cost_per_row(labels, model.said, model.threshold, costs),
            1000 * cost_per_row(labels, champion.said, champion.threshold, costs),
        ]
    )
    means, sums = losses.mean(axis=0), resamples.sums(losses)
    for name, place in (("brier", 1), ("cost", 3)):
        here, there = float(means[place]), float(means[place + 1])
        draws = (sums[:, place + 1] - sums[:, place]) / sums[:, 0]
        allowed = margins[name] * (there if name == "cost" else 1.0)
        told[name] = _difference(here, there, estimate(there - here, draws), allowed)
    return Comparison(told, len(labels), left_out, costs.unit)


def verdict(gain: Estimate, margin: float) -> Verdict:
    """By the interval of the gain: all above 0, all above -margin, all below 0, or none of these."""
    if gain.low > 0:
        return "superior"
    if gain.low >= -margin:
        return "non-inferior"
    return "worse" if gain.high < 0 else "undecided"


def _difference(model: float, champion: float, gain: Estimate, margin: float) -> Difference:
    return Difference(model, champion, gain, margin, verdict(gain, margin))
