"""Measures of drift, and what of it is noise."""

import math

import numpy as np
import pytest

from ml.monitoring.baseline import Reference
from ml.monitoring.bins import NEW, Bins, bins_of, count, count_by_day, quantile_bins, starts
from ml.monitoring.days import follow
from ml.monitoring.drift import measure_rows, psi
from ml.monitoring.noise import CUSTOMARY, by_chance, normal_variation
from ml.training.schema import Feature

A_DAY = 900
FEATURES = (
    Feature(name="size", kind="number"),
    Feature(name="hour", kind="number"),
    Feature(name="kind", kind="category", values=("a", "b", "c")),
)


def _rows(rows: int, seed: int, *, moved: float = 0.0) -> np.ndarray:
    random = np.random.default_rng(seed)
    table = np.column_stack(
        [
            random.normal(moved, 1, rows),
            random.integers(0, 24, rows),
            random.choice([0, 1, 2], rows, p=[0.6, 0.3, 0.1]),
        ]
    ).astype(np.float32)
    table[random.random(rows) < 0.05, 0] = np.nan
    return table


REFERENCE = _rows(80_000, 0)
BINS = bins_of(FEATURES, REFERENCE)
COUNTS = count(BINS, REFERENCE)


def test_data_that_is_the_same_has_not_drifted() -> None:
    for found in measure_rows(BINS, COUNTS, REFERENCE):
        assert (found.psi, found.jensen_shannon, found.largest_gap) == pytest.approx((0, 0, 0), abs=1e-12)


def test_the_order_of_rows_does_not_matter() -> None:
    rows = _rows(5_000, 1, moved=0.4)
    shuffled = np.random.default_rng(0).permutation(rows)
    assert measure_rows(BINS, COUNTS, rows) == measure_rows(BINS, COUNTS, shuffled)


def test_the_index_is_that_of_its_definition() -> None:
    rows = _rows(20_000, 2, moved=1.0)
    found = measure_rows(BINS, COUNTS, rows)[0]
    before = np.bincount(BINS[0].places(REFERENCE[:, 0]), minlength=BINS[0].count) / len(REFERENCE)
    now = np.bincount(BINS[0].places(rows[:, 0]), minlength=BINS[0].count) / len(rows)
    before, now = np.maximum(before, 1e-4), np.maximum(now, 1e-4)
    assert found.psi == pytest.approx(float(((now - before) * np.log(now / before)).sum()))
    # Of two normal distributions a standard deviation apart it is 1, were the bins endless.
    assert 0.7 < found.psi < 1.3


def test_the_largest_gap_is_the_ks_statistic_up_to_the_bins() -> None:
    rows = _rows(50_000, 3, moved=0.5)
    found = measure_rows(BINS, COUNTS, rows)[0]
    expected = math.erf(0.25 / math.sqrt(2)) * 0.95
    assert found.largest_gap == pytest.approx(expected, abs=0.02)


def test_the_distance_of_what_has_nothing_in_common_is_one() -> None:
    bins = (Bins("kind", values=("a", "b")),)
    only_a, only_b = np.array([10, 0, 0, 0]), np.array([0, 10, 0, 0])
    from ml.monitoring.drift import measure

    (found,) = measure(bins, only_a, only_b)
    assert found.jensen_shannon == pytest.approx(1)
    assert found.largest_gap == pytest.approx(1)


def test_new_and_missing_values_are_told_apart() -> None:
    rows = _rows(1_000, 4)
    rows[:100, 2] = NEW
    rows[100:150, 2] = np.nan
    kind = measure_rows(BINS, COUNTS, rows)[2]
    assert (kind.new, kind.missing, kind.missing_before) == (0.1, 0.05, 0)
    assert kind.psi > CUSTOMARY


@pytest.mark.parametrize("column", [[], [3.0] * 50, [np.nan] * 50, [0.0, 1.0] * 25])
def test_every_value_finds_a_bin_whatever_the_reference_was(column: list[float]) -> None:
    one = quantile_bins("x", np.array(column, dtype=np.float32))
    asked = np.array([-np.inf, -1, 0, 0.5, 1, 3, 1e30, np.inf, np.nan], dtype=np.float32)
    places = one.places(asked)
    assert places.min() >= 0
    assert places.max() == one.count - 1 == places[-1]
    assert len(one.labels()) == one.count
    seen = one.places(np.array(column, dtype=np.float32))
    # Nothing of the reference lies below its least or above its largest value.
    assert not np.isin(seen, [0, one.count - 2]).any() or not len(column) or np.isnan(column).all()


def test_days_are_counted_as_their_rows_are() -> None:
    rows, day = _rows(3_000, 5), np.repeat([4, 7, 9], 1_000)
    days, counts = count_by_day(BINS, rows, day)
    assert days.tolist() == [4, 7, 9]
    for place, one in enumerate(days):
        assert counts[place].tolist() == count(BINS, rows[day == one]).tolist()


def _reference(days: int = 90) -> Reference:
    rows = _rows(days * A_DAY, 6)
    _, counts = count_by_day(BINS, rows, np.repeat(np.arange(days), A_DAY))
    return Reference(BINS, counts.sum(axis=0), normal_variation(counts, starts(BINS)))


def test_noise_alone_stays_under_the_bound_on_99_of_100_days() -> None:
    reference = _reference()
    over = 0
    for seed in range(10):
        rows = _rows(100 * A_DAY, 100 + seed)
        _, counts = count_by_day(BINS, rows, np.repeat(np.arange(100), A_DAY))
        alone = psi(reference.counts, counts, reference.begin)
        bound = reference.normal.threshold(1, A_DAY, reference.sizes)
        over += int((alone > bound).any(axis=1).sum())
        assert set(follow(reference, list(range(100)), counts).verdict) == {"ok"}
    assert over <= 0.01 * 1_000


def test_a_feature_that_moves_by_half_a_standard_deviation_is_found() -> None:
    reference = _reference()
    rows = np.concatenate([_rows(20 * A_DAY, 7), _rows(20 * A_DAY, 8, moved=0.5)])
    _, counts = count_by_day(BINS, rows, np.repeat(np.arange(40), A_DAY))
    found = follow(reference, list(range(40)), counts)
    assert set(found.verdict[:20]) == {"ok"}
    assert found.verdict[-1] == "drifted"
    assert found.drifted[-1].tolist() == [True, False, False]


def test_days_that_share_a_weather_vary_more_and_are_allowed_to() -> None:
    """Days whose rows go together are few observations: what is normal is measured, not derived."""
    random = np.random.default_rng(9)
    features = (Feature(name="weather", kind="number"),)
    weather = np.repeat(random.normal(0, 1, 90), A_DAY) + random.normal(0, 0.1, 90 * A_DAY)
    values = weather.astype(np.float32).reshape(-1, 1)
    bins = bins_of(features, values)
    _, counts = count_by_day(bins, values, np.repeat(np.arange(90), A_DAY))
    normal = normal_variation(counts, starts(bins))
    sizes = np.array([bins[0].count])
    assert normal.threshold(14, 14 * A_DAY, sizes)[0] > 3 * CUSTOMARY
    assert normal.threshold(1, A_DAY, sizes)[0] > normal.threshold(14, 14 * A_DAY, sizes)[0]


def test_few_rows_are_allowed_what_chance_alone_does() -> None:
    sizes = np.array([13])
    random = np.random.default_rng(10)
    reference = random.multinomial(100_000, np.full(13, 1 / 13))
    for rows in (150, 900):
        drawn = random.multinomial(rows, np.full(13, 1 / 13), size=4_000)
        found = psi(reference, drawn, np.array([0]))[:, 0]
        assert (found > by_chance(sizes, rows, 1)[0]).mean() < 0.03


def test_without_days_the_customary_bound_stands() -> None:
    _, counts = count_by_day(BINS, REFERENCE, np.zeros(len(REFERENCE), dtype=np.int64))
    normal = normal_variation(counts, starts(BINS))
    sizes = np.array([one.count for one in BINS])
    assert normal.threshold(1, 10_000, sizes).tolist() == [CUSTOMARY] * 3
