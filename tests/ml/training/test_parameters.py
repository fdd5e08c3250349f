"""Whether hyperparameters are what was asked, or refused by name with what is allowed."""

import numpy as np
import pytest

from ml.case import Costs
from ml.training.boosting import Run, train
from ml.training.data import Rows
from ml.training.parameters import ALLOWED, BadHyperparameter, Parameters, parse
from ml.training.schema import Feature

COSTS = Costs(missed=4, false_alarm=1)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--eta", "0"], "eta is 0.0; allowed: above 0 to 1"),
        (["--eta", "nan"], "eta is nan"),
        (["--max_depth", "40"], "max_depth is 40; allowed: 1 to 16"),
        (["--subsample", "1.5"], "subsample is 1.5; allowed: above 0 to 1"),
        (["--reg-alpha", "-1"], "reg_alpha is -1.0; allowed: 0 or more"),
        (["--reg_lambda", "inf"], "reg_lambda is inf"),
        (["--rounds", "many"], "--rounds: invalid int value: 'many'"),
        (["--depth", "3"], "unrecognized arguments: --depth 3; allowed: device, missed,"),
        (["--missed", "0"], "missed is 0.0; allowed: above 0"),
        (["--ensemble", "stack"], "ensemble is 'stack'; allowed: none, seeds:N"),
        (["--ensemble", "seeds:1"], "ensemble is 'seeds:1'"),
        (["--ensemble", "depths:4"], "ensemble is 'depths:4'"),
        (["--ensemble", "depths:4,99"], "ensemble is 'depths:4,99'"),
        (["--ensemble", "bagging:2,3"], "ensemble is 'bagging:2,3'"),
    ],
)
def test_a_bad_hyperparameter_is_refused_with_what_is_allowed(arguments: list[str], reason: str) -> None:
    with pytest.raises(BadHyperparameter) as refused:
        parse(arguments, COSTS)
    assert reason in str(refused.value)


def test_hyperparameters_are_taken_with_dashes_or_underscores() -> None:
    asked = parse(["--reg-alpha", "0.5", "--max_delta_step", "1", "--false-alarm", "2"], COSTS)
    assert (asked.parameters.reg_alpha, asked.parameters.max_delta_step) == (0.5, 1.0)
    assert (asked.costs.missed, asked.costs.false_alarm) == (4, 2)


def test_every_number_has_a_range() -> None:
    numbers = {name for name, value in vars(Parameters()).items() if isinstance(value, (int, float))}
    assert set(ALLOWED) == numbers


@pytest.mark.parametrize("direction", [1, -1])
def test_the_margin_follows_a_monotone_feature_in_its_direction(direction: int) -> None:
    random = np.random.default_rng(1)
    values = random.normal(size=(2_000, 2)).astype(np.float32)
    # It rises and falls: without the constraint the model would follow.
    labels = (np.sin(3 * values[:, 0]) + random.normal(size=2_000) > 0).astype(np.float32)
    rows, features = (
        Rows(values, labels),
        [
            Feature(name="bound", kind="number", monotone=direction),  # type: ignore[arg-type]
            Feature(name="free", kind="number"),
        ],
    )
    grid = np.column_stack([np.linspace(-3, 3, 200), np.zeros(200)]).astype(np.float32)

    def steps(of: list[Feature]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        made = train(
            rows, rows, of, Parameters(rounds=20, threads=1), Run(device="cpu", say=lambda line: None)
        )
        return np.diff(made.margins(grid))

    assert (direction * steps(features) >= -1e-6).all()
    free = [Feature(name="bound", kind="number"), Feature(name="free", kind="number")]
    assert (direction * steps(free) < -1e-3).any()


def test_a_category_has_no_direction() -> None:
    with pytest.raises(ValueError, match="'carrier' is a category"):
        Feature(name="carrier", kind="category", monotone=1)


def test_more_l1_makes_leaves_smaller() -> None:
    random = np.random.default_rng(1)
    values = random.normal(size=(1_000, 3)).astype(np.float32)
    rows = Rows(values, (values[:, 0] + random.normal(size=1_000) > 0).astype(np.float32))
    features = [Feature(name=name, kind="number") for name in "abc"]
    spread = [
        train(
            rows,
            rows,
            features,
            Parameters(rounds=10, threads=1, reg_alpha=alpha),
            Run(device="cpu", say=print),
        )
        .margins(values)
        .std()
        for alpha in (0.0, 50.0)
    ]
    assert spread[1] < spread[0]
