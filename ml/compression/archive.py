"""How does a variant take the full model's place in a model's folder?"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import xgboost

from ml.compression.acceptance import FULL, Allowed, Judged, Measured, choose
from ml.compression.variants import Compressed
from ml.container import JobFailed, write_json
from ml.training.calibration import Calibration
from ml.training.schema import Feature


class NoPlainModel(JobFailed):
    """A folder without a full model: a compressed one is not compressed again."""

    def __init__(self, folder: Path, why: str) -> None:
        super().__init__(
            f"{folder} holds no full model to compress: {why}. Allowed: what the job Train writes."
        )


def read(folder: Path) -> tuple[xgboost.Booster, Calibration, tuple[Feature, ...], Mapping[str, Any]]:
    """Booster, calibration, features and manifest of a model's folder. Raises NoPlainModel."""
    try:
        contract = json.loads((folder / "contract.json").read_text())
        manifest = json.loads((folder / "manifest.json").read_text())
        if contract.get("online", FULL) != FULL:
            raise NoPlainModel(folder, f"its model is the variant {contract['online']}")
        booster = xgboost.Booster()
        booster.load_model(str(folder / "model.ubj"))
        scale = Calibration(contract["calibration"]["slope"], contract["calibration"]["intercept"])
        features = tuple(
            Feature(name=one["name"], kind=one["type"], values=tuple(one.get("values", ())))
            for one in contract["features"]
        )
    except (OSError, KeyError, TypeError, ValueError, xgboost.core.XGBoostError) as error:
        raise NoPlainModel(folder, str(error).splitlines()[0]) from None
    return booster, scale, features, manifest


def write(folder: Path, out: Path, found: Compressed, asked: str, allowed: Allowed) -> Judged:
    """Writes the model's folder with the chosen variant in the full model's place. Gives what was chosen.

    `compression.json` says of every variant what it is, its figures, and why it was refused; each lies beside
    as `variants/<name>.onnx`. A variant that is no booster answers online alone: `contract.json` says so with
    `native` false, and `model.ubj` stays the full model, which explains and knows no more than its teacher.
    """
    chosen = choose(found.judged, asked)
    made = found.of(chosen.measured.name)
    if out.resolve() != folder.resolve():
        shutil.copytree(folder, out, dirs_exist_ok=True)
    (out / "variants").mkdir(exist_ok=True)
    for one in found.made:
        (out / "variants" / f"{one.name}.onnx").write_bytes(one.onnx)
    (out / "model.onnx").write_bytes(made.onnx)
    contract = json.loads((out / "contract.json").read_text())
    contract |= {"online": made.name, "native": made.booster is not None}
    if made.booster is not None and made.calibration is not None:
        made.booster.save_model(str(out / "model.ubj"))
        contract["rounds"] = made.booster.num_boosted_rounds()
        contract["calibration"] = asdict(made.calibration)
    write_json(out / "compression.json", document(found.judged, chosen, asked, allowed))
    write_json(out / "contract.json", contract)
    return chosen


def document(judged: Sequence[Judged], chosen: Judged, asked: str, allowed: Allowed) -> dict[str, Any]:
    """What was tried, in JSON's terms: sizes in bytes, latencies in milliseconds on one thread."""
    return {
        "asked": asked,
        "chosen": chosen.measured.name,
        "allowed": asdict(allowed),
        "variants": [
            {
                **asdict(one.measured),
                "quality": {name: _plain(value) for name, value in asdict(one.measured.quality).items()},
                "accepted": one.accepted,
                "refusedBecause": list(one.refused_because),
            }
            for one in judged
        ],
    }


def add_test(folder: Path, figures: Sequence[Measured]) -> None:
    """Adds the variants' quality on the test rows to `compression.json`; nothing is chosen by it."""
    found = json.loads((folder / "compression.json").read_text())
    known = {one.name: one.quality for one in figures}
    for one in found["variants"]:
        one["test"] = {name: _plain(value) for name, value in asdict(known[one["name"]]).items()}
    write_json(folder / "compression.json", found)


def _plain(value: float) -> float | None:
    return value if np.isfinite(value) else None
