"""What is kept from run to run? For each day of the events its counts, and of recent days the predictions.

The same capture seen again changes nothing, since a prediction is known by its id; a late one, or a late
outcome, changes the day that it is about. What was counted in another model's bins is put aside.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ml.container import write_json
from ml.monitoring.baseline import Baseline
from ml.monitoring.bins import Counts, Floats, count
from ml.monitoring.captured import Captured, Outcomes
from ml.monitoring.outcomes import MINUTES, SUMS, Sums, sums

ROWS_KEPT_DAYS = 62
"""Days whose predictions are kept one by one, awaiting outcomes: about 25 bytes each. Of older days the sums
are kept, and what comes for them is counted as too late."""

_VERSION = 1
_DAYS = "days.npz"
_STATE = "state.json"

Hashes = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Rows:
    """Predictions of a day: hashed id, minutes, outcome and when it was known (NaN: not), segments."""

    id: Hashes
    at: Floats
    probability: Floats
    outcome: Floats
    known_at: Floats
    segments: npt.NDArray[np.int16]


@dataclass(frozen=True)
class Day:
    """One day of the events: its counts, its probabilities' counts, its sums, and its rows while kept."""

    counts: Counts
    probability: Counts
    alerts: int
    predictions: int
    without_outcome: int
    sums: Sums
    rows: Rows | None = None


@dataclass(frozen=True)
class History:
    """Days since 1970 → what is known of each. `tally` says what a run added and what it left out."""

    days: Mapping[int, Day] = field(default_factory=dict)
    tally: Mapping[str, int] = field(default_factory=dict)
    published: int | None = None
    """The last day whose figures were published."""

    def ordered(self) -> list[int]:
        return sorted(self.days)


def added(
    history: History,
    baseline: Baseline,
    captured: Captured,
    outcomes: Outcomes,
    segments: Sequence[str],
    *,
    until: int | None = None,
) -> History:
    """The history with what was captured and what became known, up to the day `until` (days since 1970).

    `segments` are names of categories among the features, by which outcomes are counted.
    """
    days = dict(history.days)
    tally = {"added": 0, "seen before": 0, "too late": 0, "after the last day": 0}
    ids = _hashed(captured.inference_id)
    day_of = np.floor(captured.at / MINUTES).astype(np.int64)
    names = [one.name for one in baseline.features.bins]
    columns = [names.index(name) for name in segments]
    newest = max([*days, *day_of.tolist()], default=0) if until is None else until
    for day in np.unique(day_of).tolist():
        chosen = np.flatnonzero(day_of == day)
        known = days.get(day)
        if day > newest:
            tally["after the last day"] += len(chosen)
            continue
        if (known is not None and known.rows is None) or day <= newest - ROWS_KEPT_DAYS:
            tally["too late"] += len(chosen)
            continue
        _, first = np.unique(ids[chosen], return_index=True)
        new = chosen[np.sort(first)]
        if known is not None and known.rows is not None:
            new = new[~np.isin(ids[new], known.rows.id)]
        tally["added"] += len(new)
        tally["seen before"] += len(chosen) - len(new)
        if len(new):
            days[day] = _with_rows(known, baseline, captured.of(new), ids[new], columns)
    days = _with_outcomes(days, outcomes)
    kept = {day: _forgotten(one, day <= newest - ROWS_KEPT_DAYS) for day, one in days.items()}
    return History(kept, tally, history.published)


def _with_rows(
    known: Day | None, baseline: Baseline, captured: Captured, ids: Hashes, columns: Sequence[int]
) -> Day:
    counts = count(baseline.features.bins, captured.features)
    said = count(baseline.probability.bins, captured.probability.astype(np.float32).reshape(-1, 1))
    alerts = int((captured.probability >= baseline.threshold).sum()) if baseline.threshold is not None else 0
    codes = np.nan_to_num(captured.features[:, list(columns)], nan=-2.0).astype(np.int16)
    unknown = np.full(len(captured), np.nan)
    rows = Rows(ids, captured.at, captured.probability, unknown, unknown.copy(), codes)
    if known is None or known.rows is None:
        return _summed(Day(counts, said, alerts, len(ids), 0, Sums(), rows))
    together = Rows(
        *(
            np.concatenate([getattr(known.rows, name), getattr(rows, name)])
            for name in Rows.__dataclass_fields__
        )
    )
    return _summed(
        Day(
            known.counts + counts,
            known.probability + said,
            known.alerts + alerts,
            known.predictions + len(ids),
            0,
            Sums(),
            together,
        )
    )


def _with_outcomes(days: Mapping[int, Day], outcomes: Outcomes) -> dict[int, Day]:
    if not len(outcomes):
        return dict(days)
    ids = _hashed(outcomes.inference_id)
    order = np.argsort(ids)
    ordered = ids[order]
    found = {}
    for day, one in days.items():
        found[day] = one
        if one.rows is None:
            continue
        place = np.minimum(np.searchsorted(ordered, one.rows.id), len(ordered) - 1)
        hit = ordered[place] == one.rows.id
        if not hit.any():
            continue
        outcome, known_at = one.rows.outcome.copy(), one.rows.known_at.copy()
        outcome[hit] = outcomes.outcome[order][place[hit]]
        known_at[hit] = outcomes.known_at[order][place[hit]]
        found[day] = _summed(replace(one, rows=replace(one.rows, outcome=outcome, known_at=known_at)))
    return found


def _summed(day: Day) -> Day:
    rows = day.rows
    if rows is None:
        return day
    return replace(
        day,
        sums=sums(rows.probability, rows.outcome, rows.known_at - rows.at),
        without_outcome=int(np.isnan(rows.outcome).sum()),
    )


def _forgotten(day: Day, old: bool) -> Day:
    return replace(day, rows=None) if old else day


def _hashed(ids: npt.NDArray[np.str_]) -> Hashes:
    """Eight bytes of each id's SHA-256: no person's key is kept."""
    return np.array(
        [int.from_bytes(hashlib.sha256(one.encode()).digest()[:8], "big") for one in ids.tolist()],
        dtype=np.uint64,
    )


def save(folder: Path, history: History, baseline: Baseline) -> None:
    """Writes the history: the days' sums in one file, a file of rows for each recent day."""
    folder.mkdir(parents=True, exist_ok=True)
    order = history.ordered()
    days = [history.days[day] for day in order]
    width, said = len(baseline.features.counts), len(baseline.probability.counts)
    np.savez_compressed(
        folder / _DAYS,
        day=np.array(order, dtype=np.int64),
        counts=np.array([one.counts for one in days], dtype=np.int64).reshape(len(days), width),
        probability=np.array([one.probability for one in days], dtype=np.int64).reshape(len(days), said),
        whole=np.array(
            [(one.alerts, one.predictions, one.without_outcome) for one in days], dtype=np.int64
        ).reshape(len(days), 3),
        sums=np.array([astuple(one.sums) for one in days], dtype=np.float64).reshape(len(days), len(SUMS)),
    )
    rows = folder / "rows"
    shutil.rmtree(rows, ignore_errors=True)
    rows.mkdir()
    for day, one in zip(order, days, strict=True):
        if one.rows is not None:
            np.savez_compressed(rows / f"{day}.npz", **one.rows.__dict__)
    state = {"version": _VERSION, "baseline": baseline.digest, "published": history.published}
    write_json(folder / _STATE, state)


def load(folder: Path, baseline: Baseline) -> History:
    """The history that was saved for this baseline; an empty one where there is none, or another's."""
    try:
        state = json.loads((folder / _STATE).read_text())
    except (OSError, ValueError):
        return History()
    if (state.get("version"), state.get("baseline")) != (_VERSION, baseline.digest):
        return History()
    with np.load(folder / _DAYS) as kept:
        order, counts, said, whole, summed = (
            kept[name] for name in ("day", "counts", "probability", "whole", "sums")
        )
    days = {}
    for place, day in enumerate(order.tolist()):
        path = folder / "rows" / f"{day}.npz"
        rows = None
        if path.exists():
            with np.load(path) as one:
                rows = Rows(**{name: one[name] for name in Rows.__dataclass_fields__})
        alerts, predictions, without = whole[place].tolist()
        days[day] = Day(
            counts[place], said[place], alerts, predictions, without, Sums(*summed[place].tolist()), rows
        )
    return History(days, published=state["published"])


def matrix(history: History, baseline: Baseline) -> tuple[list[int], Counts, Counts]:
    """Every day from the first to the last, with the counts of each: a day without predictions has none."""
    order = history.ordered()
    every = list(range(order[0], order[-1] + 1)) if order else []
    counts = np.zeros((len(every), len(baseline.features.counts)), dtype=np.int64)
    said = np.zeros((len(every), len(baseline.probability.counts)), dtype=np.int64)
    for place, day in enumerate(every):
        if day in history.days:
            counts[place], said[place] = history.days[day].counts, history.days[day].probability
    return every, counts, said
