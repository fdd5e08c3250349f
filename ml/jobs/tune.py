"""The job Tune: which hyperparameters are best, and are they better than the default where it counts?"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from ml import dependencies
from ml.case import UseCase
from ml.container import JobFailed, TrainingFolders
from ml.jobs.job import Job
from ml.jobs.train import INTERRUPTED


def _arguments(parser: argparse.ArgumentParser) -> None:
    usual = TrainingFolders.of(os.environ)
    parser.add_argument("--search", default="bayesian", choices=("grid", "random", "bayesian"))
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--levels", type=int, default=3, help="values of each hyperparameter in a grid")
    parser.add_argument(
        "--over", nargs="+", metavar="NAME", help="search these alone of the use case's space"
    )
    parser.add_argument("--confirm", type=int, default=3, help="folds by time to hold the best against")
    parser.add_argument("--train", type=Path, default=usual.train, help="folder with the training set")
    parser.add_argument("--validation", type=Path, default=usual.validation, help="and the validation set")
    parser.add_argument("--checkpoints", type=Path, default=usual.checkpoints, help="where trials are kept")
    parser.add_argument("--out", type=Path, default=usual.model, help="folder to write to")
    parser.epilog = "Hyperparameters that are not searched follow as --name value."


def _work(case: UseCase, arguments: argparse.Namespace) -> None:
    # Only now: what these import may just have been installed.
    from ml.container import write_json
    from ml.evaluation.search_page import confirm, document, page
    from ml.training import archive, data
    from ml.training.boosting import Interrupted, choose_device
    from ml.training.comparison import compare, parts
    from ml.training.job import StopAsked, gpus_here, say
    from ml.training.parameters import parse
    from ml.training.search import Search, identity_of, importance, search
    from ml.training.sets import folds_of, read_all
    from ml.training.tried import as_variants
    from ml.training.variants import Setting

    stop = StopAsked()
    asked = parse(arguments.more, case.costs)
    device = choose_device(asked.device, gpus_here())
    space = {name: span for name, span in case.search.items() if name in (arguments.over or case.search)}
    unknown = sorted(set(arguments.over or ()) - set(space))
    if unknown:
        raise JobFailed(
            f"--over {' '.join(unknown)}: not in the use case's space; allowed: {', '.join(case.search)}."
        )
    wanted = Search(
        kind=arguments.search,
        space=space,
        trials=arguments.trials,
        levels=arguments.levels,
        base=asked.parameters,
    )
    known = read_all(case, arguments.train, arguments.validation)
    digests = {"train": data.digest(arguments.train), "validation": data.digest(arguments.validation)}
    try:
        found = search(
            wanted,
            known.train,
            known.validation,
            known.features,
            device=device,
            checkpoints=arguments.checkpoints,
            identity=identity_of(wanted, archive.manifest(digests, asked, device)),
            stop=stop,
            say=say,
        )
    except Interrupted as reason:
        say(str(reason))
        sys.exit(INTERRUPTED)
    say(f"best validation-pr_auc={found.best.value:.4f}, default {found.default.value:.4f}")
    confirmed = None
    if arguments.confirm and found.ranked:
        folds = folds_of(case, known, "time", arguments.confirm)
        setting = Setting(known.features, asked.parameters, device)
        confirmed = confirm(
            compare(as_variants(asked.parameters, found), parts(known.both, folds), setting, say)
        )
        say(confirmed.verdict)
    shares = importance(found, wanted)
    write_json(arguments.out / "tuning.json", document(wanted, found, shares, confirmed))
    drawn = page(case.question, wanted, found, shares, confirmed)
    (arguments.out / "tuning.html").write_text(drawn, encoding="utf-8")


JOB = Job(
    kind="training",
    what="Search for hyperparameters.",
    needs=dependencies.SEARCHING,
    arguments=_arguments,
    work=_work,
    open_ended=True,
)
