"""What does XGBoost's own library say of a large batch, and why does the model say what it says of a row?"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .inference import BadRequest, BrokenModel, Model, Rows, native_model, predict_fn

Probe = Callable[[Rows], npt.NDArray[np.float32]]
LARGEST_DIFFERENCE = 1e-5
"""Of two probabilities for rows that no training saw; on real ones the same model differs by 1e-6 at most
(docs/ml.md, the model archive), and the smallest variant by far more."""
_PROBED_ROWS = 512


class NotExplained(BadRequest):
    """The model that answers is another one than the one that could be explained."""

    def __init__(self) -> None:
        super().__init__("This model's answers are not explained: a compressed variant answers.")


class NativeModel:
    """Loads the library when it is first needed: it takes a second, and as much memory as a worker."""

    def __init__(self, folder: Path, threads: int, online: Probe) -> None:
        """Raises BrokenModel where `model.ubj` lacks or is cut short."""
        self._folder = folder
        self._threads = threads
        self._online = online
        self._loading = threading.Lock()
        self._loaded: tuple[Model, bool] | None = None
        _require_whole(folder / "model.ubj")

    def same(self) -> bool:
        """Whether this model says what the online one says: not where a compressed variant answers online.

        Raises BrokenModel where the archive accounts for no variant, or the model cannot be loaded.
        """
        return self._load()[1]

    def probabilities(self, rows: Rows) -> npt.NDArray[np.float64]:
        """Shape (rows,), of float32 rows (rows, features)."""
        return predict_fn(rows, self._load()[0])

    def explained(self, rows: Rows, most: int) -> tuple[npt.NDArray[np.float64], list[str]]:
        """Each row's probability, and as JSON why: `margin` is the sum of `base`, `contributions` and `rest`.

        probability = logistic(slope * margin + intercept). The `most` largest contributions are named, in the
        unit of the margin (XGBoost's `pred_contribs`: Lundberg's TreeSHAP, exact). Raises NotExplained.
        """
        model, same = self._load()
        if not same:
            raise NotExplained
        import xgboost

        types = ["float" if feature.codes is None else "c" for feature in model.features]
        data = xgboost.DMatrix(rows, feature_types=types, enable_categorical=True, nthread=self._threads)
        found = model.booster.predict(
            data, pred_contribs=True, iteration_range=(0, model.rounds), validate_features=False
        )
        parts = np.asarray(found, dtype=np.float64)
        margins = parts.sum(axis=1)
        probabilities = 1.0 / (1.0 + np.exp(-(model.slope * margins + model.intercept)))
        return probabilities, [_explanation(model, row, most) for row in parts]

    def _load(self) -> tuple[Model, bool]:
        with self._loading:
            if self._loaded is None:
                model = native_model(self._folder, self._threads)
                rows = _probes(model)
                difference = float(np.abs(predict_fn(rows, model) - self._online(rows)).max())
                same = difference <= LARGEST_DIFFERENCE
                if not same and not (self._folder / "compression.json").is_file():
                    raise BrokenModel(
                        f"{self._folder}: model.ubj and model.onnx differ by up to {difference:.1e}; "
                        f"allowed: {LARGEST_DIFFERENCE:.0e}, or a compression.json that accounts for it"
                    )
                self._loaded = (model, same)
            return self._loaded


def _explanation(model: Model, parts: npt.NDArray[np.float64], most: int) -> str:
    """`parts` has each feature's contribution, then the base."""
    each, base = parts[:-1], parts[-1]
    largest = np.argsort(-np.abs(each), kind="stable")[:most]
    named = [(model.features[place].name, each[place]) for place in largest.tolist()]
    return json.dumps(
        {
            "margin": round(float(parts.sum()), 6),
            "base": round(float(base), 6),
            "contributions": [
                {"feature": name, "contribution": round(float(value), 6)} for name, value in named
            ],
            "rest": round(float(np.delete(each, largest).sum()), 6),
        }
    )


def _require_whole(file: Path) -> None:
    """UBJSON's outermost object is closed; loading the library to see that would take a second."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise BrokenModel(f"{file}: the model cannot be read: {error.strerror}") from error
    if content[:1] != b"{" or content[-1:] != b"}":
        raise BrokenModel(f"{file}: {len(content)} bytes that are no whole UBJSON document")


def _probes(model: Model) -> Rows:
    """Rows to compare two models on: around the trees' own thresholds, each category, values missing."""
    random = np.random.default_rng(0)
    rows = np.empty((_PROBED_ROWS, len(model.features)), dtype=np.float32)
    thresholds = _thresholds(model)
    for place, feature in enumerate(model.features):
        if feature.codes is not None:
            rows[:, place] = random.integers(0, max(1, len(feature.codes)), _PROBED_ROWS)
        else:
            known = thresholds.get(place, [0.0])
            # Between two thresholds, never on one: a value in single precision could fall to either side.
            step = np.abs(np.asarray(known)).max() * 1e-3 + 1e-3
            rows[:, place] = random.choice(known, _PROBED_ROWS) + step * random.standard_normal(_PROBED_ROWS)
    rows[random.random(rows.shape) < 0.1] = np.nan
    return rows


def _thresholds(model: Model) -> dict[int, list[float]]:
    """By feature, where its trees split."""
    document = json.loads(model.booster.save_raw("json"))
    found: dict[int, list[float]] = {}
    for tree in document["learner"]["gradient_booster"]["model"]["trees"]:
        splits = zip(tree["split_indices"], tree["split_conditions"], tree["left_children"], strict=True)
        for place, threshold, left in splits:
            if left != -1:
                found.setdefault(place, []).append(float(threshold))
    return found
