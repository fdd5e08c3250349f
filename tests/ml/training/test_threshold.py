"""Whether the threshold is the one at which errors cost least."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.case import Costs
from ml.flights.case import CASE
from ml.training import threshold

COSTS = Costs(missed=4, false_alarm=1, unit="USD")


def test_the_curve_is_the_cost_at_each_threshold() -> None:
    labels = np.array([0.0, 1, 0, 1])
    said = np.array([0.1, 0.3, 0.4, 0.8])
    curve = threshold.cost_curve(labels, said, COSTS)
    for at, cost in zip(curve.thresholds, curve.costs, strict=True):
        assert cost == threshold.cost_at(labels, said, at, COSTS)
    chosen = threshold.choose(labels, said, COSTS)
    assert chosen.never == 2.0  # two positives of four, at 4
    assert chosen.always == 0.5  # two negatives of four, at 1
    assert chosen.curve.costs.min() == 0.25  # from 0.3 on: one false alarm


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=60))
def test_no_threshold_of_all_costs_less_than_the_cheapest(rows: list[tuple[bool, float]]) -> None:
    labels = np.array([float(label) for label, _ in rows])
    said = np.array([value for _, value in rows])
    chosen = threshold.choose(labels, said, COSTS)
    least = threshold.cost_at(labels, said, chosen.cheapest, COSTS)
    for other in [*said, 0.0, 1.0, COSTS.false_alarm / 5]:
        assert least <= threshold.cost_at(labels, said, other, COSTS) + 1e-12
    assert chosen.cost == pytest.approx(threshold.cost_at(labels, said, chosen.threshold, COSTS))
    assert 0 <= chosen.threshold <= 1


def test_true_probabilities_are_acted_upon_from_the_bayes_threshold_on() -> None:
    random = np.random.default_rng(3)
    said = random.beta(1, 8, size=20_000)
    labels = (random.random(20_000) < said).astype(np.float64)
    chosen = threshold.choose(labels, said, COSTS)
    low, high = chosen.cheapest_interval
    assert low <= 0.2 <= high
    assert chosen.threshold == chosen.bayes == 0.2
    assert chosen.saving_interval[0] <= chosen.saving <= chosen.saving_interval[1]
    assert chosen.saving_interval[0] > 0


def test_untrue_probabilities_are_acted_upon_where_it_is_cheapest() -> None:
    random = np.random.default_rng(3)
    true = random.beta(1, 8, size=20_000)
    labels = (random.random(20_000) < true).astype(np.float64)
    chosen = threshold.choose(labels, true**2, COSTS)
    assert chosen.cheapest_interval[1] < chosen.bayes
    assert chosen.threshold == chosen.cheapest == pytest.approx(0.04, abs=0.02)
    assert chosen.cost < threshold.cost_at(labels, true**2, chosen.bayes, COSTS)


def test_the_archive_says_from_which_probability_to_act(whole: Path) -> None:
    contract = json.loads((whole / "contract.json").read_text())
    told = json.loads((whole / "threshold.json").read_text())
    assert contract["threshold"] == told["threshold"]
    assert told["bayes"] == CASE.costs.false_alarm / (CASE.costs.false_alarm + CASE.costs.missed)
    assert told["unit"] == "USD"
    assert len(told["curve"]["thresholds"]) == len(told["curve"]["cost_per_row"]) > 100
    assert contract["event"] == CASE.event


def test_the_same_rows_give_the_same_choice() -> None:
    random = np.random.default_rng(3)
    said = random.random(500)
    labels = (random.random(500) < said).astype(np.float64)
    assert (
        threshold.choose(labels, said, COSTS).document() == threshold.choose(labels, said, COSTS).document()
    )
