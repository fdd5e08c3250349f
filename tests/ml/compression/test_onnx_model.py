"""Whether the ONNX model says what XGBoost says, whatever the rows hold."""

import numpy as np
import pytest
import xgboost

from ml.compression.onnx_model import (
    LARGEST_DIFFERENCE,
    NotTheSameModel,
    probabilities,
    require_same,
    to_onnx,
)
from ml.training.calibration import Calibration

CATEGORIES = 9
SCALE = Calibration(slope=1.3, intercept=-0.4)


def rows(count: int, seed: int) -> np.ndarray:
    """Two numbers and two categories (one with more values than fit one-hot splits), a fifth missing."""
    random = np.random.default_rng(seed)
    values = np.column_stack(
        [
            random.normal(0, 1e3, count),
            random.integers(-5, 5, count),
            random.integers(0, CATEGORIES, count),
            random.integers(0, 2, count),
        ]
    ).astype(np.float32)
    values[random.random(values.shape) < 0.2] = np.nan
    return values


@pytest.fixture(scope="module")
def booster() -> xgboost.Booster:
    values = rows(4000, 1)
    label = (np.nan_to_num(values[:, 2]) % 3 == 1) ^ (np.nan_to_num(values[:, 0]) > 300)
    types = ["float", "float", "c", "c"]
    data = xgboost.DMatrix(values, label, feature_types=types, enable_categorical=True)
    parameters = {"objective": "binary:logistic", "max_cat_to_onehot": 4, "max_depth": 6, "base_score": 0.2}
    return xgboost.train(parameters, data, 40)


def native(booster: xgboost.Booster, values: np.ndarray) -> np.ndarray:
    margins = booster.inplace_predict(values, predict_type="margin", validate_features=False)
    return SCALE.probabilities(np.asarray(margins, dtype=np.float64))


def test_categories_and_missing_values_go_the_same_way(booster: xgboost.Booster) -> None:
    split_kinds = {line for tree in booster.get_dump() for line in tree.splitlines() if ":{" in line}
    assert split_kinds, "the model has no set of categories to split by"
    values = rows(5000, 2)
    values[0] = np.nan
    said = probabilities(to_onnx(booster, SCALE), values)
    assert said.shape == (5000,)
    assert said.dtype == np.float32
    np.testing.assert_allclose(said, native(booster, values), rtol=0, atol=LARGEST_DIFFERENCE)


def test_values_on_a_split_go_the_same_way(booster: xgboost.Booster) -> None:
    table = booster.trees_to_dataframe()
    splits = table[table["Feature"] == "f0"]["Split"].to_numpy(dtype=np.float32)
    assert len(splits) > 20
    values = np.full((len(splits), 4), np.nan, dtype=np.float32)
    values[:, 0] = splits
    said = probabilities(to_onnx(booster, SCALE), values)
    np.testing.assert_allclose(said, native(booster, values), rtol=0, atol=LARGEST_DIFFERENCE)


def test_the_same_booster_gives_the_same_bytes(booster: xgboost.Booster) -> None:
    assert to_onnx(booster, SCALE) == to_onnx(booster, SCALE)


def test_a_model_that_says_something_else_is_refused(booster: xgboost.Booster) -> None:
    values = rows(100, 3)
    other = to_onnx(booster, Calibration(slope=1.3, intercept=-0.39))
    with pytest.raises(NotTheSameModel, match="differ from XGBoost's"):
        require_same(other, values, native(booster, values), LARGEST_DIFFERENCE)
    with pytest.raises(NotTheSameModel):
        require_same(other, values, np.full(100, np.nan), LARGEST_DIFFERENCE)
