"""The job Tell: figures about people, with noise, within a budget."""

from __future__ import annotations

import argparse
from pathlib import Path

from ml import dependencies
from ml.case import UseCase
from ml.jobs.job import Job


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--raw", type=Path, required=True, help="folder with the source files")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument("--ledger", type=Path, required=True, help="file of what was told before")


def _work(case: UseCase, arguments: argparse.Namespace) -> None:
    # Only now: what it imports may just have been installed.
    from ml.privacy.telling import run

    run(case, raw=arguments.raw, out=arguments.out, ledger=arguments.ledger)


JOB = Job(
    kind="processing",
    what="Tell figures about people, with noise (differential privacy).",
    needs=(*dependencies.PREPARING, "opendp"),
    arguments=_arguments,
    work=_work,
)
