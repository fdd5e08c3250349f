"""Whether the figures are right, by scikit-learn, and the jobs end as the pipeline expects."""

import json
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from ml.evaluation.bootstrap import draw
from ml.evaluation.metrics import brier_parts, calibration, measure
from ml.evaluation.report import NothingToEvaluate, evaluate
from ml.flights.case import CASE
from ml.flights.schema import FEATURES

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("decimals", [16, 2, 1])
def test_the_figures_are_those_of_scikit_learn(decimals: int) -> None:
    """Rounded probabilities tie."""
    random = np.random.default_rng(3)
    labels = (random.random(4000) < 0.08).astype(np.float64)
    said = np.clip(0.1 * labels + random.beta(1, 8, 4000), 0, 1).round(decimals)
    found = measure(labels, said)
    assert found.pr_auc == pytest.approx(average_precision_score(labels, said))
    assert found.auc == pytest.approx(roc_auc_score(labels, said))
    assert found.brier == pytest.approx(brier_score_loss(labels, said))
    assert found.prevalence == labels.mean()


def test_perfect_probabilities_have_no_calibration_error() -> None:
    labels = np.tile([0.0, 0.0, 0.0, 1.0], 100)
    found = measure(labels, np.full(400, 0.25))
    assert found.calibration_error == pytest.approx(0, abs=1e-12)
    assert sum(part.rows for part in calibration(labels, np.full(400, 0.25))) == 400


def test_the_parts_of_the_brier_score_add_up_to_it() -> None:
    random = np.random.default_rng(5)
    said = random.beta(1, 8, 3000)
    labels = (random.random(3000) < said**0.8).astype(np.float64)
    parts = brier_parts(labels, said)
    whole = parts.reliability - parts.resolution + parts.uncertainty + parts.within
    assert whole == pytest.approx(brier_score_loss(labels, said))
    assert parts.reliability > 0
    assert measure(labels, said).log_loss == pytest.approx(log_loss(labels, said))


def test_one_class_alone_is_refused() -> None:
    labels, said = np.zeros(3), np.full(3, 0.5)
    with pytest.raises(NothingToEvaluate, match="3 rows, 0 positive"):
        evaluate(labels, said, {}, threshold=0.5, costs=CASE.costs, resamples=draw(labels, None, 5))


def run(job: str, *arguments: str, output: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ml", job, "--case", "ml.flights", *arguments],
        cwd=ROOT,
        env=os.environ | {"SM_OUTPUT_DIR": str(output)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_three_jobs_lead_from_sources_to_figures(sampled: Path, tmp_path: Path) -> None:
    done = run("prepare", "--raw", str(sampled), "--out", str(tmp_path), output=tmp_path / "o")
    assert done.returncode == 0, done.stderr
    model = tmp_path / "model"
    done = subprocess.run(
        [sys.executable, "-m", "ml", "train", "--case", "ml.flights", "--rounds", "60", "--threads", "2"],
        env=os.environ
        | {
            "SM_CHANNEL_TRAIN": str(tmp_path / "train"),
            "SM_CHANNEL_VALIDATION": str(tmp_path / "validation"),
            "SM_MODEL_DIR": str(model),
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (tmp_path / "packed").mkdir()
    with tarfile.open(tmp_path / "packed" / "model.tar.gz", "w:gz") as archive:
        archive.add(model, arcname=".")
    done = run(
        "evaluate",
        *(
            "--model",
            str(tmp_path / "packed"),
            "--test",
            str(tmp_path / "test"),
            "--out",
            str(tmp_path / "e"),
        ),
        output=tmp_path / "o",
    )
    assert done.returncode == 0, done.stderr
    figures = json.loads((tmp_path / "e" / "evaluation.json").read_text())["binary_classification_metrics"]
    # Four days of each month give less than the whole year, and far more than guessing.
    assert figures["pr_auc"]["value"] > 2 * figures["prevalence"]["value"]
    assert 0.7 < figures["auc"]["value"] < 1
    page = (tmp_path / "e" / "evaluation.html").read_text()
    drawings = [part.split("</svg>")[0] + "</svg>" for part in page.split("<svg")[1:]]
    # Four curves, the cost, and the segments that have rows enough.
    assert len(drawings) >= 6
    for drawing in drawings:
        ElementTree.fromstring("<svg" + drawing)  # noqa: S314 – written a moment ago

    examples = [
        json.loads(line) for line in (tmp_path / "examples" / "examples.jsonl").read_text().splitlines()
    ]
    assert 10 <= len(examples) <= 20  # the sample's few days do not give all of them
    # The first one really was an hour late, and neither all were nor none.
    minutes = [int(re.sub(r"\D", "", example["outcome"]) or 0) for example in examples]
    late = [
        "late" in example["outcome"] and number >= 60
        for example, number in zip(examples, minutes, strict=True)
    ]
    assert late == sorted(late, reverse=True)
    assert 2 <= sum(late) < len(late) / 2
    assert len({example["shown"] for example in examples}) == len(examples)
    for example in examples:
        assert list(example["request"]) == [feature.name for feature in FEATURES]
        assert "→" in example["shown"]
        assert example["outcome"].startswith("arrived ")
        assert example["event"] == "arriving an hour late"


def test_a_corrupt_source_ends_the_job_in_words(sampled: Path, tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    for path in sampled.iterdir():
        (raw / path.name).symlink_to(path.resolve())
    whole = (raw / "weather.csv").read_bytes()
    (raw / "weather.csv").unlink()
    (raw / "weather.csv").write_bytes(whole[: len(whole) // 2])
    done = run("prepare", "--raw", str(raw), "--out", str(tmp_path / "out"), output=tmp_path / "o")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "weather.csv:" in (tmp_path / "o" / "message").read_text()
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("content", [b"", b"no archive", b"\x1f\x8b\x08\x00cut"])
def test_a_broken_archive_ends_the_job_in_words(prepared: Path, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.tar.gz").write_bytes(content)
    arguments = ("--model", str(tmp_path), "--test", str(prepared / "test"), "--out", str(tmp_path / "e"))
    done = run("evaluate", *arguments, output=tmp_path / "o")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "model.tar.gz cannot be unpacked" in (tmp_path / "o" / "message").read_text()
