"""What follows from acting above a threshold: precision, recall, alerts, F1 and cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ml.case import Costs
from ml.evaluation.bootstrap import Estimate, Floats, Resamples, estimate


@dataclass(frozen=True)
class Outcomes:
    """Shares of all rows: true and false alarms, positives missed, negatives left in peace."""

    hits: float
    false_alarms: float
    missed: float
    quiet: float


@dataclass(frozen=True)
class Acting:
    """Figures at a threshold, each with its interval. `cost` is in the case's unit per 1,000 rows.

    `gain` is what acting saves per 1,000 rows against the cheaper of never and always acting.
    """

    threshold: float
    precision: Estimate
    recall: Estimate
    alert_rate: Estimate
    f1: Estimate
    cost: Estimate
    gain: Estimate
    outcomes: Outcomes


@dataclass(frozen=True)
class BestF1:
    """The threshold of the greatest F1 on these very rows: it flatters, and no interval would mend that."""

    threshold: float
    f1: float


@dataclass(frozen=True)
class CostCurve:
    """Cost per 1,000 rows at each threshold, from low to high."""

    threshold: Floats
    cost: Floats


def by_costs(costs: Costs) -> float:
    """The threshold that costs least where the probabilities are right: Elkan, "The Foundations of
    Cost-Sensitive Learning", 2001, with no cost of being right.
    """
    return costs.false_alarm / (costs.false_alarm + costs.missed)


def acting(labels: Floats, said: Floats, threshold: float, costs: Costs, resamples: Resamples) -> Acting:
    """Figures of acting where the probability is at least the threshold."""
    alarm, positive = said >= threshold, labels == 1
    cells = (2 * positive + alarm).astype(np.int64)
    whole = np.bincount(cells, minlength=4).astype(np.float64)[None, :]
    drawn = resamples.histograms(cells, 4)
    values, draws = _figures(whole, costs), _figures(drawn, costs)
    told = {name: estimate(float(np.nan_to_num(values[name][0])), found) for name, found in draws.items()}
    quiet, false_alarms, missed, hits = (whole[0] / len(labels)).tolist()
    return Acting(threshold=threshold, outcomes=Outcomes(hits, false_alarms, missed, quiet), **told)


def cost_per_row(labels: Floats, said: Floats, threshold: float | Floats, costs: Costs) -> Floats:
    """What each row costs when acted upon at the threshold, (rows,); the threshold is one, or (rows,)."""
    alarm, positive = said >= threshold, labels == 1
    return np.where(positive & ~alarm, costs.missed, 0.0) + np.where(
        alarm & ~positive, costs.false_alarm, 0.0
    )


def best_f1(labels: Floats, said: Floats) -> BestF1:
    """The best of all thresholds, by hindsight."""
    order = np.argsort(-said, kind="stable")
    last = np.append(np.diff(said[order]) != 0, True)
    hits = np.cumsum(labels[order])[last]
    taken = np.flatnonzero(last) + 1
    f1 = 2 * hits / (taken + labels.sum())
    best = int(f1.argmax())
    return BestF1(float(said[order][last][best]), float(f1[best]))


def cost_curve(labels: Floats, said: Floats, costs: Costs, points: int = 200) -> CostCurve:
    """The cost at thresholds that are spread evenly over the rows, and at 0 and above the highest."""
    thresholds = np.unique(np.concatenate([[0.0], np.quantile(said, np.linspace(0, 1, points))]))
    order = np.sort(said)
    positives = np.sort(said[labels == 1])
    missed = np.searchsorted(positives, thresholds, side="left")
    alarms = len(order) - np.searchsorted(order, thresholds, side="left")
    false_alarms = alarms - (len(positives) - missed)
    cost = (costs.missed * missed + costs.false_alarm * false_alarms) * 1000 / len(labels)
    return CostCurve(thresholds, cost)


def _figures(counts: Floats, costs: Costs) -> dict[str, Floats]:
    """Of (…, 4) counts: quiet, false alarms, missed, hits."""
    quiet, false_alarms, missed, hits = counts.T
    rows = quiet + false_alarms + missed + hits
    with np.errstate(divide="ignore", invalid="ignore"):
        cost = (costs.missed * missed + costs.false_alarm * false_alarms) * 1000 / rows
        never = costs.missed * (missed + hits) * 1000 / rows
        always = costs.false_alarm * (quiet + false_alarms) * 1000 / rows
        return {
            "precision": hits / (hits + false_alarms),
            "recall": hits / (hits + missed),
            "alert_rate": (hits + false_alarms) / rows,
            "f1": 2 * hits / (2 * hits + false_alarms + missed),
            "cost": cost,
            "gain": np.minimum(never, always) - cost,
        }
