"""The job Prepare: from source files to training, validation and test sets."""

from __future__ import annotations

import argparse
import gc
from pathlib import Path

from ml import dependencies
from ml.case import UseCase
from ml.jobs.job import Job


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--raw", required=True, help="folder with the source files; with spark also s3://…")
    parser.add_argument("--out", required=True, help="folder to write to; with spark also s3://…")
    parser.add_argument(
        "--engine", choices=("duckdb", "spark"), default="duckdb", help="what computes (default: duckdb)"
    )
    parser.add_argument(
        "--state",
        type=Path,
        help="folder that keeps what was read, so that the next run reads only parts that are new or changed",
    )
    parser.add_argument(
        "--forget", action="store_true", help="go on without the parts that are gone since the last run"
    )


def _work(case: UseCase, arguments: argparse.Namespace) -> None:
    # What is made here, Ibis's modules and expressions, lives to the end: looking for garbage among it takes
    # a third of the time that expressions take, and finds none.
    gc.disable()
    try:
        # Only now: what it imports may just have been installed.
        from ml.integration.preparation import prepare

        prepare(
            case,
            arguments.raw,
            arguments.out,
            engine=arguments.engine,
            state=arguments.state,
            forget=arguments.forget,
            say=lambda line: print(line, flush=True),
        )
    finally:
        gc.enable()


JOB = Job(
    kind="processing",
    what="Prepare the data of a use case.",
    needs=dependencies.PREPARING,
    arguments=_arguments,
    work=_work,
)
