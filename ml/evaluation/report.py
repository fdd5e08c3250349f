"""All that is found out about a model on a set of rows, as SageMaker's model-quality document and ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ml.case import Costs
from ml.evaluation import segments as segmented
from ml.evaluation.bootstrap import LEVEL, Estimate, Floats, Resamples
from ml.evaluation.comparison import Comparison
from ml.evaluation.gates import Gate, passed, shortfall
from ml.evaluation.metrics import (
    Bin,
    BrierParts,
    Curve,
    brier_parts,
    calibration,
    precision_recall,
    roc,
)
from ml.evaluation.scores import Scores, score
from ml.evaluation.segments import Segment
from ml.evaluation.thresholds import Acting, BestF1, CostCurve, acting, best_f1, cost_curve

_POINTS = 200


@dataclass(frozen=True)
class Evaluation:
    """The figures of a model on rows that it was not fitted on. `periods` are those of the rows."""

    scores: Scores
    acting: Acting
    best_f1: BestF1
    brier: BrierParts
    bins: list[Bin]
    precision_recall: Curve
    roc: Curve
    costs: CostCurve
    segments: Mapping[str, Sequence[Segment]]
    clustered: bool
    resamples: int
    said: Floats
    labels: Floats
    periods: tuple[int, ...] = ()


@dataclass(frozen=True)
class Judged:
    """An evaluation with what decides: the champion, months never used, the gates."""

    evaluation: Evaluation
    comparison: Comparison | None = None
    no_comparison: str = "no champion was given"
    external: Evaluation | None = None
    gates: Sequence[Gate] = field(default_factory=tuple)


class NothingToEvaluate(ValueError):
    """The test set has too little to say anything: no rows, or labels of one class alone."""


def evaluate(
    labels: Floats,
    said: Floats,
    segments: Mapping[str, npt.NDArray[np.str_]],
    *,
    threshold: float,
    costs: Costs,
    resamples: Resamples,
    periods: tuple[int, ...] = (),
) -> Evaluation:
    """`segments` maps a name to the group of each row. Raises NothingToEvaluate."""
    both_classes(labels)
    return Evaluation(
        scores=score(labels, said, resamples),
        acting=acting(labels, said, threshold, costs, resamples),
        best_f1=best_f1(labels, said),
        brier=brier_parts(labels, said),
        bins=calibration(labels, said),
        precision_recall=precision_recall(labels, said),
        roc=roc(labels, said),
        costs=cost_curve(labels, said, costs),
        segments=segmented.judge(segments, labels, said, resamples),
        clustered=resamples.clustered,
        resamples=len(resamples.counts),
        said=said,
        labels=labels,
        periods=periods,
    )


def both_classes(labels: Floats) -> None:
    """Raises NothingToEvaluate where there are no rows, or rows of one class alone."""
    if not len(labels) or labels.min() == labels.max():
        raise NothingToEvaluate(
            f"The test set has {len(labels)} rows, {int(labels.sum())} positive; it needs both classes."
        )


def document(judged: Judged) -> dict[str, Any]:
    """`binary_classification_metrics` as Model Monitor's quality report has it, and ours beside.

    A pipeline's condition reads `binary_classification_metrics.<name>.value` and `verdict`, 1 or 0.
    """
    found, comparison = judged.evaluation, judged.comparison
    scores, at = found.scores, found.acting
    figures: dict[str, Estimate | None] = {
        "pr_auc": scores.pr_auc,
        "auc": scores.auc,
        "brier": scores.brier,
        "log_loss": scores.log_loss,
        "calibration_error": scores.calibration_error,
        "prevalence": scores.prevalence,
        "precision": at.precision,
        "recall": at.recall,
        "f1": at.f1,
        "alert_rate": at.alert_rate,
        "cost": at.cost,
    }
    curve, rates = _thin(found.precision_recall), _thin(found.roc)
    return {
        "version": 0.0,
        "dataset": {"item_count": scores.rows, "periods": list(found.periods)},
        "binary_classification_metrics": {
            **{name: _figure(value) for name, value in figures.items() if value is not None},
            "precision_recall_curve": {"recalls": curve.x.tolist(), "precisions": curve.y.tolist()},
            "receiver_operating_characteristic_curve": {
                "false_positive_rates": rates.x.tolist(),
                "true_positive_rates": rates.y.tolist(),
            },
        },
        "baseline": {"pr_auc": {"value": scores.prevalence.value}, "auc": {"value": 0.5}},
        "intervals": {
            "level": LEVEL,
            "resamples": found.resamples,
            "drawn": "clusters" if found.clustered else "rows",
        },
        "threshold": asdict(at),
        "best_f1_by_hindsight": asdict(found.best_f1),
        "calibration": [asdict(part) for part in found.bins],
        "brier_decomposition": asdict(found.brier),
        "segments": {
            name: {group.name: asdict(group) for group in groups} for name, groups in found.segments.items()
        },
        "champion": {"compared": False, "why": judged.no_comparison}
        if comparison is None
        else {"compared": True, **asdict(comparison)},
        "external": None
        if judged.external is None
        else {"periods": list(judged.external.periods), **asdict(judged.external.scores)},
        "gates": [asdict(gate) for gate in judged.gates],
        "verdict": 1.0 if passed(judged.gates) else 0.0,
        "shortfall": shortfall(judged.gates),
    }


def _figure(found: Estimate) -> dict[str, float]:
    # Of a normal distribution with that interval: SageMaker's shape has no field for an interval.
    return {
        "value": found.value,
        "standard_deviation": (found.high - found.low) / (2 * 1.96),
        "low": found.low,
        "high": found.high,
    }


def _thin(curve: Curve) -> Curve:
    """About _POINTS of the curve's points, the ends among them."""
    chosen = np.unique(np.linspace(0, len(curve.x) - 1, _POINTS).round().astype(int))
    return Curve(curve.x[chosen], curve.y[chosen])
