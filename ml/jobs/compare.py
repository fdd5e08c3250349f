"""The job Compare: which way to train is better?"""

from __future__ import annotations

import argparse
from pathlib import Path

from ml import dependencies
from ml.case import UseCase
from ml.jobs.job import Job


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--what", required=True, choices=("imbalance", "ensembles", "calibration"))
    parser.add_argument("--train", type=Path, required=True, help="folder with the training set")
    parser.add_argument("--validation", type=Path, required=True, help="folder with the validation set")
    parser.add_argument("--test", type=Path, help="folder with the test set, to be judged on too")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument("--by", default="time", choices=("time", "group", "row"), help="how folds are cut")
    parser.add_argument("--folds", type=int, default=3)
    parser.epilog = "Hyperparameters follow as --name value."


def _work(case: UseCase, arguments: argparse.Namespace) -> None:
    # Only now: what these import may just have been installed.
    from ml.container import write_json
    from ml.evaluation.variants import Judged, document, over_folds, page
    from ml.training.boosting import choose_device
    from ml.training.candidates import calibrations, ensembles
    from ml.training.comparison import TEST, Part, compare, parts
    from ml.training.imbalance import variants as remedies
    from ml.training.job import gpus_here, say
    from ml.training.parameters import parse
    from ml.training.sets import folds_of, read_all
    from ml.training.variants import Setting

    asked = parse(arguments.more, case.costs)
    device = choose_device(asked.device, gpus_here())
    known = read_all(case, arguments.train, arguments.validation, arguments.test)
    folds = folds_of(case, known, arguments.by, arguments.folds)
    variants = {"imbalance": remedies, "ensembles": ensembles, "calibration": calibrations}[arguments.what]()
    setting = Setting(known.features, asked.parameters, device)
    outcomes = compare(variants, parts(known.both, folds), setting, say)
    if known.test is not None:
        outcomes += compare(variants, [Part(TEST, known.train, known.validation, known.test)], setting, say)
    judged = [Judged.of(outcome) for outcome in outcomes]
    write_json(arguments.out / "comparison.json", document(arguments.what, arguments.by, variants, judged))
    title = f"{case.question} Compared: {arguments.what}"
    told = page(title, case.about, f"by {arguments.by}", variants, judged)
    (arguments.out / "comparison.html").write_text(told, encoding="utf-8")
    for name, figures in over_folds(judged).items():
        say(f"{name}: pr_auc={figures.pr_auc:.4f} brier={figures.brier:.4f}")


JOB = Job(
    kind="processing",
    what="Compare ways to train: against imbalance, by ensembles, in calibration.",
    needs=dependencies.COMPARING,
    arguments=_arguments,
    work=_work,
    open_ended=True,
)
