"""The job Train: from prepared sets to a model, with the hyperparameters as `--name value`."""

from __future__ import annotations

import argparse
import os
import sys

from ml import dependencies
from ml.case import UseCase
from ml.container import TrainingFolders
from ml.jobs.job import Job

INTERRUPTED = 143
"""The exit status of a process that SIGTERM ended."""


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Hyperparameters follow as --name value."
    parser.add_argument(
        "--compress",
        default="none",
        metavar="VARIANT",
        help="let a smaller model answer if it may: none, auto, pruned, distilled, network, int8",
    )


def _work(case: UseCase, arguments: argparse.Namespace) -> None:
    # Only now: what these import may just have been installed.
    from ml.monitoring import baseline
    from ml.privacy.guard import require_impersonal
    from ml.training import job
    from ml.training.boosting import Interrupted

    require_impersonal(case.features, case.sources, case.personal_features)

    try:
        first = job.run(case, arguments.more)
    except Interrupted as reason:
        print(reason, flush=True)
        sys.exit(INTERRUPTED)
    if not first:
        return  # another machine has written the model
    folders = TrainingFolders.of(os.environ)
    train, validation, model = folders.train, folders.validation, folders.model
    if arguments.compress != "none":
        from ml.compression import job as compression

        chosen = arguments.compress
        compression.run(case, model=model, out=model, train=train, validation=validation, choose=chosen)
    baseline.write_beside_model(case, train=train, validation=validation, model=model)


JOB = Job(
    kind="training",
    what="Train a model.",
    needs=dependencies.LEARNING,
    arguments=_arguments,
    work=_work,
    open_ended=True,
)
