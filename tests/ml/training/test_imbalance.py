"""Whether remedies of imbalance touch what is learned from, and nothing that stops or judges."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from ml.__main__ import main
from ml.flights.case import CASE
from ml.training import imbalance
from ml.training.comparison import compare, parts
from ml.training.data import Rows
from ml.training.schema import Feature
from ml.training.sets import Sets, folds_of, read_all
from ml.training.variants import Scorer, Setting, Variant

from .conftest import QUICK


@pytest.fixture(scope="module")
def known(few: Path) -> Sets:
    return read_all(CASE, few / "train", few / "validation", few / "test")


Resample = Callable[[Rows, Sequence[Feature], int], Rows]


@pytest.mark.parametrize("resample", [imbalance.oversampled, imbalance.undersampled, imbalance.smote])
def test_both_classes_become_as_many_and_the_same_seed_draws_the_same(
    known: Sets, resample: Resample
) -> None:
    rows = Rows(known.train.values[:1_500], known.train.labels[:1_500])
    one, again = (resample(rows, known.features, 3) for _ in range(2))
    assert one.labels.mean() == pytest.approx(0.5, abs=1e-6)
    np.testing.assert_array_equal(one.values, again.values)


def test_sampling_makes_no_row_up(known: Sets) -> None:
    given = {
        (row.tobytes(), label) for row, label in zip(known.train.values, known.train.labels, strict=True)
    }
    for resample in (imbalance.oversampled, imbalance.undersampled):
        some = resample(known.train, known.features, 3)
        drawn = {(row.tobytes(), label) for row, label in zip(some.values, some.labels, strict=True)}
        assert drawn <= given
        assert {row for row in drawn if row[1] == 1} == {row for row in given if row[1] == 1}


def test_made_up_rows_lack_as_much_as_real_ones_and_know_no_other_category(known: Sets) -> None:
    some = imbalance.smote(known.train, known.features, 3)
    count = len(known.train.labels)
    np.testing.assert_array_equal(some.values[:count], known.train.values)
    made = some.values[count:]
    assert (some.labels[count:] == 1).all()
    positives = known.train.values[known.train.labels == 1]
    np.testing.assert_allclose(np.isnan(made).mean(axis=0), np.isnan(positives).mean(axis=0), atol=0.15)
    for place, feature in enumerate(known.features):
        seen = positives[:, place][~np.isnan(positives[:, place])]
        values = made[:, place][~np.isnan(made[:, place])]
        if feature.kind == "category":
            assert set(values) <= set(seen), feature.name
        elif len(values):
            # In single precision there and back between two neighbours.
            room = 1e-4 * (abs(seen).max() + 1)
            assert seen.min() - room <= values.min(), feature.name
            assert values.max() <= seen.max() + room, feature.name


def test_smote_does_without_categories_and_gaps() -> None:
    random = np.random.default_rng(1)
    rows = Rows(random.normal(size=(100, 2)).astype(np.float32), (np.arange(100) < 20).astype(np.float32))
    features = [Feature(name=name, kind="number") for name in "ab"]
    assert len(imbalance.smote(rows, features, 3).labels) == 160


def test_what_stops_and_judges_is_never_resampled(known: Sets, monkeypatch: pytest.MonkeyPatch) -> None:
    folds = folds_of(CASE, known, "time", 1)
    whole = known.both
    stops = []

    def watched(training: Rows, stopping: Rows, setting: Setting) -> Scorer:
        stops.append(stopping)
        return lambda values: np.asarray(values[:, 2] / 1000, dtype=np.float64)

    monkeypatch.setattr(imbalance, "boosted", watched)
    remedies = [
        one for one in imbalance.variants() if one.name not in ("balanced forest", "balanced bagging")
    ]
    setting = Setting(known.features, QUICK, "cpu")
    variants = [Variant("none", "", watched), *remedies[1:]]
    found = compare(variants, parts(whole, folds), setting, lambda line: None)
    assert len(stops) == len(variants) * len(folds) == len(found)
    for number, fold in enumerate(folds):
        for place in range(len(variants)):
            stopping, outcome = stops[number * len(variants) + place], found[number * len(variants) + place]
            np.testing.assert_array_equal(stopping.values, whole.values[fold.stop])
            np.testing.assert_array_equal(outcome.labels, whole.labels[fold.judge])


def test_one_report_has_every_remedy_before_and_after_calibration(
    few: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imbalance, "_MEMBERS", 2)
    monkeypatch.setattr(imbalance, "_TREES", 20)
    arguments = ["--train", str(few / "train"), "--validation", str(few / "validation")]
    arguments += ["--test", str(few / "test"), "--out", str(tmp_path), "--folds", "1"]
    quick = ["--rounds", "10", "--threads", "1", "--max-depth", "3"]
    assert main(["compare", "--case", "ml.flights", "--what", "imbalance", *arguments, *quick]) == 0
    told = json.loads((tmp_path / "comparison.json").read_text())
    names = {one.name for one in imbalance.variants()}
    assert len(names) == 7
    assert set(told["mean_over_folds"]) == set(told["test"]) == names
    for figures in told["test"].values():
        assert 0 < figures["pr_auc"] < 1
    # Who learns from as many positives as negatives says too much, until calibrated.
    for name in ("oversampling", "undersampling", "balanced bagging"):
        assert told["test"][name]["brier"] < told["test"][name]["brier_before"]
    page = (tmp_path / "comparison.html").read_text()
    assert all(name in page for name in names)
    assert "<svg" in page
    assert "http" not in page.replace("http://www.w3.org", "")


@pytest.mark.parametrize(("what", "by", "folds"), [("ensembles", "time", "1"), ("calibration", "row", "3")])
def test_ensembles_and_calibrations_are_compared_alike(
    few: Path, tmp_path: Path, what: str, by: str, folds: str
) -> None:
    arguments = ["--train", str(few / "train"), "--validation", str(few / "validation")]
    arguments += ["--by", by, "--folds", folds, "--out", str(tmp_path)]
    quick = ["--rounds", "3", "--threads", "1"]
    assert main(["compare", "--case", "ml.flights", "--what", what, *arguments, *quick]) == 0
    told = json.loads((tmp_path / "comparison.json").read_text())
    assert len(told["mean_over_folds"]) == 4
    assert told["test"] == {}
