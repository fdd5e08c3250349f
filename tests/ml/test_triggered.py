"""Whether requests on which both models act alike are told by chance alone, and the others decide sooner
without deciding wrongly more often.
"""

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from chance import at_most

from ml.case import Costs
from ml.experiments.gains import TOLERANCE, gains, triggered
from ml.experiments.observed import Loss, Observed, losses
from ml.experiments.trial import Rule, Trial, judge

Floats = npt.NDArray[np.float64]
COSTS = Costs(missed=400.0, false_alarm=100.0, unit="USD")
BOTH_ACT_AT = (0.2, 0.2)
ALPHA = 0.05
RUNS = 120


def traffic(
    seed: int,
    rows: int,
    *,
    noise: tuple[float, float] = (0.3, 0.3),
    share: float = 0.5,
    acting_helps: float = 0.0,
    bias: float = 0.0,
) -> Observed:
    """Flights of good days and bad, asked of one of two models whose log odds miss the truth by their
    `noise`, and by the same `bias`. Where the asked one acts, the harm does not come about with the chance
    `acting_helps`: what becomes of a request may depend on who was asked.
    """
    random = np.random.default_rng(seed)
    day = np.repeat(np.arange(-(-rows // 500)), 500)[:rows]
    odds = random.normal(-2.5, 1.2, rows) + random.choice([-0.7, 1.0], len(set(day)))[day]
    both = _chance(odds[:, None] + bias + np.array(noise) * random.normal(size=(rows, 2)))
    theirs = random.random(rows) < share
    said = np.where(theirs, both[:, 1], both[:, 0])
    helped = (said >= BOTH_ACT_AT[0]) & (random.random(rows) < acting_helps)
    return Observed(
        inference_id=np.array([f"{number:06}" for number in range(rows)]),
        variant=np.where(theirs, "challenger", "champion"),
        at=np.arange(rows, dtype=np.float64),
        probability=said,
        outcome=((random.random(rows) < _chance(odds)) & ~helped).astype(np.float64),
        latency=np.full(rows, np.nan),
        both=both,
    )


def _chance(odds: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-odds)))


def tried(observed: Observed, rule: Rule | None = None, *, share: float = 0.5, loss: Loss = "cost") -> Trial:
    return judge(
        observed,
        rule or Rule(),
        champion="champion",
        challenger="challenger",
        share=share,
        loss=loss,
        thresholds=BOTH_ACT_AT,
        costs=COSTS,
    )


def untriggered(observed: Observed) -> Observed:
    return replace(observed, both=None)


@pytest.mark.parametrize(
    ("acting_helps", "bias", "share", "loss"),
    [
        (0.0, 0.0, 0.5, "cost"),
        (0.6, 0.0, 0.5, "cost"),
        (0.6, 0.5, 0.2, "cost"),
        (0.0, -0.5, 0.5, "brier"),
    ],
    ids=["plain", "acting helps", "few are asked, too much is said", "Brier score, too little is said"],
)
def test_models_that_cost_the_same_are_told_apart_no_more_often_than_alpha(
    acting_helps: float, bias: float, share: float, loss: Loss
) -> None:
    """However often one looks, whatever acting changes, and however wrong the probabilities are."""
    wrong = 0
    for seed in range(RUNS):
        observed = traffic(seed, 5000, acting_helps=acting_helps, bias=bias, share=share)
        found = tried(observed, Rule(batch=100, margin=0, most=10**6), share=share, loss=loss)
        wrong += found.decision != "go on"
    assert wrong <= at_most(ALPHA, RUNS)


def test_a_model_against_itself_is_never_decided() -> None:
    for seed in range(10):
        observed = traffic(seed, 3000, noise=(0.0, 0.0))
        for loss in ("brier", "cost"):
            found = tried(observed, Rule(margin=0), loss=loss)
            assert found.decision == "go on"


@pytest.mark.parametrize(
    ("noise", "decision"), [((0.9, 0.1), "promote"), ((0.1, 0.9), "stop for harm")], ids=["better", "worse"]
)
@pytest.mark.parametrize("share", [0.2, 0.5])
def test_a_difference_is_decided_much_sooner_than_without_the_other_ones_answers(
    noise: tuple[float, float], decision: str, share: float
) -> None:
    rule = Rule(margin=0)
    with_both, without = [], []
    for seed in range(10):
        observed = traffic(seed, 30_000, noise=noise, share=share)
        found, before = (tried(one, rule, share=share) for one in (observed, untriggered(observed)))
        assert found.decision in (decision, "go on")
        with_both.append(found.decided_at or math.inf)
        without.append(before.decided_at or math.inf)
    assert sum(np.isfinite(with_both)) >= 9
    assert np.median(with_both) < 0.5 * np.median(without)


def test_of_both_variants_a_request_tells_the_difference_of_their_losses_on_average() -> None:
    """Exactly, request by request: not in the limit, and whatever was expected of it."""
    share = 0.3
    observed = traffic(1, 2000, bias=1.0)
    assert observed.both is not None
    for loss in ("cost", "brier"):
        told = []
        for place, variant in enumerate(("champion", "challenger")):
            asked = replace(
                observed, variant=np.full(len(observed), variant), probability=observed.both[:, place]
            )
            told.append(
                gains(
                    asked,
                    challenger="challenger",
                    share=share,
                    loss=loss,
                    thresholds=BOTH_ACT_AT,
                    costs=COSTS,
                ).value
            )
        lost = [losses(observed.outcome, observed.both[:, place], loss, 0.2, COSTS) for place in (0, 1)]
        assert told[0] * (1 - share) + told[1] * share == pytest.approx(lost[0] - lost[1])


def test_what_triggers_is_the_request_and_not_who_was_asked() -> None:
    both = np.array(
        [
            [0.1, 0.1],
            [0.3, 0.9],
            [0.1, 0.3],
            [0.2 - TOLERANCE / 2, 0.1],
            [0.2 + TOLERANCE / 2, 0.9],
            [math.nan, 0.1],
        ]
    )
    # An answer so near to the threshold may have been sent as the other side of it.
    assert triggered(both, "cost", BOTH_ACT_AT).tolist() == [False, False, True, True, True, True]
    assert triggered(both, "cost", (0.05, 0.05)).tolist() == [False, False, False, False, False, True]
    assert triggered(both, "cost", (0.2, 0.95)).tolist() == [False, True, False, True, True, True]
    assert triggered(both, "brier", BOTH_ACT_AT).tolist() == [False, True, True, True, True, True]


def test_requests_on_which_both_act_alike_count_as_no_gain_whatever_became_of_them() -> None:
    observed = traffic(2, 4000)
    assert observed.both is not None
    alike = ~triggered(observed.both, "cost", BOTH_ACT_AT)
    turned = observed.outcome.copy()
    turned[alike] = 1 - turned[alike]
    found, other = tried(observed), tried(replace(observed, outcome=turned))
    assert found.gain.estimate.tolist() == other.gain.estimate.tolist()
    assert found.gain.low.tolist() == other.gain.low.tolist()
    assert found.triggered is not None
    assert sum(found.triggered.asked.values()) == (~alike).sum()


def test_a_split_that_is_wrong_only_where_it_matters_voids_the_trial() -> None:
    """Lost are a few requests, so that the whole split looks right."""
    observed = traffic(3, 20_000)
    assert observed.both is not None
    could = triggered(observed.both, "cost", BOTH_ACT_AT)
    lost = could & (observed.variant == "challenger") & (np.arange(len(observed)) % 3 == 0)
    found = tried(observed.of(~lost))
    assert found.decision == "void"
    assert not found.split.mismatch
    assert found.triggered is not None
    assert found.triggered.mismatch
    assert "that could differ" in found.why
