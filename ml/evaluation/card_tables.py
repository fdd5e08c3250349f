"""The tables of the model card."""

from __future__ import annotations

from collections.abc import Sequence

from ml.case import UseCase
from ml.evaluation import html
from ml.evaluation.bootstrap import Estimate
from ml.evaluation.card_plots import cost_plot
from ml.evaluation.report import Evaluation
from ml.evaluation.segments import Segment


def calibration_table(found: Evaluation) -> str:
    """Calibration error, gap, log loss, and the Brier score in its parts."""
    parts, scores = found.brier, found.scores
    return html.table(
        ("figure", "value", "interval", "what it says"),
        [
            (
                "Calibration error",
                f"{scores.calibration_error.value:.2%}",
                between(scores.calibration_error, "%"),
                "mean gap between said and true in ten parts of equal count",
            ),
            (
                "Gap",
                f"{scores.gap.value:+.2%}",
                between(scores.gap, "%"),
                "mean said less share true; above 0 it says too much",
            ),
            ("Log loss", number(scores.log_loss, 4), between(scores.log_loss, digits=4), "nats"),
            (
                "Brier score",
                number(scores.brier, 4),
                between(scores.brier, digits=4),
                "mean squared error; the three below add up to it",
            ),
            (
                "– reliability",
                f"{parts.reliability:.5f}",
                "",
                "squared gap between said and true: less is better",
            ),
            (
                "– resolution",
                f"{parts.resolution - parts.within:.5f}",
                "",
                "how far it tells rows apart: more is better, and is taken off",
            ),
            ("– uncertainty", f"{parts.uncertainty:.5f}", "", "what saying the mean would give"),
        ],
        left=(3,),
    )


def about_acting(case: UseCase, found: Evaluation) -> str:
    """From which probability one acts, and what an error costs."""
    costs = case.costs
    return (
        f"Where the probability is at least {found.acting.threshold:.3g}. A miss costs {costs.missed:g} "
        f"{costs.unit}, a false alarm {costs.false_alarm:g}."
    )


def acting_tables(case: UseCase, found: Evaluation) -> str:
    """What follows from acting at the threshold."""
    at, outcomes, unit = found.acting, found.acting.outcomes, case.costs.unit
    best = found.best_f1
    hindsight = (
        f"the best by hindsight, at {best.threshold:.3g}, is {best.f1:.3f}: chosen on these rows, it flatters"
    )
    rows = [
        (
            "Precision",
            f"{at.precision.value:.1%}",
            between(at.precision, "%"),
            "of the flagged, how many were right",
        ),
        (
            "Recall",
            f"{at.recall.value:.1%}",
            between(at.recall, "%"),
            "of the positives, how many were flagged",
        ),
        (
            "F1",
            number(at.f1),
            between(at.f1),
            hindsight,
        ),
        (
            "Alerts",
            f"{at.alert_rate.value:.1%}",
            between(at.alert_rate, "%"),
            "share of rows that are flagged",
        ),
        (f"Cost per 1,000 rows, {unit}", f"{at.cost.value:,.0f}", between(at.cost, digits=0), ""),
        (
            "– saved",
            f"{at.gain.value:,.0f}",
            between(at.gain, digits=0),
            "against the cheaper of never and always acting",
        ),
    ]
    thousand = (
        f"Of 1,000 rows {1000 * outcomes.hits:.0f} are rightly flagged, {1000 * outcomes.false_alarms:.0f} "
        f"wrongly, {1000 * outcomes.missed:.0f} are missed, {1000 * outcomes.quiet:.0f} rightly left alone."
    )
    return (
        html.table(("figure", "value", "interval", "what it says"), rows, left=(3,))
        + f"<p>{thousand}</p>"
        + cost_plot(found, case.costs.unit)
    )


def segment_table(name: str, groups: Sequence[Segment]) -> str:
    """The groups of a kind of segment, with what chance does not explain."""
    head = (name, "rows", "positive", "PR-AUC", "ROC-AUC", "behind the others", "gap said − true", "verdict")
    rows = []
    for group in groups:
        scores = group.scores
        behind = (
            "–"
            if group.behind is None
            else f"{group.behind.value:+.3f} ({group.behind.low:+.3f} to {group.behind.high:+.3f})"
        )
        rows.append(
            (
                group.name,
                f"{scores.rows:,}",
                f"{scores.prevalence.value:.1%}",
                number(scores.pr_auc),
                number(scores.auc),
                behind,
                f"{scores.gap.value:+.2%} ({scores.gap.low:+.2%} to {scores.gap.high:+.2%})",
                _segment_verdict(group),
            )
        )
    return html.table(head, rows, left=(7,))


def _segment_verdict(group: Segment) -> str:
    if group.worse is None:
        return "open:too few to judge"
    faults = [
        word for word, holds in (("worse", group.worse), ("miscalibrated", group.miscalibrated)) if holds
    ]
    return f"bad:{', '.join(faults)}" if faults else "good:as the others"


def external_table(found: Evaluation | None) -> str:
    """The figures on months never used; nothing where there are none."""
    if found is None:
        return ""
    scores = found.scores
    rows = [
        ("Periods", periods_named(found.periods), ""),
        ("Rows", f"{scores.rows:,}", f"{scores.prevalence.value:.1%} positive"),
        ("PR-AUC", number(scores.pr_auc), between(scores.pr_auc)),
        ("ROC-AUC", number(scores.auc), between(scores.auc)),
        (
            "Calibration error",
            f"{scores.calibration_error.value:.2%}",
            between(scores.calibration_error, "%"),
        ),
        ("Brier score", number(scores.brier, 4), between(scores.brier, digits=4)),
    ]
    return html.table(("figure", "value", "interval"), rows)


def periods_named(periods: Sequence[int]) -> str:
    """Periods from the first to the last."""
    if not periods:
        return "the test set"
    ordered = sorted(periods)
    return f"period {ordered[0]}" if len(ordered) == 1 else f"periods {ordered[0]} to {ordered[-1]}"


def number(found: Estimate | None, digits: int = 3) -> str:
    """A figure without its interval."""
    return "–" if found is None else f"{found.value:.{digits}f}"


def between(found: Estimate | None, unit: str = "", *, digits: int = 3) -> str:
    """The interval of a figure."""
    if found is None:
        return ""
    if unit == "%":
        return f"{found.low:.2%} to {found.high:.2%}"
    return f"{found.low:,.{digits}f} to {found.high:,.{digits}f}"
