"""Whether a manifest gives the same model again, or says what differs."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ml.flights.case import CASE
from ml.training.job import make
from ml.training.parameters import BadHyperparameter
from ml.training.retraining import BadManifest, NotReproducible, retrain

from .conftest import QUICK, asked, folders


def changed(whole: Path, tmp_path: Path, **more: Any) -> Path:
    """The manifest with other members."""
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(json.loads((whole / "manifest.json").read_text()) | more))
    return path


def test_a_manifest_gives_the_same_model_to_the_byte(few: Path, whole: Path, tmp_path: Path) -> None:
    job = folders(few, tmp_path)
    assert retrain(CASE, whole / "manifest.json", job)
    for name in ("model.ubj", "model.onnx", "contract.json", "threshold.json", "manifest.json"):
        assert (job.model / name).read_bytes() == (whole / name).read_bytes(), name


def test_the_number_of_threads_changes_no_byte(few: Path, whole: Path, tmp_path: Path) -> None:
    assert QUICK.threads == 1
    job = folders(few, tmp_path)
    make(CASE, asked(replace(QUICK, threads=2)), job)
    assert (job.model / "model.ubj").read_bytes() == (whole / "model.ubj").read_bytes()


def test_all_that_differs_is_told_before_anything_is_trained(few: Path, whole: Path, tmp_path: Path) -> None:
    told = json.loads((whole / "manifest.json").read_text())
    path = changed(
        whole,
        tmp_path,
        data=told["data"] | {"train": "0" * 64},
        code="1" * 64,
        versions=told["versions"] | {"xgboost": "1.7.6"},
        machines=2,
    )
    job = folders(few, tmp_path / "job")
    with pytest.raises(NotReproducible) as refused:
        retrain(CASE, path, job)
    assert len(refused.value.differences) == 4
    for part in ("channel train", "the code has", "xgboost is 3.2.0, in the manifest 1.7.6", "2 machines"):
        assert part in str(refused.value)
    assert not job.model.exists()


def test_other_code_is_allowed_by_name(few: Path, whole: Path, tmp_path: Path) -> None:
    path = changed(whole, tmp_path, code="1" * 64)
    job = folders(few, tmp_path / "job")
    with pytest.raises(NotReproducible, match="--other-code"):
        retrain(CASE, path, job)
    assert retrain(CASE, path, job, other_code=True)


def test_another_model_out_of_the_same_is_no_success(few: Path, whole: Path, tmp_path: Path) -> None:
    path = changed(whole, tmp_path, model="2" * 64)
    with pytest.raises(NotReproducible, match="model.ubj has the digest .*, the manifest 2222"):
        retrain(CASE, path, folders(few, tmp_path / "job"))


@pytest.mark.parametrize(
    ("more", "error", "reason"),
    [
        ({"parameters": {"depth": 3}}, BadManifest, "parameters that there are not: depth"),
        ({"parameters": {"eta": "fast"}}, BadHyperparameter, "eta is 'fast'; allowed"),
        ({"costs": {}}, BadManifest, "costs"),
    ],
)
def test_a_manifest_of_nonsense_is_refused(
    few: Path, whole: Path, tmp_path: Path, more: dict[str, Any], error: type[Exception], reason: str
) -> None:
    with pytest.raises(error, match=reason):
        retrain(CASE, changed(whole, tmp_path, **more), folders(few, tmp_path / "job"))


def test_what_is_no_manifest_is_refused(few: Path, tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    for text, reason in (
        ("{", "is no manifest"),
        ("[]", "is no manifest"),
        ("{}", "lacks code, costs, data"),
    ):
        path.write_text(text)
        with pytest.raises(BadManifest, match=reason):
            retrain(CASE, path, folders(few, tmp_path / "job"))
