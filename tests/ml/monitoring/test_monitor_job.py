"""Does the job go on from its state, and say what it was not told?"""

import json
import tarfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ml import __main__ as command
from ml.monitoring import baseline as baselines
from ml.monitoring.captured import Captured
from tests.ml.monitoring.simulated import FEATURES, FIRST, ROWS, of_days


def _capture_file(folder: Path, captured: Captured) -> None:
    path = folder / "champion/2026/11/25/10/00.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    airports = FEATURES[1].values
    with path.open("w") as file:
        for number in range(len(captured)):
            size, origin = captured.features[number].tolist()
            moment = datetime.fromtimestamp(captured.at[number] * 60, UTC)
            asked = json.dumps({"instances": [{"size": size, "origin": airports[int(origin)]}]})
            said = json.dumps({"predictions": [{"probability": captured.probability[number]}]})
            part = {"observedContentType": "application/json", "encoding": "JSON"}
            line = {
                "captureData": {
                    "endpointInput": part | {"data": asked},
                    "endpointOutput": part | {"data": said},
                },
                "eventMetadata": {
                    "eventId": f"e{number}",
                    "inferenceId": str(captured.inference_id[number]),
                    "customAttributes": [f"event-time={moment:%Y-%m-%dT%H:%M:%SZ}"],
                    "inferenceTime": "2026-11-25T10:00:00Z",
                },
            }
            file.write(json.dumps(line) + "\n")


def test_the_job_reads_an_archive_and_captures_and_goes_on_from_its_state(
    learned: baselines.Baseline, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / "model"
    model.mkdir()
    (model / baselines.NAME).write_text(json.dumps(baselines.document(learned)))
    with tarfile.open(model / "model.tar.gz", "w:gz") as packed:
        packed.add(model / baselines.NAME, baselines.NAME)
    captures, outcomes = tmp_path / "captures", tmp_path / "outcomes"
    outcomes.mkdir()
    _capture_file(captures, of_days(FIRST, FIRST + 8, moved=2.0)[0])
    last = (date(1970, 1, 1) + timedelta(days=FIRST + 8)).isoformat()

    def run(state: Path, out: Path) -> dict[str, Any]:
        asked = {
            "--model": model,
            "--captures": captures,
            "--outcomes": outcomes,
            "--state": state,
            "--out": out,
            "--until": last,
        }
        words = [str(word) for pair in asked.items() for word in pair]
        assert command.main(["monitor", "--case", "ml.flights", *words]) == 0
        return dict(json.loads((out / "monitoring.json").read_text()))

    first = run(tmp_path / "none", tmp_path / "first")
    assert (first["verdict"], first["drifted"]) == ("drifted", ["size"])
    assert (tmp_path / "first/monitoring.html").read_text().startswith("<!DOCTYPE html>")
    second = run(tmp_path / "first/state", tmp_path / "second")
    assert f"seen before {9 * ROWS:,}" in capsys.readouterr().out
    assert second == first


def test_the_job_says_what_it_was_not_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["monitor", "--case", "ml.flights", "--out", str(tmp_path)]) == 1
    assert "Where are the model?" in capsys.readouterr().err
