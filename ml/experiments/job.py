"""An experiment's job, for any use case: read captures and outcomes, decide, write the page."""

from __future__ import annotations

import argparse

from ml.case import UseCase
from ml.container import JobFailed, write_json
from ml.evaluation.thresholds import by_costs
from ml.experiments import report, shadow, trial
from ml.experiments.observed import Loss
from ml.experiments.reading import Models, read


class OneArchive(JobFailed):
    """One model's archive was given without the other's."""

    def __init__(self, lacking: str) -> None:
        super().__init__(
            f"--{lacking}-model is missing: what both would have answered takes both "
            "archives. Give both, or none."
        )


def run(case: UseCase, asked: argparse.Namespace) -> None:
    """Writes `experiment.json` and `experiment.html`; a challenger that loses is told, not raised.

    Raises NoCaptures, UnknownVariant, WrongRule, OneArchive, OtherFeatures or NotWhatAnswered.
    """
    found = read(
        asked.captures,
        asked.outcomes,
        variants=(asked.champion, asked.challenger),
        models=_models(asked),
        costs=case.costs,
    )
    observed, skipped = found.observed, found.skipped
    thresholds = found.thresholds or (by_costs(case.costs),) * 2
    if asked.threshold is not None:
        thresholds = (asked.threshold, asked.threshold)
    chosen = {
        name: value for name in ("alpha", "margin", "most") if (value := getattr(asked, name)) is not None
    }
    # Two that answer the same differ little in what they say, and may not at all in what is done.
    loss: Loss = asked.loss or ("brier" if asked.shadow else "cost")
    if asked.shadow:
        chosen.pop("most", None)
        bar = shadow.Bar(**chosen)
        shadowed = shadow.judge(
            observed,
            bar,
            champion=asked.champion,
            shadow=asked.challenger,
            loss=loss,
            thresholds=thresholds,
            costs=case.costs,
        )
        document = report.document_of_shadow(shadowed, bar, loss, skipped)
        page = report.page_of_shadow(case, shadowed, bar, loss)
        said = f"{shadowed.verdict}: {shadowed.why}"
    else:
        rule = trial.Rule(**chosen)
        tried = trial.judge(
            observed,
            rule,
            champion=asked.champion,
            challenger=asked.challenger,
            share=asked.share,
            loss=loss,
            thresholds=thresholds,
            costs=case.costs,
        )
        document = report.document_of_trial(tried, rule, loss, skipped)
        page = report.page_of_trial(case, tried, rule, loss)
        said = f"{tried.decision}: {tried.why}"
    write_json(asked.out / "experiment.json", document)
    (asked.out / "experiment.html").write_text(page, encoding="utf-8")
    print(f"decision={said}", flush=True)


def _models(asked: argparse.Namespace) -> Models | None:
    if asked.champion_model is None and asked.challenger_model is None:
        return None
    for lacking in ("champion", "challenger"):
        if getattr(asked, f"{lacking}_model") is None:
            raise OneArchive(lacking)
    return Models(asked.champion_model, asked.challenger_model)
