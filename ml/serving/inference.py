"""Answers requests with a trained model: the handlers of the framework image, self-contained.

The file travels in the model's archive as `code/inference.py`; it needs numpy and xgboost alone. Requests are
`{"instances": [{feature: value, …}, …]}` or rows of CSV in the contract's order; answers are
`{"predictions": [{"probability": p}, …]}`, or one probability a line.
"""

import csv
import io
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xgboost

JSON = "application/json"
CSV = "text/csv"
LARGEST_BATCH = 10_000
_FAULTS_SHOWN = 10

Rows = npt.NDArray[np.float32]
Probabilities = npt.NDArray[np.float64]


class BadRequest(ValueError):
    """A request that the model cannot answer; the message is for the client."""


class UnsupportedType(BadRequest):
    """A content type that is neither JSON nor CSV."""


@dataclass(frozen=True)
class Feature:
    """A feature as the contract has it; `codes` maps the values of a category to their codes, else None."""

    name: str
    codes: Mapping[str, int] | None


@dataclass(frozen=True)
class Model:
    """A booster with its contract; probability = logistic(slope * margin + intercept)."""

    booster: xgboost.Booster
    features: tuple[Feature, ...]
    rounds: int
    slope: float
    intercept: float


class BrokenModel(ValueError):
    """The archive's contract and its model do not belong together, or one of them cannot be read."""


_features: tuple[Feature, ...] = ()


def model_fn(model_dir: str) -> Model:
    """Loads `model.ubj` and `contract.json`, once a process. Raises BrokenModel."""
    global _features
    folder = Path(model_dir)
    try:
        contract = json.loads((folder / "contract.json").read_text())
        features = tuple(_feature(entry) for entry in contract["features"])
        calibration = contract["calibration"]
        slope, intercept = float(calibration["slope"]), float(calibration["intercept"])
        rounds = int(contract["rounds"])
        booster = xgboost.Booster({"nthread": 1})
        booster.load_model(str(folder / "model.ubj"))
    except (OSError, KeyError, TypeError, ValueError, xgboost.core.XGBoostError) as error:
        raise BrokenModel(f"{folder}: the model cannot be loaded: {error!r}") from error
    if booster.num_features() != len(features) or booster.num_boosted_rounds() < rounds:
        raise BrokenModel(
            f"{folder}: contract.json lists {len(features)} features and {rounds} rounds, "
            f"model.ubj has {booster.num_features()} and {booster.num_boosted_rounds()}"
        )
    model = Model(booster, features, rounds, slope, intercept)
    # The first prediction sets the library up; a client should not wait for it.
    predict_fn(np.full((1, len(features)), np.nan, dtype=np.float32), model)
    _features = features
    return model


def input_fn(body: bytes | str, content_type: str = JSON) -> Rows:
    """The rows of a request, (rows, features), NaN where a value is missing. Raises BadRequest."""
    kind = content_type.split(";", 1)[0].strip().lower()
    if kind == JSON:
        return parse_json(body, _features)
    if kind == CSV:
        return parse_csv(body, _features)
    raise UnsupportedType(f"Content type {content_type!r} is not supported; allowed: {JSON}, {CSV}.")


def predict_fn(data: Rows, model: Model) -> Probabilities:
    """The probability of each row, shape (rows,)."""
    margin = model.booster.inplace_predict(
        data, iteration_range=(0, model.rounds), predict_type="margin", validate_features=False
    )
    scaled = model.slope * np.asarray(margin, dtype=np.float64) + model.intercept
    return np.asarray(1.0 / (1.0 + np.exp(-scaled)))


def output_fn(prediction: Probabilities, accept: str = JSON) -> tuple[str, str]:
    """The answer and its content type; anything but CSV is answered in JSON."""
    values = prediction.tolist()
    if accept.split(";", 1)[0].strip().lower() == CSV:
        return "".join(f"{value:.6f}\n" for value in values), CSV
    return json.dumps({"predictions": [{"probability": round(value, 6)} for value in values]}), JSON


def parse_json(body: bytes | str, features: tuple[Feature, ...]) -> Rows:
    """Rows from `{"instances": [...]}`; every feature must stand there, null where it is not known."""
    try:
        document = json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"The body is not JSON: {error}") from None
    instances = document.get("instances") if isinstance(document, dict) else None
    if not isinstance(instances, list):
        raise BadRequest('The body must be {"instances": [{feature: value, …}, …]}.')
    _check_size(len(instances))
    rows = np.empty((len(instances), len(features)), dtype=np.float32)
    faults: list[str] = []
    names = {feature.name for feature in features}
    for number, instance in enumerate(instances):
        if not isinstance(instance, dict):
            faults.append(f"row {number}: {_shown(instance)} is not an object of features")
            continue
        if instance.keys() - names:
            faults += [f"row {number}, {name!r}: no such feature" for name in sorted(instance.keys() - names)]
        for place, feature in enumerate(features):
            if feature.name not in instance:
                faults.append(f"row {number}, {feature.name!r}: missing; null says that it is not known")
                continue
            value = instance[feature.name]
            try:
                rows[number, place] = _encoded(value, feature)
            except BadRequest as error:
                faults.append(f"row {number}, {feature.name!r}: {error}")
        if len(faults) >= _FAULTS_SHOWN:
            break
    _raise(faults)
    return rows


def parse_csv(body: bytes | str, features: tuple[Feature, ...]) -> Rows:
    """Rows from CSV without a header, columns in the contract's order; an empty field is not known."""
    try:
        text = body.decode() if isinstance(body, bytes) else body
        table = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadRequest(f"The body is not CSV in UTF-8: {error}") from None
    _check_size(len(table))
    rows = np.empty((len(table), len(features)), dtype=np.float32)
    faults: list[str] = []
    for number, fields in enumerate(table):
        if len(fields) != len(features):
            faults.append(
                f"row {number}: {len(fields)} fields; allowed: {len(features)}, in the contract's order"
            )
            continue
        for place, (field, feature) in enumerate(zip(fields, features, strict=True)):
            try:
                rows[number, place] = _encoded(_from_text(field, feature), feature)
            except BadRequest as error:
                faults.append(f"row {number}, {feature.name!r}: {error}")
        if len(faults) >= _FAULTS_SHOWN:
            break
    _raise(faults)
    return rows


def _feature(entry: Mapping[str, Any]) -> Feature:
    codes = (
        {value: code for code, value in enumerate(entry["values"])} if entry["type"] == "category" else None
    )
    return Feature(entry["name"], codes)


def _encoded(value: object, feature: Feature) -> float:
    if value is None:
        return math.nan
    if feature.codes is not None:
        code = feature.codes.get(value) if isinstance(value, str) else None
        if code is None:
            raise BadRequest(
                f"{_shown(value)} is no known value; allowed: {', '.join(feature.codes)}, or null"
            )
        return code
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BadRequest(f"{_shown(value)} is not a number; allowed: a number or null")
    # What single precision cannot hold would reach the model as an infinity.
    if not -3.4e38 < value < 3.4e38:
        raise BadRequest(
            f"{_shown(value)} is not finite in single precision; allowed: a finite number or null"
        )
    return value


def _from_text(field: str, feature: Feature) -> object:
    if field == "":
        return None
    if feature.codes is not None:
        return field
    try:
        return float(field)
    except ValueError:
        return field


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number; null says that a value is not known")


def _check_size(count: int) -> None:
    if not 1 <= count <= LARGEST_BATCH:
        raise BadRequest(f"The request has {count} rows; allowed: 1 to {LARGEST_BATCH}.")


def _raise(faults: list[str]) -> None:
    if faults:
        more = "; and perhaps more" if len(faults) >= _FAULTS_SHOWN else ""
        raise BadRequest("; ".join(faults[:_FAULTS_SHOWN]) + more + ".")


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."
