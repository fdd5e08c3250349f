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

    @property
    def xgboost_type(self) -> str:
        return "c" if self.kind == "category" else "float"


def contract(
    features: Sequence[Feature], *, rounds: int, slope: float, intercept: float
) -> dict[str, object]:
    """The document `contract.json`: what `ml/serving/inference.py` needs beside the model.

    The probability is the logistic function of `slope * margin + intercept`.
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
    }
