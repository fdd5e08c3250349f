"""Whether a training that is ended at any moment, and started again, gives the same files to the byte."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ml.flights.case import CASE
from ml.training.job import make

from .conftest import QUICK, asked, folders, variables

FILES = ("model.ubj", "model.onnx", "contract.json", "threshold.json", "manifest.json", "code/inference.py")

DIES = """
import os, signal, sys
from ml.__main__ import main
from ml.training import archive, boosting, calibration, data

room, name, number, kind = sys.argv[1:5]
whole = getattr(globals()[room], name)
calls = 0

def dying(*given, **named):
    global calls
    calls += 1
    if calls == int(number):
        os.kill(os.getpid(), getattr(signal, kind))
    return whole(*given, **named)

setattr(globals()[room], name, dying)
sys.exit(main(["train", "--case", "ml.flights", *sys.argv[5:]]))
"""
"""A training that ends itself at the so manieth call of a function."""

ARGUMENTS = [f"--{name}={getattr(QUICK, name)}" for name in ("rounds", "patience", "max_depth", "threads")]

MOMENTS = {
    "while it reads": ("data", "read", 2),
    "between a checkpoint's model and its note": ("boosting", "write_json", 1),
    "while it calibrates": ("calibration", "fit", 1),
    "while it writes the archive": ("archive", "write_json", 2),
}


def same(model: Path, whole: Path) -> None:
    for name in FILES:
        assert (model / name).read_bytes() == (whole / name).read_bytes(), name
    parts = [next((folder.parent / "checkpoints").glob("round-*.ubj")) for folder in (model, whole)]
    assert parts[0].read_bytes() == parts[1].read_bytes()


def dying(few: Path, job: Path, room: str, name: str, number: int, kind: str) -> subprocess.Popen[bytes]:
    job.mkdir(parents=True)
    command = [sys.executable, "-c", DIES, room, name, str(number), kind, *ARGUMENTS]
    return subprocess.Popen(command, env=variables(few, job), stdout=subprocess.DEVNULL)


def test_a_training_that_is_killed_at_any_moment_gives_the_same_model(
    few: Path, whole: Path, tmp_path: Path
) -> None:
    jobs = {moment: tmp_path / str(number) for number, moment in enumerate(MOMENTS)}
    processes = {moment: dying(few, jobs[moment], *MOMENTS[moment], "SIGKILL") for moment in MOMENTS}
    for moment, process in processes.items():
        assert process.wait() == -signal.SIGKILL, moment
        assert not (jobs[moment] / "model" / "manifest.json").exists(), moment
        make(CASE, asked(), folders(few, jobs[moment]))
        same(jobs[moment] / "model", whole)


def test_a_training_that_is_asked_to_end_stops_or_is_done_and_gives_the_same_model(
    few: Path, whole: Path, tmp_path: Path
) -> None:
    statuses = {
        "while it reads": 143,
        "between a checkpoint's model and its note": 143,
        "while it writes the archive": 0,
    }
    jobs = {moment: tmp_path / str(number) for number, moment in enumerate(statuses)}
    processes = {moment: dying(few, jobs[moment], *MOMENTS[moment], "SIGTERM") for moment in statuses}
    for moment, process in processes.items():
        assert process.wait() == statuses[moment], moment
        if process.returncode:
            make(CASE, asked(), folders(few, jobs[moment]))
        same(jobs[moment] / "model", whole)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(5))
def test_a_training_killed_again_and_again_at_random_gives_the_same_model(
    seed: int, prepared: Path, tmp_path: Path
) -> None:
    chance = random.Random(seed)  # noqa: S311 – which moments, no secret
    command = [sys.executable, "-m", "ml", "train", "--case", "ml.flights", "--rounds", "150"]
    command += ["--patience", "500", "--threads", "1", "--ensemble", "seeds:2"]
    unbroken, broken = tmp_path / "unbroken", tmp_path / "broken"
    for job in (unbroken, broken):
        job.mkdir()
    subprocess.run(command, env=variables(prepared, unbroken), check=True, stdout=subprocess.DEVNULL)
    began = time.monotonic()
    kinds = []
    while not kinds or kinds[-1] != 0:
        process = subprocess.Popen(command, env=variables(prepared, broken), stdout=subprocess.DEVNULL)
        try:
            # Longer and longer, so that it comes to an end on a slow machine too.
            process.wait(chance.uniform(1, 4 + len(kinds)))
        except subprocess.TimeoutExpired:
            process.send_signal(chance.choice([signal.SIGKILL, signal.SIGTERM]))
        kinds.append(process.wait())
        assert kinds[-1] in (0, 143, -signal.SIGKILL, -signal.SIGTERM), kinds
        assert time.monotonic() - began < 900, kinds
    assert len(kinds) > 1
    for name in FILES:
        assert (broken / "model" / name).read_bytes() == (unbroken / "model" / name).read_bytes(), name
