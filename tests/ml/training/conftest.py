"""A few thousand of the real flights, so that a training takes a fraction of a second."""

import os

# As the jobs have it: threads that spin would take the cores from those that work.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

from pathlib import Path

import duckdb
import pytest

from ml.container import TrainingFolders
from ml.flights.case import CASE
from ml.training.job import make
from ml.training.parameters import Asked, Parameters

QUICK = Parameters(rounds=40, patience=100, max_depth=4, threads=1)
"""Past one checkpoint, and not to the second."""


def asked(parameters: Parameters = QUICK) -> Asked:
    return Asked(device="cpu", parameters=parameters, costs=CASE.costs)


def folders(few: Path, job: Path) -> TrainingFolders:
    """A training job's folders, its own below `job`."""
    return TrainingFolders(
        train=few / "train",
        validation=few / "validation",
        model=job / "model",
        checkpoints=job / "checkpoints",
        config=job / "config",
    )


def variables(few: Path, job: Path) -> dict[str, str]:
    """The same, as the framework toolkit tells a process."""
    return os.environ | {
        "SM_CHANNEL_TRAIN": str(few / "train"),
        "SM_CHANNEL_VALIDATION": str(few / "validation"),
        "SM_MODEL_DIR": str(job / "model"),
        "SM_OUTPUT_DIR": str(job / "output"),
        "SM_NUM_GPUS": "0",
    }


@pytest.fixture(scope="session")
def few(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`train/`, `validation/` and `test/` with every sixth row of the sample."""
    out = tmp_path_factory.mktemp("few")
    for name in ("train", "validation", "test"):
        (out / name).mkdir()
        whole = duckdb.read_parquet(f"{prepared}/{name}/*.parquet")
        some = whole.project("*, row_number() OVER () AS n").filter("n % 6 = 0").order("n")
        some.project("* EXCLUDE n").write_parquet(f"{out}/{name}/part-0.parquet")
    return out


@pytest.fixture(scope="session")
def whole(few: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model's folder of a training that nothing interrupted."""
    job = tmp_path_factory.mktemp("whole")
    make(CASE, asked(), folders(few, job))
    return job / "model"
