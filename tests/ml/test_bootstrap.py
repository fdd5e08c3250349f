"""Whether intervals hold what they say, days are drawn whole, and pairs are paired."""

import numpy as np
import numpy.typing as npt
import pytest

from ml.evaluation.bootstrap import FEWEST_CLUSTERS, Resamples, draw, estimate, reflected
from ml.evaluation.metrics import average_precision, roc_auc
from ml.evaluation.ranking import areas, binned_areas, ranked
from ml.evaluation.scores import score

Floats = npt.NDArray[np.float64]


def made(random: np.random.Generator, rows: int) -> tuple[Floats, Floats]:
    said = random.beta(1, 8, rows)
    return (random.random(rows) < said).astype(np.float64), said


def test_areas_on_bins_are_those_of_each_row() -> None:
    labels, said = made(np.random.default_rng(1), 20_000)
    pr_auc, auc = binned_areas(ranked(labels, said))
    assert pr_auc == pytest.approx(average_precision(labels, said), abs=2e-3)
    assert auc == pytest.approx(roc_auc(labels, said), abs=1e-4)


def test_areas_of_a_resample_are_those_of_its_rows() -> None:
    """Each distinct probability has a bin, so that nothing is rounded; rows repeated as often as drawn."""
    labels, said = made(np.random.default_rng(2), 300)
    resamples = draw(labels, None, 20)
    found = areas(ranked(labels, said), resamples)
    for number, counts in enumerate(resamples.counts):
        rows = np.repeat(np.arange(300), counts.astype(int))
        assert found.pr_auc[number] == pytest.approx(average_precision(labels[rows], said[rows]))
        assert found.auc[number] == pytest.approx(roc_auc(labels[rows], said[rows]))


def test_sums_and_histograms_by_clusters_are_those_of_the_drawn_rows() -> None:
    random = np.random.default_rng(3)
    labels, said = made(random, 500)
    days = random.integers(25, size=500)
    resamples = draw(labels, days, 10)
    assert resamples.clustered
    assert resamples.unit is not None
    cells = random.integers(7, size=500)
    sums, histograms = resamples.sums(np.column_stack([said])), resamples.histograms(cells, 7)
    for number, counts in enumerate(resamples.counts):
        rows = np.repeat(np.arange(500), counts[resamples.unit].astype(int))
        assert sums[number, 0] == pytest.approx(said[rows].sum())
        np.testing.assert_array_equal(histograms[number], np.bincount(cells[rows], minlength=7))


def test_some_of_the_rows_see_the_same_draws() -> None:
    labels, said = made(np.random.default_rng(4), 400)
    chosen = said > 0.1
    for clusters in (None, np.arange(400) // 10):
        resamples = draw(labels, clusters, 5)
        of_all = resamples.sums(np.column_stack([said * chosen]))
        np.testing.assert_allclose(resamples.of(chosen).sums(said[chosen][:, None]), of_all)


def test_single_rows_are_drawn_with_both_labels_as_often_as_they_stand() -> None:
    labels, _ = made(np.random.default_rng(5), 500)
    resamples = draw(labels, np.arange(500) % (FEWEST_CLUSTERS - 1), 20)
    assert not resamples.clustered
    np.testing.assert_array_equal(resamples.counts @ labels, np.full(20, labels.sum()))


def test_the_same_rows_give_the_same_intervals() -> None:
    labels, said = made(np.random.default_rng(6), 500)
    assert score(labels, said, draw(labels, None, 50)) == score(labels, said, draw(labels, None, 50))


def test_intervals_by_day_cover_what_intervals_by_row_do_not() -> None:
    """Positives come by days: a Brier score of few days is off by more than its rows say."""
    covered = {"days": 0, "rows": 0}
    runs = 60
    truth = 0.2 * 0.8
    for seed in range(runs):
        random = np.random.default_rng(seed)
        days = np.repeat(np.arange(40), 50)
        share = random.choice([0.05, 0.35], 40)[days]
        labels = (random.random(2000) < share).astype(np.float64)
        said = np.full(2000, 0.2)
        for name, clusters in (("days", days), ("rows", None)):
            drawn = draw(labels, clusters, 200)
            if not drawn.clustered:
                # Of unstratified rows, or the share of positives would not move at all.
                counts = random.multinomial(2000, np.full(2000, 1 / 2000), size=200).astype(np.float32)
                drawn = Resamples(counts, None)
            found = score(labels, said, drawn).brier
            covered[name] += found.low <= truth <= found.high
    assert covered["days"] >= 0.85 * runs
    assert covered["rows"] < 0.6 * runs


def test_draws_without_a_figure_are_left_out() -> None:
    found = estimate(0.5, np.array([0.4, np.nan, 0.6]))
    assert 0.4 <= found.low < found.high <= 0.6


def test_what_chance_makes_larger_is_taken_back() -> None:
    found = reflected(0.02, np.full(100, 0.03))
    assert found.low == found.high == pytest.approx(0.01)
