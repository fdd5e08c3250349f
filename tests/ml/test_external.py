"""Whether a model is judged on what it has not seen: its champion, and months that nobody has used."""

import json
import shutil
from pathlib import Path

import duckdb
import pytest

from ml.case import UseCase
from ml.container import TrainingFolders
from ml.evaluation import job
from ml.evaluation.gates import Limits
from ml.evaluation.job import PeriodsUnknown, PeriodsUsed
from ml.flights.case import CASE
from ml.training import job as training


def cut(prepared: Path, out: Path, months: range) -> Path:
    """The rows of some months, whichever set the preparation put them in."""
    out.mkdir(parents=True)
    files = [str(path) for name in ("train", "validation", "test") for path in (prepared / name).glob("*")]
    with duckdb.connect() as connection:
        connection.read_parquet(files).filter(
            f"month BETWEEN {months.start} AND {months.stop - 1}"
        ).to_parquet(str(out / "part-0.parquet"))
    return out


def fit(case: UseCase, train: Path, validation: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SM_CHANNEL_TRAIN", str(train))
    monkeypatch.setenv("SM_CHANNEL_VALIDATION", str(validation))
    monkeypatch.setenv("SM_MODEL_DIR", str(out))
    monkeypatch.setenv("SM_CHECKPOINT_DIR", str(out.with_name(out.name + "-checkpoints")))
    monkeypatch.setenv("SM_INPUT_CONFIG_DIR", str(out.with_name("nowhere")))
    training.run(case, ["--rounds", "25", "--threads", "1"])
    return TrainingFolders.of({"SM_MODEL_DIR": str(out)}).model


@pytest.fixture(scope="module")
def models(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`early`, a model of January to May that stopped by June; `late`, of January to August and September
    to October; `months/` with the rows of `7-8` and `11-12`.
    """
    folder = tmp_path_factory.mktemp("models")
    with pytest.MonkeyPatch.context() as patched:
        january_to_may = cut(prepared, folder / "months/1-5", range(1, 6))
        june = cut(prepared, folder / "months/6", range(6, 7))
        fit(CASE, january_to_may, june, folder / "early", patched)
        fit(CASE, prepared / "train", prepared / "validation", folder / "late", patched)
    cut(prepared, folder / "months/7-8", range(7, 9))
    cut(prepared, folder / "months/11-12", range(11, 13))
    return folder


def test_the_manifest_lists_the_periods_that_made_the_model(models: Path) -> None:
    manifest = json.loads((models / "early/manifest.json").read_text())
    assert manifest["periods"] == {"train": list(range(201301, 201306)), "validation": [201306]}


def test_months_after_all_that_was_used_validate_externally(models: Path, tmp_path: Path) -> None:
    judged = job.run(CASE, model=models / "early", test=models / "months/7-8", out=tmp_path)
    used = job.used_in(json.loads((tmp_path / "evaluation.json").read_text()))
    assert used == {201307, 201308}
    found = job.run_external(
        CASE, model=models / "early", rows=models / "months/11-12", out=tmp_path, used=used
    )
    document = json.loads((tmp_path / "external.json").read_text())
    assert document["dataset"] == {"item_count": found.evaluation.scores.rows, "periods": [201311, 201312]}
    assert found.evaluation.scores.pr_auc != judged.evaluation.scores.pr_auc
    assert (tmp_path / "external.html").exists()


def test_months_that_were_used_are_refused_as_external(models: Path, prepared: Path, tmp_path: Path) -> None:
    with pytest.raises(PeriodsUsed, match="201309, 201310") as refused:
        job.run_external(
            CASE, model=models / "late", rows=prepared / "validation", out=tmp_path, used=frozenset()
        )
    assert "trained, stopped or calibrated" in str(refused.value)
    with pytest.raises(PeriodsUsed, match="judged by: 201311"):
        job.run_external(
            CASE,
            model=models / "late",
            rows=models / "months/11-12",
            out=tmp_path,
            used=frozenset({201311}),
        )


def test_a_model_that_does_not_say_what_it_saw_validates_nothing(models: Path, tmp_path: Path) -> None:
    model = tmp_path / "model"
    shutil.copytree(models / "early", model)
    manifest = json.loads((model / "manifest.json").read_text())
    del manifest["periods"]
    (model / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(PeriodsUnknown):
        job.run_external(CASE, model=model, rows=models / "months/11-12", out=tmp_path, used=frozenset())


def test_a_champion_is_compared_on_rows_that_it_has_not_seen(models: Path, tmp_path: Path) -> None:
    """The later model saw July and August; the earlier one is judged there."""
    judged = job.run(
        CASE,
        model=models / "early",
        test=models / "months/7-8",
        champion=models / "late",
        out=tmp_path,
        asked=Limits(champion_margin=0.02, minimum_pr_auc=0.1),
    )
    assert judged.comparison is None
    assert "trained on the periods of the test set" in judged.no_comparison
    assert [gate.passed for gate in judged.gates] == [True, None]
    judged = job.run(
        CASE, model=models / "late", test=models / "months/11-12", champion=models / "early", out=tmp_path
    )
    assert judged.comparison is not None
    assert judged.comparison.left_out == 0
    document = json.loads((tmp_path / "evaluation.json").read_text())
    assert document["champion"]["compared"] is True
    assert document["champion"]["differences"]["pr_auc"]["champion"] > 0
    assert "Gain over the champion" in (tmp_path / "evaluation.html").read_text()


@pytest.mark.parametrize("broken", ["empty", "truncated", "another schema"])
def test_a_champion_that_cannot_answer_keeps_its_successor_out_of_nothing(
    models: Path, tmp_path: Path, broken: str
) -> None:
    champion = tmp_path / "champion"
    if broken == "another schema":
        shutil.copytree(models / "early", champion)
        contract = json.loads((champion / "contract.json").read_text())
        contract["features"][5]["name"] = "moon_phase"
        (champion / "contract.json").write_text(json.dumps(contract))
    else:
        champion.mkdir()
        (champion / "source.tar.gz").write_bytes(b"")
        if broken == "truncated":
            (champion / "model.tar.gz").write_bytes(b"\x1f\x8b\x08\x00cut")
    judged = job.run(
        CASE,
        model=models / "late",
        test=models / "months/11-12",
        champion=champion,
        out=tmp_path / "out",
        asked=Limits(champion_margin=0.02),
    )
    assert judged.comparison is None
    expected = {
        "empty": "no model of this group has been approved yet",
        "truncated": "cannot be unpacked",
        "another schema": "moon_phase",
    }
    assert expected[broken] in judged.no_comparison
    assert json.loads((tmp_path / "out/evaluation.json").read_text())["verdict"] == 1


def test_a_model_is_not_judged_on_what_it_was_fitted_on(models: Path, prepared: Path, tmp_path: Path) -> None:
    with pytest.raises(PeriodsUsed, match="201309, 201310"):
        job.run(CASE, model=models / "late", test=prepared / "validation", out=tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.soak
@pytest.mark.parametrize("months", [3, 5, 7, 9])
def test_from_every_origin_the_months_after_it_are_foretold_better_than_by_guessing(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, months: int
) -> None:
    """Trained on the first months, stopped on the next one: all later ones are external."""
    train = cut(prepared, tmp_path / "train", range(1, months + 1))
    stop = cut(prepared, tmp_path / "stop", range(months + 1, months + 2))
    model = fit(CASE, train, stop, tmp_path / "model", monkeypatch)
    for later in range(months + 2, 13):
        rows = cut(prepared, tmp_path / f"later-{later}", range(later, later + 1))
        scores = job.run_external(
            CASE, model=model, rows=rows, out=tmp_path / f"out-{later}", used=frozenset()
        ).evaluation.scores
        assert scores.auc is not None
        assert scores.auc.high > 0.6, later


def test_a_failed_gate_is_told_in_the_document_that_the_pipeline_reads(models: Path, tmp_path: Path) -> None:
    job.run(
        CASE,
        model=models / "late",
        test=models / "months/11-12",
        external=None,
        out=tmp_path,
        asked=Limits(minimum_auc=0.99, maximum_calibration_error=0.5),
    )
    document = json.loads((tmp_path / "evaluation.json").read_text())
    assert document["verdict"] == 0
    assert document["shortfall"].startswith("ROC-AUC 0.")
    assert "at least 0.99" in document["shortfall"]
    assert [gate["passed"] for gate in document["gates"]] == [False, True]
    assert "Not good enough" in (tmp_path / "evaluation.html").read_text()


def test_external_rows_have_a_gate_of_their_own(models: Path, tmp_path: Path) -> None:
    judged = job.run(
        CASE,
        model=models / "early",
        test=models / "months/7-8",
        external=models / "months/11-12",
        out=tmp_path,
        asked=Limits(minimum_external_auc=0.6),
    )
    assert judged.external is not None
    assert judged.external.scores.auc is not None
    assert judged.gates[0].figure == judged.external.scores.auc.value
    with pytest.raises(PeriodsUsed):
        job.run(
            CASE,
            model=models / "early",
            test=models / "months/7-8",
            external=models / "months/7-8",
            out=tmp_path,
        )
