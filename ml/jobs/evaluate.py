"""The job Evaluate: how good is a trained model on the test set, and is it good enough?"""

from __future__ import annotations

import argparse
from pathlib import Path

from ml import dependencies
from ml.case import UseCase
from ml.jobs.job import Job


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model", type=Path, required=True, help="model.tar.gz, or a folder with it or its content"
    )
    parser.add_argument("--test", type=Path, required=True, help="folder with the test set")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument(
        "--champion",
        type=Path,
        help="the model to compare with, as --model; a folder without a model says that there is none",
    )
    parser.add_argument(
        "--external",
        type=Path,
        help="folder with rows of periods that nobody has used, for a gate of their own",
    )
    parser.add_argument(
        "--gate",
        action="append",
        default=[],
        metavar="NAME=LIMIT",
        help="what the model must keep, such as minimum_auc=0.75; may be given several times",
    )


def _work(case: UseCase, arguments: argparse.Namespace) -> None:
    # Only now: what it imports may just have been installed.
    from ml.evaluation import gates, job

    job.run(
        case,
        model=arguments.model,
        test=arguments.test,
        out=arguments.out,
        champion=arguments.champion,
        external=arguments.external,
        asked=gates.limits(arguments.gate),
    )


JOB = Job(
    kind="processing",
    what="Evaluate a model.",
    needs=dependencies.LEARNING,
    arguments=_arguments,
    work=_work,
)
