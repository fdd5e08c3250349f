"""Whether training survives an interruption unchanged, and refuses what it cannot do."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import xgboost

from ml.training.boosting import NoGpu, choose_device

ROOT = Path(__file__).resolve().parents[2]


def environment(prepared: Path, job: Path, **more: str) -> dict[str, str]:
    """What the framework toolkit sets for a training job; the job runs outside the repository."""
    return os.environ | {
        "SM_CHANNEL_TRAIN": str(prepared / "train"),
        "SM_CHANNEL_VALIDATION": str(prepared / "validation"),
        "SM_MODEL_DIR": str(job / "model"),
        "SM_OUTPUT_DIR": str(job / "output"),
        "SM_NUM_GPUS": "0",
        **more,
    }


def start(prepared: Path, job: Path, *arguments: str, **more: str) -> subprocess.Popen[str]:
    job.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "ml", "train", "--case", "ml.flights", "--threads", "2", *arguments]
    return subprocess.Popen(
        command,
        cwd=job,
        env=environment(prepared, job, **more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="module")
def trained(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    job = tmp_path_factory.mktemp("whole")
    process = start(prepared, job, "--rounds", "120", "--patience", "200")
    told, errors = process.communicate()
    assert process.returncode == 0, errors
    assert "round=25 validation-pr_auc=0." in told
    return job / "model"


def rounds(model: Path) -> bytes:
    """All the rounds of the run that wrote a model's folder, which itself keeps the useful ones alone."""
    (last,) = (model.parent / "checkpoints").glob("round-*.ubj")
    return last.read_bytes()


def test_a_run_that_is_interrupted_and_resumed_gives_the_same_model(
    prepared: Path, trained: Path, tmp_path: Path
) -> None:
    job = tmp_path / "job"
    process = start(prepared, job, "--rounds", "120", "--patience", "200")
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("round=25 "):
            process.send_signal(signal.SIGTERM)
            break
    process.communicate()
    assert process.returncode == 143
    made = json.loads((job / "checkpoints" / "checkpoint.json").read_text())
    assert 25 <= len(made["history"]) < 120
    assert not (job / "model").exists()

    process = start(prepared, job, "--rounds", "120", "--patience", "200")
    told, errors = process.communicate()
    assert process.returncode == 0, errors
    assert f"resumed from round {len(made['history'])}" in told
    for name in ("model.ubj", "model.onnx", "contract.json", "manifest.json"):
        assert (job / "model" / name).read_bytes() == (trained / name).read_bytes(), name
    assert rounds(job / "model") == rounds(trained)


def test_a_checkpoint_of_other_parameters_is_not_continued(prepared: Path, tmp_path: Path) -> None:
    job = tmp_path / "job"
    start(prepared, job, "--rounds", "25").communicate()
    told, _ = start(prepared, job, "--rounds", "25", "--max_depth", "3").communicate()
    assert "resumed" not in told
    assert "trained" in told


def test_a_damaged_checkpoint_is_started_over(prepared: Path, tmp_path: Path) -> None:
    job = tmp_path / "job"
    (job / "checkpoints").mkdir(parents=True)
    (job / "checkpoints" / "checkpoint.json").write_text('{"identity": "cut o')
    process = start(prepared, job, "--rounds", "5")
    told, errors = process.communicate()
    assert process.returncode == 0, errors
    assert "resumed" not in told


def test_the_archive_folder_names_what_it_was_made_from(trained: Path) -> None:
    manifest = json.loads((trained / "manifest.json").read_text())
    assert manifest["parameters"]["seed"] == 7
    assert manifest["versions"]["xgboost"] == xgboost.__version__
    assert set(manifest["data"]) == {"train", "validation"}
    assert (trained / "code" / "inference.py").is_file()


def test_the_calibrated_mean_meets_the_share_of_positives(prepared: Path, trained: Path) -> None:
    from ml.serving.inference import model_fn, predict_fn
    from ml.training import data
    from ml.training.schema import Feature

    model = model_fn(str(trained))
    features = [
        Feature(
            name=one.name, kind="number" if one.codes is None else "category", values=tuple(one.codes or ())
        )
        for one in model.features
    ]
    rows = data.read(prepared / "validation", features, "late")
    assert predict_fn(rows.values, model).mean() == pytest.approx(rows.labels.mean(), abs=0.002)


def test_a_channel_without_data_fails_with_its_reason(prepared: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    process = start(prepared, tmp_path / "job", SM_CHANNEL_TRAIN=str(empty))
    _, errors = process.communicate()
    assert process.returncode == 1
    assert (
        errors.strip()
        == f"error: {empty} holds no Parquet file; it is a channel that the step Prepare writes."
    )
    assert str(empty) in (tmp_path / "job" / "output" / "failure").read_text()


def test_an_unknown_hyperparameter_is_refused(prepared: Path, tmp_path: Path) -> None:
    process = start(prepared, tmp_path / "job", "--depth", "3")
    _, errors = process.communicate()
    assert process.returncode != 0
    assert "--depth" in errors


def test_cuda_is_refused_where_this_build_or_machine_lacks_it() -> None:
    with pytest.raises(NoGpu, match="no CUDA" if not xgboost.build_info().get("USE_CUDA") else "no GPU"):
        choose_device("cuda", 0)


@pytest.mark.skipif(bool(xgboost.build_info().get("USE_CUDA")), reason="this build has CUDA")
def test_a_gpu_without_a_cuda_build_is_not_passed_over_in_silence() -> None:
    with pytest.raises(NoGpu, match="1 GPUs"):
        choose_device("auto", 1)


def test_without_a_gpu_auto_is_the_cpu() -> None:
    assert choose_device("auto", 0) == "cpu"
    assert choose_device("cpu", 4) == "cpu"


def test_two_machines_make_one_model_that_the_first_writes(
    prepared: Path, trained: Path, tmp_path: Path
) -> None:
    """Two processes on the loopback's addresses stand for two machines."""
    hosts = ["127.0.0.1", "127.0.0.2"]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    jobs = {host: tmp_path / host for host in hosts}
    processes = [
        start(
            prepared,
            job,
            *("--rounds", "40", "--threads", "1"),
            SM_HOSTS=json.dumps(hosts),
            SM_CURRENT_HOST=host,
            SM_TRACKER_PORT=port,
        )
        for host, job in jobs.items()
    ]
    told = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], told
    scores = [re.findall(r"round=25 validation-pr_auc=([0-9.]+)", out) for out, _ in told]
    assert scores[0] == scores[1]
    assert scores[0]
    assert not (jobs[hosts[1]] / "model").exists()
    booster = xgboost.Booster(model_file=jobs[hosts[0]] / "model" / "model.ubj")
    assert booster.num_boosted_rounds() <= 40
    contract = (jobs[hosts[0]] / "model" / "contract.json").read_text()
    assert json.loads(contract)["features"] == json.loads((trained / "contract.json").read_text())["features"]
