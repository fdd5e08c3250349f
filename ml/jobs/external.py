"""The job External: how good is a trained model on periods that nobody has used?"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from ml import dependencies
from ml.case import UseCase
from ml.container import JobFailed
from ml.jobs.job import Job


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model", type=Path, required=True, help="model.tar.gz, or a folder with it or its content"
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with prepared rows")
    parser.add_argument(
        "--evaluation",
        type=Path,
        required=True,
        help="the model's evaluation.json: what it was judged by is no external validation either",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")


def _work(case: UseCase, arguments: argparse.Namespace) -> None:
    # Only now: what it imports may just have been installed.
    from ml.evaluation import job

    try:
        document = json.loads(arguments.evaluation.read_text(encoding="utf-8"))
    except ValueError as error:
        raise JobFailed(f"{arguments.evaluation} is no JSON: {error}") from None
    found = job.run_external(
        case, model=arguments.model, rows=arguments.data, out=arguments.out, used=job.used_in(document)
    ).evaluation.scores
    if found.pr_auc is not None and found.auc is not None:
        print(f"external-pr_auc={found.pr_auc.value:.4f} external-auc={found.auc.value:.4f}", flush=True)


JOB = Job(
    kind="processing",
    what="Validate a model on periods that nobody has used.",
    needs=dependencies.LEARNING,
    arguments=_arguments,
    work=_work,
)
