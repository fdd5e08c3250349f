"""What was asked and answered, and what became of it? Readers of SageMaker's data capture and of outcomes.

Captures are JSON lines below `<endpoint>/<variant>/yyyy/mm/dd/hh/`; outcomes are the Parquet files of the
feature group `<prefix>-<case>-outcomes`. What cannot be read is counted by its reason and left out.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ml.container import JobFailed
from ml.monitoring.bins import Floats, Matrix
from ml.monitoring.bodies import Foreign, answered_of, asked_of, body_of
from ml.training.schema import Feature

LARGEST_LINE = 32 * 1024 * 1024
"""Bytes: a request is at most 6 MB (SageMaker API, InvokeEndpoint), and Base64 makes a third more of it."""

_EVENT_TIME = re.compile(r"(?:^|[,;&\s])event-time=([^,;&\s]+)")

Ids = npt.NDArray[np.str_]


@dataclass(frozen=True)
class Captured:
    """Predictions, one a row: `features` (rows, features) as the model takes them (NaN missing, -1 a value
    that training did not see), `at` in minutes since 1970 (UTC), by the event where the caller told it.
    """

    inference_id: Ids
    """The caller's id, or SageMaker's of the event; a batch's rows are `<id>/0`, `<id>/1` and so on."""
    variant: Ids
    at: Floats
    features: Matrix
    probability: Floats
    skipped: Mapping[str, int] = field(default_factory=dict)
    """Why lines were left out → how many."""

    def __len__(self) -> int:
        return len(self.probability)

    def of(self, chosen: npt.NDArray[Any]) -> Captured:
        """The chosen rows, by mask or by place."""
        return Captured(
            self.inference_id[chosen],
            self.variant[chosen],
            self.at[chosen],
            self.features[chosen],
            self.probability[chosen],
            self.skipped,
        )


@dataclass(frozen=True)
class Outcomes:
    """What became of predictions, one an id: the latest that was written. Times in minutes since 1970."""

    inference_id: Ids
    outcome: Floats
    known_at: Floats
    skipped: Mapping[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.outcome)


def read_captures(
    folder: Path,
    features: Sequence[Feature] | None,
    *,
    variant: str | None = None,
    single: bool = False,
) -> Captured:
    """Every capture below a folder, in the order of the files' names; of one `variant` or of all.

    Without `features` what was asked is not read: rows have none then. With `single` only requests of one
    row that carry the caller's id are read, as whoever joins by it needs them; others are counted.
    """
    ids: list[str] = []
    variants: list[str] = []
    moments: list[float] = []
    tables: list[Matrix] = []
    probabilities: list[float] = []
    skipped: Counter[str] = Counter()
    wanted = None if features is None else _Wanted.of(features)
    width = 0 if features is None else len(features)
    for path in sorted(folder.rglob("*.jsonl")):
        # <variant>/yyyy/mm/dd/hh/<file>
        of = path.parts[-6] if len(path.parts) >= 6 else ""
        if variant is not None and of != variant:
            continue
        rows: list[list[float]] = []
        for line in _lines(path, skipped):
            try:
                id, at, asked, answered = _line(line, wanted, single)
            except Foreign as reason:
                skipped[str(reason)] += 1
                continue
            alone = len(answered) == 1
            for number, (row, probability) in enumerate(zip(asked, answered, strict=True)):
                ids.append(id if alone else f"{id}/{number}")
                variants.append(of)
                moments.append(at)
                rows.append(row)
                probabilities.append(probability)
        tables.append(np.array(rows, dtype=np.float32).reshape(len(rows), width))
    return Captured(
        np.array(ids, dtype=np.str_),
        np.array(variants, dtype=np.str_),
        np.array(moments, dtype=np.float64),
        np.concatenate([np.empty((0, width), dtype=np.float32), *tables]),
        np.array(probabilities, dtype=np.float64),
        dict(skipped),
    )


def read_outcomes(folder: Path) -> Outcomes:
    """Every outcome below a folder; a file that is torn is counted and left out."""
    import duckdb

    skipped: Counter[str] = Counter()
    latest: dict[str, tuple[tuple[str, str], float, float]] = {}
    with duckdb.connect() as connection:
        for path in sorted(folder.rglob("*.parquet")):
            try:
                found = connection.execute(
                    "SELECT inference_id, outcome, happened_at, CAST(write_time AS VARCHAR), is_deleted"
                    " FROM read_parquet(?, hive_partitioning = false)",
                    [str(path)],
                ).fetchall()
            except duckdb.Error as error:
                known = isinstance(error, duckdb.BinderException)
                skipped["outcomes without our columns" if known else "outcomes that are no Parquet"] += 1
                continue
            for id, outcome, happened, written, deleted in found:
                at = _moment(happened)
                if deleted or not id or outcome is None or not math.isfinite(outcome) or at is None:
                    skipped["deleted outcome" if deleted else "outcome without id, value or time"] += 1
                    continue
                # The store appends: the newest happening wins, and of its copies the one written last.
                order = (f"{at:020.3f}", str(written))
                if id not in latest or order >= latest[id][0]:
                    latest[id] = (order, float(outcome), at)
    return Outcomes(
        np.array(list(latest), dtype=np.str_),
        np.array([value for _, value, _ in latest.values()], dtype=np.float64),
        np.array([at for _, _, at in latest.values()], dtype=np.float64),
        dict(skipped),
    )


def joined(captured: Captured, outcomes: Outcomes) -> tuple[Floats, Floats]:
    """Of each captured row its outcome and when that was known; NaN where there is none (yet)."""
    outcome = np.full(len(captured), np.nan)
    known_at = np.full(len(captured), np.nan)
    if len(outcomes) and len(captured):
        order = np.argsort(outcomes.inference_id, kind="stable")
        ordered = outcomes.inference_id[order]
        place = np.minimum(np.searchsorted(ordered, captured.inference_id), len(ordered) - 1)
        hit = ordered[place] == captured.inference_id
        outcome[hit] = outcomes.outcome[order][place[hit]]
        known_at[hit] = outcomes.known_at[order][place[hit]]
    return outcome, known_at


def _lines(path: Path, skipped: Counter[str]) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while line := file.readline(LARGEST_LINE):
                if len(line) >= LARGEST_LINE and not line.endswith(b"\n"):
                    skipped["line too long"] += 1
                    while rest := file.readline(LARGEST_LINE):
                        if rest.endswith(b"\n"):
                            break
                elif line.strip():
                    yield line
    except OSError as error:
        raise JobFailed(f"{path} cannot be read: {error}") from None


@dataclass(frozen=True)
class _Wanted:
    """The features that a row must have: name → place, and of a category value → code."""

    places: Mapping[str, int]
    codes: Sequence[Mapping[str, float] | None]

    @classmethod
    def of(cls, features: Sequence[Feature]) -> _Wanted:
        return cls(
            {one.name: place for place, one in enumerate(features)},
            [
                {value: float(code) for code, value in enumerate(one.values)}
                if one.kind == "category"
                else None
                for one in features
            ],
        )


def _line(
    line: bytes, wanted: _Wanted | None, single: bool
) -> tuple[str, float, list[list[float]], list[float]]:
    """Id, minutes, rows and probabilities of one captured request. Raises Foreign."""
    try:
        given = json.loads(line)
    except (ValueError, RecursionError):
        raise Foreign("torn line") from None
    try:
        about = given["eventMetadata"]
        parts = given["captureData"]
        own = about.get("inferenceId")
        id = own or about["eventId"]
        at = _at(about)
        said = answered_of(*body_of(parts["endpointOutput"]))
        rows: list[list[float]] = [[]] * len(said)
        if wanted is not None:
            rows = asked_of(*body_of(parts["endpointInput"]), wanted.places, wanted.codes)
    except (KeyError, TypeError, AttributeError):
        raise Foreign("no capture of a request and its answer") from None
    if not isinstance(id, str) or not id:
        raise Foreign("no id")
    if single and not own:
        raise Foreign("request without the caller's id")
    if single and len(said) > 1:
        raise Foreign("request of several rows")
    if len(rows) != len(said):
        raise Foreign("as many answers as rows are missing")
    return id, at, rows, said


def _at(about: Mapping[str, Any]) -> float:
    told = about.get("customAttributes") or ()
    for attributes in [told] if isinstance(told, str) else told:
        named = _EVENT_TIME.search(str(attributes))
        if named:
            at = _moment(named[1])
            if at is None:
                raise Foreign("event time that is none")
            return at
    at = _moment(about["inferenceTime"])
    if at is None:
        raise Foreign("no time")
    return at


def _moment(text: object) -> float | None:
    """Minutes since 1970 of ISO 8601; without a zone it is UTC."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() / 60
