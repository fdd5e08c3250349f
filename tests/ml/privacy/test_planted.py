"""Whether people who are in the sources are in nothing that the jobs write, print or serve."""

import base64
import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import numpy as np
import pytest

from ml.privacy.pseudonyms import is_pseudonym
from ml.privacy.traces import traces

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[2]
PEOPLE = 60
NAMES = [f"Zoë Quincey-Marsh {letter}" for letter in "ABCDEFGHIJ"]


def patient(number: int) -> str:
    return f"P-{480_000 + number * 37}-QX"


def mail(number: int) -> str:
    return f"zoe.planted+{number}@quincey-marsh.example"


def planted() -> list[str]:
    """All that must be found nowhere."""
    people = range(PEOPLE + 3)
    return [*map(patient, people), *map(mail, people[:-1]), *NAMES, "called about her sister", "Not A Mail"]


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sources with people in them, some of whose rows are bad in each way that is told of."""
    folder = tmp_path_factory.mktemp("raw")
    draw = np.random.default_rng(5)
    with (folder / "patients.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["patient", "name", "mail", "born", "remark"])
        for number in range(PEOPLE):
            remark = "called about her sister" if number % 7 == 0 else "NA"
            writer.writerow([patient(number), NAMES[number % 10], mail(number), 1930 + number, remark])
        writer.writerow([patient(PEOPLE), NAMES[0], "Not A Mail", 1950, "NA"])
        writer.writerow([patient(1), NAMES[1], mail(PEOPLE), 1950, "NA"])
        writer.writerow([patient(PEOPLE + 1), NAMES[2], mail(PEOPLE + 1), 1901, "NA"])
    with (folder / "visits.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["visit", "who", "month", "ward", "waited", "back"])
        for visit in range(1, 1801):
            number = int(draw.integers(PEOPLE))
            waited = 700 if visit == 9 else round(draw.uniform(0, 200), 1)
            back = int(waited + number > draw.uniform(60, 260))
            who = patient(number) if visit != 11 else patient(PEOPLE + 2).lower()
            writer.writerow([visit, who, 1 + visit % 12, str(draw.choice(["north", "south"])), waited, back])
    return folder


@pytest.fixture(scope="module")
def ran(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What Prepare, Train and Evaluate wrote and printed, as processes of their own, and what was served."""
    work = tmp_path_factory.mktemp("ran")
    secret = tmp_path_factory.mktemp("secret") / "keys.json"
    key = base64.b64encode(bytes(range(32))).decode()
    secret.write_text(json.dumps({"current": "k2", "keys": {"k1": key, "k2": key[::-1][1:] + "A="}}))
    prepared, model = work / "prepared", work / "model"
    more = {"PSEUDONYM_KEYS": f"file:{secret}", "SM_OUTPUT_DIR": str(work / "output")}
    run(work, "prepare", "--raw", str(raw), "--out", str(prepared), **more)
    channels = {
        "SM_CHANNEL_TRAIN": str(prepared / "train"),
        "SM_CHANNEL_VALIDATION": str(prepared / "validation"),
        "SM_MODEL_DIR": str(model),
        "SM_CHECKPOINT_DIR": str(work / "checkpoints"),
    }
    run(work, "train", "--rounds", "20", "--threads", "1", **more, **channels)
    test, evaluated = str(prepared / "test"), str(work / "evaluated")
    run(work, "evaluate", "--model", str(model), "--test", test, "--out", evaluated, **more)
    serve(model, prepared / "test", work / "captured.jsonl")
    return work


def run(work: Path, job: str, *arguments: str, case: str = "visits", **more: str) -> str:
    """Runs a job for the use case; what it printed stands in `<job>.log`."""
    done = subprocess.run(
        [sys.executable, "-m", "ml", job, "--case", case, *arguments],
        cwd=work,
        env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{FOLDER}"} | more,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    (work / f"{job}.log").write_text(done.stdout)
    assert done.returncode == 0, done.stdout
    return done.stdout


_ASK = """
import json, sys
import duckdb
model, test = sys.argv[1:]
sys.path.insert(0, model + "/code")
import inference
loaded = inference.model_fn(model)
rows = duckdb.read_parquet(test + "/*.parquet").select("ward", "waited", "age").limit(50).fetchall()
body = json.dumps({"instances": [dict(zip(("ward", "waited", "age"), row)) for row in rows]})
answer, kind = inference.output_fn(inference.predict_fn(inference.input_fn(body), loaded))
print(json.dumps({"captureData": {"endpointInput": {"data": body}, "endpointOutput": {"data": answer}}}))
"""


def serve(model: Path, test: Path, captured: Path) -> None:
    """Asks the archive's own handlers about the test set, and keeps what data capture would."""
    command = [sys.executable, "-c", _ASK, str(model), str(test)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    captured.write_text(done.stdout + done.stderr)


def test_nobody_is_in_anything_that_the_jobs_write_print_or_serve(raw: Path, ran: Path) -> None:
    assert {found.text for found in traces([raw], planted())} >= set(planted()) - {patient(PEOPLE + 2)}
    assert traces([ran], planted()) == []
    assert (ran / "model" / "model.ubj").stat().st_size
    assert "predictions" in (ran / "captured.jsonl").read_text()


def test_identifiers_go_on_as_pseudonyms_that_join_across_sources(ran: Path) -> None:
    train = duckdb.read_parquet(f"{ran}/prepared/train/*.parquet")
    whos = train.select("who").distinct().fetchall()
    assert len(whos) > PEOPLE / 2
    assert all(is_pseudonym(who) and who.startswith("k2.") for (who,) in whos)
    report = json.loads((ran / "prepared" / "report" / "report.json").read_text())
    # One visit is by a patient whose row was set aside, or by none: the join still finds all others.
    assert report["unmatched"]["visits.who"]["rows"] == 0
    assert report["privacy"] == {
        "dropped": {"patients": ["name", "mail", "remark"]},
        "pseudonyms": {"patients": ["patient"], "visits": ["who"]},
        "key": "k2",
    }


def test_the_quarantine_says_why_and_on_which_line_and_masks_who(ran: Path) -> None:
    quarantine = duckdb.read_parquet(f"{ran}/prepared/quarantine/patients.parquet")
    found = quarantine.select("line", "patient", "name", "born", "reasons").order("line").fetchall()
    first = PEOPLE + 2
    assert [row[0] for row in found] == [first, first + 1, first + 2]
    assert {row[1] for row in found} == {"[personal]"}
    reasons = [reason for row in found for reason in row[4]]
    assert [(reason["rule"], reason["column"], reason["given"]) for reason in reasons] == [
        ("contract", "mail", "[personal]"),
        ("contract", "patient", "[personal] again, first on line 3"),
        ("born_lately", "born", "[personal]"),
    ]


def test_a_refused_file_names_line_and_column_and_nobody(raw: Path, tmp_path: Path) -> None:
    """The same sources under a contract that sets nothing aside."""
    strict = tmp_path / "strict"
    strict.mkdir()
    (strict / "__init__.py").touch()
    (strict / "case.py").write_text(
        "from dataclasses import replace\nfrom visits.case import CASE as LOOSE\n"
        "CASE = replace(LOOSE, sources=tuple(replace(one, on_fault='refuse') for one in LOOSE.sources))\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "ml", "prepare", "--case", "strict", "--raw", raw, "--out", tmp_path / "out"],
        cwd=tmp_path,
        env=os.environ
        | {
            "PYTHONPATH": os.pathsep.join(map(str, (ROOT, FOLDER, tmp_path))),
            "SM_OUTPUT_DIR": str(tmp_path / "output"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    (tmp_path / "stderr").write_text(done.stderr + done.stdout)
    assert done.returncode == 1
    assert f"patients.csv:{PEOPLE + 2}, column mail: [personal]" in done.stderr
    assert traces([tmp_path], planted()) == []


def test_without_keys_nothing_is_prepared(raw: Path, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="PSEUDONYM_KEYS names no secret"):
        run(tmp_path, "prepare", "--raw", str(raw), "--out", str(tmp_path / "out"))
    assert not list((tmp_path / "out").rglob("train/*"))
