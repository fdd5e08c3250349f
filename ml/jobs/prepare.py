"""The job Prepare: from source files to training, validation and test sets."""

from __future__ import annotations

import argparse
from pathlib import Path

from ml import dependencies
from ml.case import UseCase
from ml.jobs.job import Job


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--raw", type=Path, required=True, help="folder with the source files")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")


def _work(case: UseCase, arguments: argparse.Namespace) -> None:
    # Only now: what it imports may just have been installed.
    from ml.integration.preparation import prepare

    prepare(case, arguments.raw, arguments.out, say=lambda line: print(line, flush=True))


JOB = Job(
    kind="processing",
    what="Prepare the data of a use case.",
    needs=dependencies.PREPARING,
    arguments=_arguments,
    work=_work,
)
