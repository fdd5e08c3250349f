"""Captures and outcomes as they lie in S3, the hostile ones among them."""

import base64
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ml.monitoring.captured import joined, read_captures, read_outcomes
from ml.training.schema import Feature

FEATURES = (
    Feature(name="size", kind="number"),
    Feature(name="kind", kind="category", values=("a", "b")),
)
ROW = {"size": 1.5, "kind": "b"}
MOMENT = datetime(2013, 7, 4, 12, 30, tzinfo=UTC)


def _part(body: bytes, kind: str, encoding: str) -> dict[str, str]:
    text = base64.b64encode(body).decode() if encoding == "BASE64" else body.decode()
    return {"observedContentType": kind, "mode": "INPUT", "data": text, "encoding": encoding}


def _line(
    asked: bytes = json.dumps({"instances": [ROW]}).encode(),
    answered: bytes = b'{"predictions": [{"probability": 0.25}]}',
    kind: str = "application/json",
    encoding: str = "JSON",
    **about: Any,
) -> str:
    metadata = {"eventId": "e-1", "inferenceId": "f-1", "inferenceTime": "2026-11-25T10:00:00Z", **about}
    return json.dumps(
        {
            "captureData": {
                "endpointInput": _part(asked, kind, encoding),
                "endpointOutput": _part(answered, kind, encoding),
            },
            "eventMetadata": {name: value for name, value in metadata.items() if value is not None},
            "eventVersion": "0",
        }
    )


def _write(folder: Path, *lines: str | bytes, variant: str = "champion", name: str = "00-a.jsonl") -> None:
    path = folder / variant / "2026/11/25/10" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join((line if isinstance(line, bytes) else line.encode()) + b"\n" for line in lines))


def _npy(values: Any) -> bytes:
    written = io.BytesIO()
    np.save(written, np.asarray(values, dtype=np.float32))
    return written.getvalue()


FORMS = (
    (
        json.dumps({"instances": [ROW]}).encode(),
        b'{"predictions": [{"probability": 0.25}]}',
        "application/json",
    ),
    (b"1.5,b\n", b"0.25\n", "text/csv; charset=utf-8"),
    (json.dumps(ROW).encode(), b'{"probability": 0.25}', "application/jsonlines"),
    (_npy([[1.5, 1]]), _npy([0.25]), "application/x-npy"),
)


@pytest.mark.parametrize(
    ("asked", "answered", "kind", "encoding"),
    # What is no text SageMaker keeps in Base64 alone.
    [(*form, "BASE64") for form in FORMS]
    + [(*form, encoding) for form in FORMS[:3] for encoding in ("JSON", "CSV")],
)
def test_a_request_is_read_in_each_form_that_is_served(
    asked: bytes, answered: bytes, kind: str, encoding: str, tmp_path: Path
) -> None:
    _write(tmp_path, _line(asked, answered, kind, encoding))
    found = read_captures(tmp_path, FEATURES)
    assert found.skipped == {}
    assert found.features.tolist() == [[1.5, 1.0]]
    assert found.probability.tolist() == [0.25]
    assert found.inference_id.tolist() == ["f-1"]
    assert found.variant.tolist() == ["champion"]


@pytest.mark.parametrize(
    "attributes",
    [
        ["event-time=2013-07-04T12:30:00Z"],
        ["event-time=2013-07-04T08:30:00-04:00"],
        ["trace=1,event-time=2013-07-04T12:30:00+00:00;more=2"],
        "event-time=2013-07-04T12:30:00",
    ],
)
def test_the_time_is_that_of_the_event_where_the_caller_told_it(attributes: Any, tmp_path: Path) -> None:
    _write(tmp_path, _line(customAttributes=attributes))
    assert read_captures(tmp_path, FEATURES).at.tolist() == [MOMENT.timestamp() / 60]


def test_otherwise_it_is_that_of_the_request(tmp_path: Path) -> None:
    _write(tmp_path, _line(), _line(customAttributes=["trace=1"]))
    expected = datetime(2026, 11, 25, 10, tzinfo=UTC).timestamp() / 60
    assert read_captures(tmp_path, FEATURES).at.tolist() == [expected] * 2


def test_a_batch_is_as_many_rows_each_with_an_id(tmp_path: Path) -> None:
    asked = json.dumps({"instances": [ROW, {"kind": None, "size": None}, {"size": 2, "kind": "z"}]}).encode()
    answered = b'{"predictions": [{"probability": 0.1}, {"probability": 0.2}, {"probability": 0.3}]}'
    _write(tmp_path, _line(asked, answered), _line(asked, answered, inferenceId=None))
    found = read_captures(tmp_path, FEATURES)
    assert found.inference_id.tolist() == ["f-1/0", "f-1/1", "f-1/2", "e-1/0", "e-1/1", "e-1/2"]
    assert np.isnan(found.features[1]).all()
    # A value that training did not see is no missing one.
    assert found.features[2].tolist() == [2.0, -1.0]


def test_who_joins_by_the_callers_id_reads_single_requests_that_carry_it(tmp_path: Path) -> None:
    asked = json.dumps({"instances": [ROW, ROW]}).encode()
    answered = b'{"predictions": [{"probability": 0.1}, {"probability": 0.2}]}'
    _write(tmp_path, _line(), _line(inferenceId=None), _line(asked, answered))
    found = read_captures(tmp_path, FEATURES, single=True)
    assert found.inference_id.tolist() == ["f-1"]
    assert found.skipped == {"request without the caller's id": 1, "request of several rows": 1}


def test_without_features_what_was_asked_is_not_read(tmp_path: Path) -> None:
    _write(tmp_path, _line(asked=b"nothing of ours"))
    found = read_captures(tmp_path, None)
    assert found.probability.tolist() == [0.25]
    assert found.features.shape == (1, 0)


def test_one_variant_alone_is_read_where_it_is_named(tmp_path: Path) -> None:
    _write(tmp_path, _line(), variant="champion")
    _write(tmp_path, _line(), variant="shadow-x")
    assert len(read_captures(tmp_path, FEATURES)) == 2
    assert read_captures(tmp_path, FEATURES, variant="champion").variant.tolist() == ["champion"]


def test_what_is_no_capture_of_ours_is_counted_with_its_reason_and_takes_nothing_along(
    tmp_path: Path,
) -> None:
    whole = _line()
    hostile = {
        "torn line": [whole[: len(whole) // 2], b"\xff\xfe\x00", "[" * 100_000],
        "no capture of a request and its answer": ["{}", "[]", "null", "7", '{"captureData": 3}'],
        "body that is no JSON": [_line(asked=b"{"), _line(answered=b"<html>")],
        "no instances": [_line(asked=b'{"rows": []}')],
        "a feature is missing": [_line(asked=b'{"instances": [{"size": 1}]}')],
        "value that is no number": [_line(asked=b'{"instances": [{"size": [1], "kind": "a"}]}')],
        "row that is no row of ours": [_line(asked=b'{"instances": ["a", 7]}')],
        "another number of features": [_line(b"1,2,3\n", b"0.5\n", "text/csv", "CSV")],
        "as many answers as rows are missing": [_line(answered=b'{"predictions": []}')],
        "answer without a probability": [
            _line(answered=b'{"predictions": [{"label": 1}]}'),
            _line(answered=b'{"predictions": [{"probability": 7}]}'),
            _line(answered=b'{"predictions": [{"probability": NaN}]}'),
        ],
        "event time that is none": [_line(customAttributes=["event-time=yesterday"])],
        "no time": [_line(inferenceTime="soon")],
        "torn body": [_line().replace('"JSON"', '"BASE64"')],
        "body that is no array": [_line(b"\x93NUMPY", b"", "application/x-npy", "BASE64")],
    }
    _write(tmp_path, whole, *(line for lines in hostile.values() for line in lines), whole)
    found = read_captures(tmp_path, FEATURES)
    assert found.skipped == {reason: len(lines) for reason, lines in hostile.items()}
    assert found.probability.tolist() == [0.25, 0.25]


def test_infinities_and_what_single_precision_cannot_hold_are_missing(tmp_path: Path) -> None:
    rows = b'{"instances": [{"size":1e400, "kind":"a"}, {"size":NaN, "kind":"a"}, {"size":1e39, "kind":"b"}]}'
    answers = b'{"predictions": [0.1, 0.2, 0.3]}'
    _write(tmp_path, _line(rows, answers))
    assert np.isnan(read_captures(tmp_path, FEATURES).features[:, 0]).all()


def _outcomes(folder: Path, name: str, rows: list[tuple[str, float | None, str, bool]]) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    folder.mkdir(parents=True, exist_ok=True)
    columns = {
        "inference_id": pa.array([row[0] for row in rows], pa.string()),
        "happened_at": pa.array([row[2] for row in rows], pa.string()),
        "outcome": pa.array([row[1] for row in rows], pa.float64()),
        "predicted": pa.array([0.5 for _ in rows], pa.float64()),
        "subject": pa.array(["" for _ in rows], pa.string()),
        "write_time": pa.array([MOMENT for _ in rows], pa.timestamp("ms", "UTC")),
        "is_deleted": pa.array([row[3] for row in rows], pa.bool_()),
    }
    parquet.write_table(pa.table(columns), folder / name)


def test_of_an_appended_outcome_the_latest_wins_and_torn_files_are_counted(tmp_path: Path) -> None:
    day = tmp_path / "data/year=2013/month=07/day=04/hour=12"
    _outcomes(
        day,
        "1.parquet",
        [
            ("f-1", 0.0, "2013-07-04T12:00:00Z", False),
            ("f-2", 1.0, "2013-07-04T12:00:00Z", False),
            ("f-3", None, "2013-07-04T12:00:00Z", False),
            ("f-4", 1.0, "no time", False),
            ("f-5", 1.0, "2013-07-04T12:00:00Z", True),
        ],
    )
    _outcomes(day, "2.parquet", [("f-1", 1.0, "2013-07-04T13:00:00Z", False)])
    (day / "3.parquet").write_bytes(b"PAR1 torn")
    found = read_outcomes(tmp_path)
    assert dict(zip(found.inference_id.tolist(), found.outcome.tolist(), strict=True)) == {
        "f-1": 1.0,
        "f-2": 1.0,
    }
    assert found.skipped == {
        "outcome without id, value or time": 2,
        "deleted outcome": 1,
        "outcomes that are no Parquet": 1,
    }


def test_predictions_and_outcomes_meet_by_the_id(tmp_path: Path) -> None:
    _write(tmp_path / "captures", _line(), _line(inferenceId="f-9"))
    _outcomes(tmp_path / "outcomes", "1.parquet", [("f-1", 1.0, "2013-07-04T12:30:00Z", False)])
    outcome, known_at = joined(
        read_captures(tmp_path / "captures", FEATURES), read_outcomes(tmp_path / "outcomes")
    )
    assert outcome[0] == 1
    assert known_at[0] == MOMENT.timestamp() / 60
    assert np.isnan(outcome[1])


def test_empty_folders_are_no_captures_and_no_outcomes(tmp_path: Path) -> None:
    captured, outcomes = read_captures(tmp_path, FEATURES), read_outcomes(tmp_path)
    assert (len(captured), len(outcomes)) == (0, 0)
    assert captured.features.shape == (0, 2)
    assert len(joined(captured, outcomes)[0]) == 0
