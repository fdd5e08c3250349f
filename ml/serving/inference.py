"""What may a client send, what does it get, and what does XGBoost's own library answer?

The one place that reads and writes requests: the inference image's server imports it, and in the model's
archive it travels alone as `code/inference.py`, the framework image's handlers. It needs numpy, and xgboost
where `model_fn` is called. Formats, in and out: docs/serving.md.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import xgboost

JSON = "application/json"
JSON_LINES = "application/jsonlines"
CSV = "text/csv"
NPY = "application/x-npy"
TYPES = (JSON, JSON_LINES, CSV, NPY)
_SAME = {
    **{one: one for one in TYPES},
    **dict.fromkeys(("application/x-jsonlines", "application/jsonl", "application/x-ndjson"), JSON_LINES),
}
LARGEST_BATCH = 10_000
"""Rows of one request, unless the server's settings say otherwise."""
_VERSIONS = (1, 2)
_FAULTS_SHOWN = 10
_LARGEST = 2.0**128 - 2.0**103  # from here on single precision has an infinity alone (IEEE 754)
_INFINITIES = (math.inf, -math.inf)
_FEW_ROWS = 8
_SMALL_BODY = 65536

Rows = npt.NDArray[np.float32]
Probabilities = npt.NDArray[np.floating[Any]]
Body = bytes | str


class BadRequest(ValueError):
    """A request that the model cannot answer; the message is for the client."""

    status = 400


class TooLarge(BadRequest):
    """More rows, or values, than are answered at once."""

    status = 413


class UnsupportedType(BadRequest):
    """A content type that is not read."""

    status = 415


class NotAcceptable(BadRequest):
    """A type that is not written was asked for."""

    status = 406


class BrokenModel(ValueError):
    """The archive's contract and its model do not belong together, or one of them cannot be read."""


@dataclass(frozen=True)
class Feature:
    """A feature as the contract has it; `codes` maps the values of a category to their codes, else None."""

    name: str
    codes: Mapping[str, int] | None


@dataclass(frozen=True)
class Contract:
    """What `contract.json` says; probability = logistic(slope * margin + intercept) over `rounds` rounds."""

    features: tuple[Feature, ...]
    rounds: int
    slope: float
    intercept: float


@dataclass(frozen=True)
class Model:
    """A booster with its contract; probability = logistic(slope * margin + intercept)."""

    booster: xgboost.Booster
    features: tuple[Feature, ...]
    rounds: int
    slope: float
    intercept: float


_reader: Reader | None = None


def model_fn(model_dir: str) -> Model:
    """Loads `model.ubj` and `contract.json`, once a process. Raises BrokenModel."""
    global _reader
    model = native_model(Path(model_dir), threads=1)
    _reader = Reader(model.features)
    return model


def input_fn(body: Body, content_type: str = JSON) -> Rows:
    """The rows of a request, (rows, features), NaN where a value is missing. Raises BadRequest."""
    if _reader is None:
        raise BrokenModel("no model is loaded: model_fn comes first")
    return _reader.read(body, request_type(content_type))


def predict_fn(data: Rows, model: Model) -> npt.NDArray[np.float64]:
    """The probability of each row, shape (rows,)."""
    margin = model.booster.inplace_predict(
        data, iteration_range=(0, model.rounds), predict_type="margin", validate_features=False
    )
    scaled = model.slope * np.asarray(margin, dtype=np.float64) + model.intercept
    return np.asarray(1.0 / (1.0 + np.exp(-scaled)))


def output_fn(prediction: Probabilities, accept: str = JSON) -> tuple[Body, str]:
    """The answer and its content type. Raises NotAcceptable."""
    kind = answer_type(accept)
    answer = written(prediction, kind)
    return (answer if kind == NPY else answer.decode()), kind


def read_contract(folder: Path) -> Contract:
    """What the folder's `contract.json` says. Raises BrokenModel."""
    file = folder / "contract.json"
    try:
        document = json.loads(file.read_bytes())
        if document["version"] not in _VERSIONS:
            raise BrokenModel(f"{file}: version {document['version']!r}; this server reads {_VERSIONS}")
        features = tuple(_feature(entry) for entry in document["features"])
        calibration = document["calibration"]
        contract = Contract(
            features, int(document["rounds"]), float(calibration["slope"]), float(calibration["intercept"])
        )
    except BrokenModel:
        raise
    except (OSError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise BrokenModel(f"{file}: the contract cannot be read: {error!r}") from error
    names = [feature.name for feature in features]
    if not names or len(set(names)) < len(names):
        raise BrokenModel(f"{file}: {len(names)} features with {len(set(names))} names; each needs its own")
    if not (math.isfinite(contract.slope) and math.isfinite(contract.intercept)):
        raise BrokenModel(f"{file}: the calibration is not finite: {contract.slope}, {contract.intercept}")
    return contract


def native_model(folder: Path, threads: int) -> Model:
    """Loads `model.ubj` and `contract.json`. Raises BrokenModel."""
    import xgboost

    contract = read_contract(folder)
    booster = xgboost.Booster({"nthread": threads})
    try:
        booster.load_model(str(folder / "model.ubj"))
    except (OSError, TypeError, ValueError, xgboost.core.XGBoostError) as error:
        raise BrokenModel(f"{folder}: the model cannot be loaded: {error!r}") from error
    width, rounds = len(contract.features), contract.rounds
    if booster.num_features() != width or booster.num_boosted_rounds() < rounds:
        raise BrokenModel(
            f"{folder}: contract.json lists {width} features and {rounds} rounds, "
            f"model.ubj has {booster.num_features()} and {booster.num_boosted_rounds()}"
        )
    model = Model(booster, contract.features, rounds, contract.slope, contract.intercept)
    # The first prediction sets the library up; a client should not wait for it.
    predict_fn(np.full((1, width), np.nan, dtype=np.float32), model)
    return model


def request_type(content_type: str) -> str:
    """Which of TYPES a Content-Type names, JSON where it is empty. Raises UnsupportedType."""
    if content_type == JSON or not content_type:
        return JSON
    name, *parameters = (part.strip().lower() for part in content_type.split(";"))
    kind = _SAME.get(name)
    for parameter in parameters:
        if parameter.startswith("charset=") and parameter[8:].strip('"') not in ("utf-8", "utf8", "us-ascii"):
            kind = None
    if kind is None:
        told = f"Content type {content_type[:80]!r} is not supported; allowed: {', '.join(TYPES)}, in UTF-8."
        raise UnsupportedType(told)
    return kind


def answer_type(accept: str) -> str:
    """Which of TYPES an Accept header wants most, JSON where it is empty. Raises NotAcceptable."""
    if accept == JSON or not accept:
        return JSON
    best, most = None, 0.0
    for choice in accept.lower().split(","):
        name, *parameters = (part.strip() for part in choice.split(";"))
        weight = next((_weight(one[2:]) for one in parameters if one.startswith("q=")), 1.0)
        kind = {"*/*": JSON, "application/*": JSON, "text/*": CSV}.get(name) or _SAME.get(name)
        if kind is not None and weight > most:
            best, most = kind, weight
    if best is None:
        raise NotAcceptable(f"{accept[:80]!r} cannot be answered; allowed: {', '.join(TYPES)}.")
    return best


def written(values: Probabilities, kind: str, explained: Sequence[str] | None = None) -> bytes:
    """Probabilities, shape (rows,), in one of TYPES; `explained` has a JSON object for each row."""
    if kind == NPY:
        made = io.BytesIO()
        np.lib.format.write_array(made, np.asarray(values, dtype="<f4"), version=(1, 0), allow_pickle=False)
        return made.getvalue()
    said = values.tolist()
    if kind == CSV:
        return "".join([f"{value:.6f}\n" for value in said]).encode()
    if explained is None:
        each = [f'{{"probability": {round(value, 6)!r}}}' for value in said]
    else:
        each = [
            f'{{"probability": {round(value, 6)!r}, "explanation": {why}}}'
            for value, why in zip(said, explained, strict=True)
        ]
    if kind == JSON_LINES:
        return ("\n".join(each) + "\n").encode()
    return f'{{"predictions": [{", ".join(each)}]}}'.encode()


class Reader:
    """Reads requests against one contract.

    What is right, as nearly all requests are, is read by column. At the least doubt the body is read again
    value by value: that tells what is wrong, in which row and column, and alone decides that something is.
    """

    def __init__(
        self,
        features: Sequence[Feature],
        largest_batch: int = LARGEST_BATCH,
        loads: Callable[[Any], Any] | None = None,
    ) -> None:
        """`loads` is a quicker parser of strict JSON than Python's, such as orjson's; it may keep the last of
        a key that is given twice, and raises ValueError, also of a number that is not finite as a double.
        """
        self.features = tuple(features)
        self.largest_batch = largest_batch
        self._loads: Callable[[Any], Any] = loads or _DECODER.decode
        self._names = {feature.name for feature in features}
        self._by_name = _Columns(self.features, [feature.name for feature in features], None)
        self._by_place = _Columns(self.features, range(len(self.features)), "")
        self._finite = loads is not None
        texts = [text for feature in features for text in (feature.name, *(feature.codes or ()))]
        # A key given twice shows as one colon too many, unless a name or a value has colons of its own.
        self._colons_tell = loads is not None and not any(":" in text for text in texts)
        self._most_marks = (largest_batch + 1) * (
            len(self.features) + 3 + sum(text.count(mark) for text in texts for mark in ",[{\n")
        )

    def read(self, body: Body, kind: str) -> Rows:
        """The rows of a body of one of TYPES, (rows, features), NaN where not known. Raises BadRequest."""
        if kind == NPY:
            return self._npy(body)
        # Of fewer bytes than marks are allowed none needs counting, which takes a tenth of a batch's reading.
        if len(body) > max(_SMALL_BODY, self._most_marks):
            self._check_extent(body, ",\n" if kind == CSV else ",[{")
        if kind == JSON:
            return self._json(body)
        return self._csv(body) if kind == CSV else self._json_lines(body)

    def _json(self, body: Body) -> Rows:
        try:
            document = self._loads(body if self._colons_tell else _text(body, "JSON"))
            instances = document["instances"]
            if type(document) is dict and len(document) == 1 and type(instances) is list:
                pairs = 1 + len(instances) * len(self.features)
                if not self._colons_tell or _count(body, ":") == pairs:
                    rows = self._quick(instances)
                    if rows is not None:
                        return rows
        except (ValueError, TypeError, KeyError, RecursionError):
            pass  # the careful reading says what is wrong
        document = _parsed(_text(body, "JSON"), "The body is not JSON")
        instances = document.get("instances") if isinstance(document, dict) else None
        if not isinstance(instances, list):
            raise BadRequest('The body must be {"instances": [{feature: value, …}, …]}.')
        if type(document) is _Doubled or len(document) > 1:
            other = ", ".join(repr(name) for name in sorted(document.keys() - {"instances"})[:3])
            raise BadRequest(f"Beside one 'instances' the body holds {other or 'another'}; allowed: nothing.")
        return self._careful(instances, self._objects_row)

    def _json_lines(self, body: Body) -> Rows:
        text = _text(body, "JSON lines")
        lines = [line for line in text.split("\n") if line and not line.isspace()]
        try:
            records = [self._loads(line) for line in lines]
            if not self._colons_tell or text.count(":") == len(lines) * len(self.features):
                rows = self._quick(records)
                if rows is not None:
                    return rows
        except (ValueError, RecursionError):
            pass
        return self._careful(lines, lambda line, row: self._objects_row(_parsed(line, "not JSON"), row))

    def _csv(self, body: Body) -> Rows:
        text = _text(body, "CSV")
        try:
            table = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
        except csv.Error as error:
            raise BadRequest(f"The body is not CSV: {error}") from None
        self._check_size(len(table))
        # Of these Python would make numbers that other readers of CSV would not.
        plain = text.isascii() and "_" not in text
        if plain and set(map(len, table)) == {len(self.features)}:
            rows = self._by_place.rows(table, _numbers_of_text)
            if rows is not None:
                return rows
        return self._careful(table, self._fields_row)

    def _npy(self, body: Body) -> Rows:
        width = len(self.features)
        head = _NPY_HEAD.match(body) if isinstance(body, bytes) else None
        if head is None or head.end() != _npy_head_length(head):
            raise BadRequest(
                f"The body is no npy file, as numpy.save writes it, of numbers of the shape (rows, {width})."
            )
        dtype, rows, columns = np.dtype(head["descr"].decode()), int(head["rows"]), int(head["columns"])
        if columns != width:
            raise BadRequest(f"The array has {columns} columns; allowed: {width}, in the contract's order.")
        self._check_size(rows)
        told = len(body) - head.end()
        if told != rows * columns * dtype.itemsize:
            raise BadRequest(
                f"The array has {told} bytes; {rows} rows need {rows * columns * dtype.itemsize}."
            )
        order = "F" if head["fortran"] == b"True" else "C"
        values = np.frombuffer(body, dtype, offset=head.end()).reshape((rows, columns), order=order)  # type: ignore[arg-type, call-overload]
        numbers = values.astype(np.float64)
        wrong = np.abs(numbers) >= _LARGEST
        for place, feature in enumerate(self.features):
            if feature.codes is not None:
                column = numbers[:, place]
                no_code = (column < 0) | (column >= len(feature.codes)) | (column != np.floor(column))
                wrong[:, place] |= no_code & ~np.isnan(column)
        faults = []
        for row, place in np.argwhere(wrong)[:_FAULTS_SHOWN].tolist():
            feature, value = self.features[place], float(numbers[row, place])
            try:
                if feature.codes is None:
                    _encoded(value, feature)
                else:
                    faults.append(
                        f"row {row}, {feature.name!r}: {value!r} is no code; allowed: 0 to "
                        f"{len(feature.codes) - 1}, or NaN"
                    )
            except BadRequest as error:
                faults.append(f"row {row}, {feature.name!r}: {error}")
        _raise(faults)
        return np.ascontiguousarray(numbers, dtype=np.float32)

    def _quick(self, records: list[Any]) -> Rows | None:
        """Rows of objects that are all right, else None."""
        if not 1 <= len(records) <= self.largest_batch:
            return None
        if len(records) <= _FEW_ROWS:
            return self._by_name.few_rows(records, self._finite)
        if set(map(type, records)) != {dict} or set(map(len, records)) != {len(self.features)}:
            return None
        return self._by_name.rows(records, _numbers_of_json)

    def _careful(self, records: Sequence[Any], row_of: Callable[[Any, _Row], None]) -> Rows:
        """Each record by itself, until there are faults enough to tell."""
        self._check_size(len(records))
        rows = np.empty((len(records), len(self.features)), dtype=np.float32)
        faults: list[str] = []
        for number, record in enumerate(records):
            row = _Row(number, rows[number], faults)
            try:
                row_of(record, row)
            except BadRequest as error:
                faults.append(f"row {number}: {error}")
            if len(faults) >= _FAULTS_SHOWN:
                break
        _raise(faults)
        return rows

    def _objects_row(self, instance: object, row: _Row) -> None:
        if not isinstance(instance, dict):
            raise BadRequest(f"{_shown(instance)} is not an object of features")
        if isinstance(instance, _Doubled):
            row.faults.extend(f"row {row.number}, {_shown(name)}: given twice" for name in instance.twice[:3])
        for name in sorted(instance.keys() - self._names)[:_FAULTS_SHOWN]:
            row.faults.append(f"row {row.number}, {_shown(name)}: no such feature")
        for place, feature in enumerate(self.features):
            if feature.name in instance:
                row.put(place, feature, instance[feature.name])
            else:
                row.faults.append(
                    f"row {row.number}, {feature.name!r}: missing; null says that it is not known"
                )

    def _fields_row(self, fields: list[str], row: _Row) -> None:
        if len(fields) != len(self.features):
            allowed = f"allowed: {len(self.features)}, in the contract's order"
            raise BadRequest(f"{len(fields)} fields; {allowed}")
        for place, (field, feature) in enumerate(zip(fields, self.features, strict=True)):
            row.put(place, feature, _from_text(field, feature))

    def _check_extent(self, body: Body, marks: str) -> None:
        """What would only be refused once it is parsed, at twenty times its size in memory, is not parsed."""
        if sum(_count(body, mark) for mark in marks) > self._most_marks:
            raise TooLarge(
                f"The body holds more values than {self.largest_batch} rows of {len(self.features)} have."
            )

    def _check_size(self, count: int) -> None:
        if not 1 <= count <= self.largest_batch:
            told = f"The request has {count} rows; allowed: 1 to {self.largest_batch}."
            raise TooLarge(told) if count else BadRequest(told)


@dataclass(frozen=True)
class _Row:
    """Where a row's values go, and what is wrong with them."""

    number: int
    values: Rows
    faults: list[str]

    def put(self, place: int, feature: Feature, value: object) -> None:
        try:
            self.values[place] = _encoded(value, feature)
        except BadRequest as error:
            self.faults.append(f"row {self.number}, {feature.name!r}: {error}")


class _Columns:
    """Turns records that are all right into rows, a column at a time."""

    def __init__(self, features: Sequence[Feature], keys: Sequence[Any], missing: object) -> None:
        """`keys` name the features' places in a record; `missing` stands where a category is not known."""
        self._width = len(features)
        self._places = [place for place, feature in enumerate(features) if feature.codes is None]
        self._numbers = _getter([keys[place] for place in self._places])
        self._categories: list[tuple[int, Callable[[Any], Any], Callable[[Any], float]]] = []
        for place, feature in enumerate(features):
            if feature.codes is not None:
                codes: dict[object, float] = dict(feature.codes) | {missing: math.nan}
                self._categories.append((place, itemgetter(keys[place]), codes.__getitem__))
        self._values = _getter(list(keys))
        self._pack = struct.Struct(f"={self._width}f").pack

    def rows(
        self, records: list[Any], numbers_of: Callable[[list[Any]], npt.NDArray[np.float64] | None]
    ) -> Rows | None:
        """(rows, features), or None where any value is in doubt."""
        rows = np.empty((len(records), self._width), dtype=np.float32)
        try:
            if self._places:
                flat = list(chain.from_iterable(map(self._numbers, records)))
                numbers = numbers_of(flat)
                if numbers is None or (np.abs(numbers) >= _LARGEST).any():
                    return None
                rows[:, self._places] = numbers.reshape(len(records), -1)
            for place, value_of, code_of in self._categories:
                rows[:, place] = list(map(code_of, map(value_of, records)))
        except (KeyError, TypeError, ValueError, OverflowError):
            return None
        return rows

    def few_rows(self, records: list[Any], finite: bool) -> Rows | None:
        """The same of a few records of JSON: row by row, a third of the time that arrays take to be made.

        `finite`: there is no infinity among them.
        """
        made = []
        try:
            for record in records:
                if type(record) is not dict or len(record) != self._width:
                    return None
                values = list(self._values(record))
                for place, _, code_of in self._categories:
                    values[place] = code_of(values[place])
                types = set(map(type, values))
                if not types <= _NUMBER_TYPES:
                    return None
                if not finite and any(infinity in values for infinity in _INFINITIES):
                    return None
                if _NOTHING in types:
                    values = [math.nan if value is None else value for value in values]
                made.append(self._pack(*values))
        except (KeyError, TypeError, OverflowError, struct.error):
            return None
        return np.frombuffer(b"".join(made), dtype=np.float32).reshape(len(records), self._width)


class _Doubled(dict[str, Any]):
    """An object of JSON with a key that is given twice: `twice` names such keys."""

    def __init__(self, pairs: Iterable[tuple[str, Any]]) -> None:
        pairs = list(pairs)
        super().__init__(pairs)
        seen: set[str] = set()
        self.twice = [name for name, _ in pairs if name in seen or seen.add(name)]  # type: ignore[func-returns-value]


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number; null says that a value is not known")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    return made if len(made) == len(pairs) else _Doubled(pairs)


_DECODER = json.JSONDecoder(parse_constant=_no_constant, object_pairs_hook=_object)
_NOTHING = type(None)
_NUMBER_TYPES = frozenset((int, float, _NOTHING))
# What numpy.save writes of a table of numbers; nothing of a body is ever evaluated or unpickled.
_NPY_HEAD = re.compile(
    rb"\x93NUMPY\x01\x00(?P<length>..)\{'descr': '(?P<descr>[<>|][fiu][1248])', 'fortran_order': "
    rb"(?P<fortran>True|False), 'shape': \((?P<rows>\d{1,9}), (?P<columns>\d{1,9})\), \} *\n",
    re.DOTALL,
)


def _npy_head_length(head: re.Match[bytes]) -> int:
    return 10 + int.from_bytes(head["length"], "little")


def _numbers_of_json(flat: list[Any]) -> npt.NDArray[np.float64] | None:
    return np.array(flat, dtype=np.float64) if _NUMBER_TYPES.issuperset(map(type, flat)) else None


def _numbers_of_text(flat: list[str]) -> npt.NDArray[np.float64] | None:
    numbers = np.array([float(field) if field else math.nan for field in flat])
    # An empty field alone is not known; "nan" is no number.
    return numbers if np.count_nonzero(np.isnan(numbers)) == flat.count("") else None


def _getter(keys: list[Any]) -> Callable[[Any], Iterable[Any]]:
    if len(keys) == 1:
        (key,) = keys
        return lambda record: (record[key],)
    return itemgetter(*keys) if keys else lambda record: ()


def _feature(entry: Mapping[str, Any]) -> Feature:
    name, kind = entry["name"], entry["type"]
    if kind not in ("number", "category") or not isinstance(name, str):
        raise ValueError(f"feature {name!r} is of the type {kind!r}; allowed: number, category")
    if kind == "number":
        return Feature(name, None)
    codes = {str(value): code for code, value in enumerate(entry["values"])}
    if len(codes) < len(entry["values"]):
        raise ValueError(f"the values of {name!r} are not each another")
    return Feature(name, codes)


def _text(body: Body, what: str) -> str:
    try:
        return body.decode() if isinstance(body, bytes) else body
    except UnicodeDecodeError as error:
        raise BadRequest(f"The body is not {what} in UTF-8: {error.reason} at byte {error.start}.") from None


def _parsed(text: str, failed: str) -> Any:
    try:
        return _DECODER.decode(text)
    except RecursionError:
        raise BadRequest(f"{failed}: it is nested too deep") from None
    except ValueError as error:
        raise BadRequest(f"{failed}: {error}") from None


def _count(body: Body, mark: str) -> int:
    return body.count(mark.encode()) if isinstance(body, bytes) else body.count(mark)


def _encoded(value: object, feature: Feature) -> float:
    if value is None:
        return math.nan
    if feature.codes is not None:
        code = feature.codes.get(value) if isinstance(value, str) else None
        if code is None:
            allowed = _shown_values(feature.codes)
            raise BadRequest(f"{_shown(value)} is no known value; allowed: {allowed}, or null")
        return code
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BadRequest(f"{_shown(value)} is not a number; allowed: a number or null")
    if not -_LARGEST < value < _LARGEST:
        raise BadRequest(
            f"{_shown(value)} is not finite in single precision; allowed: a finite number or null"
        )
    return value


def _from_text(field: str, feature: Feature) -> object:
    if field == "":
        return None
    if feature.codes is not None or "_" in field or not field.isascii():
        return field
    try:
        return float(field)
    except ValueError:
        return field


def _weight(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _raise(faults: list[str]) -> None:
    if faults:
        more = "; and perhaps more" if len(faults) >= _FAULTS_SHOWN else ""
        raise BadRequest("; ".join(faults[:_FAULTS_SHOWN]) + more + ".")


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


def _shown_values(codes: Mapping[str, int]) -> str:
    listed = list(codes)
    return ", ".join(listed[:40]) + (", …" if len(listed) > 40 else "")
