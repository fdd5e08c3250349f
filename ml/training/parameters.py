"""Which hyperparameters are there, and what is each allowed to be?"""

import argparse
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, NoReturn

from ml.case import Costs
from ml.container import JobFailed
from ml.training.schema import Feature

METRIC = "aucpr"


class BadHyperparameter(JobFailed):
    """A hyperparameter that there is not, or a value of one that is not allowed."""


@dataclass(frozen=True)
class Allowed:
    """From `low` to `high`, ends included; `low` itself excluded where `above`."""

    low: float
    high: float = math.inf
    above: bool = False

    def holds(self, value: object) -> bool:
        """Whether it is in the range; NaN and the infinities are in none."""
        if not isinstance(value, (int, float)) or not math.isfinite(value):
            return False
        return self.low <= value <= self.high and (value > self.low or not self.above)

    def __str__(self) -> str:
        if math.isinf(self.high):
            return f"above {self.low:g}" if self.above else f"{self.low:g} or more"
        return f"{'above ' if self.above else ''}{self.low:g} to {self.high:g}"


_SHARE = Allowed(0, 1, above=True)
ALLOWED: Mapping[str, Allowed] = {
    "rounds": Allowed(1, 100_000),
    "patience": Allowed(1, 100_000),
    "eta": _SHARE,
    "max_depth": Allowed(1, 16),
    "min_child_weight": Allowed(0),
    "subsample": _SHARE,
    "colsample_bytree": _SHARE,
    "reg_lambda": Allowed(0),
    "reg_alpha": Allowed(0),
    "gamma": Allowed(0),
    "max_delta_step": Allowed(0),
    "scale_pos_weight": Allowed(0, above=True),
    "seed": Allowed(0, 2**31 - 1),
    "threads": Allowed(0, 1024),
}
"""XGBoost's own ranges, where it has the parameter; a depth without limit and above 16 only memorises."""

MEMBERS = Allowed(2, 50)
"""How many boosters an ensemble may have."""

_ENSEMBLES = "none, seeds:N, bagging:N (N from 2 to 50), depths:A,B,… (2 to 50 depths from 1 to 16)"


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """How to boost; the names are XGBoost's own where it has one. Raises BadHyperparameter."""

    rounds: int = 600
    patience: int = 40
    eta: float = 0.1
    max_depth: int = 6
    min_child_weight: float = 20.0
    subsample: float = 0.8
    colsample_bytree: float = 0.6
    reg_lambda: float = 5.0
    reg_alpha: float = 0.0
    gamma: float = 0.0
    max_delta_step: float = 0.0
    scale_pos_weight: float = 1.0
    seed: int = 7
    threads: int = 0
    """0 takes every core. The number changes no byte of the model (`tests/ml/test_retraining.py`)."""
    ensemble: str = "none"
    """Of which boosters the model is the mean: `none`, `seeds:5`, `bagging:5` or `depths:4,6,8`."""

    def __post_init__(self) -> None:
        for name, allowed in ALLOWED.items():
            value = getattr(self, name)
            if not allowed.holds(value):
                raise BadHyperparameter(f"Hyperparameter {name} is {value!r}; allowed: {allowed}.")
        self.members()

    def for_xgboost(self, device: str, features: Sequence[Feature] = ()) -> dict[str, Any]:
        """XGBoost's parameters; each round has a seed of its own, so that a resumed run draws as an unbroken
        one.
        """
        own = asdict(self)
        for name in ("rounds", "patience", "threads", "ensemble"):
            del own[name]
        if any(feature.monotone for feature in features):
            own["monotone_constraints"] = f"({','.join(str(feature.monotone) for feature in features)})"
        return own | {
            "objective": "binary:logistic",
            "eval_metric": METRIC,
            "tree_method": "hist",
            "max_cat_to_onehot": 4,
            "seed_per_iteration": True,
            "device": device,
            "nthread": self.threads,
        }

    def members(self) -> tuple["Parameters", ...]:
        """The parameters of each booster of the ensemble; of one alone where there is none.

        Raises BadHyperparameter.
        """
        kind, _, told = self.ensemble.partition(":")
        if kind == "none" and not told:
            return (self,)
        single = replace(self, ensemble="none")
        try:
            numbers = [int(word) for word in told.split(",")]
        except ValueError:
            numbers = []
        if kind in ("seeds", "bagging") and len(numbers) == 1 and MEMBERS.holds(numbers[0]):
            top = int(ALLOWED["seed"].high) + 1
            return tuple(replace(single, seed=(self.seed + n) % top) for n in range(numbers[0]))
        depths = ALLOWED["max_depth"]
        if kind == "depths" and MEMBERS.holds(len(numbers)) and all(depths.holds(one) for one in numbers):
            return tuple(replace(single, max_depth=depth) for depth in numbers)
        raise BadHyperparameter(f"Hyperparameter ensemble is {self.ensemble!r}; allowed: {_ENSEMBLES}.")

    @property
    def bagged(self) -> bool:
        """Whether each booster of the ensemble learns from rows drawn with replacement."""
        return self.ensemble.startswith("bagging:")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a training job is asked: the device, how to boost, and what an error costs."""

    device: str
    parameters: Parameters
    costs: Costs


WHOLE = frozenset(field.name for field in fields(Parameters) if isinstance(field.default, int))
"""Hyperparameters that are whole numbers."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        names = ", ".join(field.name for field in fields(Parameters))
        raise BadHyperparameter(f"{message}; allowed: device, missed, false_alarm, {names}.")


def parse(argv: Sequence[str] | None, costs: Costs) -> Asked:
    """From `--name value`, underscores or dashes alike; `costs` are the use case's own.

    Raises BadHyperparameter.
    """
    parser = _Parser(description="Train a gradient-boosted classifier.", allow_abbrev=False)
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    parser.add_argument("--missed", type=float, default=costs.missed, help="cost of a missed positive")
    names = ["--false_alarm", "--false-alarm"]
    parser.add_argument(*names, type=float, default=costs.false_alarm, help="cost of a false alarm")
    for field in fields(Parameters):
        names = list(dict.fromkeys([f"--{field.name.replace('_', '-')}", f"--{field.name}"]))
        parser.add_argument(*names, dest=field.name, type=type(field.default), default=field.default)
    given = vars(parser.parse_args(argv))
    device, missed, false_alarm = given.pop("device"), given.pop("missed"), given.pop("false_alarm")
    for name, value in (("missed", missed), ("false_alarm", false_alarm)):
        if not Allowed(0, above=True).holds(value):
            raise BadHyperparameter(f"Hyperparameter {name} is {value!r}; allowed: above 0.")
    return Asked(
        device=device,
        parameters=Parameters(**given),
        costs=replace(costs, missed=missed, false_alarm=false_alarm),
    )
