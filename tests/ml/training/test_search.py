"""Whether a search goes on from where it was ended, as if nothing had been."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from ml.__main__ import main
from ml.flights.case import CASE
from ml.training.boosting import Interrupted
from ml.training.search import BadSpace, Kind, Search, importance, search
from ml.training.sets import Sets, read_all
from ml.training.space import SPACE, Span
from ml.training.trials import Found

from .conftest import QUICK, variables

BASE = replace(QUICK, rounds=12, max_depth=3)
SMALL = {
    "eta": Span(low=0.05, high=0.5, log=True),
    "max_depth": Span(low=1, high=4, whole=True),
    "reg_alpha": Span(low=0.01, high=10, log=True),
}


@pytest.fixture(scope="module")
def known(few: Path) -> Sets:
    return read_all(CASE, few / "train", few / "validation")


def run(known: Sets, folder: Path, wanted: Search, stop: Callable[[], bool] = lambda: False) -> Found:
    return search(
        wanted,
        known.train,
        known.validation,
        known.features,
        device="cpu",
        checkpoints=folder,
        identity="one",
        stop=stop,
        say=lambda line: None,
    )


def plain(found: Found) -> list[Any]:
    """All but the seconds."""
    return [replace(trial, seconds=0.0) for trial in (found.default, *found.trials)]


@pytest.mark.parametrize("kind", ["grid", "random", "bayesian"])
def test_an_ended_search_goes_on_as_if_it_had_not(known: Sets, tmp_path: Path, kind: Kind) -> None:
    # Bayesian search begins to follow what it found after its tenth trial.
    wanted = Search(kind=kind, space=SMALL, trials=12, base=replace(BASE, rounds=6))
    unbroken = run(known, tmp_path / "unbroken", wanted)
    for last in (2, 30, 45):
        rounds = iter(range(10_000))
        with pytest.raises(Interrupted):
            run(known, tmp_path / "broken", wanted, lambda: next(rounds) == last)  # noqa: B023 – called at once
    kept = json.loads((tmp_path / "broken" / "trials.json").read_text())["trials"]
    assert 5 < len(kept) < 12
    broken = run(known, tmp_path / "broken", wanted)
    assert plain(broken) == plain(unbroken)
    assert broken.best.parameters == unbroken.best.parameters


def test_more_trials_go_on_where_fewer_ended(known: Sets, tmp_path: Path) -> None:
    wanted = Search(kind="random", space=SMALL, trials=2, base=BASE)
    few = run(known, tmp_path, wanted)
    more = run(known, tmp_path, replace(wanted, trials=4))
    assert more.trials[:2] == few.trials
    assert len(more.trials) == 4


def test_a_grid_is_tried_once_at_every_point_and_no_further(known: Sets, tmp_path: Path) -> None:
    space = {"max_depth": Span(low=1, high=3, whole=True), "eta": Span(low=0.1, high=0.4, log=True)}
    wanted = Search(kind="grid", space=space, trials=50, levels=3, base=replace(BASE, rounds=2))
    found = run(known, tmp_path, wanted)
    tried = [(trial.parameters["max_depth"], trial.parameters["eta"]) for trial in found.trials]
    assert sorted(tried) == [pytest.approx(point) for point in product((1, 2, 3), (0.1, 0.2, 0.4))]


def test_a_search_by_another_seed_tries_others(known: Sets, tmp_path: Path) -> None:
    wanted = Search(kind="bayesian", space=SMALL, trials=2, base=replace(BASE, rounds=1))
    one = run(known, tmp_path / "one", wanted)
    other = run(known, tmp_path / "other", replace(wanted, base=replace(wanted.base, seed=8)))
    assert one.trials[0].parameters != other.trials[0].parameters


def test_a_damaged_file_is_worth_no_more_than_none(known: Sets, tmp_path: Path) -> None:
    (tmp_path / "trials.json").write_text('{"identity": "one", "default": {"numb')
    wanted = Search(kind="random", space=SMALL, trials=1, base=replace(BASE, rounds=1))
    assert len(run(known, tmp_path, wanted).trials) == 1


def test_a_worthless_trial_is_cut_short(known: Sets, tmp_path: Path) -> None:
    # So much L1 that nothing is learned, in some of the trials.
    space = {"reg_alpha": Span(low=1e-3, high=1e5, log=True)}
    wanted = Search(kind="random", space=space, trials=14, base=replace(BASE, rounds=30, eta=0.5))
    found = run(known, tmp_path, wanted)
    cut = [trial for trial in found.trials if trial.pruned]
    assert cut
    assert not any(trial in found.ranked for trial in cut)
    assert max(trial.value for trial in cut) <= found.best.value


def test_importance_finds_what_matters(known: Sets, tmp_path: Path) -> None:
    space = {"reg_alpha": Span(low=1e-3, high=1e5, log=True), "gamma": Span(low=1e-4, high=1e-3, log=True)}
    wanted = Search(kind="random", space=space, trials=20, base=replace(BASE, rounds=2))
    shares = importance(run(known, tmp_path, wanted), wanted)
    assert next(iter(shares)) == "reg_alpha"
    assert sum(shares.values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("space", "reason"),
    [
        ({"depth": Span(low=1, high=2)}, "depth \\(there is none of that name\\)"),
        ({"eta": Span(low=0.1, high=3)}, "eta from 0.1 to 3 \\(allowed: above 0 to 1\\)"),
        ({"max_depth": Span(low=1, high=3)}, "fractions of max_depth"),
        ({}, "nothing at all"),
    ],
)
def test_a_search_over_what_is_not_allowed_is_refused(space: dict[str, Span], reason: str) -> None:
    with pytest.raises(BadSpace, match=reason):
        Search(kind="random", space=space, trials=1, base=BASE)


def test_the_usual_space_is_allowed_and_a_span_must_grow() -> None:
    Search(kind="bayesian", space=SPACE, trials=1, base=BASE)
    with pytest.raises(ValueError, match="must grow"):
        Span(low=2, high=1)
    with pytest.raises(ValueError, match="above 0"):
        Span(low=0, high=1, log=True)


def test_a_killed_job_loses_no_trial_but_the_running_one(few: Path, tmp_path: Path) -> None:
    job = tmp_path / "job"
    job.mkdir()
    asked = ["tune", "--case", "ml.flights", "--trials", "4", "--search", "random", "--confirm", "1"]
    asked += ["--over", "eta", "max_depth", "--rounds", "10", "--threads", "1"]
    process = subprocess.Popen(
        [sys.executable, "-m", "ml", *asked], env=variables(few, job), stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("trial=2 "):
            process.send_signal(signal.SIGKILL)
            break
    process.communicate()
    kept = json.loads((job / "checkpoints" / "trials.json").read_text())["trials"]
    assert len(kept) >= 2
    folders = ["--train", str(few / "train"), "--validation", str(few / "validation")]
    folders += ["--checkpoints", str(job / "checkpoints"), "--out", str(job / "model")]
    assert main([*asked[:3], *folders, *asked[3:]]) == 0
    told = json.loads((job / "model" / "tuning.json").read_text())
    assert [one["value"] for one in told["trials"][: len(kept)]] == [one["value"] for one in kept]
    assert len(told["trials"]) == 4
    assert "default" in told["confirmed"]["mean_over_folds"]
    assert told["confirmed"]["holds"] in (None, "trial 1", "trial 2", "trial 3", "trial 4")
    assert (job / "model" / "tuning.html").read_text().count("<svg") >= 4
