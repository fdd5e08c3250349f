"""Which days are told to have drifted, which missed their outcomes?"""

import numpy as np
import pytest

from ml.monitoring import assessment, concept, history
from ml.monitoring import baseline as baselines
from ml.monitoring.bins import count
from ml.monitoring.captured import Outcomes
from ml.monitoring.days import TO_ALARM, follow
from ml.monitoring.outcomes import Sums, sums
from tests.ml.monitoring.simulated import FIRST, ROWS, added, of_day, of_days


def _verdicts(learned: baselines.Baseline, moved: dict[int, float], days: int) -> list[str]:
    counts = np.zeros((days, len(learned.features.counts)), dtype=np.int64)
    for day in range(days):
        rows = of_day(FIRST + day, moved=moved.get(day, 0.0))[0].features
        counts[day] = count(learned.features.bins, rows)
    return list(follow(learned.features, list(range(days)), counts).verdict)


def test_drift_that_lasts_is_told_and_taken_back_once_it_is_over(learned: baselines.Baseline) -> None:
    found = _verdicts(learned, dict.fromkeys(range(20, 40), 1.5), 70)
    assert set(found[:20]) == {"ok"}
    first, last = found.index("drifted"), len(found) - 1 - found[::-1].index("drifted")
    # Not before it has lasted.
    assert first >= 20 + TO_ALARM - 1
    assert found[first - 1] == "watch"
    assert set(found[first : last + 1]) == {"drifted"}
    assert found[last + 1] == "recovered"
    assert set(found[last + 2 :]) == {"ok"}


def test_a_day_without_requests_says_nothing_and_ends_nothing(learned: baselines.Baseline) -> None:
    counts = np.zeros((30, len(learned.features.counts)), dtype=np.int64)
    for day in [*range(15), *range(17, 30)]:
        counts[day] = count(learned.features.bins, of_day(FIRST + day, moved=2.0)[0].features)
    found = follow(learned.features, list(range(30)), counts)
    assert found.verdict[15:17] == ("quiet", "quiet")
    assert found.verdict[14] == found.verdict[17] == "drifted"
    assert (found.lasting[14] == found.lasting[15]).all()


def test_what_came_true_as_it_was_said_is_no_concept_drift_and_what_did_not_is(
    learned: baselines.Baseline,
) -> None:
    def drifted(**how: float) -> np.ndarray:
        days = [
            sums(one.probability, what.outcome)
            for one, what in (
                of_day(day, **(how if day >= FIRST + 20 else {})) for day in range(FIRST, FIRST + 60)
            )
        ]
        raw = concept.residuals(days)
        return np.any(
            [concept.follow(one, raw[name]).drifted for name, one in learned.streams.items()], axis=0
        )

    assert not drifted().any()
    wrong = drifted(wrong=0.08)
    assert not wrong[:20].any()
    assert wrong[40:].all()


def test_more_that_comes_true_as_foretold_is_no_concept_drift(learned: baselines.Baseline) -> None:
    """The prevalence doubles, the probabilities with it: the raw error would rise."""
    random = np.random.default_rng(0)
    days = []
    for day in range(60):
        probability = np.clip(random.beta(1, 9 if day < 30 else 4, ROWS), 0.001, 0.999)
        days.append(sums(probability, (random.random(ROWS) < probability).astype(np.float64)))
    assert days[40].brier > 1.3 * days[10].brier
    raw = concept.residuals(days)
    for name, stream in learned.streams.items():
        assert not concept.follow(stream, raw[name]).drifted.any()


def test_the_test_that_chose_the_threshold_is_rivers() -> None:
    from river.drift import PageHinkley

    values = np.random.default_rng(1).normal(0, 1, 200)
    values[120:] += 1.0
    ours = concept.page_hinkley(values[None])[0]
    for threshold in (3.0, 8.0, 15.0):
        test = PageHinkley(
            min_instances=concept.FEWEST,
            delta=concept.DELTA,
            threshold=threshold,
            alpha=concept.FORGETTING,
            mode="both",
        )
        fired = None
        for place, value in enumerate(values):
            test.update(float(value))
            if test.drift_detected:
                fired = place
                break
        assert fired == int(np.argmax(ours > threshold))


def test_outcomes_that_do_not_come_are_missed_once_they_are_due_by_segment(
    learned: baselines.Baseline,
) -> None:
    captured, outcomes = of_days(FIRST, FIRST + 9)
    newark = captured.features[:, 1] == 0
    come = outcomes.inference_id[~newark]
    chosen = np.isin(outcomes.inference_id, come)
    some = Outcomes(come, outcomes.outcome[chosen], outcomes.known_at[chosen])
    kept = added(history.History(), learned, captured, some)
    found = assessment.assess(
        learned, kept, delay_days=2, segments={"airport": ("EWR", "JFK", "LGA")}, until=FIRST + 9
    )
    assert found is not None
    assert [one.due > 0 for one in found.due] == [True] * 8 + [False] * 2
    by_airport = found.segments["airport"]
    assert (by_airport["EWR"].share, by_airport["JFK"].share) == (1.0, 0.0)
    assert found.missing[-1] == pytest.approx(0.33, abs=0.05)
    assert found.missing[1] == 0
    assert found.sums[0].delay == 90


def test_sums_of_no_outcome_are_none() -> None:
    assert str(sums(np.array([0.1]), np.array([np.nan]))) == str(Sums())
