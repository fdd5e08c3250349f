"""The job Compress: smaller and quicker models of a trained one, each accepted within a stated loss."""

from __future__ import annotations

import argparse
from dataclasses import fields
from pathlib import Path

from ml import dependencies
from ml.case import UseCase
from ml.jobs.job import Job


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model", type=Path, required=True, help="model.tar.gz, or a folder with its content"
    )
    parser.add_argument("--train", type=Path, required=True, help="folder with the training set")
    parser.add_argument("--validation", type=Path, required=True, help="folder with the validation set")
    parser.add_argument(
        "--test", type=Path, help="folder with the test set: figures on it too, for the reader"
    )
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for the model with the chosen variant"
    )
    parser.add_argument(
        "--variants",
        default="pruned,distilled",
        help="of pruned, distilled, network, int8; network takes minutes",
    )
    parser.add_argument("--choose", default="auto", help="auto, full, or a variant: it answers if accepted")
    for name, default in (("pr-auc", 0.005), ("auc", 0.005), ("brier", 0.0005), ("calibration-error", 0.005)):
        parser.add_argument(
            f"--lose-{name}", type=float, default=default, help=f"at most (default {default})"
        )


def _work(case: UseCase, arguments: argparse.Namespace) -> None:
    # Only now: what these import may just have been installed.
    from ml.compression import job
    from ml.compression.acceptance import Allowed
    from ml.evaluation.archived import unpacked

    allowed = Allowed(**{one.name: getattr(arguments, f"lose_{one.name}") for one in fields(Allowed)})
    with unpacked(arguments.model) as folder:
        job.run(
            case,
            model=folder,
            out=arguments.out,
            train=arguments.train,
            validation=arguments.validation,
            test=arguments.test,
            wanted=[name.strip() for name in arguments.variants.split(",") if name.strip()],
            choose=arguments.choose,
            allowed=allowed,
            say=lambda line: print(line, flush=True),
        )


JOB = Job(
    kind="processing",
    what="Make smaller and quicker models of a trained one.",
    needs=(*dependencies.LEARNING, "sklearn"),
    arguments=_arguments,
    work=_work,
)
