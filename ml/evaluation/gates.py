"""Which limits must a model keep to be registered, and does it?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields

from ml.container import JobFailed


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a model must keep; None asks for nothing. The settings `groundplan:training.gates` give them."""

    minimum_pr_auc: float | None = None
    minimum_auc: float | None = None
    maximum_calibration_error: float | None = None
    minimum_segment_auc: float | None = None
    """Of the worst segment that has rows enough to be judged."""
    champion_margin: float | None = None
    """By how much the PR-AUC may be below the champion's: the interval of the difference must lie above."""
    maximum_megabytes: float | None = None
    maximum_milliseconds: float | None = None
    """Of one row, as `compression.json` says; nothing is asked where the archive has none."""
    minimum_external_auc: float | None = None
    """On months that nobody has used; nothing is asked where none are given."""


@dataclass(frozen=True)
class Measured:
    """The figures that the gates judge; None where there is none, and `absent` says why, by gate."""

    pr_auc: float
    auc: float
    calibration_error: float
    segment_auc: float | None
    champion_low: float | None
    megabytes: float | None
    milliseconds: float | None
    external_auc: float | None
    absent: dict[str, str]


@dataclass(frozen=True)
class Gate:
    """A limit and the figure that stands against it. `passed` is None where nothing could be measured."""

    name: str
    says: str
    figure: float | None
    limit: float
    least: bool
    passed: bool | None
    why: str = ""

    @property
    def shortfall(self) -> str:
        """A failed gate in words: which, the figure, the limit, and by how much."""
        if self.passed is not False or self.figure is None:
            return ""
        way = "at least" if self.least else "at most"
        off = abs(self.figure - self.limit)
        return f"{self.says} {self.figure:.4g} ({way} {self.limit:.4g}; off by {off:.2g})"


class WrongLimits(JobFailed):
    """A limit cannot be read."""

    def __init__(self, given: str, why: str) -> None:
        allowed = ", ".join(field.name for field in fields(Limits))
        super().__init__(f"--gate {given}: {why}. Allowed: NAME=NUMBER, with a name of {allowed}.")


def limits(given: Sequence[str]) -> Limits:
    """From `name=number`; nothing given asks for nothing. Raises WrongLimits."""
    found: dict[str, float] = {}
    for one in given:
        name, _, text = one.partition("=")
        if name not in {field.name for field in fields(Limits)}:
            raise WrongLimits(one, f"no gate is called {name!r}")
        if name in found:
            raise WrongLimits(one, "it is given twice")
        try:
            found[name] = float(text)
        except ValueError:
            raise WrongLimits(one, f"{text!r} is no number") from None
        if not math.isfinite(found[name]):
            raise WrongLimits(one, f"{text!r} is no finite number")
    return Limits(**found)


def judge(asked: Limits, measured: Measured) -> list[Gate]:
    """The gates that ask for something, in the order of Limits."""
    every: list[tuple[str, str, float | None, float | None, bool]] = [
        ("pr_auc", "PR-AUC", measured.pr_auc, asked.minimum_pr_auc, True),
        ("auc", "ROC-AUC", measured.auc, asked.minimum_auc, True),
        (
            "calibration",
            "calibration error",
            measured.calibration_error,
            asked.maximum_calibration_error,
            False,
        ),
        ("segment", "ROC-AUC of the worst segment", measured.segment_auc, asked.minimum_segment_auc, True),
        (
            "champion",
            "PR-AUC less the champion's, the interval's lower end",
            measured.champion_low,
            None if asked.champion_margin is None else -asked.champion_margin,
            True,
        ),
        ("size", "megabytes of the model", measured.megabytes, asked.maximum_megabytes, False),
        ("latency", "milliseconds of one row", measured.milliseconds, asked.maximum_milliseconds, False),
        ("external", "ROC-AUC on months never used", measured.external_auc, asked.minimum_external_auc, True),
    ]
    return [
        _gate(name, says, figure, limit, least, measured.absent.get(name, ""))
        for name, says, figure, limit, least in every
        if limit is not None
    ]


def passed(gates: Sequence[Gate]) -> bool:
    """Whether no gate has failed; one that had nothing to judge has not."""
    return all(gate.passed is not False for gate in gates)


def shortfall(gates: Sequence[Gate]) -> str:
    """The failed gates in words; `none` where there are none."""
    return "; ".join(gate.shortfall for gate in gates if gate.passed is False) or "none"


def _gate(name: str, says: str, figure: float | None, limit: float, least: bool, why: str) -> Gate:
    if figure is None:
        return Gate(name, says, None, limit, least, None, why or "not measured")
    return Gate(name, says, figure, limit, least, figure >= limit if least else figure <= limit)
