"""Whether archives are asked what their variants were asked, and refused where they are not what answered."""

import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
import xgboost

from ml.case import Costs
from ml.container import write_json
from ml.experiments.counterfactual import NotWhatAnswered, OtherFeatures
from ml.experiments.reading import Models, Read, read
from ml.training.schema import Feature, contract

ROOT = Path(__file__).resolve().parents[2]
COSTS = Costs(missed=400.0, false_alarm=100.0, unit="USD")
VARIANTS = ("champion", "challenger-1")
ROWS = 3000
OURS = (Feature(name="size", kind="number"), Feature(name="kind", kind="category", values=("a", "b")))
# The same values under other codes: each archive has those of its own training.
THEIRS = (OURS[0], Feature(name="kind", kind="category", values=("0", "a", "b")))


def made(folder: Path, features: Sequence[Feature], rounds: int, threshold: float = 0.2) -> Path:
    """An archive as training packs it; the risk rises with the size, and more so for the kind `b`."""
    random = np.random.default_rng(7)
    size, kind = random.normal(size=2000), random.integers(0, 2, 2000)
    labels = random.random(2000) < 1 / (1 + np.exp(2.5 - size - kind))
    codes = [features[1].values.index(value) for value in ("a", "b")]
    values = np.column_stack([size, np.array(codes)[kind]]).astype(np.float32)
    types = [feature.xgboost_type for feature in features]
    data = xgboost.QuantileDMatrix(values, labels, feature_types=types, enable_categorical=True)
    booster = xgboost.train({"objective": "binary:logistic", "max_depth": 3}, data, rounds)
    content = folder / "content"
    content.mkdir(parents=True)
    booster.save_model(str(content / "model.ubj"))
    told = contract(features, rounds=rounds, slope=1.0, intercept=0.0)
    write_json(content / "contract.json", {**told, "threshold": threshold})
    with tarfile.open(folder / "model.tar.gz", "w:gz") as archive:
        archive.add(content, arcname=".")
    return folder / "model.tar.gz"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    folder = tmp_path_factory.mktemp("models")
    return Models(made(folder / "champion", OURS, 2), made(folder / "challenger", THEIRS, 60, 0.25))


@pytest.fixture(scope="module")
def kept(models: Models, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Captures of an A/B test of the two, as JSON and as CSV, and the outcomes."""
    folder = tmp_path_factory.mktemp("kept")
    random = np.random.default_rng(11)
    size, kind = random.normal(size=ROWS), random.integers(0, 2, ROWS)
    said = {
        variant: answered(archive, size, kind)
        for variant, archive in zip(VARIANTS, (models.champion, models.challenger), strict=True)
    }
    outcome = random.random(ROWS) < 1 / (1 + np.exp(2.5 - size - kind))
    lines: dict[str, list[str]] = {variant: [] for variant in VARIANTS}
    for number in range(ROWS):
        variant = VARIANTS[int(random.random() < 0.5)]
        row = {"size": float(size[number]), "kind": "ab"[kind[number]]}
        lines[variant].append(capture(f"f{number}", row, float(said[variant][number]), csv=number % 2 == 0))
    for variant, texts in lines.items():
        path = folder / "captures/endpoint" / variant / "2026/01/01/00/00-00.jsonl"
        path.parent.mkdir(parents=True)
        path.write_text("\n".join(texts) + "\n")
    (folder / "outcomes").mkdir()
    values = [
        f"('f{number}', {float(one)}, '2026-01-01', TIMESTAMP '2026-01-01', false)"
        for number, one in enumerate(outcome)
    ]
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT * FROM (VALUES {', '.join(values)}) "  # noqa: S608 – made above
            "t(inference_id, outcome, happened_at, write_time, is_deleted)) "
            f"TO '{folder / 'outcomes/part-0.parquet'}' (FORMAT parquet)"
        )
    return folder / "captures", folder / "outcomes"


def answered(archive: Path, size: np.ndarray, kind: np.ndarray) -> np.ndarray:
    """By the library alone, not by what is tested."""
    content = archive.parent / "content"
    values = json.loads((content / "contract.json").read_text())["features"][1]["values"]
    booster = xgboost.Booster(model_file=str(content / "model.ubj"))
    codes = np.array([values.index("a"), values.index("b")])[kind]
    return booster.inplace_predict(np.column_stack([size, codes]).astype(np.float32))


def capture(id: str, row: Mapping[str, Any], probability: float, *, csv: bool) -> str:
    asked = f"{row['size']!r},{row['kind']}\n" if csv else json.dumps({"instances": [row]})
    answer = f"{probability:.6f}\n" if csv else json.dumps({"predictions": [{"probability": probability}]})
    kind, encoding = ("text/csv", "CSV") if csv else ("application/json", "JSON")
    parts = {"endpointInput": asked, "endpointOutput": answer}
    return json.dumps(
        {
            "captureData": {
                name: {"observedContentType": kind, "data": text, "encoding": encoding}
                for name, text in parts.items()
            },
            "eventMetadata": {
                "eventId": f"e-{id}",
                "inferenceId": id,
                "inferenceTime": f"2026-01-01T{int(id[1:]) // 200:02}:00:00Z",
            },
        }
    )


def joined(kept: tuple[Path, Path], models: Models | None) -> Read:
    return read(*kept, variants=VARIANTS, models=models, costs=COSTS)


def test_each_archive_says_what_its_variant_said_and_what_it_would_have_said(
    kept: tuple[Path, Path], models: Models
) -> None:
    found = joined(kept, models)
    observed = found.observed
    assert found.thresholds == (0.2, 0.25)
    assert observed.both is not None
    theirs = (observed.variant == "challenger-1").astype(int)
    assert 0 < theirs.sum() < ROWS
    own = observed.both[np.arange(ROWS), theirs]
    assert own == pytest.approx(observed.probability, abs=1e-6)
    # The two do differ: what one said is not what the other would have.
    assert np.abs(observed.both[:, 0] - observed.both[:, 1]).max() > 0.05


def test_an_archive_that_is_not_what_answered_is_refused(kept: tuple[Path, Path], models: Models) -> None:
    swapped = Models(models.champion, models.champion)
    with pytest.raises(NotWhatAnswered, match=r"as 'challenger-1': 1,\d\d\d of its 1,\d\d\d captured"):
        joined(kept, swapped)


def test_archives_of_other_features_are_refused(
    kept: tuple[Path, Path], models: Models, tmp_path: Path
) -> None:
    other = made(tmp_path, (Feature(name="length", kind="number"), OURS[1]), 5)
    with pytest.raises(OtherFeatures, match="length, size"):
        joined(kept, Models(models.champion, other))


def test_a_request_that_the_other_model_would_refuse_has_no_answer_of_it(
    kept: tuple[Path, Path], models: Models, tmp_path: Path
) -> None:
    """A value of a category that it never saw."""
    only = made(tmp_path, (OURS[0], Feature(name="kind", kind="category", values=("b", "a"))), 5)
    content = tmp_path / "content"
    told = json.loads((content / "contract.json").read_text())
    told["features"][1]["values"] = ["c", "a"]
    (content / "contract.json").write_text(json.dumps(told))
    captures = tmp_path / "captures" / "champion/2026/01/01/00"
    captures.mkdir(parents=True)
    said = float(answered(models.champion, np.array([0.5]), np.array([1]))[0])
    (captures / "a.jsonl").write_text(capture("f1", {"size": 0.5, "kind": "b"}, said, csv=False) + "\n")
    only.unlink()
    observed = joined((tmp_path / "captures", kept[1]), Models(models.champion, content)).observed
    assert observed.both is not None
    assert observed.both[0, 0] == pytest.approx(said, abs=1e-6)
    assert np.isnan(observed.both[0, 1])


def judged(kept: tuple[Path, Path], out: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            *(sys.executable, "-m", "ml", "experiment", "--case", "ml.flights"),
            *("--captures", str(kept[0]), "--outcomes", str(kept[1]), "--out", str(out)),
            *("--challenger", "challenger-1", "--share", "0.5", *more),
        ],
        cwd=ROOT,
        env=os.environ | {"SM_OUTPUT_DIR": str(out / "o")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_job_says_how_many_requests_were_triggered(
    kept: tuple[Path, Path], models: Models, tmp_path: Path
) -> None:
    both = ("--champion-model", str(models.champion), "--challenger-model", str(models.challenger))
    done = judged(kept, tmp_path, *both)
    assert done.returncode == 0, done.stderr
    document = json.loads((tmp_path / "experiment.json").read_text())
    could = sum(document["triggered"]["asked"].values())
    assert 0 < could < sum(document["split"]["asked"].values()) == ROWS
    assert f"<b>{could:,}</b>" in (tmp_path / "experiment.html").read_text()
    alone = judged(kept, tmp_path, *both[:2])
    assert alone.returncode == 1
    assert "--challenger-model is missing" in alone.stderr
