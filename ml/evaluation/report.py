"""The evaluation as a document: SageMaker's model-quality shape, which a pipeline's condition reads."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ml.evaluation.metrics import (
    Bin,
    Curve,
    Floats,
    Metrics,
    by_group,
    calibration,
    measure,
    precision_recall,
    roc,
)

_POINTS = 200


@dataclass(frozen=True)
class Evaluation:
    """All that was found out about a model on a set of rows, with its figures by segment (name to group)."""

    metrics: Metrics
    bins: list[Bin]
    precision_recall: Curve
    roc: Curve
    segments: Mapping[str, Mapping[str, Metrics]]
    said: Floats
    labels: Floats


class NothingToEvaluate(ValueError):
    """The test set has too little to say anything: no rows, or labels of one class alone."""


def evaluate(labels: Floats, said: Floats, segments: Mapping[str, Any]) -> Evaluation:
    """`segments` maps a name to the group of each row. Raises NothingToEvaluate."""
    if not len(labels) or labels.min() == labels.max():
        raise NothingToEvaluate(
            f"The test set has {len(labels)} rows, {int(labels.sum())} positive; it needs both classes."
        )
    groups = {
        name: by_group(np.asarray(values).astype(str), labels, said) for name, values in segments.items()
    }
    return Evaluation(
        metrics=measure(labels, said),
        bins=calibration(labels, said),
        precision_recall=precision_recall(labels, said),
        roc=roc(labels, said),
        segments=groups,
        said=said,
        labels=labels,
    )


def document(evaluation: Evaluation) -> dict[str, Any]:
    """`binary_classification_metrics` as Model Monitor's quality report has it, and more beside."""
    metrics = evaluation.metrics
    figures = {
        "pr_auc": metrics.pr_auc,
        "auc": metrics.auc,
        "brier": metrics.brier,
        "calibration_error": metrics.calibration_error,
        "prevalence": metrics.prevalence,
    }
    thinned = {"precision_recall": _thin(evaluation.precision_recall), "roc": _thin(evaluation.roc)}
    return {
        "version": 0.0,
        "dataset": {"item_count": metrics.rows},
        "binary_classification_metrics": {
            **{name: {"value": value, "standard_deviation": "NaN"} for name, value in figures.items()},
            "precision_recall_curve": {
                "recalls": thinned["precision_recall"].x.tolist(),
                "precisions": thinned["precision_recall"].y.tolist(),
            },
            "receiver_operating_characteristic_curve": {
                "false_positive_rates": thinned["roc"].x.tolist(),
                "true_positive_rates": thinned["roc"].y.tolist(),
            },
        },
        "baseline": {"pr_auc": {"value": metrics.prevalence}, "auc": {"value": 0.5}},
        "calibration": [asdict(part) for part in evaluation.bins],
        "segments": {
            name: {group: asdict(found) for group, found in groups.items()}
            for name, groups in evaluation.segments.items()
        },
    }


def _thin(curve: Curve) -> Curve:
    """About _POINTS of the curve's points, the ends among them."""
    chosen = np.unique(np.linspace(0, len(curve.x) - 1, _POINTS).round().astype(int))
    return Curve(curve.x[chosen], curve.y[chosen])
