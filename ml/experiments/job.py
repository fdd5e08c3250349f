"""An experiment's job, for any use case: read captures and outcomes, decide, write the page."""

from __future__ import annotations

import argparse

from ml.case import UseCase
from ml.container import write_json
from ml.evaluation.thresholds import by_costs
from ml.experiments import report, shadow, trial
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
    if asked.shadow:
        chosen.pop("most", None)
        bar = shadow.Bar(**chosen)
        found = shadow.judge(
            observed,
            bar,
            champion=asked.champion,
            shadow=asked.challenger,
            loss=asked.loss,
            thresholds=(threshold, threshold),
            costs=case.costs,
        )
        document = report.document_of_shadow(found, bar, asked.loss, skipped)
        page = report.page_of_shadow(case, found, bar, asked.loss)
        said = f"{found.verdict}: {found.why}"
    else:
        rule = trial.Rule(**chosen)
        tried = trial.judge(
            observed,
            rule,
            champion=asked.champion,
            challenger=asked.challenger,
            share=asked.share,
            loss=asked.loss,
            threshold=threshold,
            costs=case.costs,
        )
        document = report.document_of_trial(tried, rule, asked.loss, skipped)
        page = report.page_of_trial(case, tried, rule, asked.loss)
        said = f"{tried.decision}: {tried.why}"
    write_json(asked.out / "experiment.json", document)
    (asked.out / "experiment.html").write_text(page, encoding="utf-8")
    print(f"decision={said}", flush=True)
