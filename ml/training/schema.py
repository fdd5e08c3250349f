"""The features of a model: names and types in order, and the categories that training saw."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Feature:
    """A feature; a category's `values` are in the order of their codes."""

    name: str
    kind: Literal["number", "category"]
    values: tuple[str, ...] = ()
    monotone: Literal[-1, 0, 1] = 0
    """Whether the probability may only rise (1) or only fall (-1) with it; a number's alone."""

    def __post_init__(self) -> None:
        if self.monotone and self.kind == "category":
            raise ValueError(f"Feature {self.name!r} is a category, which has no order to be monotone in.")

    @property
    def xgboost_type(self) -> str:
        return "c" if self.kind == "category" else "float"


def contract(
    features: Sequence[Feature],
    *,
    rounds: int,
    slope: float,
    intercept: float,
    threshold: float = 0.5,
    event: str = "",
) -> dict[str, object]:
    """The document `contract.json`: what `ml/serving/inference.py` needs beside the model.

    The probability is the logistic function of `slope * margin + intercept`; `threshold` is the probability
    from which to act, and `event` what it is the probability of.
    """
    listed: list[dict[str, object]] = [
        {"name": feature.name, "type": feature.kind}
        | ({"values": list(feature.values)} if feature.kind == "category" else {})
        for feature in features
    ]
    return {
        "version": 2,
        "features": listed,
        "rounds": rounds,
        "calibration": {"slope": slope, "intercept": intercept},
        "threshold": threshold,
        "event": event,
    }
