"""Whether several boosters become one that says their mean, and survive an interruption."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xgboost

from ml.flights.case import CASE
from ml.serving.inference import model_fn, predict_fn
from ml.training.boosting import Interrupted, Run, train
from ml.training.data import Rows
from ml.training.ensemble import drawn, merged
from ml.training.job import make
from ml.training.sets import Sets, read_all

from .conftest import QUICK, asked, folders


@pytest.fixture(scope="module")
def known(few: Path) -> Sets:
    return read_all(CASE, few / "train", few / "validation", few / "test")


def test_one_booster_says_the_mean_of_the_margins(known: Sets) -> None:
    assert known.test is not None
    members = replace(QUICK, ensemble="depths:2,5").members()
    assert [one.max_depth for one in members] == [2, 5]
    made = [
        train(known.train, known.validation, known.features, one, Run(device="cpu", say=lambda line: None))
        for one in members
    ]
    one = merged(made)
    assert one.rounds == sum(part.rounds for part in made) == one.booster.num_boosted_rounds()
    mean = np.mean([part.margins(known.test.values) for part in made], axis=0)
    np.testing.assert_allclose(one.margins(known.test.values), mean, atol=1e-5)


def test_members_of_bags_start_from_shares_of_their_own(known: Sets) -> None:
    assert known.test is not None
    rare = Rows(known.train.values, np.where(np.arange(len(known.train.labels)) % 3, 0, known.train.labels))
    made = [
        train(rows, known.validation, known.features, QUICK, Run(device="cpu", say=lambda line: None))
        for rows in (known.train, rare)
    ]
    mean = np.mean([part.margins(known.test.values) for part in made], axis=0)
    np.testing.assert_allclose(merged(made).margins(known.test.values), mean, atol=1e-5)


def test_bags_draw_with_replacement(known: Sets) -> None:
    numbered = Rows(np.arange(1_000, dtype=np.float32)[:, None], np.zeros(1_000, dtype=np.float32))
    one, again, other = (drawn(numbered, seed).values.ravel() for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert len(one) == 1_000
    assert 600 < len(np.unique(one)) < 660  # 1 - 1/e of them
    assert set(one) != set(other)


def test_an_ensemble_is_served_as_one_model(few: Path, tmp_path: Path) -> None:
    job = folders(few, tmp_path)
    make(CASE, asked(replace(QUICK, ensemble="bagging:2")), job)
    model = model_fn(str(job.model))
    assert predict_fn(np.full((2, len(model.features)), np.nan, dtype=np.float32), model).shape == (2,)
    contract = json.loads((job.model / "contract.json").read_text())
    assert xgboost.Booster(model_file=job.model / "model.ubj").num_boosted_rounds() == contract["rounds"]


def test_an_ensemble_goes_on_with_the_booster_that_was_interrupted(few: Path, tmp_path: Path) -> None:
    parameters = replace(QUICK, ensemble="seeds:3", rounds=30)
    unbroken, broken = folders(few, tmp_path / "unbroken"), folders(few, tmp_path / "broken")
    make(CASE, asked(parameters), unbroken)
    rounds = iter(range(1_000))
    with pytest.raises(Interrupted):
        make(CASE, asked(parameters), broken, stop=lambda: next(rounds) == 57)
    assert (broken.checkpoints / "member-01" / "checkpoint.json").exists()
    assert not (broken.checkpoints / "member-02").exists()
    make(CASE, asked(parameters), broken)
    for part in ("member-00/round-00030.ubj", "member-01/round-00030.ubj", "member-02/round-00030.ubj"):
        assert (broken.checkpoints / part).read_bytes() == (unbroken.checkpoints / part).read_bytes(), part
    for name in ("model.ubj", "model.onnx", "contract.json", "manifest.json"):
        assert (broken.model / name).read_bytes() == (unbroken.model / name).read_bytes(), name
