"""The model card: one HTML file that says what a model is for, how good it is, and how it came to be.

Its parts follow Mitchell et al., "Model Cards for Model Reporting", 2019.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from ml.case import UseCase
from ml.evaluation import html
from ml.evaluation.bootstrap import Estimate
from ml.evaluation.card_plots import compared, cost_plot, curves, segment_plot
from ml.evaluation.gates import Gate, passed
from ml.evaluation.report import Evaluation, Judged
from ml.evaluation.segments import Segment
from ml.training.schema import Feature

_WORDS = {
    "superior": "good:better",
    "non-inferior": "good:no worse",
    "worse": "bad:worse",
    "undecided": "open:undecided",
}


@dataclass(frozen=True)
class Made:
    """How the model came to be, as its archive says."""

    manifest: Mapping[str, Any]
    features: Sequence[Feature]
    megabytes: float
    milliseconds: float | None
    variant: str


def card(case: UseCase, judged: Judged, made: Made) -> str:
    """The whole page."""
    found = judged.evaluation
    body = [
        f"<h1>{escape(case.question)}</h1><p>Model card. {escape(case.about)}</p>",
        _badge(judged),
        _tiles(found),
        html.section("Intended use", "", _intended(case)),
        html.section(
            "Gates",
            "What a model must keep to be registered.",
            html.table(
                ("gate", "figure", "limit", "verdict"), [_gate(gate) for gate in judged.gates], left=(0, 3)
            ),
        ),
        html.section("Against the champion", _about_champion(judged), _champion(judged)),
        html.section(
            "How good it is",
            f"On {_periods(found.periods)}, which were not used to fit, stop or calibrate it.",
            f'<div class="two">{"".join(curves(found))}</div>',
        ),
        html.section("Calibration in figures", "", _calibration(found)),
        html.section("Acting on it", _about_acting(case, found), _acting(case, found)),
        *(
            html.section(
                f"By {name}",
                "ROC-AUC of each with its interval; orange where it is below the others by more than chance.",
                segment_plot(groups) + _segments(name, groups),
            )
            for name, groups in found.segments.items()
        ),
        html.section("On months never used", "", _external(judged.external)),
        html.section("Limits", "", html.listed(case.card.limits if case.card else ())),
        html.section("What it looks at", "", _features(made.features)),
        html.section("How it was made", "", _made(made)),
        html.section("How the figures were made", "", _method(found)),
    ]
    return html.document(case.question, "\n".join(body))


def _badge(judged: Judged) -> str:
    if not judged.gates:
        return ""
    if not passed(judged.gates):
        return '<span class="badge bad">Not good enough to be registered</span>'
    return '<span class="badge good">Good enough to be registered</span>'


def _tiles(found: Evaluation) -> str:
    scores = found.scores
    mean = scores.prevalence.value * (1 - scores.prevalence.value)
    told = [
        (
            _number(scores.pr_auc),
            _between(scores.pr_auc),
            f"PR-AUC; guessing gives {scores.prevalence.value:.3f}",
        ),
        (_number(scores.auc), _between(scores.auc), "ROC-AUC; guessing gives 0.500"),
        (
            f"{scores.calibration_error.value:.2%}",
            _between(scores.calibration_error, "%"),
            "calibration error: mean gap between said and true",
        ),
        (
            _number(scores.brier, 4),
            _between(scores.brier, digits=4),
            f"Brier score; saying the mean gives {mean:.4f}",
        ),
        (f"{scores.rows:,}", f"{scores.positives:,} positive", f"rows of {_periods(found.periods)}"),
    ]
    return f'<div class="tiles">{"".join(html.tile(*one) for one in told)}</div>'


def _intended(case: UseCase) -> str:
    if case.card is None:
        return ""
    return html.table(
        ("", ""),
        [
            ("It is for", case.card.intended),
            ("It is not for", case.card.not_intended),
            ("It foretells", f"the probability of {case.event}"),
            ("Owner", case.card.owner),
        ],
        left=(0, 1),
    )


def _gate(gate: Gate) -> tuple[str, str, str, str]:
    limit = f"{'at least' if gate.least else 'at most'} {gate.limit:.4g}"
    if gate.passed is None or gate.figure is None:
        return gate.says, "–", limit, f"open:not judged, {gate.why}"
    by = abs(gate.figure - gate.limit)
    verdict = f"good:kept, by {by:.2g}" if gate.passed else f"bad:failed, by {by:.2g}"
    return gate.says, f"{gate.figure:.4g}", limit, verdict


def _about_champion(judged: Judged) -> str:
    if judged.comparison is None:
        return f"Not compared: {judged.no_comparison}."
    left = judged.comparison.left_out
    more = f" {left:,} rows of periods that the champion was trained on are left out." if left else ""
    return (
        f"Both on the same {judged.comparison.rows:,} rows, by paired bootstrap. Above 0 this model is "
        f"better; no worse: the whole interval lies above minus the margin.{more}"
    )


def _champion(judged: Judged) -> str:
    comparison = judged.comparison
    if comparison is None:
        return "<p></p>"
    names = {
        "pr_auc": "PR-AUC",
        "auc": "ROC-AUC",
        "brier": "Brier score",
        "cost": f"cost per 1,000 rows, {comparison.unit}",
    }
    rows = []
    for name, one in comparison.differences.items():
        digits = 0 if name == "cost" else 4
        rows.append(
            (
                names[name],
                f"{one.model:,.{digits}f}",
                f"{one.champion:,.{digits}f}",
                f"{one.gain.value:+,.{digits}f}",
                f"{one.gain.low:+,.{digits}f} to {one.gain.high:+,.{digits}f}",
                f"{one.margin:,.{digits}f}",
                _WORDS[one.verdict],
            )
        )
    head = ("figure", "this model", "champion", "gain", "interval", "margin", "verdict")
    return compared(comparison) + html.table(head, rows)


def _calibration(found: Evaluation) -> str:
    parts, scores = found.brier, found.scores
    return html.table(
        ("figure", "value", "interval", "what it says"),
        [
            (
                "Calibration error",
                f"{scores.calibration_error.value:.2%}",
                _between(scores.calibration_error, "%"),
                "mean gap between said and true in ten parts of equal count",
            ),
            (
                "Gap",
                f"{scores.gap.value:+.2%}",
                _between(scores.gap, "%"),
                "mean said less share true; above 0 it says too much",
            ),
            ("Log loss", _number(scores.log_loss, 4), _between(scores.log_loss, digits=4), "nats"),
            (
                "Brier score",
                _number(scores.brier, 4),
                _between(scores.brier, digits=4),
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


def _about_acting(case: UseCase, found: Evaluation) -> str:
    costs = case.costs
    return (
        f"Where the probability is at least {found.acting.threshold:.3g}. A miss costs {costs.missed:g} "
        f"{costs.unit}, a false alarm {costs.false_alarm:g}."
    )


def _acting(case: UseCase, found: Evaluation) -> str:
    at, outcomes, unit = found.acting, found.acting.outcomes, case.costs.unit
    best = found.best_f1
    hindsight = (
        f"the best by hindsight, at {best.threshold:.3g}, is {best.f1:.3f}: chosen on these rows, it flatters"
    )
    rows = [
        (
            "Precision",
            f"{at.precision.value:.1%}",
            _between(at.precision, "%"),
            "of the flagged, how many were right",
        ),
        (
            "Recall",
            f"{at.recall.value:.1%}",
            _between(at.recall, "%"),
            "of the positives, how many were flagged",
        ),
        (
            "F1",
            _number(at.f1),
            _between(at.f1),
            hindsight,
        ),
        (
            "Alerts",
            f"{at.alert_rate.value:.1%}",
            _between(at.alert_rate, "%"),
            "share of rows that are flagged",
        ),
        (f"Cost per 1,000 rows, {unit}", f"{at.cost.value:,.0f}", _between(at.cost, digits=0), ""),
        (
            "– saved",
            f"{at.gain.value:,.0f}",
            _between(at.gain, digits=0),
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


def _segments(name: str, groups: Sequence[Segment]) -> str:
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
                _number(scores.pr_auc),
                _number(scores.auc),
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


def _external(found: Evaluation | None) -> str:
    if found is None:
        return ""
    scores = found.scores
    rows = [
        ("Periods", _periods(found.periods), ""),
        ("Rows", f"{scores.rows:,}", f"{scores.prevalence.value:.1%} positive"),
        ("PR-AUC", _number(scores.pr_auc), _between(scores.pr_auc)),
        ("ROC-AUC", _number(scores.auc), _between(scores.auc)),
        (
            "Calibration error",
            f"{scores.calibration_error.value:.2%}",
            _between(scores.calibration_error, "%"),
        ),
        ("Brier score", _number(scores.brier, 4), _between(scores.brier, digits=4)),
    ]
    return html.table(("figure", "value", "interval"), rows)


def _features(features: Sequence[Feature]) -> str:
    numbers = [feature.name for feature in features if feature.kind == "number"]
    rows = [
        *(
            (feature.name, f"one of {len(feature.values)}: {', '.join(feature.values)}")
            for feature in features
            if feature.kind == "category"
        ),
        (f"{len(numbers)} numbers", ", ".join(numbers)),
    ]
    return html.table(("feature", "values"), rows, left=(1,))


def _made(made: Made) -> str:
    told = made.manifest
    rows: list[tuple[str, str]] = []
    periods = told.get("periods") or {}
    rows += [
        (f"Periods, {name}", _periods(periods[name])) for name in ("train", "validation") if periods.get(name)
    ]
    rows += [(f"Data, {name}", f"SHA-256 {digest}") for name, digest in (told.get("data") or {}).items()]
    if told.get("code"):
        rows.append(("Code", f"SHA-256 {told['code']}"))
    parameters = told.get("parameters") or {}
    if parameters:
        rows.append(("Parameters", ", ".join(f"{name} {value}" for name, value in parameters.items())))
    versions = told.get("versions") or {}
    if versions:
        rows.append(("Versions", ", ".join(f"{name} {value}" for name, value in versions.items())))
    if told.get("device"):
        rows.append(("Device", str(told["device"])))
    seconds = told.get("seconds")
    rows.append(
        (
            "Environmental cost",
            "the archive does not record how long training took"
            if seconds is None
            else f"{float(seconds):.0f} s of training on {told.get('device', 'its machine')}",
        )
    )
    latency = "" if made.milliseconds is None else f", {made.milliseconds:.3g} ms a row"
    rows.append(("Served", f"{made.variant}, {made.megabytes:.2f} MB{latency}"))
    return html.table(("", ""), rows, left=(1,))


def _method(found: Evaluation) -> str:
    drawn = (
        "whole days or other clusters that depend on each other"
        if found.clustered
        else "single rows, by label"
    )
    return html.listed(
        [
            f"Intervals are at 95 %: bootstrap, {found.resamples:,} draws of {drawn}.",
            "A segment is flagged where chance explains it badly; of the flagged ones at most 5 % are "
            "expected to be chance (Benjamini and Hochberg). Segments of fewer than 500 rows, or 50 of a "
            "class, are not judged.",
            "The threshold was not chosen on these rows.",
        ]
    )


def _periods(periods: Sequence[int]) -> str:
    if not periods:
        return "the test set"
    ordered = sorted(periods)
    return f"period {ordered[0]}" if len(ordered) == 1 else f"periods {ordered[0]} to {ordered[-1]}"


def _number(found: Estimate | None, digits: int = 3) -> str:
    return "–" if found is None else f"{found.value:.{digits}f}"


def _between(found: Estimate | None, unit: str = "", *, digits: int = 3) -> str:
    if found is None:
        return ""
    if unit == "%":
        return f"{found.low:.2%} to {found.high:.2%}"
    return f"{found.low:,.{digits}f} to {found.high:,.{digits}f}"
