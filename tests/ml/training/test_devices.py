"""Whether a GPU that cannot be used is refused by every job that trains, before it reads anything."""

from pathlib import Path

import pytest

from ml.__main__ import main

NOWHERE = ["--train", "nowhere", "--validation", "nowhere", "--out", "nowhere"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["train"],
        ["compare", "--what", "imbalance", *NOWHERE],
        ["tune", "--checkpoints", "nowhere", *NOWHERE],
        ["curves", *NOWHERE],
    ],
    ids=lambda arguments: arguments[0],
)
def test_cuda_without_a_gpu_is_refused_by_every_job_that_trains(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SM_OUTPUT_DIR", str(tmp_path / "output"))
    monkeypatch.setenv("SM_NUM_GPUS", "0")
    monkeypatch.chdir(tmp_path)
    assert main([arguments[0], "--case", "ml.flights", *arguments[1:], "--device", "cuda"]) == 1
    assert "device=cuda" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["output"]
