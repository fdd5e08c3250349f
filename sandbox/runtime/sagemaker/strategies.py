"""Which hyperparameters does a tuning job try next? Grid, random, and Bayesian search.

The Bayesian search is a tree of Parzen estimators (Bergstra et al., "Algorithms for Hyper-Parameter
Optimization", 2011): of some random candidates it takes the one that is likeliest near what was good, and
unlikeliest near the rest.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_BEGINNINGS = 5
"""Random trials before a Bayesian search has something to go by."""
_CANDIDATES = 32
_GOOD_SHARE = 0.25
_WIDTH = 0.15
"""Of a Parzen window, on a range from 0 to 1."""
_FLAT = 0.1
"""The share of a density that is even, so that no place is out of reach."""


class RangesError(Exception):
    """Ranges that cannot be searched; the text says why, and what is allowed."""


@dataclass(frozen=True)
class Dimension:
    """One hyperparameter: its choices, or its bounds and scale (`Linear`, `Logarithmic`,
    `ReverseLogarithmic`)."""

    name: str
    choices: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 1.0
    scale: str = "Linear"
    whole: bool = False

    def value(self, place: float) -> str:
        """The value at a place from 0 to 1, as the service passes it: text."""
        if self.choices:
            return self.choices[min(int(place * len(self.choices)), len(self.choices) - 1)]
        found = min(max(self._unscaled(place), self.low), self.high)
        return str(round(found)) if self.whole else repr(found)

    def place(self, value: str) -> float:
        """The place from 0 to 1 of a value."""
        if self.choices:
            return (self.choices.index(value) + 0.5) / len(self.choices)
        if self.high == self.low:
            return 0.5
        low, high, given = (self._scaled(one) for one in (self.low, self.high, float(value)))
        return (given - low) / (high - low)

    def _scaled(self, value: float) -> float:
        if self.scale == "Logarithmic":
            return math.log(value)
        return -math.log(1 - value) if self.scale == "ReverseLogarithmic" else value

    def _unscaled(self, place: float) -> float:
        scaled = self._scaled(self.low) + place * (self._scaled(self.high) - self._scaled(self.low))
        if self.scale == "Logarithmic":
            return math.exp(scaled)
        return 1 - math.exp(-scaled) if self.scale == "ReverseLogarithmic" else scaled


@dataclass(frozen=True)
class Trial:
    """What was tried, and the objective that came of it: more is better here, whatever the job asks for."""

    values: Mapping[str, str]
    objective: float


def dimensions(ranges: Mapping[str, Any]) -> tuple[Dimension, ...]:
    """The ranges of a tuning job's configuration. Raises RangesError."""
    found = [
        Dimension(one["Name"], choices=tuple(one["Values"]))
        for one in ranges.get("CategoricalParameterRanges") or ()
    ]
    for member, whole in (("IntegerParameterRanges", True), ("ContinuousParameterRanges", False)):
        for one in ranges.get(member) or ():
            low, high = float(one["MinValue"]), float(one["MaxValue"])
            scale = one.get("ScalingType", "Auto")
            if scale == "Auto":
                scale = "Logarithmic" if low > 0 and high / low >= 100 else "Linear"
            _check(one["Name"], low, high, scale)
            found.append(Dimension(one["Name"], (), low, high, scale, whole))
    if not found:
        raise RangesError("ParameterRanges has no range; it needs at least one")
    return tuple(found)


def grid(space: Sequence[Dimension]) -> list[dict[str, str]]:
    """Every combination. Raises RangesError for a range that has no end of values."""
    endless = [one.name for one in space if not one.choices]
    if endless:
        raise RangesError(f"Grid search takes categorical ranges alone; these are none: {', '.join(endless)}")
    return [
        {one.name: value for one, value in zip(space, values, strict=True)}
        for values in itertools.product(*(one.choices for one in space))
    ]


def suggestion(
    strategy: str, space: Sequence[Dimension], trials: Sequence[Trial], number: int, seed: int
) -> dict[str, str]:
    """What the trial of that number tries, given those that have ended: the same for the same seed."""
    chance = random.Random(f"{seed}/{number}")  # noqa: S311 - a search's chance is no secret
    if strategy == "Grid":
        return grid(space)[number]
    if strategy == "Random" or len(trials) < _BEGINNINGS:
        return {one.name: one.value(chance.random()) for one in space}
    ranked = sorted(trials, key=lambda trial: -trial.objective)
    split = max(1, math.ceil(len(ranked) * _GOOD_SHARE))
    chosen = {}
    for one in space:
        good = [one.place(trial.values[one.name]) for trial in ranked[:split]]
        rest = [one.place(trial.values[one.name]) for trial in ranked[split:]]
        candidates = [_near(chance.choice(good), chance) for _ in range(_CANDIDATES)]
        best = max(candidates, key=lambda place: _density(place, good) / _density(place, rest))
        chosen[one.name] = one.value(best)
    return chosen


def lags(values: Sequence[float], others: Sequence[Sequence[float]]) -> bool:
    """Whether a trial is worse so far than the median of the others' averages up to the same point; more is
    better. This is the service's median rule for stopping early."""
    averages = sorted(
        sum(other[: len(values)]) / len(values) for other in others if len(other) >= len(values) > 0
    )
    return len(averages) >= 2 and values[-1] < averages[len(averages) // 2]


def _near(place: float, chance: random.Random) -> float:
    if chance.random() < _FLAT:
        return chance.random()
    return min(max(chance.gauss(place, _WIDTH), 0.0), 1.0)


def _density(place: float, centres: Sequence[float]) -> float:
    if not centres:
        return 1.0
    windows = (math.exp(-(((place - centre) / _WIDTH) ** 2) / 2) for centre in centres)
    return _FLAT + (1 - _FLAT) * sum(windows) / len(centres)


def _check(name: str, low: float, high: float, scale: str) -> None:
    if low > high:
        raise RangesError(f"{name}: MinValue {low} is above MaxValue {high}")
    if scale == "Logarithmic" and low <= 0:
        raise RangesError(f"{name}: a Logarithmic range begins above 0, not at {low}")
    if scale == "ReverseLogarithmic" and not (low >= 0 and high < 1):
        raise RangesError(
            f"{name}: a ReverseLogarithmic range lies from 0 to below 1, not from {low} to {high}"
        )
