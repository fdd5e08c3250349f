"""A small model of two kinds of features, and real server processes of it."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import xgboost

sys.path.insert(0, str(Path(__file__).parent))  # pytest imports by file: what tests share is not found else

from served import FEATURES, INTERCEPT, ROOT, ROUNDS, SLOPE, Served, Start

from ml.compression.onnx_model import to_onnx
from ml.container import write_json
from ml.serving import inference
from ml.training.calibration import Calibration
from ml.training.schema import contract


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model's folder, as training writes it."""
    random = np.random.default_rng(7)
    values = np.column_stack([random.integers(0, 2, 500), random.normal(size=(500, 2))]).astype(np.float32)
    values[random.random(values.shape) < 0.1] = np.nan
    types = [feature.xgboost_type for feature in FEATURES]
    labels = np.nan_to_num(values[:, 1]) + np.nan_to_num(values[:, 0]) > 0.5
    data = xgboost.QuantileDMatrix(values, labels, feature_types=types, enable_categorical=True)
    booster = xgboost.train({"objective": "binary:logistic", "max_depth": 3}, data, ROUNDS)
    target = tmp_path_factory.mktemp("model")
    booster.save_model(str(target / "model.ubj"))
    (target / "model.onnx").write_bytes(to_onnx(booster, Calibration(SLOPE, INTERCEPT)))
    write_json(target / "contract.json", contract(FEATURES, rounds=ROUNDS, slope=SLOPE, intercept=INTERCEPT))
    (target / "code").mkdir()
    shutil.copyfile(ROOT / "ml/serving/inference.py", target / "code" / "inference.py")
    return target


@pytest.fixture(scope="session")
def model(folder: Path) -> inference.Model:
    """The model as the framework image's handlers load it."""
    return inference.model_fn(str(folder))


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package where the image has it: in a folder of another name, without the rest of `ml`."""
    target = tmp_path_factory.mktemp("opt") / "serving"
    shutil.copytree(ROOT / "ml/serving", target, ignore=shutil.ignore_patterns("__pycache__"))
    return target


@pytest.fixture(scope="session")
def starting(folder: Path, installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Starts a server as the image does; settings are environment variables."""
    running: list[Served] = []

    def start(model: Path = folder, **settings: str) -> Served:
        environment = {
            "PATH": os.environ["PATH"],
            "SAGEMAKER_BIND_TO_PORT": "0",
            "SM_MODEL_DIR": str(model),
            "SERVING_WORKERS": "1",
            **settings,
        }
        errors = tmp_path_factory.mktemp("served") / "errors"
        served = Served([sys.executable, str(installed), "serve"], environment, errors)
        running.append(served)
        return served

    yield start
    for served in running:
        served.end()


@pytest.fixture(scope="session")
def server(starting: Start) -> Served:
    """One server of the default settings, for the tests that leave it as it was."""
    return starting()
