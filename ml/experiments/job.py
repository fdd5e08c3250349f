"""An experiment's job, for any use case: read captures and outcomes, decide, write the page."""

from __future__ import annotations

import argparse

from ml.case import UseCase
from ml.container import write_json
from ml.evaluation.thresholds import by_costs
from ml.experiments import report, shadow, trial
from ml.experiments.observed import Loss
from ml.experiments.reading import read


def run(case: UseCase, asked: argparse.Namespace) -> None:
    """Writes `experiment.json` and `experiment.html`; a challenger that loses is told, not raised.

    Raises NoCaptures, UnknownVariant or WrongRule.
    """
    observed, skipped = read(asked.captures, asked.outcomes)
    threshold = by_costs(case.costs) if asked.threshold is None else asked.threshold
    chosen = {
        name: value for name in ("alpha", "margin", "most") if (value := getattr(asked, name)) is not None
    }
    # Two that answer the same differ little in what they say, and may not at all in what is done.
    loss: Loss = asked.loss or ("brier" if asked.shadow else "cost")
    if asked.shadow:
        chosen.pop("most", None)
        bar = shadow.Bar(**chosen)
        found = shadow.judge(
            observed,
            bar,
            champion=asked.champion,
            shadow=asked.challenger,
            loss=loss,
            thresholds=(threshold, threshold),
            costs=case.costs,
        )
        document = report.document_of_shadow(found, bar, loss, skipped)
        page = report.page_of_shadow(case, found, bar, loss)
        said = f"{found.verdict}: {found.why}"
    else:
        rule = trial.Rule(**chosen)
        tried = trial.judge(
            observed,
            rule,
            champion=asked.champion,
            challenger=asked.challenger,
            share=asked.share,
            loss=loss,
            threshold=threshold,
            costs=case.costs,
        )
        document = report.document_of_trial(tried, rule, loss, skipped)
        page = report.page_of_trial(case, tried, rule, loss)
        said = f"{tried.decision}: {tried.why}"
    write_json(asked.out / "experiment.json", document)
    (asked.out / "experiment.html").write_text(page, encoding="utf-8")
    print(f"decision={said}", flush=True)
