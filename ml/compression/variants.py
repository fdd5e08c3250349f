"""Which smaller models can be made of a booster? Pruned or distilled trees, a network, one in int8."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import xgboost

from ml.compression import distillation, onnx_model, pruning, quantization, student_trees
from ml.compression.acceptance import FULL, Allowed, Judged, Measured, judge
from ml.compression.measuring import measured
from ml.container import JobFailed
from ml.training import calibration
from ml.training.calibration import Calibration
from ml.training.data import Rows
from ml.training.parameters import Parameters
from ml.training.schema import Feature

PRUNED, DISTILLED, NETWORK, INT8 = "pruned", "distilled", "network", "int8"
VARIANTS = (PRUNED, DISTILLED, NETWORK, INT8)
QUICK = (PRUNED, DISTILLED)
"""Those that take seconds to make; a network takes minutes to teach."""


class UnknownVariant(JobFailed):
    """A variant that nobody makes."""

    def __init__(self, name: str) -> None:
        super().__init__(f"compression {name!r}: allowed are {FULL}, auto, {', '.join(VARIANTS)}.")


@dataclass(frozen=True)
class Made:
    """A model that was made: in ONNX, and as a booster where it is one."""

    name: str
    what: str
    onnx: bytes
    booster: xgboost.Booster | None = None
    calibration: Calibration | None = None


@dataclass(frozen=True)
class Compressed:
    """All that was made, and what is to be said of each, the full model first."""

    made: tuple[Made, ...]
    judged: tuple[Judged, ...]

    def of(self, name: str) -> Made:
        return next(one for one in self.made if one.name == name)


def compress(
    booster: xgboost.Booster,
    scale: Calibration,
    training: Rows,
    validation: Rows,
    features: Sequence[Feature],
    parameters: Parameters,
    *,
    wanted: Sequence[str] = QUICK,
    allowed: Allowed | None = None,
    say: Callable[[str], None] = print,
) -> Compressed:
    """Makes the wanted variants and judges each on the validation rows. Raises UnknownVariant.

    `booster` holds the useful rounds alone. Of several prunings the deepest accepted one is kept.
    """
    for name in wanted:
        if name not in VARIANTS:
            raise UnknownVariant(name)
    limits = allowed or Allowed()
    whole = Made(
        FULL, f"{pruning.leaves(booster):,} leaves", onnx_model.to_onnx(booster, scale), booster, scale
    )
    full = measured(whole.name, whole.what, whole.onnx, validation)
    said = onnx_model.probabilities(whole.onnx, validation.values)
    made, found = [whole], []

    def keep(one: Made, figures: Measured) -> None:
        made.append(one)
        found.append(figures)
        say(_line(full, figures))

    say(_line(full, full))

    def deepest(steps: Iterator[Made]) -> None:
        """The last of ever smaller models that is accepted, or the first where none is."""
        kept: tuple[Made, Measured] | None = None
        for one in steps:
            figures = measured(one.name, one.what, one.onnx, validation, said)
            accepted = judge(full, [figures], limits)[1].accepted
            if accepted or kept is None:
                kept = (one, figures)
            if not accepted:
                break
        if kept is not None:
            keep(*kept)

    if PRUNED in wanted:
        gains = pruning.GAINS
        deepest(_pruned(booster, training, validation, features, parameters, gain) for gain in gains)
    if DISTILLED in wanted:
        shares = student_trees.SHARES
        deepest(_distilled(booster, training, validation, features, parameters, share) for share in shares)
    if NETWORK in wanted or INT8 in wanted:
        margins = np.asarray(
            booster.inplace_predict(training.values, predict_type="margin", validate_features=False),
            dtype=np.float64,
        )
        student = distillation.distil(margins, training, validation, features, seed=parameters.seed)
        network = distillation.to_onnx(student, training.values.shape[1])
        layers = "-".join(str(weight.shape[0]) for weight in student.weights) + "-1"
        if NETWORK in wanted:
            one = Made(NETWORK, f"network of {layers}", network)
            keep(one, measured(one.name, one.what, one.onnx, validation, said))
        if INT8 in wanted:
            small = quantization.to_int8(network, training.values, len(student.weights))
            one = Made(INT8, f"network of {layers}, hidden layers in int8", small)
            keep(one, measured(one.name, one.what, one.onnx, validation, said))
    return Compressed(tuple(made), tuple(judge(full, found, limits)))


def _pruned(
    booster: xgboost.Booster,
    training: Rows,
    validation: Rows,
    features: Sequence[Feature],
    parameters: Parameters,
    least_gain: float,
) -> Made:
    found = pruning.prune(booster, training, features, parameters, least_gain)
    what = f"{pruning.leaves(found):,} leaves, splits that gain {least_gain:g} at least"
    return _of_booster(PRUNED, what, found, validation)


def _distilled(
    booster: xgboost.Booster,
    training: Rows,
    validation: Rows,
    features: Sequence[Feature],
    parameters: Parameters,
    share: int,
) -> Made:
    trees = student_trees.distil_trees(booster, training, features, parameters, share)
    what = f"{trees.num_boosted_rounds()} trees taught by the full model, {pruning.leaves(trees):,} leaves"
    return _of_booster(DISTILLED, what, trees, validation)


def _of_booster(name: str, what: str, found: xgboost.Booster, validation: Rows) -> Made:
    margins = np.asarray(
        found.inplace_predict(validation.values, predict_type="margin", validate_features=False),
        dtype=np.float64,
    )
    scale = calibration.fit(margins, validation.labels.astype(np.float64))
    return Made(name, what, onnx_model.to_onnx(found, scale), found, scale)


def _line(full: Measured, one: Measured) -> str:
    return (
        f"{one.name:<10} PR-AUC {one.quality.pr_auc:.4f} ({one.quality.pr_auc - full.quality.pr_auc:+.4f}) "
        f"{one.bytes / 1000:,.0f} kB, one row {one.one_row_ms * 1000:.0f} us, "
        f"100 rows {one.hundred_rows_ms:.2f} ms: {one.what}"
    )
