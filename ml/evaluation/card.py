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
from ml.evaluation.card_plots import compared, curves, segment_plot
from ml.evaluation.card_tables import (
    about_acting,
    acting_tables,
    between,
    calibration_table,
    external_table,
    number,
    periods_named,
    segment_table,
)
from ml.evaluation.gates import Gate, passed
from ml.evaluation.report import Evaluation, Judged
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
            f"On {periods_named(found.periods)}, which were not used to fit, stop or calibrate it.",
            f'<div class="two">{"".join(curves(found))}</div>',
        ),
        html.section("Calibration in figures", "", calibration_table(found)),
        html.section("Acting on it", about_acting(case, found), acting_tables(case, found)),
        *(
            html.section(
                f"By {name}",
                "ROC-AUC of each with its interval; orange where it is below the others by more than chance.",
                segment_plot(groups) + segment_table(name, groups),
            )
            for name, groups in found.segments.items()
        ),
        html.section("On months never used", "", external_table(judged.external)),
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
            number(scores.pr_auc),
            between(scores.pr_auc),
            f"PR-AUC; guessing gives {scores.prevalence.value:.3f}",
        ),
        (number(scores.auc), between(scores.auc), "ROC-AUC; guessing gives 0.500"),
        (
            f"{scores.calibration_error.value:.2%}",
            between(scores.calibration_error, "%"),
            "calibration error: mean gap between said and true",
        ),
        (
            number(scores.brier, 4),
            between(scores.brier, digits=4),
            f"Brier score; saying the mean gives {mean:.4f}",
        ),
        (f"{scores.rows:,}", f"{scores.positives:,} positive", f"rows of {periods_named(found.periods)}"),
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
        (f"Periods, {name}", periods_named(periods[name]))
        for name in ("train", "validation")
        if periods.get(name)
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
