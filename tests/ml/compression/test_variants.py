"""Whether a smaller model is what it says, and answers only where it loses little enough."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xgboost

from ml.compression import distillation, quantization
from ml.compression.acceptance import Allowed, Measured, Quality, choose, judge
from ml.compression.onnx_model import probabilities
from ml.evaluation.archived import ask
from ml.flights.case import CASE
from ml.training.calibration import Calibration
from ml.training.data import Rows
from ml.training.schema import Feature

ROOT = Path(__file__).resolve().parents[3]

GOOD = Quality(pr_auc=0.4, auc=0.8, brier=0.05, calibration_error=0.01)
FULL = Measured(
    name="full",
    what="all",
    quality=GOOD,
    bytes=400_000,
    one_row_ms=0.02,
    one_row_p99_ms=0.03,
    hundred_rows_ms=0.5,
)


def variant(name: str, quality: Quality = GOOD, **figures: float) -> Measured:
    return replace(FULL, name=name, quality=quality, **figures)  # type: ignore[arg-type]


def test_a_loss_at_the_limit_is_accepted_and_one_above_it_is_not() -> None:
    at = variant("pruned", replace(GOOD, pr_auc=0.4 - 0.25))
    above = variant("distilled", replace(GOOD, pr_auc=0.4 - 0.2500001))
    _, first, second = judge(FULL, [at, above], Allowed(pr_auc=0.25))
    assert first.accepted
    assert second.refused_because == ("PR-AUC worse by 0.2500; allowed: 0.25",)


def test_a_figure_that_is_no_number_is_refused() -> None:
    _, one = judge(FULL, [variant("int8", replace(GOOD, brier=float("nan")))], Allowed())
    assert not one.accepted


def test_what_was_refused_is_not_chosen_even_where_it_was_asked_for() -> None:
    judged = judge(FULL, [variant("network", replace(GOOD, auc=0.7), one_row_ms=0.001)], Allowed())
    assert choose(judged, "network").measured.name == "full"
    assert choose(judged, "auto").measured.name == "full"


def test_of_the_quick_ones_the_smaller_is_chosen() -> None:
    variants = [
        variant("pruned", one_row_ms=0.0101, bytes=100),
        variant("distilled", one_row_ms=0.01, bytes=200),
    ]
    assert choose(judge(FULL, variants, Allowed()), "auto").measured.name == "pruned"


FEATURES = (
    Feature(name="a", kind="number"),
    Feature(name="b", kind="number"),
    Feature(name="c", kind="category", values=("x", "y", "z")),
)


def some_rows(count: int, seed: int) -> Rows:
    random = np.random.default_rng(seed)
    values = np.column_stack(
        [random.normal(5, 3, count), random.normal(0, 1, count), random.integers(0, 3, count)]
    ).astype(np.float32)
    values[random.random(count) < 0.2, 1] = np.nan
    labels = (random.random(count) < 1 / (1 + np.exp(-(values[:, 0] - 6)))).astype(np.float32)
    return Rows(values, labels)


@pytest.fixture(scope="module")
def student() -> distillation.Student:
    training, validation = some_rows(6000, 1), some_rows(2000, 2)
    margins = (training.values[:, 0] - 6 + (training.values[:, 2] == 1)).astype(np.float64)
    return distillation.distil(margins, training, validation, FEATURES, seed=1, hidden=(16, 8))


def test_the_network_in_onnx_says_what_it_learned(student: distillation.Student) -> None:
    rows = some_rows(500, 3).values
    rows[0] = np.nan
    rows[1] = [1e9, -1e9, 7]
    said = probabilities(distillation.to_onnx(student, 3), rows)
    own = student.calibration.probabilities(distillation.margins(student, rows))
    np.testing.assert_allclose(said, own, rtol=0, atol=2e-6)
    assert np.isfinite(said).all()


def test_the_network_learned_its_teacher(student: distillation.Student) -> None:
    rows = some_rows(2000, 4).values
    teacher = rows[:, 0] - 6 + (rows[:, 2] == 1)
    assert np.corrcoef(distillation.margins(student, rows), teacher)[0, 1] > 0.98


def test_int8_is_smaller_and_close(student: distillation.Student) -> None:
    rows = some_rows(2000, 5).values
    network = distillation.to_onnx(student, 3)
    small = quantization.to_int8(network, rows, len(student.weights))
    assert b"QLinearMatMul" in small or b"MatMulInteger" in small
    assert np.abs(probabilities(small, rows) - probabilities(network, rows)).max() < 0.1


@pytest.fixture(scope="module")
def jobs(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of the sample, and what the job Compress made of it."""
    folder = tmp_path_factory.mktemp("compressed")
    environment = os.environ | {
        "SM_CHANNEL_TRAIN": str(prepared / "train"),
        "SM_CHANNEL_VALIDATION": str(prepared / "validation"),
        "SM_MODEL_DIR": str(folder / "model"),
        "SM_OUTPUT_DIR": str(folder / "output"),
    }
    sets = [text for name in ("train", "validation", "test") for text in (f"--{name}", str(prepared / name))]
    loose = [
        text for name in ("pr-auc", "auc", "brier", "calibration-error") for text in (f"--lose-{name}", "1")
    ]
    chosen = ["--out", str(folder / "small"), "--choose", "distilled", *loose]
    for job in (
        ["train", "--case", "ml.flights", "--rounds", "40", "--threads", "2"],
        ["compress", "--case", "ml.flights", "--model", str(folder / "model"), *sets, *chosen],
    ):
        command = [sys.executable, "-m", "ml", *job]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    return folder


def test_the_chosen_variant_answers_online_and_in_batches(jobs: Path, prepared: Path) -> None:
    told = json.loads((jobs / "small" / "compression.json").read_text())
    assert told["chosen"] == "distilled"
    assert [one["name"] for one in told["variants"]] == ["full", "pruned", "distilled"]
    full, *smaller = told["variants"]
    assert all(one["bytes"] < full["bytes"] for one in smaller)
    assert all(one["test"]["auc"] > 0.6 for one in told["variants"])

    contract = json.loads((jobs / "small" / "contract.json").read_text())
    assert contract["online"] == "distilled"
    assert contract["native"] is True
    booster = xgboost.Booster()
    booster.load_model(str(jobs / "small" / "model.ubj"))
    rows = np.random.default_rng(1).normal(size=(300, booster.num_features())).astype(np.float32)
    margins = booster.inplace_predict(
        rows, predict_type="margin", validate_features=False, iteration_range=(0, contract["rounds"])
    )
    scale = Calibration(**contract["calibration"])
    said = probabilities(jobs / "small" / "model.onnx", rows)
    np.testing.assert_allclose(said, scale.probabilities(np.asarray(margins, dtype=float)), rtol=0, atol=1e-6)
    assert (jobs / "small" / "model.ubj").stat().st_size < (jobs / "model" / "model.ubj").stat().st_size


def test_a_model_that_answers_by_onnx_alone_is_judged_by_it(
    jobs: Path, prepared: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(jobs / "small", folder)
    shutil.copyfile(folder / "variants" / "full.onnx", folder / "model.onnx")
    told = json.loads((folder / "contract.json").read_text())
    (folder / "contract.json").write_text(json.dumps(told | {"native": False}))
    by_onnx = ask(folder, prepared / "test", CASE.label, CASE.costs)
    by_trees = ask(jobs / "small", prepared / "test", CASE.label, CASE.costs)
    full = ask(jobs / "model", prepared / "test", CASE.label, CASE.costs)
    np.testing.assert_allclose(by_onnx.said, full.said, rtol=0, atol=1e-6)
    assert np.abs(by_trees.said - full.said).max() > 0.01
    assert by_trees.variant == "distilled"
    assert by_trees.milliseconds is not None
    assert full.milliseconds is None


def test_training_lets_a_smaller_model_answer_where_it_is_asked_to(prepared: Path, tmp_path: Path) -> None:
    environment = os.environ | {
        "SM_CHANNEL_TRAIN": str(prepared / "train"),
        "SM_CHANNEL_VALIDATION": str(prepared / "validation"),
        "SM_MODEL_DIR": str(tmp_path / "model"),
        "SM_OUTPUT_DIR": str(tmp_path / "output"),
    }
    command = [sys.executable, "-m", "ml", "train", "--case", "ml.flights", "--rounds", "8", "--threads", "2"]
    command += ["--compress", "pruned"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads((tmp_path / "model" / "compression.json").read_text())
    assert told["asked"] == "pruned"
    contract = json.loads((tmp_path / "model" / "contract.json").read_text())
    assert contract["online"] == told["chosen"]
    assert (tmp_path / "model" / "baseline.json").is_file()


def test_a_compressed_model_is_not_compressed_again(jobs: Path, prepared: Path, tmp_path: Path) -> None:
    arguments = ["--model", str(jobs / "small"), "--train", str(prepared / "train")]
    arguments += ["--validation", str(prepared / "validation"), "--out", str(tmp_path / "out")]
    done = subprocess.run(
        [sys.executable, "-m", "ml", "compress", "--case", "ml.flights", *arguments],
        cwd=ROOT,
        env=os.environ | {"SM_OUTPUT_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "its model is the variant distilled" in done.stderr
    assert not (tmp_path / "out").exists()
