"""What a trained model's folder holds: the model, its contract, its handlers, and how it came to be."""

import hashlib
import importlib.metadata
import json
import platform
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import xgboost

from ml.compression import onnx_model
from ml.container import write_json
from ml.training.boosting import Trained
from ml.training.calibration import Calibration
from ml.training.parameters import Asked
from ml.training.schema import Feature, contract
from ml.training.threshold import Choice

_PACKAGE = Path(__file__).resolve().parents[1]
_HANDLERS = _PACKAGE / "serving" / "inference.py"


@dataclass(frozen=True)
class Manifest:
    """From what the model was made: with the same of everything, the same model comes out."""

    data: dict[str, str]
    code: str
    parameters: dict[str, object]
    costs: dict[str, object]
    device: str
    machines: int
    versions: dict[str, str]
    periods: dict[str, list[int]] = field(default_factory=dict)
    """Of each channel: an external validation may use none of them."""

    @property
    def identity(self) -> str:
        """The SHA-256 of all of it, in hexadecimal: what a checkpoint must share to be continued."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


def manifest(data: dict[str, str], asked: Asked, device: str, machines: int = 1) -> Manifest:
    """`data` names each channel's digest, `machines` is how many train together."""
    return Manifest(
        data=data,
        code=package_digest(),
        parameters=asdict(asked.parameters),
        costs=asdict(asked.costs),
        device=device,
        machines=machines,
        versions=versions(),
    )


def package_digest() -> str:
    """The digest of the code that is running."""
    return code_digest(_PACKAGE.rglob("*.py"))


def versions() -> dict[str, str]:
    """Of Python and of the libraries that make the model's files."""
    return {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "xgboost": xgboost.__version__,
        **{name: importlib.metadata.version(name) for name in ("onnx", "onnxmltools")},
    }


def code_digest(paths: Iterable[Path]) -> str:
    """The SHA-256 of source files, by name and content, in hexadecimal."""
    whole = hashlib.sha256()
    for path in sorted(paths):
        whole.update(path.relative_to(_PACKAGE).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return whole.hexdigest()


def write(
    folder: Path,
    trained: Trained,
    features: Sequence[Feature],
    calibration: Calibration,
    chosen: Choice,
    event: str,
    made_from: Manifest,
    seen: npt.NDArray[np.float32],
) -> None:
    """Writes `model.ubj`, `model.onnx`, `contract.json`, `threshold.json`, `code/inference.py` and, last,
    `manifest.json`, which also has the digest of `model.ubj`.

    Only the useful rounds are kept, so that serving reads and runs no more. On the rows `seen`, of shape
    (rows, features), the two models must say the same: raises NotTheSameModel, and then writes nothing.
    """
    useful = trained.booster[: trained.rounds]
    onnx = onnx_model.to_onnx(useful, calibration)
    margins = useful.inplace_predict(seen, predict_type="margin", validate_features=False)
    said = calibration.probabilities(np.asarray(margins, dtype=np.float64))
    onnx_model.require_same(onnx, seen, said, onnx_model.LARGEST_DIFFERENCE)
    folder.mkdir(parents=True, exist_ok=True)
    useful.save_model(str(folder / "model.ubj"))
    (folder / "model.onnx").write_bytes(onnx)
    terms = contract(
        features,
        rounds=trained.rounds,
        slope=calibration.slope,
        intercept=calibration.intercept,
        threshold=chosen.threshold,
        event=event,
    )
    write_json(folder / "contract.json", terms)
    write_json(folder / "threshold.json", chosen.document())
    (folder / "code").mkdir(exist_ok=True)
    shutil.copyfile(_HANDLERS, folder / "code" / "inference.py")
    write_json(folder / "manifest.json", asdict(made_from) | {"model": digest(folder / "model.ubj")})


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
