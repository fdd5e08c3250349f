"""Whether the served model answers every request or says what is wrong with it."""

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
import xgboost
from hypothesis import given
from hypothesis import strategies as st
from served import FEATURES, INTERCEPT, ROW, SLOPE, body

from ml.container import write_json
from ml.serving import inference
from ml.serving.inference import CSV, JSON, JSON_LINES, NPY, TYPES, BadRequest, BrokenModel, Model, Reader
from ml.training.schema import Feature, contract


def _codes(feature: Feature) -> dict[str, int] | None:
    return dict(zip(feature.values, range(9), strict=False)) if feature.kind == "category" else None


READERS = [
    Reader([inference.Feature(one.name, _codes(one)) for one in FEATURES], loads=loads)
    for loads in (None, orjson.loads)
]
"""As the framework image reads, and as the server does."""


def ask(model: Model, content: bytes | str, kind: str = JSON, accept: str = JSON) -> Any:
    return inference.output_fn(inference.predict_fn(inference.input_fn(content, kind), model), accept)[0]


def test_each_row_gets_a_probability(model: Model) -> None:
    answer = json.loads(ask(model, body(ROW, ROW | {"carrier": "AA", "wind": -3})))
    first, second = (prediction["probability"] for prediction in answer["predictions"])
    assert 0 < second < first < 1


def test_csv_and_json_agree(model: Model) -> None:
    said = json.loads(ask(model, body(ROW)))["predictions"][0]["probability"]
    assert float(ask(model, "UA,12.5,\n", "text/csv; charset=utf-8", "text/csv")) == said


def test_the_answer_is_the_calibrated_margin(model: Model) -> None:
    rows = inference.input_fn(body(ROW))
    margin = model.booster.predict(
        xgboost.DMatrix(
            rows, feature_types=[feature.xgboost_type for feature in FEATURES], enable_categorical=True
        ),
        output_margin=True,
    )
    assert inference.predict_fn(rows, model) == pytest.approx(1 / (1 + np.exp(-(SLOPE * margin + INTERCEPT))))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (body(), "The request has 0 rows; allowed: 1 to 10000."),
        (b"{", "The body is not JSON"),
        (b"[1, 2]", 'must be {"instances": ['),
        (b'{"instances": 3}', 'must be {"instances": ['),
        (b"\xff\xfe", "The body is not JSON"),
        (b"[" * 30_000, "The body is not JSON: it is nested too deep"),
        (b"[" * 10_000_000, "The body holds more values than 10000 rows of 3 have."),
        (b'{"instances": [' + b"0," * 500_000 + b"0]}", "The body holds more values than 10000 rows"),
        (body(*[ROW] * 10_001), "The request has 10001 rows; allowed: 1 to 10000."),
        (b'{"instances": [], "instances": []}', "Beside one 'instances' the body holds another"),
        (b'{"instances": [], "explain": 5}', "Beside one 'instances' the body holds 'explain'"),
        (
            b'{"instances": [{"carrier": "UA", "wind": 1, "delay": 2, "wind": 3}]}',
            "row 0, 'wind': given twice",
        ),
        (
            b'{"instances": [{"carrier": "UA", "wind": 1, "delay": 2, "w\\u0069nd": 3}]}',
            "row 0, 'wind': given twice",
        ),
        (b'{"instances": [{"carrier": "\xff", "wind": 1, "delay": 2}]}', "not JSON in UTF-8"),
        ('{"instances": []}'.encode("utf-16"), "not JSON in UTF-8"),
        (body(ROW) + b"{}", "The body is not JSON: Extra data"),
        (b"", "The body is not JSON"),
        (body(ROW, 5), "row 1: 5 is not an object"),
        (body(ROW, {"carrier": "UA", "wind": 1}), "row 1, 'delay': missing"),
        (body(ROW | {"wnd": 1}), "row 0, 'wnd': no such feature"),
        (body(ROW | {"wind": "strong"}), "row 0, 'wind': 'strong' is not a number"),
        (body(ROW | {"wind": True}), "row 0, 'wind': True is not a number"),
        (body(ROW | {"wind": 1e39}), "row 0, 'wind': 1e+39 is not finite"),
        (body(ROW | {"wind": 3.4028235677973366e38}), "row 0, 'wind': 3.4028235677973366e+38 is not finite"),
        (
            body(*[ROW] * 9, ROW | {"wind": -3.4028235677973366e38}),
            "row 9, 'wind': -3.4028235677973366e+38 is",
        ),
        (body(ROW).replace(b"12.5", b"1e999"), "row 0, 'wind': inf is not finite"),
        (body(ROW | {"wind": 10**400}), "row 0, 'wind': 1000000"),
        (body(ROW | {"wind": float("nan")}), "NaN is not a JSON number"),
        (body(ROW | {"wind": float("inf")}), "Infinity is not a JSON number"),
        (body(ROW | {"carrier": "ZZ"}), "row 0, 'carrier': 'ZZ' is no known value; allowed: AA, UA"),
        (body(ROW).replace(b"12.5", b"1" + b"0" * 5000), "The body is not JSON: Exceeds the limit"),
        (body(ROW | {"carrier": ["UA"]}), "row 0, 'carrier': ['UA'] is no known value"),
        (body(ROW | {"carrier": True}), "row 0, 'carrier': True is no known value"),
    ],
)
@pytest.mark.parametrize("reader", READERS)
def test_a_bad_body_is_told_by_row_and_column(reader: Reader, content: bytes, told: str) -> None:
    with pytest.raises(BadRequest) as caught:
        reader.read(content, JSON)
    assert told in str(caught.value)
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("UA,1\n", "row 0: 2 fields; allowed: 3"),
        ("UA,1,2\nUA,strong,2\n", "row 1, 'wind': 'strong' is not a number"),
        ("UA,nan,2\n", "row 0, 'wind': nan is not finite"),
        ("", "The request has 0 rows"),
        ('"UA,1,2\n', "not CSV"),
        ("UA,1_0,2\n", "row 0, 'wind': '1_0' is not a number"),
        ("UA,\u0661,2\n", "row 0, 'wind': '\u0661' is not a number"),
        ("UA,1e39,2\n", "row 0, 'wind': 1e+39 is not finite"),
        ("UA,1," + "2" * 200_000, "field larger than field limit"),
        ("," * 10_000_000, "The body holds more values than 10000 rows of 3 have."),
        ("UA,1,2\n" * 10_001, "The request has 10001 rows"),
    ],
)
@pytest.mark.parametrize("reader", READERS)
def test_a_bad_row_of_csv_is_told_by_row_and_column(reader: Reader, content: str, told: str) -> None:
    with pytest.raises(BadRequest) as caught:
        reader.read(content.encode(), CSV)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "The request has 0 rows"),
        (b'{"carrier": "UA", "wind": 1, "delay": 2}\n{"carrier": "UA"', "row 1: not JSON"),
        (b'{"carrier": "UA", "wind": 1}\n', "row 0, 'delay': missing"),
        (b'{"carrier": "UA", "wind": 1, "wind": 1, "delay": 2}\n', "row 0, 'wind': given twice"),
        (b'{"carrier": "UA", "wind": 1, "delay": 2}, {"carrier": "UA"}\n', "row 0: not JSON"),
        (b'{"instances": []}\n', "row 0, 'instances': no such feature"),
        (b"\xc3\x28\n", "not JSON lines in UTF-8"),
        (b"[" * 30_000, "row 0: not JSON: it is nested too deep"),
    ],
)
@pytest.mark.parametrize("reader", READERS)
def test_a_bad_line_of_json_is_told_by_row_and_column(reader: Reader, content: bytes, told: str) -> None:
    with pytest.raises(BadRequest) as caught:
        reader.read(content, JSON_LINES)
    assert told in str(caught.value)


def npy(values: Any, **how: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, np.asarray(values, **how), allow_pickle=True)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "no npy file"),
        (npy([[1.0, 2.0, 3.0]])[:-1], "The array has 23 bytes; 1 rows need 24."),
        (npy([[1.0, 2.0, 3.0]]) + b"x", "The array has 25 bytes; 1 rows need 24."),
        (npy([1.0, 2.0, 3.0]), "of the shape (rows, 3)"),
        (npy([[1.0, 2.0]]), "The array has 2 columns; allowed: 3"),
        (npy(np.empty((0, 3))), "The request has 0 rows"),
        (npy(np.zeros((10_001, 3), "i1")), "The request has 10001 rows"),
        (npy([[1, 2, None]], dtype=object), "no npy file"),
        (npy([["1", "2", "3"]]), "no npy file"),
        (npy([[1j, 2, 3]]), "no npy file"),
        (npy([[1.0, 2.0, 3.0]]).replace(b"(1, 3)", b"(999999999, 3)"), "no npy file"),
        (npy([[1.0, 2.0, 3.0]]).replace(b"(1, 3), }   ", b"(9999, 3), }"), "The array has 24 bytes"),
        (npy([[1.0, 2.0, 3.0]]).replace(b"False", b"exit()"), "no npy file"),
        (npy([[0.0, np.inf, 1.0]]), "row 0, 'wind': inf is not finite"),
        (npy([[0.0, 1.0, 1e39]]), "row 0, 'delay': 1e+39 is not finite"),
        (
            npy([[0.0, 1.0, 1.0], [2.0, 1.0, 1.0]]),
            "row 1, 'carrier': 2.0 is no code; allowed: 0 to 1, or NaN",
        ),
        (npy([[0.5, 1.0, 1.0]]), "row 0, 'carrier': 0.5 is no code"),
        (npy([[-1, 1, 1]]), "row 0, 'carrier': -1.0 is no code"),
    ],
)
def test_a_bad_npy_is_told_by_row_and_column(content: bytes, told: str) -> None:
    with pytest.raises(BadRequest) as caught:
        READERS[0].read(content, NPY)
    assert told in str(caught.value)


@pytest.mark.parametrize("count", [1, 8, 9])
@pytest.mark.parametrize("reader", READERS)
def test_the_largest_numbers_of_single_precision_are_read(reader: Reader, count: int) -> None:
    largest = 3.4028235677973362e38
    rows = reader.read(body(*[ROW | {"wind": largest, "delay": -largest}] * count), JSON)
    assert rows[:, 1:].tolist() == [[np.finfo(np.float32).max, np.finfo(np.float32).min]] * count
    assert rows.flags.c_contiguous


def test_every_format_of_the_same_rows_is_read_as_the_same_rows() -> None:
    rows: list[dict[str, Any]] = [ROW, ROW | {"carrier": None, "delay": -3}, ROW | {"carrier": "AA"}]
    expected = np.array([[1, 12.5, np.nan], [np.nan, 12.5, -3], [0, 12.5, np.nan]], dtype=np.float32)
    lines = "\r\n\n".join(json.dumps(row) for row in rows).encode()
    fields = b"UA,12.5,\r\n,12.5,-3\n\nAA,1.25e1,\n"
    bodies = [(body(*rows), JSON), (lines, JSON_LINES), (fields, CSV)]
    bodies += [
        (npy(expected), NPY),
        (npy(expected, dtype="<f8"), NPY),
        (npy(np.asfortranarray(expected)), NPY),
    ]
    for content, kind in bodies:
        for reader in READERS:
            read = reader.read(content, kind)
            assert read.dtype == np.float32
            assert np.array_equal(read, expected, equal_nan=True), kind


_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.sampled_from(["AA", "UA", "ZZ", "", "12", ":"]),
    st.lists(st.integers(), max_size=1),
)
_NAMES = st.sampled_from(["carrier", "wind", "delay", "delay", "w:nd", "instances"])


@given(
    st.lists(st.lists(st.tuples(_NAMES, _SCALARS), max_size=5), max_size=3),
    st.booleans(),
    st.sampled_from([0, 7, 9]),
)
def test_the_quick_reading_and_the_careful_one_never_differ(
    rows: list[list[tuple[str, Any]]], usual: bool, more: int
) -> None:
    """Objects may hold a key twice, and every kind of value; half of them begin as a right row."""
    begun = [list((ROW | dict(row)).items()) + row[3:] if usual else row for row in rows]
    begun += [list(ROW.items())] * more
    objects = ["{" + ", ".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in row) + "}" for row in begun]
    whole, lines = '{"instances": [' + ", ".join(objects) + "]}", "\n".join(objects)
    for content, kind in ((whole, JSON), (lines, JSON_LINES)):
        told = []
        for reader in (*READERS, _Careful(READERS[0].features)):
            try:
                told.append(reader.read(content.encode(), kind).tobytes())
            except BadRequest as error:
                told.append(str(error).encode())
        assert len(set(told)) == 1, told


class _Careful(Reader):
    """Reads value by value alone."""

    def _quick(self, records: list[Any]) -> None:
        return None


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("text/csv", CSV),
        ("text/*;q=0.5, application/x-npy;q=0.9", NPY),
        ("text/html, application/jsonlines;q=0.2", JSON_LINES),
        ("application/json;q=0, text/csv", CSV),
        ("Application/JSON; charset=utf-8", JSON),
    ],
)
def test_the_type_that_is_wanted_most_is_written(accept: str, kind: str) -> None:
    assert inference.answer_type(accept) == kind


@pytest.mark.parametrize("accept", ["text/html", "application/json;q=0", "image/*", "application/json;q=x"])
def test_a_type_that_is_not_written_is_refused(accept: str) -> None:
    with pytest.raises(inference.NotAcceptable, match="cannot be answered; allowed: application/json"):
        inference.answer_type(accept)


@pytest.mark.parametrize("kind", TYPES)
def test_every_type_of_answer_says_the_same(kind: str) -> None:
    values = np.array([0.25, 0.123456, 1e-7], dtype=np.float32)
    answer, told = inference.output_fn(values, kind)
    assert told == kind
    if kind == NPY:
        assert isinstance(answer, bytes)
        said = np.load(io.BytesIO(answer)).tolist()
    elif kind == CSV:
        said = [float(line) for line in answer.splitlines()]
    else:
        assert isinstance(answer, str)
        objects = json.loads(answer)["predictions"] if kind == JSON else map(json.loads, answer.splitlines())
        said = [one["probability"] for one in objects]
    assert said == pytest.approx([0.25, 0.123456, 0], abs=5e-7)


@pytest.mark.parametrize("kind", ["text/html", "application/json; charset=latin-1", "application/x-pickle"])
def test_another_content_type_is_refused(model: Model, kind: str) -> None:
    with pytest.raises(inference.UnsupportedType, match="allowed: application/json, "):
        ask(model, b"", kind)


def test_a_batch_gives_what_its_rows_give_alone(model: Model) -> None:
    rows = [ROW | {"wind": wind} for wind in (-2.0, 0.1, 3.0)]
    together = json.loads(ask(model, body(*rows)))["predictions"]
    assert together == [json.loads(ask(model, body(row)))["predictions"][0] for row in rows]


def test_a_model_of_another_contract_does_not_start(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "model.ubj").write_bytes((folder / "model.ubj").read_bytes())
    write_json(tmp_path / "contract.json", contract(FEATURES[:2], rounds=8, slope=1, intercept=0))
    with pytest.raises(BrokenModel, match="2 features"):
        inference.model_fn(str(tmp_path))


def test_a_truncated_model_does_not_start(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "model.ubj").write_bytes((folder / "model.ubj").read_bytes()[:200])
    (tmp_path / "contract.json").write_bytes((folder / "contract.json").read_bytes())
    with pytest.raises(BrokenModel):
        inference.model_fn(str(tmp_path))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"version": 9}, "version 9; this server reads"),
        ({"features": []}, "0 features"),
        ({"features": [{"name": "a", "type": "number"}] * 2}, "2 features with 1 names"),
        ({"features": [{"name": "a", "type": "text"}]}, "of the type 'text'"),
        ({"calibration": {"slope": "steep", "intercept": 0}}, "cannot be read"),
        ({"calibration": {"slope": 1e999, "intercept": 0}}, "not finite"),
    ],
)
def test_a_contract_that_says_nothing_clear_is_refused(
    folder: Path, tmp_path: Path, change: dict[str, Any], told: str
) -> None:
    document = json.loads((folder / "contract.json").read_text()) | change
    (tmp_path / "contract.json").write_text(json.dumps(document))
    with pytest.raises(BrokenModel, match=told):
        inference.read_contract(tmp_path)


def test_the_file_stands_alone(folder: Path) -> None:
    """As in the framework image: the archive's own copy, with nothing of ours to import."""
    program = (
        "import json, sys; sys.path.insert(0, sys.argv[1] + '/code'); import inference as one; "
        "model = one.model_fn(sys.argv[1]); "
        "print(one.output_fn(one.predict_fn(one.input_fn(sys.argv[2]), model))[0]); "
        "sys.exit(any(name.split('.')[0] in ('ml', 'orjson', 'onnxruntime') for name in sys.modules))"
    )
    command = [sys.executable, "-c", program, str(folder), body(ROW).decode()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, cwd="/")
    assert 0 < json.loads(done.stdout)["predictions"][0]["probability"] < 1
