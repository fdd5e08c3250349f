"""Whether folds keep time, groups and rows apart."""

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.container import JobFailed
from ml.flights.case import CASE
from ml.training.sets import Sets, folds_of, read_all
from ml.training.splits import Fold, TooFewToSplit, grouped, rolling_origin


@pytest.fixture(scope="module")
def known(few: Path) -> Sets:
    return read_all(CASE, few / "train", few / "validation")


def apart(fold: Fold) -> bool:
    return not any(
        set(one) & set(other) for one, other in combinations((fold.train, fold.stop, fold.judge), 2)
    )


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 10_000), min_size=30, max_size=200),
    st.integers(4, 8),
    st.integers(1, 3),
    st.floats(0, 500),
)
def test_no_row_learns_from_what_was_not_yet_known(
    moments: list[int], count: int, folds: int, embargo: float
) -> None:
    asked = np.array(moments)
    periods = asked * count // 10_001
    try:
        found = rolling_origin(periods, folds=folds, moments=asked, embargo=embargo)
    except TooFewToSplit:
        return
    for fold in found:
        assert apart(fold)
        assert len(fold.train)
        assert len(fold.stop)
        assert asked[fold.train].max() + embargo <= asked[fold.stop].min()
        assert asked[fold.stop].max() + embargo <= asked[fold.judge].min()
        assert periods[fold.train].max() < periods[fold.stop].min() < periods[fold.judge].min()


def test_what_comes_later_changes_no_fold(known: Sets) -> None:
    assert known.moments is not None
    earlier = known.periods <= 201308
    short = rolling_origin(known.periods[earlier], folds=1, moments=known.moments[earlier], embargo=1440)[-1]
    longer = next(
        fold
        for fold in rolling_origin(known.periods, folds=3, moments=known.moments, embargo=1440)
        if fold.name == short.name
    )
    np.testing.assert_array_equal(short.train, longer.train)
    np.testing.assert_array_equal(short.stop, longer.stop)
    np.testing.assert_array_equal(short.judge, longer.judge)


def test_a_day_lies_between_the_flights_that_teach_and_those_that_judge(known: Sets) -> None:
    assert known.moments is not None
    for fold in folds_of(CASE, known, "time", 3):
        assert known.moments[fold.judge].min() - known.moments[fold.stop].max() >= 24 * 60
        assert known.moments[fold.stop].min() - known.moments[fold.train].max() >= 24 * 60


def test_no_aircraft_stands_on_two_sides(known: Sets) -> None:
    assert known.groups is not None
    folds = folds_of(CASE, known, "group", 5)
    for fold in folds:
        assert apart(fold)
        sides = [set(known.groups[rows].tolist()) for rows in (fold.train, fold.stop, fold.judge)]
        assert not any(one & other for one, other in combinations(sides, 2))
    judged = np.sort(np.concatenate([fold.judge for fold in folds]))
    np.testing.assert_array_equal(judged, np.arange(len(known.groups)))


@pytest.mark.parametrize("by", ["group", "row"])
def test_the_parts_have_like_shares_of_positives(known: Sets, by: str) -> None:
    labels = known.both.labels
    for fold in folds_of(CASE, known, by, 5):
        assert labels[fold.judge].mean() == pytest.approx(labels.mean(), abs=0.015)


def test_the_same_seed_cuts_the_same_folds(known: Sets) -> None:
    one, other = (grouped(known.both.labels, known.groups, folds=3, seed=3) for _ in range(2))
    for first, second in zip(one, other, strict=True):
        np.testing.assert_array_equal(first.judge, second.judge)


def test_too_few_periods_or_groups_are_said_so() -> None:
    with pytest.raises(TooFewToSplit, match="3 folds by time need 5 periods, there are 4"):
        rolling_origin(np.array([1, 2, 3, 4]), folds=3)
    with pytest.raises(TooFewToSplit, match="nothing is left"):
        rolling_origin(np.array([1, 2, 3]), folds=1, moments=np.array([1, 2, 3]), embargo=10)
    labels = np.array([0, 0, 0, 0, 1, 1])
    with pytest.raises(TooFewToSplit, match="at most 1"):
        grouped(labels, np.array(["a", "b", "c", "d", "e", "e"]), folds=3)


def test_a_case_without_groups_is_not_cut_by_them(known: Sets) -> None:
    with pytest.raises(JobFailed, match="names no group"):
        folds_of(replace(CASE, group=None), replace(known, groups=None), "group", 3)
