"""The plots of the model card."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ml.evaluation import html
from ml.evaluation.bands import Band, Whisker, along, forest
from ml.evaluation.comparison import Comparison
from ml.evaluation.plots import Line, bars, plot, rounded_up
from ml.evaluation.report import Evaluation
from ml.evaluation.segments import Segment


def curves(found: Evaluation) -> Sequence[str]:
    """Precision and recall, ROC, calibration, and what the model says."""
    prevalence, curve, roc = found.scores.prevalence.value, found.precision_recall, found.roc
    top = rounded_up(max(max(part.said, part.came_true) for part in found.bins))
    calibrated = Line(
        [part.said for part in found.bins], [part.came_true for part in found.bins], "a", dots=True
    )
    return [
        html.figure(
            "Precision and recall",
            "Of the flagged, how many were right, as more and more are found. Dashed: guessing.",
            plot(
                [Line(curve.x.tolist(), curve.y.tolist(), "a")],
                guide=((0, prevalence), (1, prevalence)),
                x="share of positives found",
                y="share of flagged that were right",
            ),
        ),
        html.figure(
            "ROC",
            "Positives found against negatives flagged in error. Dashed: guessing.",
            plot(
                [Line(roc.x.tolist(), roc.y.tolist(), "a")],
                guide=((0, 0), (1, 1)),
                x="share of negatives flagged",
                y="share of positives found",
            ),
        ),
        html.figure(
            "Calibration",
            "What was said against what came true, in ten parts of equal count. Dashed: perfect.",
            plot(
                [calibrated],
                guide=((0, 0), (top, top)),
                x="probability said",
                y="share that came true",
                top=top,
            ),
        ),
        html.figure(
            "What the model says",
            "Share of rows by probability, on a logarithmic scale: positives orange, negatives blue.",
            bars(*_histograms(found), x="probability said"),
        ),
    ]


def cost_plot(found: Evaluation, unit: str) -> str:
    """The cost curve, with the threshold in use."""
    curve = found.costs
    # Beyond where next to nothing is flagged the curve is flat.
    shown = curve.threshold <= max(3 * found.acting.threshold, float(np.quantile(curve.threshold, 0.9)))
    x, y = curve.threshold[shown].tolist(), curve.cost[shown].tolist()
    never = float(curve.cost[-1])
    return html.figure(
        "Cost by threshold",
        "What acting from each probability on would cost; to the right it comes to never acting, dashed.",
        along(
            [Band(x, y, y, y)],
            x="threshold",
            y=f"{unit} per 1,000 rows",
            marks=[(found.acting.threshold, f"in use: {found.acting.threshold:.3g}")],
            guides=[never],
            clip=(0, 2 * max(never, found.acting.cost.value)),
        ),
        wide=True,
    )


def compared(comparison: Comparison) -> str:
    """The gains, each in units of its margin so that they stand on one axis."""
    names = {"pr_auc": "PR-AUC", "auc": "ROC-AUC", "brier": "Brier score", "cost": "cost"}
    rows = []
    for name, one in comparison.differences.items():
        unit = one.margin or 1.0
        rows.append(
            Whisker(
                names[name],
                one.gain.value / unit,
                one.gain.low / unit,
                one.gain.high / unit,
                one.verdict,
                flagged=one.verdict == "worse",
            )
        )
    return html.figure(
        "Gain over the champion",
        "In units of each figure's margin: right of 0 is better, right of -1 no worse.",
        forest(rows, guides=(-1.0, 0.0), described="gain over the champion in margins"),
        wide=True,
    )


def segment_plot(groups: Sequence[Segment]) -> str:
    """The ROC-AUC of each group with its interval."""
    rows = [
        Whisker(
            group.name,
            group.scores.auc.value,
            group.scores.auc.low,
            group.scores.auc.high,
            f"{group.scores.auc.value:.3f} ({group.scores.auc.low:.3f} to {group.scores.auc.high:.3f})",
            flagged=bool(group.worse),
        )
        for group in groups
        if group.scores.auc is not None and group.worse is not None
    ]
    if len(rows) < 2:
        return ""
    return forest(rows, guides=(), described="ROC-AUC by segment")


def _histograms(found: Evaluation) -> tuple[list[float], list[float]]:
    """Shares of negatives and of positives in twenty parts of the probability."""
    edges = np.linspace(0, 1, 21)
    counted = [np.histogram(found.said[found.labels == label], edges)[0] for label in (0, 1)]
    negative, positive = (counts / max(counts.sum(), 1) for counts in counted)
    return negative.tolist(), positive.tolist()
