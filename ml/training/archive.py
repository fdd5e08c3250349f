"""What a trained model's folder holds: the model, its contract, its handlers, and how it came to be."""

import hashlib
import platform
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import xgboost

from ml.container import write_json
from ml.training.boosting import Parameters, Trained
from ml.training.calibration import Calibration
from ml.training.schema import Feature, contract

_PACKAGE = Path(__file__).resolve().parents[1]
_HANDLERS = _PACKAGE / "serving" / "inference.py"


@dataclass(frozen=True)
class Manifest:
    """From what the model was made: with the same of everything, the same model comes out."""

    data: dict[str, str]
    code: str
    parameters: dict[str, object]
    device: str
    versions: dict[str, str]
    periods: dict[str, list[int]] = field(default_factory=dict)
    """Of each channel: an external validation may use none of them."""


def manifest(data: dict[str, str], parameters: Parameters, device: str) -> Manifest:
    """`data` names each channel's digest."""
    versions = {"python": platform.python_version(), "numpy": np.__version__, "xgboost": xgboost.__version__}
    return Manifest(data, code_digest(_PACKAGE.rglob("*.py")), asdict(parameters), device, versions)


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
    made_from: Manifest,
) -> None:
    """Writes `model.ubj`, `contract.json`, `manifest.json` and `code/inference.py`.

    Only the useful rounds are kept, so that serving reads and runs no more.
    """
    folder.mkdir(parents=True, exist_ok=True)
    trained.booster[: trained.rounds].save_model(str(folder / "model.ubj"))
    terms = contract(
        features, rounds=trained.rounds, slope=calibration.slope, intercept=calibration.intercept
    )
    write_json(folder / "contract.json", terms)
    write_json(folder / "manifest.json", asdict(made_from))
    (folder / "code").mkdir(exist_ok=True)
    shutil.copyfile(_HANDLERS, folder / "code" / "inference.py")
