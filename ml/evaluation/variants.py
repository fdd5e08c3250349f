"""Which variant of the training is better, in figures and on one page?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from html import escape
from typing import Any

import numpy as np

from ml.evaluation import html
from ml.evaluation.metrics import Metrics, measure, precision_recall
from ml.evaluation.series import Axis, Series, chart
from ml.training.comparison import TEST, Outcome
from ml.training.variants import Variant

_POINTS = 100


@dataclass(frozen=True)
class Judged:
    """A variant on a part: figures of its probabilities before and after calibration."""

    variant: str
    part: str
    before: Metrics
    after: Metrics
    seconds: float
    recall: tuple[float, ...]
    precision: tuple[float, ...]

    @classmethod
    def of(cls, outcome: Outcome) -> Judged:
        curve = precision_recall(outcome.labels, outcome.after)
        # At equal steps of recall: at equal steps of rows most points would lie where little is right.
        places = np.searchsorted(curve.x, np.linspace(0, 1, _POINTS))
        chosen = np.unique(np.minimum(places, len(curve.x) - 1))
        return cls(
            variant=outcome.variant,
            part=outcome.part,
            before=measure(outcome.labels, outcome.before),
            after=measure(outcome.labels, outcome.after),
            seconds=outcome.seconds,
            recall=tuple(curve.x[chosen].tolist()),
            precision=tuple(curve.y[chosen].tolist()),
        )


@dataclass(frozen=True)
class Mean:
    """A variant's figures, the mean over parts."""

    pr_auc: float
    auc: float
    brier_before: float
    brier: float
    calibration_error_before: float
    calibration_error: float
    seconds: float


def mean(judged: Sequence[Judged]) -> Mean:
    """Of a variant's parts, at least one."""

    def over(values: Sequence[float | None]) -> float:
        return float(np.mean([value for value in values if value is not None]))

    return Mean(
        pr_auc=over([one.after.pr_auc for one in judged]),
        auc=over([one.after.auc for one in judged]),
        brier_before=over([one.before.brier for one in judged]),
        brier=over([one.after.brier for one in judged]),
        calibration_error_before=over([one.before.calibration_error for one in judged]),
        calibration_error=over([one.after.calibration_error for one in judged]),
        seconds=over([one.seconds for one in judged]),
    )


def document(what: str, folds: str, variants: Sequence[Variant], judged: Sequence[Judged]) -> dict[str, Any]:
    """`comparison.json`: means over the folds, the test set's figures, and every part's."""
    return {
        "what": what,
        "folds": folds,
        "variants": {one.name: one.what for one in variants},
        "mean_over_folds": {name: asdict(figures) for name, figures in over_folds(judged).items()},
        "test": {one.variant: asdict(mean([one])) for one in judged if one.part == TEST},
        "parts": [asdict(one) for one in judged],
    }


def over_folds(judged: Sequence[Judged]) -> Mapping[str, Mean]:
    """Each variant's means over the folds, in order; without the test set."""
    folds = [one for one in judged if one.part != TEST]
    return {
        name: mean([one for one in folds if one.variant == name])
        for name in dict.fromkeys(one.variant for one in folds)
    }


def page(title: str, about: str, folds: str, variants: Sequence[Variant], judged: Sequence[Judged]) -> str:
    """One HTML page: a table over the folds, one on the test set, and the curves."""
    named = {one.name: one.what for one in variants}
    tests = [one for one in judged if one.part == TEST]
    drawn = tests or [one for one in judged if one.part == judged[-1].part]
    lines = [Series(one.variant, one.recall, one.precision, colour=place) for place, one in enumerate(drawn)]
    parts = [name for name in dict.fromkeys(one.part for one in judged) if name != TEST]
    body = [
        f"<h1>{escape(title)}</h1><p>{escape(about)}</p>",
        html.section(
            f"Over {len(parts)} folds ({folds})",
            "Means over the parts that judge, which had no part in learning, stopping or calibrating: "
            f"{', '.join(parts)}. In brackets before calibration.",
            _table(named, over_folds(judged)),
        ),
        html.section(
            "On the test set",
            "Learned from the training set, stopped and calibrated by the validation set.",
            _table(named, {one.variant: mean([one]) for one in tests}),
        )
        if tests
        else "",
        html.section(
            "Precision and recall",
            f"Judged on {'the test set' if tests else drawn[0].part}.",
            chart(lines, Axis("share of positives found", 0, 1), Axis("share right of flagged", 0, 1)),
        ),
        html.section("PR-AUC by part", "", _by_part(judged)),
    ]
    return html.document(title, "".join(body))


def _table(named: Mapping[str, str], figures: Mapping[str, Mean]) -> str:
    best = max(one.pr_auc for one in figures.values())
    rows = [
        [
            name,
            named[name],
            f"{'good:' if one.pr_auc == best else ''}{one.pr_auc:.4f}",
            f"{one.auc:.4f}",
            f"{one.brier:.4f} ({one.brier_before:.4f})",
            f"{one.calibration_error:.2%} ({one.calibration_error_before:.2%})",
            f"{one.seconds:.1f}",
        ]
        for name, one in figures.items()
    ]
    head = ["variant", "what", "PR-AUC", "ROC-AUC", "Brier", "calibration error", "seconds to train"]
    return html.table(head, rows, left=(0, 1))


def _by_part(judged: Sequence[Judged]) -> str:
    parts = list(dict.fromkeys(one.part for one in judged))
    found = {(one.variant, one.part): one.after.pr_auc for one in judged}
    rows = [
        [name, *(f"{found.get((name, part)) or 0:.4f}" for part in parts)]
        for name in dict.fromkeys(one.variant for one in judged)
    ]
    return html.table(["variant", *parts], rows, left=(0,))
