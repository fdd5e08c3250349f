"""Whether whoever looks often is fooled: by a usual test he is, by the confidence sequence he is not."""

import math

import numpy as np
import numpy.typing as npt
import pytest
from chance import at_most

from ml.case import Costs
from ml.experiments.assignment import MISMATCH, UnknownVariant, assigned, split
from ml.experiments.observed import Observed
from ml.experiments.sequential import bounded, by_clusters, looks_of
from ml.experiments.trial import Rule, Trial, WrongRule, judge

Floats = npt.NDArray[np.float64]
COSTS = Costs(missed=400.0, false_alarm=100.0, unit="USD")
ALPHA = 0.05
RUNS = 120


def traffic(seed: int, rows: int, *, blur: float = 0.0, share: float = 0.5) -> Observed:
    """Flights of days, good days and bad, answered by one of two models. The challenger's probabilities are
    those of the champion, blurred; below 0 the champion's are blurred.
    """
    random = np.random.default_rng(seed)
    day = np.repeat(np.arange(-(-rows // 500)), 500)[:rows]
    truth = np.clip(random.beta(1, 10, rows) + random.choice([0.0, 0.15], len(set(day)))[day], 0, 1)
    outcome = (random.random(rows) < truth).astype(np.float64)
    theirs = random.random(rows) < share
    noise = np.where(theirs, max(blur, 0), max(-blur, 0)) * random.choice([-1, 1], rows)
    return Observed(
        inference_id=np.array([f"{number:06}" for number in range(rows)]),
        variant=np.where(theirs, "challenger", "champion"),
        at=np.arange(rows, dtype=np.float64),
        probability=np.clip(truth + noise, 0, 1),
        outcome=outcome,
        latency=np.full(rows, np.nan),
    )


def tried(observed: Observed, rule: Rule | None = None, share: float = 0.5) -> Trial:
    return judge(
        observed,
        rule or Rule(batch=100),
        champion="champion",
        challenger="challenger",
        share=share,
        loss="brier",
        thresholds=(0.2, 0.2),
        costs=COSTS,
    )


def test_without_a_difference_a_look_after_every_batch_is_wrong_no_more_often_than_alpha() -> None:
    """A repeated t-test at the same 5 %, on the same data, is the reason for all this."""
    naive, ours = 0, 0
    for seed in range(RUNS):
        observed = traffic(seed, 5000)
        ours += tried(observed, Rule(batch=100, margin=0, most=10**6)).decision != "go on"
        lost = (observed.probability - observed.outcome) ** 2
        for look in range(100, 5001, 100):
            one = lost[:look][observed.variant[:look] == "champion"]
            other = lost[:look][observed.variant[:look] == "challenger"]
            spread = math.sqrt(one.var() / len(one) + other.var() / len(other))
            if abs(one.mean() - other.mean()) > 1.96 * spread:
                naive += 1
                break
    assert ours <= at_most(ALPHA, RUNS)
    assert naive > at_most(ALPHA, RUNS)


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_a_better_challenger_is_promoted_and_a_worse_one_is_not_kept_on(share: float) -> None:
    better = [tried(traffic(seed, 30_000, blur=-0.25, share=share), share=share) for seed in range(10)]
    worse = [tried(traffic(seed, 30_000, blur=0.25, share=share), share=share) for seed in range(10)]
    assert [one.decision for one in better].count("promote") >= 9
    # Once no gain worth having is left, the trial need not wait for the proof of harm.
    assert {one.decision for one in worse} <= {"keep", "stop for harm"}
    assert "stop for harm" in {one.decision for one in worse}
    # Long before the last outcome: whom the worse one answers pays for waiting.
    assert np.median([one.decided_at or 30_000 for one in worse]) < 15_000


def test_what_came_after_a_decision_changes_nothing_of_it() -> None:
    whole = traffic(1, 20_000, blur=0.25)
    first = tried(whole)
    assert first.decision == "stop for harm"
    assert first.decided_at is not None
    again = tried(whole.of(np.arange(first.decided_at + 777)))
    assert (again.decision, again.decided_at) == (first.decision, first.decided_at)
    assert len(first.gain.count) * 100 == first.decided_at


def test_a_gain_too_small_to_matter_keeps_the_champion() -> None:
    found = tried(traffic(2, 20_000), Rule(batch=500, margin=0.05))
    assert found.decision == "keep"
    assert "0.05" in found.why


def test_the_champion_stays_where_the_trial_has_run_its_length() -> None:
    found = tried(traffic(3, 6000), Rule(batch=500, margin=0, most=4000))
    assert (found.decision, found.decided_at) == ("keep", 4000)


def test_outcomes_that_are_not_known_are_waited_for() -> None:
    observed = traffic(4, 3000)
    observed.outcome[::3] = np.nan
    assert tried(observed).waiting == 1000
    observed.outcome[:] = np.nan
    found = tried(observed)
    assert (found.decision, found.waiting, len(found.at)) == ("go on", 3000, 0)


def test_a_split_that_is_not_the_one_set_voids_the_trial() -> None:
    found = tried(traffic(5, 20_000, blur=0.25, share=0.45))
    assert found.decision == "void"
    assert found.split.mismatch
    assert "the split" in found.why


def test_a_right_split_is_called_wrong_no_more_often_than_stated_however_often_it_is_checked() -> None:
    wrong = 0
    for seed in range(300):
        random = np.random.default_rng(seed)
        variants = np.where(random.random(4000) < 0.1, "b", "a")
        weights = {"a": 0.9, "b": 0.1}
        wrong += any(split(variants[:look], weights).mismatch for look in range(200, 4001, 200))
    assert wrong <= at_most(MISMATCH, 300)


def test_a_variant_that_the_trial_does_not_know_is_refused() -> None:
    with pytest.raises(UnknownVariant, match="'c'"):
        split(np.array(["a", "b", "c"]), {"a": 0.5, "b": 0.5})


@pytest.mark.parametrize("rule", [Rule(alpha=0), Rule(alpha=1), Rule(batch=0), Rule(margin=-1)])
def test_rules_that_decide_nothing_are_refused(rule: Rule) -> None:
    with pytest.raises(WrongRule):
        tried(traffic(6, 100), rule)


def test_an_id_is_always_assigned_alike_and_as_many_as_asked() -> None:
    ids = [f"UA-{number}" for number in range(20_000)]
    chosen = [assigned(one, 0.3, "trial-1") for one in ids]
    assert chosen == [assigned(one, 0.3, "trial-1") for one in ids]
    assert sum(chosen) == pytest.approx(6000, abs=300)
    other = [assigned(one, 0.3, "trial-2") for one in ids]
    assert np.corrcoef(chosen, other)[0, 1] == pytest.approx(0, abs=0.05)


def test_the_bound_holds_a_mean_that_drifts() -> None:
    """The expectation of each value is known here; it swings and ends elsewhere than it began."""
    missed = 0
    for seed in range(RUNS):
        random = np.random.default_rng(seed)
        expected = 0.1 * np.sin(np.arange(4000) / 300)
        values = np.where(random.random(4000) < (1 + expected) / 2, 1.0, -1.0)
        looks = looks_of(4000, 50)
        found = bounded(values, looks, ALPHA, lowest=-1, highest=1)
        mean = np.cumsum(expected)[looks - 1] / looks
        missed += bool(((mean < found.low) | (mean > found.high)).any())
    assert missed <= at_most(ALPHA, RUNS)


def test_a_bound_by_days_holds_where_days_differ_and_one_by_rows_would_not() -> None:
    """Each day has a gain of its own, around none: to rows that looks like a gain."""
    by_day, by_row = 0, 0
    for seed in range(RUNS):
        random = np.random.default_rng(seed)
        per_day = random.normal(0, 0.1, 60)
        values = np.where(random.random((60, 100)) < (1 + per_day[:, None]) / 2, 1.0, -1.0)
        sums, sizes = values.sum(axis=1), np.full(60, 100.0)
        found = by_clusters(sums, sizes, looks_of(60, 1), ALPHA)
        by_day += bool(((found.low > 0) | (found.high < 0)).any())
        naive = bounded(values.reshape(-1), looks_of(6000, 100), ALPHA, lowest=-1, highest=1)
        by_row += bool(((naive.low > 0) | (naive.high < 0)).any())
    assert by_day <= at_most(ALPHA, RUNS)
    assert by_row > by_day


def test_bounds_narrow_as_outcomes_come() -> None:
    random = np.random.default_rng(8)
    found = bounded(random.choice([-1.0, 1.0], 20_000), looks_of(20_000, 1000), ALPHA, lowest=-1, highest=1)
    width = found.high - found.low
    assert (np.diff(width) < 0).all()
    # About twice as wide as an interval for one look alone.
    assert width[-1] < 2.2 * 2 * 1.96 / math.sqrt(20_000)
