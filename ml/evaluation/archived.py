"""What does a model's archive hold? Its probabilities on rows, its threshold, its periods, its size."""

from __future__ import annotations

import json
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ml.case import Costs
from ml.compression.onnx_model import probabilities
from ml.container import JobFailed
from ml.evaluation.bootstrap import Floats
from ml.evaluation.thresholds import by_costs
from ml.serving.inference import Feature as Served
from ml.serving.inference import model_fn, predict_fn
from ml.training import data
from ml.training.schema import Feature


@dataclass(frozen=True)
class Archived:
    """A model on a folder of rows, with what its archive says of itself.

    `said` (rows,) by the handlers that serve the model, or by its ONNX form where that alone answers (a
    network); `knew` are the periods it was fitted, stopped or
    calibrated on, None where the manifest does not list them; `milliseconds` of one row where
    `compression.json` says.
    """

    labels: Floats
    said: Floats
    threshold: float
    features: tuple[Feature, ...]
    manifest: Mapping[str, Any]
    knew: frozenset[int] | None
    megabytes: float
    milliseconds: float | None
    variant: str


@dataclass(frozen=True)
class Answering:
    """A model that answers: `said` gives the probabilities (rows,) of (rows, features) values, which are
    encoded as `features` say; `threshold` is the probability from which to act.
    """

    features: tuple[Feature, ...]
    threshold: float
    said: Callable[[npt.NDArray[np.float32]], Floats]


def answering(folder: Path, costs: Costs) -> Answering:
    """The model of an unpacked archive, for as long as the folder is there.

    It answers by the handlers that serve it, or by its ONNX form where that alone answers (a network).
    Raises JobFailed or BrokenModel.
    """
    loaded = model_fn(str(folder))
    contract = _document(folder / "contract.json")

    def said(values: npt.NDArray[np.float32]) -> Floats:
        if contract.get("native", True):
            return predict_fn(values, loaded)
        return probabilities(folder / "model.onnx", values).astype(np.float64)

    return Answering(tuple(_feature(one) for one in loaded.features), _threshold(contract, costs), said)


def ask(model: Path, rows: Path, label: str, costs: Costs) -> Archived:
    """Runs a model on the Parquet files of a folder. Raises JobFailed or BrokenModel."""
    with unpacked(model) as folder:
        one = answering(folder, costs)
        manifest = _document(folder / "manifest.json")
        compression = _document(folder / "compression.json")
        served = folder / "model.onnx"
        size = (served if served.exists() else folder / "model.ubj").stat().st_size / 1e6
        table = data.read(rows, one.features, label)
        said = one.said(table.values)
    return Archived(
        labels=table.labels.astype(np.float64),
        said=said,
        threshold=one.threshold,
        features=one.features,
        manifest=manifest,
        knew=_knew(manifest),
        megabytes=size,
        milliseconds=_milliseconds(compression),
        variant=str(compression.get("chosen") or "full"),
    )


@contextmanager
def unpacked(model: Path) -> Iterator[Path]:
    """The model's folder: of an archive, of a folder that holds `model.tar.gz`, or of the content itself.

    Raises JobFailed on an archive that is missing, truncated, or reaches out of its folder.
    """
    archive = model / "model.tar.gz" if model.is_dir() else model
    if model.is_dir() and not archive.exists():
        yield model
        return
    with tempfile.TemporaryDirectory() as scratch:
        try:
            with tarfile.open(archive, "r:gz") as packed:
                packed.extractall(scratch, filter="data")
        except (tarfile.TarError, EOFError, OSError) as error:
            raise JobFailed(f"{archive} cannot be unpacked: {error}") from None
        yield Path(scratch)


def _document(path: Path) -> Mapping[str, Any]:
    if not path.exists():
        return {}
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise JobFailed(f"{path.name} of the model's archive is no JSON: {error}") from None
    if not isinstance(document, dict):
        raise JobFailed(f"{path.name} of the model's archive holds no object.")
    return document


def _threshold(contract: Mapping[str, Any], costs: Costs) -> float:
    """The contract's; that of the costs for an archive of version 1, which has none."""
    given = contract.get("threshold")
    return by_costs(costs) if given is None else float(given)


def _knew(manifest: Mapping[str, Any]) -> frozenset[int] | None:
    periods = manifest.get("periods")
    if not isinstance(periods, dict):
        return None
    return frozenset(int(one) for name in ("train", "validation") for one in periods.get(name) or ())


def _milliseconds(compression: Mapping[str, Any]) -> float | None:
    """Of one row, for the variant that answers."""
    for one in compression.get("variants") or ():
        if one.get("name") == compression.get("chosen"):
            return float(one["one_row_ms"])
    return None


def _feature(served: Served) -> Feature:
    if served.codes is None:
        return Feature(name=served.name, kind="number")
    return Feature(name=served.name, kind="category", values=tuple(served.codes))
