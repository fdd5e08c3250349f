"""An evaluation job, for any use case: run the archived model on a test set, write figures and a page."""

import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from ml.case import UseCase
from ml.container import JobFailed, write_json
from ml.evaluation.page import page
from ml.evaluation.report import document, evaluate
from ml.serving.inference import Feature as Served
from ml.serving.inference import model_fn, predict_fn
from ml.training import data
from ml.training.schema import Feature


def run(case: UseCase, *, model: Path, test: Path, out: Path) -> None:
    """Writes `evaluation.json` and `evaluation.html`.

    The probabilities come from the handlers that serve the model. Raises JobFailed, BrokenModel or
    NothingToEvaluate.
    """
    with unpacked(model) as folder:
        loaded = model_fn(str(folder))
    rows = data.read(test, [_feature(served) for served in loaded.features], case.label)
    groups = dict(zip(case.segments, data.columns(test, list(case.segments.values())), strict=True))
    said = predict_fn(rows.values, loaded)
    found = evaluate(
        rows.labels.astype(np.float64), said, {name: _ordered(values) for name, values in groups.items()}
    )
    write_json(out / "evaluation.json", document(found))
    (out / "evaluation.html").write_text(page(found, title=case.question, about=case.about), encoding="utf-8")
    metrics = found.metrics
    print(
        f"test-pr_auc={metrics.pr_auc:.4f} test-auc={metrics.auc:.4f} test-brier={metrics.brier:.4f} "
        f"test-calibration_error={metrics.calibration_error:.4f} rows={metrics.rows}",
        flush=True,
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


def _feature(served: Served) -> Feature:
    if served.codes is None:
        return Feature(name=served.name, kind="number")
    return Feature(name=served.name, kind="category", values=tuple(served.codes))


def _ordered(values: np.ndarray[tuple[int], np.dtype[np.generic]]) -> list[str]:
    """Groups as text; whole numbers padded, so that month 9 stands before month 10."""
    return [f"{value:02d}" if isinstance(value, int) else str(value) for value in values.tolist()]
