"""How good, how large and how quick is a model in ONNX?"""

from __future__ import annotations

import time

import numpy as np
import numpy.typing as npt

from ml.compression.acceptance import Measured, Quality
from ml.compression.onnx_model import INPUT, OUTPUT
from ml.evaluation.metrics import measure
from ml.training.data import Rows

_CALLS = 400
_WARMING = 20


def measured(
    name: str, what: str, model: bytes, rows: Rows, full: npt.NDArray[np.float32] | None = None
) -> Measured:
    """Figures of a serialized model on labelled rows; `full` is what the full model says of them.

    Latencies are medians (and the 99th percentile) of calls on one thread, by the engine alone: what a
    request costs beside is the same for all variants. They hold for the machine they were measured on.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    values = np.ascontiguousarray(rows.values, dtype=np.float32)
    (said,) = session.run([OUTPUT], {INPUT: values})
    found = measure(rows.labels.astype(np.float64), said.astype(np.float64))
    one = _milliseconds(session, [values[place : place + 1] for place in range(min(len(values), 200))])
    hundred = _milliseconds(session, [values[place : place + 100] for place in (0, 100, 200, 300)])
    shift = np.zeros(1) if full is None else np.abs(said - full)
    nothing = float("nan")
    return Measured(
        name=name,
        what=what,
        quality=Quality(
            pr_auc=nothing if found.pr_auc is None else found.pr_auc,
            auc=nothing if found.auc is None else found.auc,
            brier=found.brier,
            calibration_error=found.calibration_error,
        ),
        bytes=len(model),
        one_row_ms=float(np.median(one)),
        one_row_p99_ms=float(np.percentile(one, 99)),
        hundred_rows_ms=float(np.median(hundred)),
        largest_shift=float(shift.max(initial=0.0)),
        mean_shift=float(shift.mean()),
    )


def _milliseconds(session: object, batches: list[npt.NDArray[np.float32]]) -> npt.NDArray[np.float64]:
    run = session.run  # type: ignore[attr-defined]
    taken = []
    for number in range(_WARMING + _CALLS):
        given = {INPUT: batches[number % len(batches)]}
        began = time.perf_counter()
        run([OUTPUT], given)
        taken.append((time.perf_counter() - began) * 1000)
    return np.array(taken[_WARMING:])
