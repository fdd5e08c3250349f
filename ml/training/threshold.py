"""From which probability should one act? From the one at which errors cost least, on the validation rows.

Sources: Elkan, "The Foundations of Cost-Sensitive Learning" (IJCAI 2001): with true probabilities the
cheapest threshold is false_alarm / (false_alarm + missed); Efron, "Bootstrap Methods" (Annals of Statistics,
1979).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml.case import Costs

Floats = npt.NDArray[np.float64]

_CANDIDATES = 500
_RESAMPLES = 1_000
_LEVEL = 0.95


@dataclass(frozen=True)
class CostCurve:
    """The mean cost of a row by the threshold from which one acts, both of shape (thresholds,), rising."""

    thresholds: Floats
    costs: Floats


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The threshold, what acting from it costs a row, and what else could be done; costs in the case's unit.

    The intervals hold 95 % of what resampled validation rows give; `saving` is against the cheaper of never
    and always acting.
    """

    threshold: float
    cheapest: float
    cheapest_interval: tuple[float, float]
    bayes: float
    cost: float
    never: float
    always: float
    saving: float
    saving_interval: tuple[float, float]
    curve: CostCurve
    unit: str

    def document(self) -> dict[str, object]:
        """`threshold.json`."""
        return {
            "threshold": self.threshold,
            "cheapest": self.cheapest,
            "cheapest_interval": list(self.cheapest_interval),
            "bayes": self.bayes,
            "cost_per_row": {"threshold": self.cost, "never": self.never, "always": self.always},
            "saving_per_row": self.saving,
            "saving_interval": list(self.saving_interval),
            "unit": self.unit,
            "curve": {
                "thresholds": self.curve.thresholds.tolist(),
                "cost_per_row": self.curve.costs.tolist(),
            },
        }


def bayes(costs: Costs) -> float:
    """The cheapest threshold where the probabilities are true."""
    return costs.false_alarm / (costs.false_alarm + costs.missed)


def cost_at(labels: Floats, said: Floats, threshold: float, costs: Costs) -> float:
    """The mean cost of a row when one acts from a probability on."""
    acted = said >= threshold
    return float(np.where(acted, costs.false_alarm * (1 - labels), costs.missed * labels).mean())


def cost_curve(labels: Floats, said: Floats, costs: Costs) -> CostCurve:
    """For labels of 0 and 1 and probabilities, both of shape (rows,), at least one row.

    The candidates are quantiles of what was said, the Bayes threshold, and 0 and 1.
    """
    thresholds = _candidates(said, costs)
    return CostCurve(thresholds, _costs(_cells(labels, said, thresholds), costs)[0])


def choose(labels: Floats, said: Floats, costs: Costs, *, seed: int = 7) -> Choice:
    """The Bayes threshold, unless the resampled rows speak against it: then the cheapest one.

    A cost curve is flat at its foot, so that the cheapest threshold of one set of rows is mostly its noise:
    it is taken only where 95 % of resamplings have it on one side of the Bayes threshold, which is where the
    probabilities are not true.
    """
    thresholds = _candidates(said, costs)
    cells = _cells(labels, said, thresholds)
    (curve,) = _costs(cells, costs)
    flat = cells.reshape(-1)
    # Rows of a cell are alike to the cost: drawing cells by their share is drawing rows with replacement.
    drawn = np.random.default_rng(seed).multinomial(len(labels), flat / flat.sum(), size=_RESAMPLES)
    resampled = _costs(drawn.reshape(_RESAMPLES, *cells.shape), costs)
    never = costs.missed * drawn.reshape(_RESAMPLES, *cells.shape)[:, 1].sum(axis=1) / len(labels)
    best = int(curve.argmin())
    low, high = _interval(thresholds[resampled.argmin(axis=1)])
    true = bayes(costs)
    threshold = true if low <= true <= high else float(thresholds[best])
    place = int(np.searchsorted(thresholds, threshold))
    without = costs.missed * float(labels.mean())
    return Choice(
        threshold=threshold,
        cheapest=float(thresholds[best]),
        cheapest_interval=(low, high),
        bayes=true,
        cost=float(curve[place]),
        never=without,
        always=float(curve[0]),
        saving=float(min(curve[0], without) - curve[place]),
        saving_interval=_interval(np.minimum(resampled[:, 0], never) - resampled[:, place]),
        curve=CostCurve(thresholds, curve),
        unit=costs.unit,
    )


def _candidates(said: Floats, costs: Costs) -> Floats:
    quantiles = np.quantile(said, np.linspace(0, 1, _CANDIDATES), method="inverted_cdf")
    return np.unique(np.concatenate([[0.0], quantiles, [bayes(costs)], [1.0]]))


def _cells(labels: Floats, said: Floats, thresholds: Floats) -> npt.NDArray[np.int64]:
    """Rows by label (2) and by how many of the thresholds they reach, less one (thresholds)."""
    reached = np.searchsorted(thresholds, said, side="right") - 1
    cells = np.zeros((2, len(thresholds)), dtype=np.int64)
    np.add.at(cells, (labels.astype(np.int64), reached), 1)
    return cells


def _costs(cells: npt.NDArray[np.int64], costs: Costs) -> Floats:
    """The mean cost of a row, (resamples, thresholds), of cells (resamples, 2, thresholds)."""
    counts = cells.reshape(-1, *cells.shape[-2:]).astype(np.float64)
    negatives, positives = counts[:, 0], counts[:, 1]
    alarms = negatives[:, ::-1].cumsum(axis=1)[:, ::-1]
    missed = positives.cumsum(axis=1) - positives
    rows = counts.sum(axis=(1, 2))[:, None]
    return np.asarray((costs.false_alarm * alarms + costs.missed * missed) / rows)


def _interval(values: Floats) -> tuple[float, float]:
    low, high = np.quantile(values, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    return float(low), float(high)
