"""How many real flights does an experiment need? A model of winter against one of more months, replayed.

`python -m benchmarks experiments` trains a champion on January to March and a challenger on January to May
(each stops early on the month after), replays July to December in order of time, in shadow and as an A/B test
by hash, with both models' answers to every request and without, over seven salts of the hash. It prints one
line of JSON.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np

from ml.evaluation.archived import Archived, ask
from ml.evaluation.thresholds import by_costs
from ml.experiments import shadow, trial
from ml.experiments.assignment import assigned
from ml.experiments.observed import DAY, Loss, Observed
from ml.flights.case import CASE
from ml.flights.sources import find
from ml.integration.preparation import prepare
from ml.training import data
from ml.training import job as training

REPLAYED = range(7, 13)
ACT_AT = by_costs(CASE.costs)
SALTS = ("trial", *(f"trial-{number}" for number in range(1, 7)))


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        prepare(CASE, find()[0].path.parent, folder / "sets", say=lambda line: None)
        replayed = cut(folder, REPLAYED)
        champion = made(folder, "champion", range(1, 4), range(4, 5), replayed)
        challenger = made(folder, "challenger", range(1, 6), range(6, 7), replayed)
        ids, at = identity(replayed)
    flights = Flights(ids, at, champion.labels)
    ours, theirs, worse = champion.said, challenger.said, blurred(challenger.said)
    told = {
        "benchmark": "experiments",
        "flights": len(at),
        "champion_brier": round(brier(champion, ours), 5),
        "challenger_brier": round(brier(champion, theirs), 5),
        "shadow": in_shadow(flights, ours, theirs, days=True),
        "shadow_by_rows": in_shadow(flights, ours, theirs, days=False),
        "triggered": round(float(((ours >= ACT_AT) != (theirs >= ACT_AT)).mean()), 4),
        "ab_of_cost": trials(flights, ours, theirs, "cost"),
        "ab_of_brier": trials(flights, ours, theirs, "brier"),
        "ab_of_itself": trials(flights, ours, ours, "cost"),
        "ab_of_a_worse_one": trials(flights, theirs, worse, "cost"),
    }
    began = time.process_time()
    in_trial(flights, ours, theirs, "cost", SALTS[0], triggered=True)
    told["judging_cpu_s"] = round(time.process_time() - began, 2)
    print(json.dumps(told))


@dataclass(frozen=True)
class Flights:
    """What was asked about, when, and what became of it."""

    ids: list[str]
    at: np.ndarray
    labels: np.ndarray


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


def in_shadow(
    flights: Flights, champion: np.ndarray, challenger: np.ndarray, *, days: bool
) -> dict[str, object]:
    at = flights.at
    both = Observed(
        inference_id=np.array(flights.ids * 2),
        variant=np.repeat(["champion", "shadow"], len(at)),
        at=np.tile(at, 2),
        probability=np.concatenate([champion, challenger]),
        outcome=np.tile(flights.labels, 2),
        latency=np.full(2 * len(at), np.nan),
    )
    bar = shadow.Bar(days=days)
    found = shadow.judge(
        both,
        bar,
        champion="champion",
        shadow="shadow",
        loss="brier",
        thresholds=(ACT_AT, ACT_AT),
        costs=CASE.costs,
    )
    decided = np.flatnonzero((found.gain.low >= -bar.margin) | (found.gain.high < -bar.margin))
    until = None if not len(decided) else float(found.at[decided[0]])
    return {
        "verdict": found.verdict,
        "days": None if until is None else int(np.ceil((until - np.floor(at.min() / DAY) * DAY) / DAY)),
        "flights": None if until is None else int((at < until).sum()),
        "agreement": round(found.agreement, 4),
        "gain": round(float(found.gain.estimate[-1]), 5),
    }


def trials(
    flights: Flights, champion: np.ndarray, challenger: np.ndarray, loss: Loss
) -> dict[str, list[dict[str, object]]]:
    """One a salt, without the other one's answers and with them."""
    return {
        name: [in_trial(flights, champion, challenger, loss, salt, triggered) for salt in SALTS]
        for name, triggered in (("whole", False), ("triggered", True))
    }


def in_trial(
    flights: Flights, champion: np.ndarray, challenger: np.ndarray, loss: Loss, salt: str, triggered: bool
) -> dict[str, object]:
    theirs = np.array([assigned(one, 0.5, salt) for one in flights.ids])
    found = trial.judge(
        Observed(
            inference_id=np.array(flights.ids),
            variant=np.where(theirs, "challenger", "champion"),
            at=flights.at,
            probability=np.where(theirs, challenger, champion),
            outcome=flights.labels,
            latency=np.full(len(theirs), np.nan),
            both=np.stack([champion, challenger], axis=1) if triggered else None,
        ),
        trial.Rule(),
        champion="champion",
        challenger="challenger",
        share=0.5,
        loss=loss,
        thresholds=(ACT_AT, ACT_AT),
        costs=CASE.costs,
    )
    begun = float(flights.at.min())
    return {
        "decision": found.decision,
        "flights": found.decided_at,
        "days": None if found.decided_on is None else int((found.decided_on - begun) / DAY) + 1,
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
