"""Is what a model was trained on beside it, and read as it was written?"""

import json
from pathlib import Path
from typing import Any

import pytest

from ml import __main__ as command
from ml.flights.case import CASE
from ml.monitoring import baseline as baselines
from tests.ml.monitoring.simulated import FEATURES


@pytest.mark.parametrize(
    "text", ["", "{", "{}", '{"version": 7}', '{"version": 1, "features": 3}', "[]", "null"]
)
def test_an_archive_without_a_baseline_is_refused_in_words(text: str, tmp_path: Path) -> None:
    (tmp_path / baselines.NAME).write_text(text)
    with pytest.raises(baselines.NoBaseline, match="train it anew"):
        baselines.read(tmp_path)


def test_a_baseline_survives_being_written(learned: baselines.Baseline, tmp_path: Path) -> None:
    (tmp_path / baselines.NAME).write_text(json.dumps(baselines.document(learned)))
    again = baselines.read(tmp_path)
    assert again.features.counts.tolist() == learned.features.counts.tolist()
    assert again.features.bins == learned.features.bins
    assert again.schema() == FEATURES
    assert baselines.document(again) == baselines.document(learned)


def test_training_writes_the_baseline_beside_the_model(
    prepared: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    for name, folder in {
        "SM_CHANNEL_TRAIN": prepared / "train",
        "SM_CHANNEL_VALIDATION": prepared / "validation",
        "SM_MODEL_DIR": tmp_path / "model",
        "SM_OUTPUT_DIR": tmp_path / "output",
    }.items():
        monkeypatch.setenv(name, str(folder))
    assert command.main(["train", "--case", "ml.flights", "--rounds", "10", "--threads", "2"]) == 0
    found = baselines.read(tmp_path / "model")
    assert [one.name for one in found.features.bins] == [one.name for one in CASE.features]
    assert found.days > 30
    assert found.performance.pr_auc is not None
    assert len(found.features.normal.bounds) > 1
    # Of so few days of validation nothing is known that a test could be set by.
    assert not found.streams
    assert (tmp_path / "model" / baselines.NAME).stat().st_size < 40_000
