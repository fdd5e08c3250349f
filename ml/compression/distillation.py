"""How does a small network learn to say what the booster says? A student of the teacher's margins.

Source: Hinton, Vinyals, Dean, "Distilling the Knowledge in a Neural Network" (2015): what the teacher says
of a row tells more than whether the row came true.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ml.compression.onnx_model import INPUT, OUTPUT
from ml.training import calibration
from ml.training.calibration import Calibration
from ml.training.data import Rows
from ml.training.schema import Feature

Floats = npt.NDArray[np.float64]
HIDDEN = (64, 32)
_EPOCHS = 30
_CLIP = 4.0
"""Standard deviations: what lies further out is taken as lying there: networks extend lines for ever."""


@dataclass(frozen=True)
class Student:
    """A network over encoded features. `weights[i]` is of shape (inputs, outputs), `biases[i]` (outputs,).

    A number becomes (value - mean) / scale within ±4, 0 where missing; a missing value is 1 in a column of
    its own for each number that may be missing; a category becomes a column for each value. The margin is
    `spread * output + centre`.
    """

    numbers: npt.NDArray[np.int64]
    means: Floats
    scales: Floats
    may_miss: npt.NDArray[np.int64]
    categories: tuple[tuple[int, int], ...]
    weights: tuple[Floats, ...]
    biases: tuple[Floats, ...]
    centre: float
    spread: float
    calibration: Calibration


def distil(
    teacher_margins: Floats,
    training: Rows,
    validation: Rows,
    features: Sequence[Feature],
    *,
    seed: int,
    hidden: tuple[int, ...] = HIDDEN,
) -> Student:
    """Teaches a network the teacher's margins of the training rows, shape (rows,).

    It stops where a tenth of the rows, held back, is learned no better; its probabilities are calibrated on
    the validation rows' labels.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPRegressor

    values = training.values
    numbers = np.array([place for place, one in enumerate(features) if one.kind == "number"], dtype=np.int64)
    means = np.asarray(np.nanmean(values[:, numbers], axis=0, dtype=np.float64))
    scales = np.nanstd(values[:, numbers], axis=0, dtype=np.float64)
    blank = Student(
        numbers=numbers,
        means=np.nan_to_num(means),
        scales=np.where(np.isfinite(scales) & (scales > 0), scales, 1.0),
        may_miss=numbers[np.isnan(values[:, numbers]).any(axis=0)],
        categories=tuple(
            (place, len(one.values)) for place, one in enumerate(features) if one.kind == "category"
        ),
        weights=(),
        biases=(),
        centre=float(teacher_margins.mean()),
        spread=float(teacher_margins.std()) or 1.0,
        calibration=Calibration(1.0, 0.0),
    )
    network: Any = MLPRegressor(
        hidden_layer_sizes=hidden,
        early_stopping=True,
        n_iter_no_change=4,
        max_iter=_EPOCHS,
        batch_size=512,
        alpha=1e-5,
        learning_rate_init=2e-3,
        random_state=seed,
    )
    with warnings.catch_warnings():
        # That it could go on learning is no fault: the loss is accepted or refused by its figures.
        warnings.simplefilter("ignore", ConvergenceWarning)
        network.fit(encoded(blank, values), (teacher_margins - blank.centre) / blank.spread)
    taught = _with(blank, network.coefs_, network.intercepts_, blank.calibration)
    scale = calibration.fit(margins(taught, validation.values), validation.labels.astype(np.float64))
    return _with(taught, taught.weights, taught.biases, scale)


def encoded(student: Student, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The network's inputs, (rows, inputs), of rows of features."""
    given = values[:, student.numbers]
    scaled = np.clip((given - student.means) / student.scales, -_CLIP, _CLIP)
    parts = [np.where(np.isnan(given), 0.0, scaled), np.isnan(values[:, student.may_miss])]
    parts += [values[:, place, None] == np.arange(count) for place, count in student.categories]
    return np.concatenate([part.astype(np.float32) for part in parts], axis=1)


def margins(student: Student, values: npt.NDArray[np.float32]) -> Floats:
    """What the student says of rows, before calibration, shape (rows,)."""
    found = encoded(student, values).astype(np.float64)
    for number, (weight, bias) in enumerate(zip(student.weights, student.biases, strict=True)):
        found = found @ weight + bias
        if number < len(student.weights) - 1:
            found = np.maximum(found, 0.0)
    return found[:, 0] * student.spread + student.centre


def to_onnx(student: Student, width: int) -> bytes:
    """The student as an ONNX model of the same input and output as the booster's (`onnx_model`)."""
    import onnx
    from onnx import TensorProto, helper

    constants: dict[str, npt.NDArray[Any]] = {
        "numbers": student.numbers,
        "means": student.means.astype(np.float32),
        "scales": student.scales.astype(np.float32),
        "may_miss": student.may_miss,
        "nothing": np.array(0.0, dtype=np.float32),
        "low": np.array(-_CLIP, dtype=np.float32),
        "high": np.array(_CLIP, dtype=np.float32),
        "flat": np.array([-1], dtype=np.int64),
        "slope": np.array(student.calibration.slope * student.spread, dtype=np.float32),
        "intercept": np.array(
            student.calibration.slope * student.centre + student.calibration.intercept, dtype=np.float32
        ),
    }
    nodes = [
        helper.make_node("Gather", [INPUT, "numbers"], ["given"], axis=1),
        helper.make_node("IsNaN", ["given"], ["unknown"]),
        helper.make_node("Sub", ["given", "means"], ["centred"]),
        helper.make_node("Div", ["centred", "scales"], ["scaled"]),
        helper.make_node("Clip", ["scaled", "low", "high"], ["clipped"]),
        helper.make_node("Where", ["unknown", "nothing", "clipped"], ["known"]),
    ]
    parts = ["known"]
    if len(student.may_miss):
        nodes += [
            helper.make_node("Gather", [INPUT, "may_miss"], ["may_be_missing"], axis=1),
            helper.make_node("IsNaN", ["may_be_missing"], ["is_missing"]),
            helper.make_node("Cast", ["is_missing"], ["missing"], to=TensorProto.FLOAT),
        ]
        parts.append("missing")
    for place, count in student.categories:
        constants |= {
            f"place{place}": np.array([place], dtype=np.int64),
            f"codes{place}": np.arange(count, dtype=np.float32),
        }
        nodes += [
            helper.make_node("Gather", [INPUT, f"place{place}"], [f"code{place}"], axis=1),
            helper.make_node("Equal", [f"code{place}", f"codes{place}"], [f"equal{place}"]),
            helper.make_node("Cast", [f"equal{place}"], [f"one{place}"], to=TensorProto.FLOAT),
        ]
        parts.append(f"one{place}")
    nodes.append(helper.make_node("Concat", parts, ["layer0"], axis=1))
    for number, (weight, bias) in enumerate(zip(student.weights, student.biases, strict=True)):
        constants |= {
            f"weight{number}": weight.astype(np.float32),
            f"bias{number}": bias.astype(np.float32),
        }
        last = number == len(student.weights) - 1
        summed = "network" if last else f"sum{number}"
        nodes += [
            helper.make_node("MatMul", [f"layer{number}", f"weight{number}"], [f"product{number}"]),
            helper.make_node("Add", [f"product{number}", f"bias{number}"], [summed]),
        ]
        if not last:
            nodes.append(helper.make_node("Relu", [summed], [f"layer{number + 1}"]))
    nodes += [
        helper.make_node("Mul", ["network", "slope"], ["stretched"]),
        helper.make_node("Add", ["stretched", "intercept"], ["moved"]),
        helper.make_node("Sigmoid", ["moved"], ["column"]),
        helper.make_node("Reshape", ["column", "flat"], [OUTPUT]),
    ]
    graph = helper.make_graph(
        nodes,
        "student",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["rows", width])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["rows"])],
        [onnx.numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9, producer_name="groundplan"
    )
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


def _with(
    student: Student, weights: Sequence[Floats], biases: Sequence[Floats], scale: Calibration
) -> Student:
    return replace(student, weights=tuple(weights), biases=tuple(biases), calibration=scale)
