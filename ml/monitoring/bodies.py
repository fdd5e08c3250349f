"""What does a captured body hold? The rows of a request and the probabilities of its answer, in each form."""

from __future__ import annotations

import base64
import binascii
import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ml.monitoring.bins import NEW

_SINGLE = 3.4e38


class Foreign(ValueError):
    """A line or a body that is none of ours; the message is the reason that is counted."""


def body_of(part: Mapping[str, Any]) -> tuple[bytes, str]:
    """The bytes of a captured part and its content type. Raises Foreign."""
    kind = str(part.get("observedContentType") or "").partition(";")[0].strip().lower()
    encoding, data = part["encoding"], part["data"]
    if not isinstance(data, str):
        raise Foreign("body that is no text")
    if encoding == "BASE64":
        try:
            return base64.b64decode(data, validate=True), kind
        except (binascii.Error, ValueError):
            raise Foreign("torn body") from None
    return data.encode("utf-8", "surrogatepass"), kind or f"{'text/csv' if encoding == 'CSV' else ''}"


def asked_of(
    body: bytes, kind: str, places: Mapping[str, int], codes: Sequence[Mapping[str, float] | None]
) -> list[list[float]]:
    """The rows of a request as the model takes them, in any form that is served. Raises Foreign."""
    if kind == "application/x-npy":
        table = _npy(body)
        if table.ndim != 2 or table.shape[1] != len(places):
            raise Foreign("another number of features")
        return [[float(value) for value in row] for row in table]
    if kind == "text/csv":
        table_of_text = _csv(body)
        if any(len(row) != len(places) for row in table_of_text):
            raise Foreign("another number of features")
        return [[_encoded(value, codes[place]) for place, value in enumerate(row)] for row in table_of_text]
    instances = _json_rows(body, kind, "instances")
    found = []
    for instance in instances:
        if isinstance(instance, Mapping):
            if not places.keys() <= instance.keys():
                raise Foreign("a feature is missing")
            found.append([_encoded(instance[name], codes[place]) for name, place in places.items()])
        elif isinstance(instance, list) and len(instance) == len(places):
            found.append([_encoded(value, codes[place]) for place, value in enumerate(instance)])
        else:
            raise Foreign("row that is no row of ours")
    return found


def answered_of(body: bytes, kind: str) -> list[float]:
    """The probabilities of an answer, one a row. Raises Foreign."""
    if kind == "application/x-npy":
        said: list[Any] = _npy(body).reshape(-1).tolist()
    elif kind == "text/csv":
        said = [row[0] for row in _csv(body)]
    else:
        said = _json_rows(body, kind, "predictions")
    found = []
    for one in said:
        value: Any = one.get("probability") if isinstance(one, Mapping) else one
        try:
            probability = float(value)
        except (TypeError, ValueError):
            raise Foreign("answer without a probability") from None
        if not 0 <= probability <= 1:
            raise Foreign("answer without a probability")
        found.append(probability)
    return found


def _json_rows(body: bytes, kind: str, member: str) -> list[Any]:
    """Of a document with that member, of a bare list, or of JSON lines."""
    try:
        if kind in ("application/jsonlines", "application/jsonl", "application/x-ndjson"):
            return [json.loads(line) for line in body.splitlines() if line.strip()]
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise Foreign("body that is no JSON") from None
    rows = document.get(member) if isinstance(document, Mapping) else document
    if not isinstance(rows, list):
        raise Foreign(f"no {member}")
    return rows


def _csv(body: bytes) -> list[list[str]]:
    try:
        return [row for row in csv.reader(io.StringIO(body.decode(), newline=""), strict=True) if row]
    except (UnicodeDecodeError, csv.Error):
        raise Foreign("body that is no CSV") from None


def _npy(body: bytes) -> npt.NDArray[Any]:
    try:
        return np.asarray(np.load(io.BytesIO(body), allow_pickle=False))
    except (ValueError, EOFError, OSError, SyntaxError):
        raise Foreign("body that is no array") from None


def _encoded(value: object, codes: Mapping[str, float] | None) -> float:
    """A value as the model takes it."""
    if value is None or value == "":
        return math.nan
    if codes is not None:
        return codes.get(value, NEW) if isinstance(value, str) else NEW
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise Foreign("value that is no number") from None
    if not -_SINGLE < number < _SINGLE:
        # Infinity or NaN in words: the model never saw it as a number.
        return math.nan
    return number
