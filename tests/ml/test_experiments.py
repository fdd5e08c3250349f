"""Whether shadows are judged on the same requests, and captures and outcomes lead to a decision."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import duckdb
import numpy as np
import pytest

from ml.case import Costs
from ml.experiments.observed import DAY, Observed, losses
from ml.experiments.reading import NoCaptures, read
from ml.experiments.shadow import Bar, Shadowed, judge

ROOT = Path(__file__).resolve().parents[2]
COSTS = Costs(missed=400.0, false_alarm=100.0, unit="USD")


def pairs(seed: int, *, days: int = 40, blur: float = 0.0, latency: float = 1.0) -> Observed:
    """Each request answered by both; the shadow's probability is the champion's, blurred."""
    random = np.random.default_rng(seed)
    rows = days * 200
    truth = random.beta(1, 10, rows)
    outcome = (random.random(rows) < truth).astype(np.float64)
    said = np.clip(truth + blur * random.choice([-1, 1], rows), 0, 1)
    ids = np.array([f"{number:06}" for number in range(rows)])
    at = np.repeat(np.arange(days), 200) * DAY + np.tile(np.arange(200.0), days)
    return Observed(
        inference_id=np.concatenate([ids, ids[::-1]]),
        variant=np.repeat(["champion", "shadow"], rows),
        at=np.concatenate([at, at[::-1]]),
        probability=np.concatenate([truth, said[::-1]]),
        outcome=np.concatenate([outcome, outcome[::-1]]),
        latency=np.concatenate([np.full(rows, 1.0), np.full(rows, latency)]),
    )


def shadowed(observed: Observed, bar: Bar | None = None) -> Shadowed:
    return judge(
        observed,
        bar or Bar(),
        champion="champion",
        shadow="shadow",
        loss="brier",
        thresholds=(0.2, 0.2),
        costs=COSTS,
    )


@pytest.mark.parametrize("days", [True, False])
def test_a_shadow_that_says_the_same_goes_on(days: bool) -> None:
    found = shadowed(pairs(1), Bar(days=days))
    assert found.verdict == "go on to A/B"
    assert (found.agreement, found.difference, found.apart, found.brier) == (1, 0, 0, 0)


@pytest.mark.parametrize("days", [True, False])
def test_a_shadow_that_is_worse_is_stopped(days: bool) -> None:
    found = shadowed(pairs(2, blur=0.2), Bar(days=days))
    assert found.verdict == "stop"
    assert "worse" in found.why
    assert found.brier is not None
    assert found.brier == pytest.approx(-0.03, abs=0.01)


def test_a_shadow_is_watched_before_there_are_days_enough() -> None:
    assert shadowed(pairs(3, days=10)).verdict == "watch on"
    without = pairs(4)
    without.outcome[:] = np.nan
    found = shadowed(without)
    assert (found.verdict, found.brier, found.outcomes) == ("watch on", None, 0)


def test_a_shadow_that_leaves_requests_unanswered_is_stopped() -> None:
    observed = pairs(5)
    found = shadowed(observed.of(np.arange(len(observed)) < len(observed) - 400))
    assert found.verdict == "stop"
    assert found.unanswered == pytest.approx(0.05)


def test_a_slow_shadow_is_stopped() -> None:
    found = shadowed(pairs(6, latency=2.0))
    assert found.verdict == "stop"
    assert "latency" in found.why


def test_a_request_that_was_sent_twice_counts_once() -> None:
    observed = pairs(7)
    twice = observed.of(np.concatenate([np.arange(len(observed)), np.arange(50)]))
    assert shadowed(twice).requests == shadowed(observed).requests
    assert shadowed(twice).gain.estimate[-1] == shadowed(observed).gain.estimate[-1]


def test_losses_lie_between_none_and_one() -> None:
    outcome, said = np.array([1.0, 1, 0, 0]), np.array([0.9, 0.1, 0.9, 0.1])
    assert losses(outcome, said, "cost", 0.5, COSTS).tolist() == [0, 1, 0.25, 0]
    assert losses(outcome, said, "brier", 0.5, COSTS) == pytest.approx([0.01, 0.81, 0.81, 0.01])


def capture(variant: str, id: str, at: datetime, probability: float) -> dict[str, Any]:
    answer = json.dumps({"predictions": [{"probability": probability}]})
    return {
        "captureData": {
            "endpointOutput": {
                "observedContentType": "application/json",
                "mode": "OUTPUT",
                "data": answer,
                "encoding": "JSON",
            }
        },
        "eventMetadata": {
            "eventId": f"{variant}-{id}",
            "inferenceTime": "2026-01-01T00:00:00Z",
            "inferenceId": id,
            "customAttributes": [f"event-time={at.isoformat()}"],
        },
        "eventVersion": "0",
    }


def kept(folder: Path, rows: int, *, blur: float, shadow: bool) -> tuple[Path, Path]:
    """Captures and outcomes as an endpoint and a feature store leave them; two lines are torn."""
    random = np.random.default_rng(9)
    lines: dict[str, list[str]] = {"champion": [], "challenger-1": []}
    values = []
    for number in range(rows):
        truth = float(random.beta(1, 6))
        outcome = int(random.random() < truth)
        at = datetime(2013, 11, 1, tzinfo=UTC) + timedelta(minutes=10 * number)
        said = {"champion": truth, "challenger-1": min(max(truth + blur * random.choice([-1, 1]), 0), 1)}
        one = "champion" if random.random() < 0.5 else "challenger-1"
        for variant in said if shadow else [one]:
            lines[variant].append(json.dumps(capture(variant, f"f{number}", at, said[variant])))
        values.append(f"('f{number}', {outcome}.0, '{at.isoformat()}', TIMESTAMP '2026-01-01', false)")
    lines["champion"] += ['{"captureData": ', "[]"]
    for variant, texts in lines.items():
        path = folder / "captures/endpoint" / variant / "2026/01/01/00/00-00.jsonl"
        path.parent.mkdir(parents=True)
        path.write_text("\n".join(texts) + "\n")
    (folder / "outcomes").mkdir()
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT * FROM (VALUES {', '.join(values)}) "  # noqa: S608 – made above
            "t(inference_id, outcome, happened_at, write_time, is_deleted)) "
            f"TO '{folder / 'outcomes/part-0.parquet'}' (FORMAT parquet)"
        )
    return folder / "captures", folder / "outcomes"


def test_captures_and_outcomes_are_joined_by_id_at_the_time_of_the_event(tmp_path: Path) -> None:
    captures, outcomes = kept(tmp_path, 50, blur=0, shadow=False)
    found = read(captures, outcomes, variants=("champion", "challenger-1"), costs=COSTS)
    observed, skipped = found.observed, found.skipped
    assert len(observed) == 50
    assert not np.isnan(observed.outcome).any()
    assert observed.at.min() == datetime(2013, 11, 1, tzinfo=UTC).timestamp() / 60
    assert set(observed.variant.tolist()) == {"champion", "challenger-1"}
    assert skipped == {"torn line": 1, "no capture of a request and its answer": 1}
    assert (found.thresholds, observed.both) == (None, None)


def test_a_folder_without_captures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoCaptures, match="no .jsonl file"):
        read(tmp_path, tmp_path, variants=("champion", "challenger-1"), costs=COSTS)


@pytest.mark.parametrize(("shadow", "decision"), [(False, "keep"), (True, "stop")], ids=["ab", "shadow"])
def test_the_job_leads_from_captures_to_a_decision_and_a_page(
    tmp_path: Path, shadow: bool, decision: str
) -> None:
    captures, outcomes = kept(tmp_path, 4000, blur=0.35, shadow=shadow)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "ml", "experiment", "--case", "ml.flights"),
            *("--captures", str(captures), "--outcomes", str(outcomes), "--out", str(tmp_path / "out")),
            *("--challenger", "challenger-1", "--loss", "brier", *(["--shadow"] if shadow else [])),
        ],
        cwd=ROOT,
        env=os.environ | {"SM_OUTPUT_DIR": str(tmp_path / "o")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    document = json.loads((tmp_path / "out/experiment.json").read_text())
    assert (document["kind"], document["decision"]) == ("shadow" if shadow else "ab", decision)
    assert f"decision={decision}" in done.stdout
    page = (tmp_path / "out/experiment.html").read_text()
    (drawing,) = [part.split("</svg>")[0] + "</svg>" for part in page.split("<svg")[1:]]
    ElementTree.fromstring("<svg" + drawing)  # noqa: S314 – written a moment ago
    assert document["why"] in page.replace("&#x27;", "'")
