"""What does a run keep, and what does the next one make of it?"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ml.monitoring import baseline as baselines
from ml.monitoring import history
from tests.ml.monitoring.simulated import FIRST, NONE, ROWS, added, of_day, of_days


def _same(one: history.History, other: history.History) -> bool:
    def told(kept: history.History) -> list[Any]:
        found = []
        for day in kept.ordered():
            here = kept.days[day]
            rows = here.rows
            order = np.argsort(rows.id) if rows is not None else None
            found.append(
                (
                    day,
                    here.counts.tolist(),
                    here.probability.tolist(),
                    here.alerts,
                    here.predictions,
                    here.without_outcome,
                    [round(value, 9) for value in vars(here.sums).values()],
                    rows.id[order].tolist() if rows is not None else None,
                )
            )
        return found

    return str(told(one)) == str(told(other))


def test_the_same_captures_again_change_nothing(learned: baselines.Baseline) -> None:
    given = of_days(FIRST, FIRST + 3)
    once = added(history.History(), learned, *given)
    again = added(once, learned, *given)
    assert _same(once, again)
    assert again.tally["added"] == 0
    assert again.tally["seen before"] == 4 * ROWS


def test_late_captures_and_outcomes_are_of_their_day_whatever_the_order(
    learned: baselines.Baseline,
) -> None:
    captured, outcomes = of_days(FIRST, FIRST + 3)
    whole = added(history.History(), learned, captured, outcomes)
    late = np.zeros(len(captured), dtype=bool)
    late[::3] = True
    apart = added(history.History(), learned, captured.of(~late), NONE)
    apart = added(apart, learned, captured.of(late), NONE)
    apart = added(apart, learned, captured.of(late), outcomes)
    assert _same(whole, apart)


def test_what_was_kept_is_what_the_next_run_finds(learned: baselines.Baseline, tmp_path: Path) -> None:
    kept = added(history.History(), learned, *of_days(FIRST, FIRST + 8))
    kept = added(kept, learned, *of_days(FIRST + 9, FIRST + 70))
    assert kept.ordered() == list(range(FIRST, FIRST + 71))
    assert {day for day, one in kept.days.items() if one.rows is None} == set(range(FIRST, FIRST + 9))
    history.save(tmp_path, replace(kept, published=FIRST + 70), learned)
    found = history.load(tmp_path, learned)
    assert _same(kept, found)
    assert found.published == FIRST + 70
    too_late = added(found, learned, *of_days(FIRST, FIRST + 1))
    assert too_late.tally["too late"] == 2 * ROWS
    assert _same(too_late, kept)


def test_a_new_model_begins_anew(learned: baselines.Baseline, tmp_path: Path) -> None:
    history.save(tmp_path, added(history.History(), learned, *of_days(FIRST, FIRST)), learned)
    assert not history.load(tmp_path, replace(learned, digest="another")).days


def test_no_id_is_kept_as_it_was(learned: baselines.Baseline, tmp_path: Path) -> None:
    captured, outcomes = of_day(FIRST)
    ids = captured.inference_id.astype("<U64")
    ids[0] = "ada.lovelace@example.com"
    named = replace(captured, inference_id=ids)
    history.save(tmp_path, added(history.History(), learned, named, outcomes), learned)
    for path in tmp_path.rglob("*.npz"):
        with np.load(path) as kept:
            assert not any(b"lovelace" in kept[name].tobytes() for name in kept.files)


def test_times_that_no_event_has_do_not_stretch_the_days(learned: baselines.Baseline) -> None:
    captured, _ = of_day(FIRST)
    at = captured.at.copy()
    at[:3] = [0.0, -1e12, 9e12]
    found = added(history.History(), learned, replace(captured, at=at), NONE, until=FIRST)
    assert found.ordered() == [FIRST]
    assert (found.tally["too late"], found.tally["after the last day"]) == (2, 1)
