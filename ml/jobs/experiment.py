"""The job Experiment: is the challenger better than the champion, by captures and outcomes?"""

from __future__ import annotations

import argparse
from pathlib import Path

from ml import dependencies
from ml.case import UseCase
from ml.jobs.job import Job


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--captures", type=Path, required=True, help="folder of an endpoint's data capture")
    parser.add_argument("--outcomes", type=Path, required=True, help="folder of the outcomes, as Parquet")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument("--champion", default="champion", help="the champion's variant")
    parser.add_argument("--challenger", required=True, help="the challenger's variant")
    for which in ("champion", "challenger"):
        parser.add_argument(
            f"--{which}-model",
            type=Path,
            help=f"the {which}'s model.tar.gz, or a folder with it or its content: with both, requests on "
            "which both act alike count as no gain",
        )
    parser.add_argument(
        "--shadow", action="store_true", help="the challenger is asked the same and answers nobody"
    )
    parser.add_argument(
        "--share", type=float, default=0.5, help="share of the requests set for the challenger"
    )
    parser.add_argument(
        "--loss",
        choices=("brier", "cost"),
        help="what a prediction loses: cost, of a shadow brier, by default",
    )
    parser.add_argument(
        "--alpha", type=float, help="how often a challenger as good may be called better or worse"
    )
    parser.add_argument("--margin", type=float, help="the gain worth a change; of a shadow, the loss allowed")
    parser.add_argument("--most", type=int, help="outcomes after which the champion stays")
    parser.add_argument(
        "--threshold",
        type=float,
        help="probability from which to act; without it the archives', or by the costs",
    )


def _work(case: UseCase, arguments: argparse.Namespace) -> None:
    if arguments.champion_model or arguments.challenger_model:
        dependencies.ensure(dependencies.LEARNING)
    # Only now: what it imports may just have been installed.
    from ml.experiments import job

    job.run(case, arguments)


JOB = Job(
    kind="processing",
    what="Judge a challenger by an A/B test, or in the champion's shadow.",
    needs=("numpy", "duckdb"),
    arguments=_arguments,
    work=_work,
)
