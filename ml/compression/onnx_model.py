"""How does a booster become the ONNX model that answers online?

The graph's input is `features`, float32 (rows, features): NaN where a value is missing, a category as its
code. Its output is `probability`, float32 (rows,): the logistic function of `slope * margin + intercept`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xgboost

from ml.container import JobFailed
from ml.training.calibration import Calibration

INPUT = "features"
OUTPUT = "probability"
LARGEST_DIFFERENCE = 1e-6
"""Of two probabilities, ONNX's and XGBoost's own, for the same row: what single precision costs."""


class NotTheSameModel(JobFailed):
    """The ONNX model says something else than the model that it was made of."""

    def __init__(self, difference: float, allowed: float) -> None:
        super().__init__(
            f"The ONNX model's probabilities differ from XGBoost's by up to {difference:.2e}; allowed: "
            f"{allowed:.0e}. The model is not written: report the versions in manifest.json."
        )


def to_onnx(booster: xgboost.Booster, calibration: Calibration) -> bytes:
    """The booster of a binary classifier with its calibration, as a serialized ONNX model.

    Categories (codes as XGBoost has them) and missing values go the same way as in XGBoost.
    """
    import onnx
    from onnx import TensorProto, helper
    from onnxmltools import convert_xgboost
    from onnxmltools.convert.common.data_types import FloatTensorType

    width = booster.num_features()
    types = [(INPUT, FloatTensorType([None, width]))]
    converted: Any = convert_xgboost(_of_margins(booster), initial_types=types)
    (trees,) = [node for node in converted.graph.node if node.op_type.startswith("TreeEnsemble")]
    trees.output[0] = "margin"
    constants: dict[str, npt.NDArray[Any]] = {
        "slope": np.array(calibration.slope, dtype=np.float32),
        "intercept": np.array(calibration.intercept, dtype=np.float32),
        "flat": np.array([-1], dtype=np.int64),
    }
    graph = helper.make_graph(
        [
            trees,
            helper.make_node("Mul", ["margin", "slope"], ["scaled"]),
            helper.make_node("Add", ["scaled", "intercept"], ["moved"]),
            helper.make_node("Sigmoid", ["moved"], ["column"]),
            helper.make_node("Reshape", ["column", "flat"], [OUTPUT]),
        ],
        "model",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["rows", width])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["rows"])],
        [onnx.numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)],
        ir_version=9,
        producer_name="groundplan",
    )
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


def probabilities(model: bytes | Path, rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """What a serialized ONNX model says of rows, shape (rows,)."""
    import onnxruntime

    given = str(model) if isinstance(model, Path) else model
    session = onnxruntime.InferenceSession(given, providers=["CPUExecutionProvider"])
    (said,) = session.run([OUTPUT], {INPUT: np.ascontiguousarray(rows, dtype=np.float32)})
    return np.asarray(said)


def require_same(
    model: bytes, rows: npt.NDArray[np.float32], said: npt.NDArray[np.floating[Any]], allowed: float
) -> None:
    """Holds an ONNX model against probabilities of the same rows, shape (rows,). Raises NotTheSameModel."""
    difference = float(np.abs(probabilities(model, rows) - said).max(initial=0.0))
    # Not a number is no small difference.
    if not difference <= allowed:
        raise NotTheSameModel(difference, allowed)


def _of_margins(booster: xgboost.Booster) -> xgboost.Booster:
    """The same trees as a regression, whose result is the margin, with the names that ONNX's tools want."""
    document = json.loads(booster.save_raw("json"))
    learner = document["learner"]
    parameters = learner["learner_model_param"]
    # A list of one number since XGBoost 3.1, a number before.
    (base,) = _numbers(parameters["base_score"])
    parameters["base_score"] = f"[{math.log(base / (1 - base)):.9E}]"
    learner["objective"] = {"name": "reg:squarederror", "reg_loss_param": {"scale_pos_weight": "1"}}
    learner["feature_names"] = [f"f{number}" for number in range(booster.num_features())]
    plain = xgboost.Booster()
    plain.load_model(bytearray(json.dumps(document).encode()))
    return plain


def _numbers(text: str) -> Sequence[float]:
    found = json.loads(text)
    return found if isinstance(found, list) else [found]
