"""Does `model.onnx` belong to its contract, and what does it say of rows?"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

from .inference import BrokenModel, Contract, Rows, read_contract

INPUT, OUTPUT = "features", "probability"


class OnlineModel:
    """ONNX Runtime on one thread: a worker has one core, and one row takes microseconds."""

    def __init__(self, folder: Path) -> None:
        """Raises BrokenModel where a file lacks or is cut short, or where the model is not the contract's."""
        self.contract: Contract = read_contract(folder)
        file = folder / "model.onnx"
        try:
            content = file.read_bytes()
        except OSError as error:
            raise BrokenModel(f"{file}: the model cannot be read: {error.strerror}") from error
        self.version = hashlib.sha256(content).hexdigest()[:12]
        self._session = _session(file, content)
        self._require_contract(file)

    def probabilities(self, rows: Rows) -> npt.NDArray[np.float32]:
        """Shape (rows,), of float32 rows (rows, features)."""
        said: npt.NDArray[np.float32] = self._session.run((OUTPUT,), {INPUT: rows})[0]
        return said

    def _require_contract(self, file: Path) -> None:
        width = len(self.contract.features)
        takes = {one.name: (one.type, one.shape) for one in self._session.get_inputs()}
        gives = {one.name: (one.type, one.shape) for one in self._session.get_outputs()}
        for what, found, name, rank in (("input", takes, INPUT, 2), ("output", gives, OUTPUT, 1)):
            kind, shape = found.get(name, ("", []))
            if (what == "input" and len(found) > 1) or kind != "tensor(float)" or len(shape) != rank:
                raise BrokenModel(f"{file}: {what} {found}; expected: {name!r}, tensor(float) of {rank} axes")
        columns = takes[INPUT][1][1]
        if columns != width:
            raise BrokenModel(f"{file}: the model has {columns} features; contract.json lists {width}")
        # It also sets the library up; a client should not wait for it.
        for count in (1, 2):
            rows = np.full((count, width), np.nan, dtype=np.float32)
            try:
                said = self.probabilities(rows)
            except _FAILED as error:
                raise BrokenModel(f"{file}: the model cannot be run: {error}") from error
            if said.shape != (count,) or not ((said >= 0) & (said <= 1)).all():
                raise BrokenModel(f"{file}: the model says {said!r} of {count} rows; expected: probabilities")


_FAILED: tuple[type[Exception], ...] = (
    RuntimeError,
    ValueError,
    *(
        getattr(onnxruntime.capi.onnxruntime_pybind11_state, name)
        for name in ("Fail", "InvalidArgument", "InvalidGraph", "InvalidProtobuf", "NotImplemented")
    ),
)


def _session(file: Path, content: bytes) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # Threads that wait should sleep, and memory that a large batch took should go back.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except _FAILED as error:
        told = " ".join(str(error).split())[:200]
        raise BrokenModel(f"{file}: the model cannot be loaded: {told}") from error
