"""The job Train: from prepared sets to a model, with the hyperparameters as `--name value`."""

from __future__ import annotations

import argparse
import sys

from ml import dependencies
from ml.case import UseCase
from ml.jobs.job import Job

INTERRUPTED = 143
"""The exit status of a process that SIGTERM ended."""


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Hyperparameters follow as --name value."


def _work(case: UseCase, arguments: argparse.Namespace) -> None:
    # Only now: what these import may just have been installed.
    from ml.privacy.guard import require_impersonal
    from ml.training import job
    from ml.training.boosting import Interrupted

    require_impersonal(case.features, case.sources, case.personal_features)

    try:
        job.run(case.features, case.label, arguments.more)
    except Interrupted as reason:
        print(reason, flush=True)
        sys.exit(INTERRUPTED)


JOB = Job(
    kind="training",
    what="Train a model.",
    needs=dependencies.LEARNING,
    arguments=_arguments,
    work=_work,
    open_ended=True,
)
