"""Whether the served model answers every request or says what is wrong with it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xgboost

from ml.container import write_json
from ml.serving import inference
from ml.serving.inference import BadRequest, BrokenModel, Model
from ml.training.schema import Feature, contract

FEATURES = (
    Feature(name="carrier", kind="category", values=("AA", "UA")),
    Feature(name="wind", kind="number"),
    Feature(name="delay", kind="number"),
)
ROW: dict[str, Any] = {"carrier": "UA", "wind": 12.5, "delay": None}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    random = np.random.default_rng(7)
    values = np.column_stack([random.integers(0, 2, 500), random.normal(size=(500, 2))]).astype(np.float32)
    types = [feature.xgboost_type for feature in FEATURES]
    data = xgboost.QuantileDMatrix(
        values, values[:, 1] + values[:, 0] > 0.5, feature_types=types, enable_categorical=True
    )
    booster = xgboost.train({"objective": "binary:logistic", "max_depth": 3}, data, 8)
    target = tmp_path_factory.mktemp("model")
    booster.save_model(str(target / "model.ubj"))
    write_json(target / "contract.json", contract(FEATURES, rounds=8, slope=0.9, intercept=-0.1))
    return target


@pytest.fixture
def model(folder: Path) -> Model:
    return inference.model_fn(str(folder))


def body(*rows: object) -> bytes:
    return json.dumps({"instances": rows}).encode()


def ask(model: Model, content: bytes | str, kind: str = inference.JSON, accept: str = inference.JSON) -> str:
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
    assert inference.predict_fn(rows, model) == pytest.approx(1 / (1 + np.exp(-(0.9 * margin - 0.1))))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (body(), "The request has 0 rows; allowed: 1 to 10000."),
        (b"{", "The body is not JSON"),
        (b"[1, 2]", 'must be {"instances": ['),
        (b'{"instances": 3}', 'must be {"instances": ['),
        (b"\xff\xfe", "The body is not JSON"),
        (b"[" * 100_000, "The body is not JSON"),
        (body(ROW, 5), "row 1: 5 is not an object"),
        (body(ROW, {"carrier": "UA", "wind": 1}), "row 1, 'delay': missing"),
        (body(ROW | {"wnd": 1}), "row 0, 'wnd': no such feature"),
        (body(ROW | {"wind": "strong"}), "row 0, 'wind': 'strong' is not a number"),
        (body(ROW | {"wind": True}), "row 0, 'wind': True is not a number"),
        (body(ROW | {"wind": 1e39}), "row 0, 'wind': 1e+39 is not finite"),
        (body(ROW | {"wind": 10**400}), "row 0, 'wind': 1000000"),
        (body(ROW | {"wind": float("nan")}), "NaN is not a JSON number"),
        (body(ROW | {"wind": float("inf")}), "Infinity is not a JSON number"),
        (body(ROW | {"carrier": "ZZ"}), "row 0, 'carrier': 'ZZ' is no known value; allowed: AA, UA"),
        (body(ROW | {"carrier": ["UA"]}), "row 0, 'carrier': ['UA'] is no known value"),
    ],
)
def test_a_bad_body_is_told_by_row_and_column(model: Model, content: bytes, told: str) -> None:
    with pytest.raises(BadRequest) as caught:
        ask(model, content)
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
    ],
)
def test_a_bad_row_of_csv_is_told_by_row_and_column(model: Model, content: str, told: str) -> None:
    with pytest.raises(BadRequest) as caught:
        ask(model, content, "text/csv")
    assert told in str(caught.value)


def test_another_content_type_is_refused(model: Model) -> None:
    with pytest.raises(inference.UnsupportedType, match="application/x-npy"):
        ask(model, b"", "application/x-npy")


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
