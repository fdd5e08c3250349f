"""Whether segments, champions and gates are judged right: found where they are, and not by chance."""

import numpy as np
import numpy.typing as npt
import pytest

from ml.case import Costs
from ml.evaluation import gates
from ml.evaluation.bootstrap import Estimate, draw
from ml.evaluation.comparison import Contender, compare, verdict
from ml.evaluation.gates import Limits, Measured, WrongLimits
from ml.evaluation.segments import judge
from ml.evaluation.thresholds import acting, best_f1, by_costs, cost_curve, cost_per_row

Floats = npt.NDArray[np.float64]
COSTS = Costs(missed=400.0, false_alarm=100.0, unit="USD")


def made(random: np.random.Generator, rows: int) -> tuple[Floats, Floats]:
    said = random.beta(1, 8, rows)
    return (random.random(rows) < said).astype(np.float64), said


def test_a_segment_in_which_the_model_guesses_is_flagged_and_no_other() -> None:
    random = np.random.default_rng(1)
    labels, said = made(random, 12_000)
    groups = random.integers(6, size=12_000).astype(str)
    said = np.where(groups == "3", random.permutation(said), said)
    found = judge({"group": groups}, labels, said, draw(labels, None, 300))["group"]
    assert {one.name for one in found if one.worse} == {"3"}


def test_segments_that_differ_by_chance_alone_are_hardly_ever_flagged() -> None:
    """Twenty groups, ten times: with a test each at 5 % a flag would come in most of the ten."""
    with_flags = 0
    for seed in range(10):
        random = np.random.default_rng(seed)
        labels, said = made(random, 20_000)
        groups = random.integers(20, size=20_000).astype(str)
        found = judge({"group": groups}, labels, said, draw(labels, None, 200))["group"]
        with_flags += any(one.worse or one.miscalibrated for one in found)
    assert with_flags <= 3


def test_a_small_segment_is_shown_and_not_judged() -> None:
    random = np.random.default_rng(2)
    labels, said = made(random, 3000)
    groups = np.where(np.arange(3000) < 100, "small", "large")
    found = {one.name: one for one in judge({"g": groups}, labels, said, draw(labels, None, 100))["g"]}
    assert found["small"].worse is None
    assert found["small"].scores.rows == 100
    assert found["large"].worse is False


def test_a_segment_that_says_too_much_is_told_to_be_miscalibrated() -> None:
    random = np.random.default_rng(3)
    labels, said = made(random, 8000)
    groups = np.where(np.arange(8000) % 2, "right", "loud")
    said = np.where(groups == "loud", np.clip(said * 1.6, 0, 1), said)
    found = {one.name: one for one in judge({"g": groups}, labels, said, draw(labels, None, 200))["g"]}
    assert found["loud"].miscalibrated is True
    assert found["right"].miscalibrated is False


def test_a_model_compared_with_itself_is_no_worse_to_the_digit() -> None:
    labels, said = made(np.random.default_rng(4), 3000)
    one = Contender(said, 0.2)
    for difference in compare(labels, one, one, COSTS, draw(labels, None, 100)).differences.values():
        assert difference.gain == Estimate(0, 0, 0)
        assert difference.verdict == "non-inferior"


def test_a_better_model_is_superior_and_the_worse_one_is_worse() -> None:
    random = np.random.default_rng(5)
    labels, said = made(random, 8000)
    blurred = np.clip(said + random.normal(0, 0.15, 8000), 0.001, 0.999)
    resamples = draw(labels, None, 200)
    better = compare(labels, Contender(said, 0.2), Contender(blurred, 0.2), COSTS, resamples)
    worse = compare(labels, Contender(blurred, 0.2), Contender(said, 0.2), COSTS, resamples)
    assert {one.verdict for one in better.differences.values()} == {"superior"}
    assert {one.verdict for one in worse.differences.values()} == {"worse"}
    for name, one in better.differences.items():
        assert one.gain.value == pytest.approx(-worse.differences[name].gain.value)


def test_a_paired_interval_is_narrower_than_the_models_own() -> None:
    """Both models err on the same rows: what they differ by is known better than either."""
    random = np.random.default_rng(6)
    labels, said = made(random, 4000)
    near = np.clip(said + random.normal(0, 0.01, 4000), 0.001, 0.999)
    resamples = draw(labels, None, 200)
    found = compare(labels, Contender(said, 0.2), Contender(near, 0.2), COSTS, resamples).differences["brier"]
    own = resamples.sums(((said - labels) ** 2)[:, None])[:, 0] / 4000
    assert found.gain.high - found.gain.low < 0.5 * (np.quantile(own, 0.975) - np.quantile(own, 0.025))


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.001, 0.02, "superior"),
        (-0.005, 0.02, "non-inferior"),
        (-0.03, 0.02, "undecided"),
        (-0.03, -0.02, "worse"),
        # Worse for sure, and by less than matters.
        (-0.005, -0.001, "non-inferior"),
    ],
)
def test_the_verdict_follows_the_interval(low: float, high: float, said: str) -> None:
    assert verdict(Estimate((low + high) / 2, low, high), 0.01) == said


def test_the_threshold_of_the_costs_is_the_cheapest_where_probabilities_are_right() -> None:
    labels, said = made(np.random.default_rng(7), 200_000)
    assert by_costs(COSTS) == 0.2
    curve = cost_curve(labels, said, COSTS)
    assert curve.threshold[curve.cost.argmin()] == pytest.approx(0.2, abs=0.03)


def test_figures_at_a_threshold_are_those_counted_by_hand() -> None:
    labels = np.array([1.0, 1, 1, 0, 0, 0, 0, 0])
    said = np.array([0.9, 0.8, 0.1, 0.7, 0.3, 0.2, 0.1, 0.0])
    found = acting(labels, said, 0.5, COSTS, draw(labels, None, 50))
    assert found.precision.value == pytest.approx(2 / 3)
    assert found.recall.value == pytest.approx(2 / 3)
    assert found.alert_rate.value == pytest.approx(3 / 8)
    assert found.f1.value == pytest.approx(2 / 3)
    assert found.cost.value == pytest.approx(1000 * 500 / 8)
    # Never acting would miss three, always acting would disturb five.
    assert found.gain.value == pytest.approx(1000 * (500 - 500) / 8)
    assert cost_per_row(labels, said, 0.5, COSTS).sum() == 500
    assert best_f1(labels, said).f1 >= found.f1.value


def measured(**given: float | None) -> Measured:
    figures: dict[str, float | None] = {
        "pr_auc": 0.39,
        "auc": 0.79,
        "calibration_error": 0.008,
        "segment_auc": 0.65,
        "champion_low": -0.01,
        "megabytes": 0.5,
        "milliseconds": None,
        "external_auc": None,
    }
    return Measured(**(figures | given), absent={"latency": "no compression.json"})  # type: ignore[arg-type]


def test_a_failed_gate_says_which_and_by_how_much() -> None:
    judged = gates.judge(Limits(minimum_pr_auc=0.4, minimum_auc=0.75, champion_margin=0.005), measured())
    assert not gates.passed(judged)
    told = gates.shortfall(judged)
    assert "PR-AUC 0.39 (at least 0.4; off by 0.01)" in told
    assert "champion" in told
    assert "ROC-AUC" not in told


def test_a_gate_without_a_figure_is_not_judged_and_keeps_nothing_out() -> None:
    judged = gates.judge(Limits(maximum_milliseconds=1.0, minimum_external_auc=0.7), measured())
    assert [gate.passed for gate in judged] == [None, None]
    assert gates.passed(judged)
    assert judged[0].why == "no compression.json"
    assert gates.shortfall(judged) == "none"


@pytest.mark.parametrize(
    ("limits", "figures"),
    [
        (Limits(minimum_pr_auc=0.39), {}),
        (Limits(maximum_calibration_error=0.008), {}),
        (Limits(champion_margin=0.01), {}),
        (Limits(maximum_megabytes=0.5), {}),
        (Limits(minimum_segment_auc=0.65), {}),
        (Limits(minimum_external_auc=0.7), {"external_auc": 0.7}),
    ],
)
def test_a_figure_on_its_limit_keeps_the_gate(limits: Limits, figures: dict[str, float | None]) -> None:
    assert [gate.passed for gate in gates.judge(limits, measured(**figures))] == [True]


def test_limits_are_read_by_name() -> None:
    assert gates.limits(["minimum_auc=0.7", "champion_margin=0.02"]) == Limits(
        minimum_auc=0.7, champion_margin=0.02
    )
    assert gates.limits([]) == Limits()


@pytest.mark.parametrize(
    "given",
    [["minimum_ac=1"], ["minimum_auc"], ["minimum_auc=high"], ["minimum_auc=nan"], ["minimum_auc=1"] * 2],
)
def test_limits_that_cannot_be_read_are_refused_in_words(given: list[str]) -> None:
    with pytest.raises(WrongLimits, match="minimum_pr_auc"):
        gates.limits(given)
