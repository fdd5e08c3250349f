"""Captures and outcomes as an experiment needs them: who said what when, and what came of it."""

from __future__ import annotations

import base64
import json
import re
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from ml.container import JobFailed
from ml.experiments.observed import Observed

_EVENT_TIME = re.compile(r"(?:^|[,;&\s])event-time=([^,;&\s]+)")
_DEPTH = 6  # <variant>/yyyy/mm/dd/hh/<file>


class NoCaptures(JobFailed):
    """A folder holds nothing that could be read as a capture."""

    def __init__(self, folder: Path, skipped: Mapping[str, int]) -> None:
        why = ", ".join(f"{count} {reason}" for reason, count in skipped.items()) or "no .jsonl file"
        super().__init__(
            f"{folder} holds no prediction: {why}. It is the folder of an endpoint's data capture, "
            "<endpoint>/<variant>/yyyy/mm/dd/hh/*.jsonl; requests need an InferenceId."
        )


def read(captures: Path, outcomes: Path) -> tuple[Observed, dict[str, int]]:
    """The predictions with their outcomes, and why lines were left out → how many. Raises NoCaptures."""
    skipped: Counter[str] = Counter()
    known = _outcomes(outcomes, skipped)
    rows: list[tuple[str, str, float, float]] = []
    for path in sorted(captures.rglob("*.jsonl")):
        variant = path.parts[-_DEPTH] if len(path.parts) >= _DEPTH else ""
        for line in path.read_bytes().splitlines():
            try:
                rows.append((*_line(line, variant),))
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                skipped["lines that are no capture of one prediction with an id"] += 1
    if not rows:
        raise NoCaptures(captures, skipped)
    ids, variants, moments, said = zip(*rows, strict=True)
    return (
        Observed(
            inference_id=np.array(ids, dtype=np.str_),
            variant=np.array(variants, dtype=np.str_),
            at=np.array(moments, dtype=np.float64),
            probability=np.array(said, dtype=np.float64),
            outcome=np.array([known.get(one, np.nan) for one in ids], dtype=np.float64),
            latency=np.full(len(rows), np.nan),
        ),
        dict(skipped),
    )


def _line(line: bytes, variant: str) -> tuple[str, str, float, float]:
    capture = json.loads(line)
    about = capture["eventMetadata"]
    id = about["inferenceId"]
    output = capture["captureData"]["endpointOutput"]
    text = base64.b64decode(output["data"]) if output["encoding"] == "BASE64" else output["data"]
    kind = str(output.get("observedContentType") or "").partition(";")[0].strip()
    probability = _probability(text, kind)
    if not isinstance(id, str) or not id or not 0 <= probability <= 1:
        raise ValueError
    return id, variant, _at(about), probability


def _probability(text: bytes | str, kind: str) -> float:
    if kind == "text/csv":
        return float(text if isinstance(text, str) else text.decode())
    document = json.loads(text)
    predictions = (
        document["predictions"] if isinstance(document, dict) and "predictions" in document else [document]
    )
    (one,) = predictions
    return float(one["probability"] if isinstance(one, dict) else one)


def _at(about: Mapping[str, Any]) -> float:
    told = about.get("customAttributes") or ()
    for attributes in [told] if isinstance(told, str) else told:
        if named := _EVENT_TIME.search(str(attributes)):
            return _minutes(named[1])
    return _minutes(about["inferenceTime"])


def _minutes(text: object) -> float:
    moment = datetime.fromisoformat(str(text))
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() / 60


def _outcomes(folder: Path, skipped: Counter[str]) -> dict[str, float]:
    """Of each id the outcome that was written last."""
    import duckdb

    found: dict[str, float] = {}
    with duckdb.connect() as connection:
        for path in sorted(folder.rglob("*.parquet")):
            try:
                rows = connection.execute(
                    "SELECT inference_id, outcome FROM read_parquet(?, hive_partitioning = false)"
                    " WHERE outcome IS NOT NULL AND NOT coalesce(is_deleted, false) ORDER BY write_time",
                    [str(path)],
                ).fetchall()
            except duckdb.Error:
                skipped["files that hold no outcomes"] += 1
                continue
            found |= {str(id): float(outcome) for id, outcome in rows}
    return found
