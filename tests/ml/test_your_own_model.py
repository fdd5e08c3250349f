"""Whether the guide leads to a model: its use case, on other data than flights, goes through all the jobs."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ml.compression.onnx_model import probabilities

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package with the guide's folder in it, as the guide says."""
    folder = tmp_path_factory.mktemp("clone")
    kept = shutil.ignore_patterns("__pycache__", "wheels")
    shutil.copytree(ROOT / "ml", folder / "ml", ignore=kept)
    shutil.copytree(ROOT / "docs" / "guides" / "phishing", folder / "ml" / "phishing", ignore=kept)
    return folder


def run(clone: Path, *arguments: str) -> str:
    out = clone / "out"
    environment = os.environ | {
        "PYTHONPATH": str(clone),
        "SM_CHANNEL_TRAIN": str(out / "train"),
        "SM_CHANNEL_VALIDATION": str(out / "validation"),
        "SM_MODEL_DIR": str(out / "model"),
        "SM_OUTPUT_DIR": str(out / "failure"),
    }
    command = [sys.executable, "-m", *arguments]
    done = subprocess.run(command, cwd=clone, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def out(clone: Path) -> Path:
    listed = json.loads(run(clone, "ml.phishing.sources"))
    out = clone / "out"
    asked = ("--case", "ml.phishing")
    run(clone, "ml", "prepare", *asked, "--raw", str(Path(listed["path"]).parent), "--out", str(out))
    run(clone, "ml", "train", *asked, "--max_depth", "3", "--min_child_weight", "2", "--threads", "2")
    sets = [text for name in ("train", "validation", "test") for text in (f"--{name}", str(out / name))]
    model = ("--model", str(out / "model"))
    run(clone, "ml", "compress", *asked, *model, *sets, "--out", str(out / "small"), "--choose", "full")
    judged = ("--test", str(out / "test"), "--out", str(out / "evaluation"))
    run(clone, "ml", "evaluate", *asked, *model, *judged)
    return out


def test_a_second_use_case_is_prepared_trained_and_judged(out: Path) -> None:
    report = json.loads((out / "report" / "report.json").read_text())
    assert report["sources"] == {"sites": 1250}
    assert sum(report["sets"].values()) == 1250
    metrics = json.loads((out / "evaluation" / "evaluation.json").read_text())
    assert metrics["binary_classification_metrics"]["auc"]["value"] > 0.9
    assert "Is this website a phishing site?" in (out / "evaluation" / "evaluation.html").read_text()


def test_its_model_answers_as_its_contract_says(out: Path) -> None:
    contract = json.loads((out / "model" / "contract.json").read_text())
    assert [one["name"] for one in contract["features"]][:2] == ["popularity", "empty_server_form_handler"]
    assert contract["features"][0]["values"] == ["known", "popular", "unknown"]
    said = probabilities(out / "model" / "model.onnx", np.zeros((3, len(contract["features"])), np.float32))
    assert ((said > 0) & (said < 1)).all()


def test_it_knows_nothing_of_flights(out: Path) -> None:
    for path in (out / "model", out / "small", out / "evaluation"):
        for file in (one for one in path.rglob("*") if one.suffix in {".json", ".html"}):
            assert "flight" not in file.read_text().lower(), file.name
