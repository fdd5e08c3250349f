"""How does a network compute in whole numbers of eight bits? Its weights and activations are rounded.

A tree ensemble has nothing to multiply: int8 is for the distilled network. The Platt scaling, the last layer
and what encodes the features stay in single precision, where rounding would cost most.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ml.compression.onnx_model import INPUT

_CALIBRATED_ON = 4096
"""Rows whose activations set the scales."""


def to_int8(network: bytes, rows: npt.NDArray[np.float32], layers: int) -> bytes:
    """A distilled network (`distillation.to_onnx`) with `layers` layers, its hidden ones in int8.

    The scales of the activations come from rows of the training data (static quantization, ONNX Runtime's
    "Quantize ONNX Models"): scales made for each request, the dynamic way, moved probabilities by up to .09.
    """
    import onnx
    from onnxruntime.quantization import (
        CalibrationDataReader,
        CalibrationMethod,
        QuantFormat,
        QuantType,
        quantize_static,
    )

    chosen = np.linspace(0, len(rows) - 1, min(len(rows), _CALIBRATED_ON)).astype(np.int64)

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self._batches = iter(np.array_split(rows[chosen], 8))

        def get_next(self) -> dict[str, npt.NDArray[np.float32]] | None:
            batch = next(self._batches, None)
            return None if batch is None else {INPUT: np.ascontiguousarray(batch)}

    model = onnx.load_from_string(network)
    products = [node for node in model.graph.node if node.op_type == "MatMul"]
    for number, node in enumerate(products):
        node.name = f"layer{number}"
    with tempfile.TemporaryDirectory() as scratch:
        target = Path(scratch) / "int8.onnx"
        quantize_static(
            model,
            str(target),
            Reader(),
            quant_format=QuantFormat.QOperator,
            op_types_to_quantize=["MatMul"],
            nodes_to_quantize=[f"layer{number}" for number in range(layers - 1)],
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
        )
        return target.read_bytes()
