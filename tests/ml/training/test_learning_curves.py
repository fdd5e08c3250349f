"""Whether learning curves say that more data would help where it would."""

import json
from pathlib import Path

import numpy as np
import pytest

from ml.__main__ import main
from ml.evaluation.curves_page import Measured, verdict
from ml.flights.case import CASE
from ml.training.comparison import parts
from ml.training.learning_curves import histories, points
from ml.training.sets import folds_of, read_all
from ml.training.variants import Setting

from .conftest import QUICK


def measured(values: dict[tuple[int, int], float]) -> list[Measured]:
    return [Measured("rows", rows, 8, draw, 0.9, value) for (rows, draw), value in values.items()]


def test_more_data_helps_where_the_last_doubling_did() -> None:
    found = verdict(measured({(50, 0): 0.30, (100, 0): 0.35, (50, 1): 0.31, (100, 1): 0.355}))
    assert found is not None
    assert found.helps
    assert found.gain == pytest.approx(0.0475)
    assert "more data would help" in found.words


@pytest.mark.parametrize(
    "values",
    [
        {(50, 0): 0.350, (100, 0): 0.351, (50, 1): 0.352, (100, 1): 0.353},  # too little
        {(50, 0): 0.30, (100, 0): 0.38, (50, 1): 0.36, (100, 1): 0.34},  # chance
        {(50, 0): 0.36, (100, 0): 0.35, (50, 1): 0.36, (100, 1): 0.35},  # worse
    ],
)
def test_more_data_does_not_help_where_the_last_doubling_did_little_or_by_chance(
    values: dict[tuple[int, int], float],
) -> None:
    found = verdict(measured(values))
    assert found is not None
    assert not found.helps
    assert "would not help" in found.words


def test_one_draw_is_too_little_to_tell() -> None:
    assert verdict(measured({(50, 0): 0.3, (100, 0): 0.4})) is None


def test_histories_double_up_to_the_whole() -> None:
    assert histories(8) == [1, 2, 4, 8]
    assert histories(11) == [1, 2, 4, 8, 11]
    assert histories(1) == [1]


def test_all_points_are_judged_on_the_same_later_rows(few: Path) -> None:
    known = read_all(CASE, few / "train", few / "validation")
    (fold,) = folds_of(CASE, known, "time", 1)
    (part,) = parts(known.both, [fold])
    setting = Setting(known.features, QUICK, "cpu")
    found = points(part, known.periods[fold.train], setting, draws=2, say=lambda line: None)
    for point in found:
        np.testing.assert_array_equal(point.judged[0], part.judge.labels)
        assert len(point.learned[0]) == point.rows <= len(part.train.labels)
    whole = [point for point in found if point.rows == len(part.train.labels)]
    assert {(point.kind, point.draw) for point in whole} == {("rows", 0), ("rows", 1), ("periods", 0)}
    assert {point.periods for point in found if point.kind == "periods"} <= {1, 2, 4, 8}


def test_the_job_writes_figures_and_a_page(few: Path, tmp_path: Path) -> None:
    arguments = ["--train", str(few / "train"), "--validation", str(few / "validation")]
    arguments += ["--out", str(tmp_path), "--rounds", "5", "--threads", "1"]
    assert main(["curves", "--case", "ml.flights", *arguments]) == 0
    told = json.loads((tmp_path / "curves.json").read_text())
    assert told["judged_on"] == "201310"
    assert told["verdict"]["words"].startswith("more data would")
    assert (tmp_path / "curves.html").read_text().count("<svg") == 2
