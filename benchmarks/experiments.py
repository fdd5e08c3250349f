"""How many real flights does an experiment need? A model of winter against one of more months, replayed.

`python -m benchmarks experiments` trains a champion on January to March and a challenger on January to May
(each stops early on the month after), replays July to December in order of time, in shadow and as an A/B test
by hash, and prints one line of JSON.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import numpy as np

from ml.evaluation.archived import Archived, ask
from ml.experiments import shadow, trial
from ml.experiments.assignment import assigned
from ml.experiments.observed import DAY, Loss, Observed
from ml.flights.case import CASE
from ml.flights.sources import find
from ml.integration.preparation import prepare
from ml.training import data
from ml.training import job as training

REPLAYED = range(7, 13)


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        prepare(CASE, find()[0].path.parent, folder / "sets", say=lambda line: None)
        replayed = cut(folder, REPLAYED)
        champion = made(folder, "champion", range(1, 4), range(4, 5), replayed)
        challenger = made(folder, "challenger", range(1, 6), range(6, 7), replayed)
        ids, at = identity(replayed)
    began = time.process_time()
    worse = blurred(challenger.said)
    told = {
        "benchmark": "experiments",
        "flights": len(at),
        "champion_brier": round(brier(champion, champion.said), 5),
        "challenger_brier": round(brier(champion, challenger.said), 5),
        "shadow": in_shadow(ids, at, champion.labels, champion.said, challenger.said),
        "ab": in_trial(ids, at, champion.labels, champion.said, challenger.said, "trial"),
        "ab_of_cost": in_trial(ids, at, champion.labels, champion.said, challenger.said, "trial", "cost"),
        "ab_of_itself": in_trial(ids, at, champion.labels, champion.said, champion.said, "trial"),
        "ab_of_a_worse_one": in_trial(ids, at, champion.labels, champion.said, worse, "trial"),
        "judging_cpu_s": 0.0,
    }
    told["judging_cpu_s"] = round(time.process_time() - began, 1)
    print(json.dumps(told))


def cut(folder: Path, months: range) -> Path:
    """The prepared rows of some months."""
    out = folder / f"months-{months.start}-{months.stop - 1}"
    if not out.exists():
        out.mkdir()
        files = [str(path) for path in (folder / "sets").glob("*/part-*.parquet")]
        with duckdb.connect() as connection:
            rows = connection.read_parquet(files)
            chosen = rows.filter(f"month BETWEEN {months.start} AND {months.stop - 1}")
            chosen.order("scheduled, carrier, flight, origin").to_parquet(str(out / "part-0.parquet"))
    return out


def made(folder: Path, name: str, months: range, stopping: range, replayed: Path) -> Archived:
    """A model of those months, asked about the replayed ones."""
    os.environ |= {
        "SM_CHANNEL_TRAIN": str(cut(folder, months)),
        "SM_CHANNEL_VALIDATION": str(cut(folder, stopping)),
        "SM_MODEL_DIR": str(folder / name),
        "SM_CHECKPOINT_DIR": str(folder / f"{name}-checkpoints"),
    }
    stdout, sys.stdout = sys.stdout, sys.stderr
    try:
        training.run(CASE, [])
    finally:
        sys.stdout = stdout
    return ask(folder / name, replayed, CASE.label, CASE.costs)


def identity(replayed: Path) -> tuple[list[str], np.ndarray]:
    """The id of each flight and when it was due, in minutes since 1970."""
    columns = data.columns(replayed, ["carrier", "flight", "origin", "scheduled"])
    ids = ["-".join(map(str, key)) for key in zip(*(column.tolist() for column in columns), strict=True)]
    return ids, np.asarray(columns[-1], dtype=np.float64)


def observed(
    ids: list[str], at: np.ndarray, labels: np.ndarray, said: np.ndarray, variant: np.ndarray
) -> Observed:
    return Observed(
        inference_id=np.array(ids),
        variant=variant,
        at=at,
        probability=said,
        outcome=labels,
        latency=np.full(len(at), np.nan),
    )


def in_shadow(
    ids: list[str], at: np.ndarray, labels: np.ndarray, champion: np.ndarray, challenger: np.ndarray
) -> dict[str, object]:
    both = observed(
        ids * 2,
        np.tile(at, 2),
        np.tile(labels, 2),
        np.concatenate([champion, challenger]),
        np.repeat(["champion", "shadow"], len(at)),
    )
    found = shadow.judge(
        both,
        shadow.Bar(),
        champion="champion",
        shadow="shadow",
        loss="brier",
        thresholds=(0.2, 0.2),
        costs=CASE.costs,
    )
    decided = np.flatnonzero((found.gain.low >= -0.002) | (found.gain.high < -0.002))
    days = int(found.gain.count[decided[0]]) if len(decided) else None
    first = float(np.floor(at.min() / DAY))
    until = None if days is None else int((np.floor(at / DAY) < first + days).sum())
    return {
        "verdict": found.verdict,
        "days": days,
        "flights": until,
        "agreement": round(found.agreement, 4),
        "gain": round(float(found.gain.estimate[-1]), 5),
    }


def in_trial(
    ids: list[str],
    at: np.ndarray,
    labels: np.ndarray,
    champion: np.ndarray,
    challenger: np.ndarray,
    salt: str,
    loss: Loss = "brier",
) -> dict[str, object]:
    theirs = np.array([assigned(one, 0.5, salt) for one in ids])
    found = trial.judge(
        observed(
            ids,
            at,
            labels,
            np.where(theirs, challenger, champion),
            np.where(theirs, "challenger", "champion"),
        ),
        trial.Rule(),
        champion="champion",
        challenger="challenger",
        share=0.5,
        loss=loss,
        thresholds=(0.2, 0.2),
        costs=CASE.costs,
    )
    return {
        "decision": found.decision,
        "flights": found.decided_at,
        "days": None if found.decided_on is None else int((found.decided_on - at.min()) / DAY) + 1,
        "gain": round(float(found.gain.estimate[-1]), 5),
        "low": round(float(found.gain.low[-1]), 5),
        "high": round(float(found.gain.high[-1]), 5),
    }


def blurred(said: np.ndarray) -> np.ndarray:
    """The same with a fault: a third of the probabilities is that of another flight."""
    random = np.random.default_rng(5)
    return np.where(random.random(len(said)) < 1 / 3, random.permutation(said), said)


def brier(rows: Archived, said: np.ndarray) -> float:
    return float(((said - rows.labels) ** 2).mean())


if __name__ == "__main__":
    main()
