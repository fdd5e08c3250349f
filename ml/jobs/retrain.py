"""The job Retrain: the model of a manifest once more, to the byte."""

from __future__ import annotations

import argparse
from pathlib import Path

from ml import dependencies
from ml.case import UseCase
from ml.container import TrainingFolders
from ml.jobs.job import Job


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--manifest", type=Path, required=True, help="manifest.json of the model's archive")
    parser.add_argument("--train", type=Path, required=True, help="folder with the training set")
    parser.add_argument("--validation", type=Path, required=True, help="folder with the validation set")
    parser.add_argument("--out", type=Path, required=True, help="folder to write the model's to")
    parser.add_argument("--other-code", action="store_true", help="go on where the code is another")
    parser.add_argument("--other-versions", action="store_true", help="go on where libraries are others")


def _work(case: UseCase, arguments: argparse.Namespace) -> None:
    # Only now: what it imports may just have been installed.
    from ml.training.retraining import retrain

    folders = TrainingFolders(
        train=arguments.train,
        validation=arguments.validation,
        model=arguments.out,
        checkpoints=arguments.out.parent / f"{arguments.out.name}-checkpoints",
        config=arguments.out.parent / "config",
    )
    same = retrain(
        case,
        arguments.manifest,
        folders,
        other_code=arguments.other_code,
        other_versions=arguments.other_versions,
    )
    print(f"model.ubj is {'the same to the byte' if same else 'another one'}", flush=True)


JOB = Job(
    kind="processing",
    what="Train a model again from its manifest.",
    needs=dependencies.LEARNING,
    arguments=_arguments,
    work=_work,
)
