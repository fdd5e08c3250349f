"""An experiment as a document and as a page: the confidence sequence over time, the decision, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from html import escape
from typing import Any

import numpy as np

from ml.case import UseCase
from ml.evaluation import html
from ml.evaluation.bands import Band, along
from ml.experiments.assignment import Split
from ml.experiments.observed import DAY, Floats, Loss
from ml.experiments.sequential import Sequence
from ml.experiments.shadow import Bar, Shadowed
from ml.experiments.trial import Rule, Trial

_GOOD = ("promote", "go on to A/B")
_BAD = ("stop for harm", "stop", "void")
_LOSS = {"brier": "Brier score", "cost": "cost, as a share of the dearest error"}


def document_of_trial(trial: Trial, rule: Rule, loss: Loss, skipped: Mapping[str, int]) -> dict[str, Any]:
    """`experiment.json` of an A/B test."""
    return {
        "kind": "ab",
        "decision": trial.decision,
        "why": trial.why,
        "decided_at_outcomes": trial.decided_at,
        "decided_on": None if trial.decided_on is None else _day(trial.decided_on),
        "loss": loss,
        "rule": asdict(rule),
        "gain": _sequence(trial.gain, trial.at),
        "split": _split(trial.split),
        "triggered": None if trial.triggered is None else _split(trial.triggered),
        "waiting_for_outcomes": trial.waiting,
        "skipped": dict(skipped),
    }


def document_of_shadow(found: Shadowed, bar: Bar, loss: Loss, skipped: Mapping[str, int]) -> dict[str, Any]:
    """`experiment.json` of a shadow."""
    told = asdict(found)
    del told["gain"], told["at"]
    return {
        "kind": "shadow",
        "decision": told.pop("verdict"),
        **told,
        "loss": loss,
        "bar": asdict(bar),
        "gain": _sequence(found.gain, found.at),
        "skipped": dict(skipped),
    }


def page_of_trial(case: UseCase, trial: Trial, rule: Rule, loss: Loss) -> str:
    """`experiment.html` of an A/B test."""
    splits = [("All requests", trial.split)]
    if trial.triggered is not None:
        splits.append(("Requests that could differ", trial.triggered))
    body = [
        f"<h1>{escape(case.question)}</h1><p>A/B test of a challenger.</p>",
        _badge(trial.decision),
        f"<p>{escape(trial.why)}.</p>",
        _tiles(trial, loss),
        html.section(
            "Gain over time",
            f"The champion's mean loss less the challenger's ({_LOSS[loss]}); above 0 the challenger "
            f"is better. The band holds at all times together, at {1 - rule.alpha:.0%}.",
            _plot(trial.gain, guides=(0.0, rule.margin)),
        ),
        html.section(
            "The rule, stated before",
            "",
            html.listed(
                [
                    "promote: the band lies above 0",
                    "stop for harm: the band lies below 0",
                    f"keep: the band lies below the {rule.margin:g} that a change must be worth (dashed), or "
                    f"{rule.most:,} outcomes came without a decision",
                    f"go on: otherwise; a look every {rule.batch:,} outcomes",
                ]
            ),
        ),
        html.section(
            "The split",
            "",
            html.table(
                ("", "variant", "asked", "set", "came out"),
                [row for of, one in splits for row in _split_rows(of, one)],
                left=(1,),
            )
            + html.table(
                ("", "", "evidence against it"),
                [
                    (
                        of,
                        "bad:not the one that was set" if one.mismatch else "good:as it was set",
                        f"{one.evidence:.3g} (void from 1,000)",
                    )
                    for of, one in splits
                ],
                left=(1,),
            ),
        ),
        html.section(
            "How it was made", "", html.listed(_METHOD_AB if trial.triggered is None else _METHOD_TRIGGERED)
        ),
    ]
    return html.document(f"A/B test: {case.question}", "\n".join(body))


def page_of_shadow(case: UseCase, found: Shadowed, bar: Bar, loss: Loss) -> str:
    """`experiment.html` of a shadow."""
    rows = [
        ("Requests of the champion", f"{found.requests:,}", ""),
        ("Without an answer of the shadow", f"{found.unanswered:.2%}", f"at most {bar.unanswered:.2%}"),
        ("Same action", f"{found.agreement:.2%}", "at each one's threshold"),
        (
            "Mean difference of the probability",
            f"{found.difference:+.4f}",
            "the shadow's less the champion's",
        ),
        ("Distance of the probability", f"{found.apart:.4f}", "95 of 100 are nearer"),
    ]
    if found.brier is not None and found.log_loss is not None and found.cost is not None:
        rows += [
            ("Gain, Brier score", f"{found.brier:+.5f}", "above 0 the shadow is better"),
            ("Gain, log loss", f"{found.log_loss:+.5f}", ""),
            (f"Gain, {case.costs.unit} per 1,000 rows", f"{found.cost:+,.0f}", ""),
        ]
    if found.latency is not None:
        ours, theirs = found.latency.champion, found.latency.shadow
        rows.append(
            (
                "Latency, median and 99th percentile",
                f"{theirs[0]:.3g} / {theirs[1]:.3g} ms",
                f"the champion {ours[0]:.3g} / {ours[1]:.3g} ms",
            )
        )
    body = [
        f"<h1>{escape(case.question)}</h1><p>A challenger in the champion's shadow.</p>",
        _badge(found.verdict),
        f"<p>{escape(found.why)}.</p>",
        html.section(
            "Gain over time",
            f"The champion's mean loss less the shadow's ({_LOSS[loss]}), on the same requests; above 0 the "
            f"shadow is better. It may go on once the band lies above -{bar.margin:g} (dashed), which holds "
            f"at all times together, at {1 - bar.alpha:.0%}.",
            _plot(found.gain, guides=(-bar.margin, 0.0), unit="days" if bar.days else "outcomes"),
        ),
        html.section("In figures", "", html.table(("figure", "value", ""), rows, left=(2,))),
        html.section("How it was made", "", html.listed(_METHOD_DAYS if bar.days else _METHOD_ROWS)),
    ]
    return html.document(f"Shadow: {case.question}", "\n".join(body))


_METHOD_AB = (
    "Requests are assigned at random; each outcome counts its loss, divided by how likely its variant was "
    "(Horvitz and Thompson), so that its expectation is the difference of both on that request.",
    "The band is an empirical-Bernstein confidence sequence (Howard, Ramdas, McAuliffe and Sekhon, 2021): "
    "valid at all times, without independence, equal means or large numbers.",
    "The split is tested by Lindon and Malek's anytime-valid test (2022), at 0.1 %.",
)
_METHOD_TRIGGERED = (
    "Both models' answers to every request were computed from their archives, which say what was captured of "
    "them. Where both act alike there is no gain, whoever was asked (Deng and Hu, 2015): that assumes that a "
    "model changes the world only through the action it leads to.",
    "On the others, each outcome counts its loss less what was expected of it, divided by how likely its "
    "variant was (Horvitz and Thompson; Robins, Rotnitzky and Zhao), so that its expectation is the "
    "difference of both on that request.",
    *_METHOD_AB[1:],
)
_METHOD_DAYS = (
    "Both answer the same requests; outcomes of one day depend on each other, so days are what is counted.",
    "The band is an asymptotic confidence sequence (Waudby-Smith and others, 2024), from 20 days on.",
)
_METHOD_ROWS = (
    "Both answer the same requests; each outcome is judged given those before it.",
    "The band is an empirical-Bernstein confidence sequence (Howard, Ramdas, McAuliffe and Sekhon, 2021).",
)


def _badge(decision: str) -> str:
    colour = "good" if decision in _GOOD else "bad" if decision in _BAD else "open"
    return f'<span class="badge {colour}">{escape(decision[:1].upper() + decision[1:])}</span>'


def _tiles(trial: Trial, loss: Loss) -> str:
    gain = trial.gain
    if not len(gain.count):
        return ""
    when = "outcomes until the decision" if trial.decided_at is not None else "outcomes, not decided"
    tiles = [
        html.tile(
            f"{gain.estimate[-1]:+.5f}",
            f"{gain.low[-1]:+.5f} to {gain.high[-1]:+.5f}",
            f"gain, {_LOSS[loss]}",
        ),
        html.tile(f"{int(gain.count[-1]):,}", "", when),
        html.tile(f"{trial.waiting:,}", "", "requests whose outcome is not known"),
    ]
    if trial.triggered is not None:
        could, asked = _asked(trial.triggered), _asked(trial.split)
        share = f"{could / max(asked, 1):.1%} of {asked:,}"
        tiles.append(html.tile(f"{could:,}", share, "requests on which both could differ"))
    return f'<div class="tiles">{"".join(tiles)}</div>'


def _plot(gain: Sequence, guides: tuple[float, ...], unit: str = "outcomes") -> str:
    shown = np.isfinite(gain.low) & np.isfinite(gain.high)
    if shown.sum() < 2:
        return "<p>Too little has come in to draw.</p>"
    low, high = gain.low[shown], gain.high[shown]
    # The first looks are so wide that the rest would be a line.
    middle = len(low) // 4
    span = float(max(abs(low[middle:]).max(), abs(high[middle:]).max(), *map(abs, guides)))
    band = Band(gain.count[shown].tolist(), gain.estimate[shown].tolist(), low.tolist(), high.tolist())
    return along([band], x=unit, y="gain", guides=guides, clip=(-span, span))


def _asked(split: Split) -> int:
    return sum(split.asked.values())


def _split(split: Split) -> dict[str, Any]:
    return {
        "asked": dict(split.asked),
        "weights": dict(split.weights),
        "evidence_of_mismatch": split.evidence,
        "mismatch": split.mismatch,
    }


def _split_rows(of: str, split: Split) -> list[tuple[str, ...]]:
    whole = max(_asked(split), 1)
    return [
        (of, name, f"{count:,}", f"{split.weights[name]:.1%}", f"{count / whole:.1%}")
        for name, count in split.asked.items()
    ]


def _sequence(gain: Sequence, at: Floats) -> list[dict[str, Any]]:
    """At most 200 looks, the last among them."""
    chosen = np.linspace(0, len(at) - 1, min(200, len(at))).round().astype(int)
    places = np.unique(chosen).tolist()
    return [
        {
            "count": int(gain.count[place]),
            "until": _day(float(at[place])),
            "estimate": float(gain.estimate[place]),
            "low": _finite(gain.low[place]),
            "high": _finite(gain.high[place]),
        }
        for place in places
    ]


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _day(minutes: float) -> str:
    return datetime.fromtimestamp(minutes * 86400 / DAY, UTC).strftime("%Y-%m-%dT%H:%MZ")
