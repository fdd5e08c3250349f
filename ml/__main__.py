"""Runs a job for a use case: `python3 -m ml prepare --case ml.flights --raw DIR --out DIR`."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

# Threads that wait should sleep: spinning ones cost seven times the time on a machine that others use too.
# OpenMP reads this when XGBoost loads it.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

from ml import case, container, dependencies
from ml.jobs.job import Job

JOBS = (
    "prepare",
    "tell",
    "compare",
    "tune",
    "curves",
    "train",
    "retrain",
    "compress",
    "evaluate",
    "external",
    "experiment",
    "monitor",
    "replay",
)
"""Each is a module of `ml.jobs` that holds `JOB`."""


def main(argv: Sequence[str] | None = None) -> int:
    """The exit status: 0 done, 1 failed in words, 2 asked wrongly, 143 interrupted (SIGTERM)."""
    parser = argparse.ArgumentParser(prog="python -m ml", description="Run a job for a use case.")
    jobs = parser.add_subparsers(dest="job", metavar="JOB", required=True)
    # Of one job alone what it imports is loaded.
    asked = next((word for word in (sys.argv[1:] if argv is None else argv) if word in JOBS), None)
    known: dict[str, Job] = {}
    for name in [asked] if asked else JOBS:
        job: Job = importlib.import_module(f"ml.jobs.{name}").JOB
        known[name] = job
        one = jobs.add_parser(name, help=job.what, description=job.what)
        one.add_argument("--case", required=True, help="the use case's package, such as ml.flights")
        job.arguments(one)
    arguments, more = parser.parse_known_args(argv)
    chosen = known[arguments.job]
    if more and not chosen.open_ended:
        parser.error(f"unrecognized arguments: {' '.join(more)}")
    arguments.more = more
    return container.run(chosen.kind, lambda: _work(chosen, arguments))


def _work(job: Job, arguments: argparse.Namespace) -> None:
    dependencies.ensure(job.needs)
    job.work(case.load(arguments.case), arguments)


if __name__ == "__main__":
    sys.exit(main())
