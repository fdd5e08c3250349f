"""The job Curves: would more data help?"""

from __future__ import annotations

import argparse
from pathlib import Path

from ml import dependencies
from ml.case import UseCase
from ml.jobs.job import Job


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--train", type=Path, required=True, help="folder with the training set")
    parser.add_argument("--validation", type=Path, required=True, help="folder with the validation set")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument("--draws", type=int, default=3, help="orders in which rows are taken")
    parser.epilog = "Hyperparameters follow as --name value."


def _work(case: UseCase, arguments: argparse.Namespace) -> None:
    # Only now: what these import may just have been installed.
    from ml.container import write_json
    from ml.evaluation.curves_page import Measured, document, page, verdict
    from ml.training.boosting import choose_device
    from ml.training.comparison import parts
    from ml.training.job import gpus_here, say
    from ml.training.learning_curves import points
    from ml.training.parameters import parse
    from ml.training.sets import folds_of, read_all
    from ml.training.variants import Setting

    asked = parse(arguments.more, case.costs)
    device = choose_device(asked.device, gpus_here())
    known = read_all(case, arguments.train, arguments.validation)
    (fold,) = folds_of(case, known, "time", 1)
    (part,) = parts(known.both, [fold])
    setting = Setting(known.features, asked.parameters, device)
    found = points(part, known.periods[fold.train], setting, draws=arguments.draws, say=say)
    measured = [Measured.of(point) for point in found]
    told = verdict(measured)
    write_json(arguments.out / "curves.json", document(measured, part.name, told))
    drawn = page(case.question, measured, part.name, told)
    (arguments.out / "curves.html").write_text(drawn, encoding="utf-8")
    say("too little to tell" if told is None else told.words)


JOB = Job(
    kind="processing",
    what="Draw learning curves.",
    needs=dependencies.LEARNING,
    arguments=_arguments,
    work=_work,
    open_ended=True,
)
