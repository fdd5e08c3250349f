"""From captures to verdicts, metrics and a page: what a run keeps, and what the next one makes of it."""

import json
import tarfile
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ml import __main__ as command
from ml.flights.case import CASE
from ml.monitoring import assessment, concept, history, publishing
from ml.monitoring import baseline as baselines
from ml.monitoring.captured import Captured, Outcomes
from ml.monitoring.days import TO_ALARM, follow
from ml.monitoring.outcomes import MINUTES, Sums, sums
from ml.training.schema import Feature

FEATURES = (
    Feature(name="size", kind="number"),
    Feature(name="origin", kind="category", values=("EWR", "JFK", "LGA")),
)
FIRST = 15_000
"""A day: 26 January 2011."""
ROWS = 300


def _day(day: int, *, moved: float = 0.0, wrong: float = 0.0) -> tuple[Captured, Outcomes]:
    """A day's predictions and what became of them; `wrong` raises the truth above what was said."""
    random = np.random.default_rng(day)
    values = np.column_stack([random.normal(moved, 1, ROWS), random.integers(0, 3, ROWS)]).astype(np.float32)
    probability = np.clip(random.beta(1, 9, ROWS), 0.001, 0.999)
    ids = np.array([f"{day}-{number}" for number in range(ROWS)])
    at = day * MINUTES + random.integers(0, MINUTES, ROWS).astype(np.float64)
    outcome = (random.random(ROWS) < np.clip(probability + wrong, 0, 1)).astype(np.float64)
    variant = np.full(ROWS, "champion")
    return Captured(ids, variant, at, values, probability), Outcomes(ids, outcome, at + 90)


def _days(first: int, last: int, **how: float) -> tuple[Captured, Outcomes]:
    parts = [_day(day, **how) for day in range(first, last + 1)]
    captured = Captured(
        *(
            np.concatenate([getattr(one, name) for one, _ in parts])
            for name in ("inference_id", "variant", "at", "features", "probability")
        )
    )
    outcomes = Outcomes(
        *(
            np.concatenate([getattr(one, name) for _, one in parts])
            for name in ("inference_id", "outcome", "known_at")
        )
    )
    return captured, outcomes


NONE = Outcomes(np.array([], dtype=np.str_), np.array([]), np.array([]))


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> baselines.Baseline:
    """Read from the document that was written, as a run does."""
    captured, outcomes = _days(FIRST - 90, FIRST - 1)
    day = (captured.at // MINUTES).astype(np.int64)
    made = baselines.baseline(
        FEATURES,
        values=captured.features,
        day=day,
        probability=captured.probability,
        outcome=outcomes.outcome,
        validation_day=day,
        threshold=0.3,
    )
    folder = tmp_path_factory.mktemp("model")
    (folder / baselines.NAME).write_text(json.dumps(baselines.document(made)))
    return baselines.read(folder)


def _added(
    before: history.History, learned: baselines.Baseline, *given: Any, until: int | None = None
) -> history.History:
    captured, outcomes = given
    return history.added(before, learned, captured, outcomes, ["origin"], until=until)


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
    given = _days(FIRST, FIRST + 3)
    once = _added(history.History(), learned, *given)
    again = _added(once, learned, *given)
    assert _same(once, again)
    assert again.tally["added"] == 0
    assert again.tally["seen before"] == 4 * ROWS


def test_late_captures_and_outcomes_are_of_their_day_whatever_the_order(
    learned: baselines.Baseline,
) -> None:
    captured, outcomes = _days(FIRST, FIRST + 3)
    whole = _added(history.History(), learned, captured, outcomes)
    late = np.zeros(len(captured), dtype=bool)
    late[::3] = True
    apart = _added(history.History(), learned, captured.of(~late), NONE)
    apart = _added(apart, learned, captured.of(late), NONE)
    apart = _added(apart, learned, captured.of(late), outcomes)
    assert _same(whole, apart)


def test_what_was_kept_is_what_the_next_run_finds(learned: baselines.Baseline, tmp_path: Path) -> None:
    kept = _added(history.History(), learned, *_days(FIRST, FIRST + 8))
    kept = _added(kept, learned, *_days(FIRST + 9, FIRST + 70))
    assert kept.ordered() == list(range(FIRST, FIRST + 71))
    assert {day for day, one in kept.days.items() if one.rows is None} == set(range(FIRST, FIRST + 9))
    history.save(tmp_path, replace(kept, published=FIRST + 70), learned)
    found = history.load(tmp_path, learned)
    assert _same(kept, found)
    assert found.published == FIRST + 70
    too_late = _added(found, learned, *_days(FIRST, FIRST + 1))
    assert too_late.tally["too late"] == 2 * ROWS
    assert _same(too_late, kept)


def test_a_new_model_begins_anew(learned: baselines.Baseline, tmp_path: Path) -> None:
    history.save(tmp_path, _added(history.History(), learned, *_days(FIRST, FIRST)), learned)
    assert not history.load(tmp_path, replace(learned, digest="another")).days


def test_no_id_is_kept_as_it_was(learned: baselines.Baseline, tmp_path: Path) -> None:
    captured, outcomes = _day(FIRST)
    ids = captured.inference_id.astype("<U64")
    ids[0] = "ada.lovelace@example.com"
    named = replace(captured, inference_id=ids)
    history.save(tmp_path, _added(history.History(), learned, named, outcomes), learned)
    for path in tmp_path.rglob("*.npz"):
        with np.load(path) as kept:
            assert not any(b"lovelace" in kept[name].tobytes() for name in kept.files)


def test_times_that_no_event_has_do_not_stretch_the_days(learned: baselines.Baseline) -> None:
    captured, _ = _day(FIRST)
    at = captured.at.copy()
    at[:3] = [0.0, -1e12, 9e12]
    found = _added(history.History(), learned, replace(captured, at=at), NONE, until=FIRST)
    assert found.ordered() == [FIRST]
    assert (found.tally["too late"], found.tally["after the last day"]) == (2, 1)


def _verdicts(learned: baselines.Baseline, moved: dict[int, float], days: int) -> list[str]:
    counts = np.zeros((days, len(learned.features.counts)), dtype=np.int64)
    from ml.monitoring.bins import count

    for day in range(days):
        rows = _day(FIRST + day, moved=moved.get(day, 0.0))[0].features
        counts[day] = count(learned.features.bins, rows)
    return list(follow(learned.features, list(range(days)), counts).verdict)


def test_drift_that_lasts_is_told_and_taken_back_once_it_is_over(learned: baselines.Baseline) -> None:
    found = _verdicts(learned, dict.fromkeys(range(20, 40), 1.5), 70)
    assert set(found[:20]) == {"ok"}
    first, last = found.index("drifted"), len(found) - 1 - found[::-1].index("drifted")
    # Not before it has lasted.
    assert first >= 20 + TO_ALARM - 1
    assert found[first - 1] == "watch"
    assert set(found[first : last + 1]) == {"drifted"}
    assert found[last + 1] == "recovered"
    assert set(found[last + 2 :]) == {"ok"}


def test_a_day_without_requests_says_nothing_and_ends_nothing(learned: baselines.Baseline) -> None:
    counts = np.zeros((30, len(learned.features.counts)), dtype=np.int64)
    from ml.monitoring.bins import count

    for day in [*range(15), *range(17, 30)]:
        counts[day] = count(learned.features.bins, _day(FIRST + day, moved=2.0)[0].features)
    found = follow(learned.features, list(range(30)), counts)
    assert found.verdict[15:17] == ("quiet", "quiet")
    assert found.verdict[14] == found.verdict[17] == "drifted"
    assert (found.lasting[14] == found.lasting[15]).all()


def test_what_came_true_as_it_was_said_is_no_concept_drift_and_what_did_not_is(
    learned: baselines.Baseline,
) -> None:
    def drifted(**how: float) -> np.ndarray:
        days = [
            sums(one.probability, what.outcome)
            for one, what in (
                _day(day, **(how if day >= FIRST + 20 else {})) for day in range(FIRST, FIRST + 60)
            )
        ]
        raw = concept.residuals(days)
        return np.any(
            [concept.follow(one, raw[name]).drifted for name, one in learned.streams.items()], axis=0
        )

    assert not drifted().any()
    wrong = drifted(wrong=0.08)
    assert not wrong[:20].any()
    assert wrong[40:].all()


def test_more_that_comes_true_as_foretold_is_no_concept_drift(learned: baselines.Baseline) -> None:
    """The prevalence doubles, the probabilities with it: the raw error would rise."""
    random = np.random.default_rng(0)
    days = []
    for day in range(60):
        probability = np.clip(random.beta(1, 9 if day < 30 else 4, ROWS), 0.001, 0.999)
        days.append(sums(probability, (random.random(ROWS) < probability).astype(np.float64)))
    assert days[40].brier > 1.3 * days[10].brier
    raw = concept.residuals(days)
    for name, stream in learned.streams.items():
        assert not concept.follow(stream, raw[name]).drifted.any()


def test_the_test_that_chose_the_threshold_is_rivers() -> None:
    from river.drift import PageHinkley

    values = np.random.default_rng(1).normal(0, 1, 200)
    values[120:] += 1.0
    ours = concept.page_hinkley(values[None])[0]
    for threshold in (3.0, 8.0, 15.0):
        test = PageHinkley(
            min_instances=concept.FEWEST,
            delta=concept.DELTA,
            threshold=threshold,
            alpha=concept.FORGETTING,
            mode="both",
        )
        fired = None
        for place, value in enumerate(values):
            test.update(float(value))
            if test.drift_detected:
                fired = place
                break
        assert fired == int(np.argmax(ours > threshold))


def test_outcomes_that_do_not_come_are_missed_once_they_are_due_by_segment(
    learned: baselines.Baseline,
) -> None:
    captured, outcomes = _days(FIRST, FIRST + 9)
    newark = captured.features[:, 1] == 0
    come = outcomes.inference_id[~newark]
    chosen = np.isin(outcomes.inference_id, come)
    some = Outcomes(come, outcomes.outcome[chosen], outcomes.known_at[chosen])
    kept = _added(history.History(), learned, captured, some)
    found = assessment.assess(
        learned, kept, delay_days=2, segments={"airport": ("EWR", "JFK", "LGA")}, until=FIRST + 9
    )
    assert found is not None
    assert [one.due > 0 for one in found.due] == [True] * 8 + [False] * 2
    by_airport = found.segments["airport"]
    assert (by_airport["EWR"].share, by_airport["JFK"].share) == (1.0, 0.0)
    assert found.missing[-1] == pytest.approx(0.33, abs=0.05)
    assert found.missing[1] == 0
    assert found.sums[0].delay == 90


def test_the_document_and_the_page_say_how_it_stands(learned: baselines.Baseline) -> None:
    kept = _added(history.History(), learned, *_days(FIRST, FIRST + 30, moved=2.0))
    found = assessment.assess(learned, kept, delay_days=2, segments={"airport": ("EWR", "JFK", "LGA")})
    assert found is not None
    told = assessment.document(found, learned)
    assert json.loads(json.dumps(told, allow_nan=False)).keys() == told.keys()
    assert (told["verdict"], told["drifted"]) == ("drifted", ["size"])
    size = told["features"][0]
    assert size["psi"] > size["bound"]
    interval = told["performance"]["brier"]
    assert interval["low"] < interval["value"] < interval["high"]
    from ml.monitoring.page import page

    html = page(found, learned, title="<b>")
    assert "<b>" not in html.split("<body>")[0].split("<title>")[1].split("</title>")[0]
    assert html.count("<svg") >= 8
    assert "The requests have drifted: size." in html
    assert "nan" not in html.lower().replace("nance", "")


def test_published_figures_mean_what_the_verdict_says(learned: baselines.Baseline) -> None:
    captured, outcomes = _days(FIRST, FIRST + 20, moved=2.0)
    kept = _added(history.History(), learned, captured, outcomes)
    found = assessment.assess(learned, kept, delay_days=2, segments={})
    assert found is not None
    measured = publishing.metrics(found, learned, since=FIRST + 1)
    largest = {one.day: one.value for one in measured if one.name == "Drift" and not one.feature}
    assert list(largest) == list(range(FIRST + 1, FIRST + 21))
    for place, day in enumerate(found.days[1:], 1):
        assert (largest[day] > 1) == (found.features.verdict[place] == "drifted")
    in_time = datetime(1970, 1, 1, 2, 30, tzinfo=UTC) + timedelta(days=FIRST + 21)
    asked = publishing.requests(measured, "groundplan-dev-flights", in_time)
    data = [datum for one in asked for datum in one["MetricData"]]
    assert all(len(one["MetricData"]) <= 1000 for one in asked)
    assert {datum["MetricName"] for datum in data} == {
        "Drift",
        "PredictionDrift",
        "ConceptDrift",
        "MissingOutcomes",
        "Probability",
    }
    probability = next(datum for datum in data if datum["MetricName"] == "Probability")
    assert sum(probability["Counts"]) == ROWS
    moments = {datum["Timestamp"] for datum in data}
    assert len(moments) == 20
    assert all(moment.hour == 12 for moment in moments)

    late = in_time + timedelta(days=2)
    asked = publishing.requests(measured, "groundplan-dev-flights", late)
    told = sorted({datum["Timestamp"] for one in asked for datum in one["MetricData"]})
    assert told[-1] == late, "an alarm would not look back to the newest day"
    assert all(moment.hour == 12 for moment in told[:-1])


def test_where_nobody_tells_outcomes_none_is_published_as_missing(learned: baselines.Baseline) -> None:
    kept = _added(history.History(), learned, _days(FIRST, FIRST + 9)[0], NONE)
    found = assessment.assess(learned, kept, delay_days=2, segments={})
    assert found is not None
    assert found.missing[-1] == 1
    told = {one.name for one in publishing.metrics(found, learned, since=0, outcomes=False)}
    assert told == {"Drift", "PredictionDrift", "Probability"}


def test_nothing_is_published_that_cloudwatch_no_longer_takes() -> None:
    now = datetime(2026, 11, 25, 2, 30, tzinfo=UTC)
    first = publishing.newest(now)
    noon = datetime(1970, 1, 1, 12, tzinfo=UTC) + timedelta(days=first)
    assert timedelta(days=13) < now - noon <= timedelta(days=14)


@pytest.mark.parametrize(
    "text", ["", "{", "{}", '{"version": 7}', '{"version": 1, "features": 3}', "[]", "null"]
)
def test_an_archive_without_a_baseline_is_refused_in_words(text: str, tmp_path: Path) -> None:
    (tmp_path / baselines.NAME).write_text(text)
    with pytest.raises(baselines.NoBaseline, match="train it anew"):
        baselines.read(tmp_path)


def test_a_baseline_survives_being_written(learned: baselines.Baseline, tmp_path: Path) -> None:
    (tmp_path / baselines.NAME).write_text(json.dumps(baselines.document(learned)))
    again = baselines.read(tmp_path)
    assert again.features.counts.tolist() == learned.features.counts.tolist()
    assert again.features.bins == learned.features.bins
    assert again.schema() == FEATURES
    assert baselines.document(again) == baselines.document(learned)


def test_sums_of_no_outcome_are_none() -> None:
    assert str(sums(np.array([0.1]), np.array([np.nan]))) == str(Sums())


def _capture_file(folder: Path, captured: Captured) -> None:
    path = folder / "champion/2026/11/25/10/00.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    airports = FEATURES[1].values
    with path.open("w") as file:
        for number in range(len(captured)):
            size, origin = captured.features[number].tolist()
            moment = datetime.fromtimestamp(captured.at[number] * 60, UTC)
            asked = json.dumps({"instances": [{"size": size, "origin": airports[int(origin)]}]})
            said = json.dumps({"predictions": [{"probability": captured.probability[number]}]})
            part = {"observedContentType": "application/json", "encoding": "JSON"}
            line = {
                "captureData": {
                    "endpointInput": part | {"data": asked},
                    "endpointOutput": part | {"data": said},
                },
                "eventMetadata": {
                    "eventId": f"e{number}",
                    "inferenceId": str(captured.inference_id[number]),
                    "customAttributes": [f"event-time={moment:%Y-%m-%dT%H:%M:%SZ}"],
                    "inferenceTime": "2026-11-25T10:00:00Z",
                },
            }
            file.write(json.dumps(line) + "\n")


def test_the_job_reads_an_archive_and_captures_and_goes_on_from_its_state(
    learned: baselines.Baseline, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / "model"
    model.mkdir()
    (model / baselines.NAME).write_text(json.dumps(baselines.document(learned)))
    with tarfile.open(model / "model.tar.gz", "w:gz") as packed:
        packed.add(model / baselines.NAME, baselines.NAME)
    captures, outcomes = tmp_path / "captures", tmp_path / "outcomes"
    outcomes.mkdir()
    _capture_file(captures, _days(FIRST, FIRST + 8, moved=2.0)[0])
    last = (date(1970, 1, 1) + timedelta(days=FIRST + 8)).isoformat()

    def run(state: Path, out: Path) -> dict[str, Any]:
        asked = {
            "--model": model,
            "--captures": captures,
            "--outcomes": outcomes,
            "--state": state,
            "--out": out,
            "--until": last,
        }
        words = [str(word) for pair in asked.items() for word in pair]
        assert command.main(["monitor", "--case", "ml.flights", *words]) == 0
        return dict(json.loads((out / "monitoring.json").read_text()))

    first = run(tmp_path / "none", tmp_path / "first")
    assert (first["verdict"], first["drifted"]) == ("drifted", ["size"])
    assert (tmp_path / "first/monitoring.html").read_text().startswith("<!DOCTYPE html>")
    second = run(tmp_path / "first/state", tmp_path / "second")
    assert f"seen before {9 * ROWS:,}" in capsys.readouterr().out
    assert second == first


def test_the_job_says_what_it_was_not_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["monitor", "--case", "ml.flights", "--out", str(tmp_path)]) == 1
    assert "Where are the model?" in capsys.readouterr().err


def test_training_writes_the_baseline_beside_the_model(
    prepared: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    for name, folder in {
        "SM_CHANNEL_TRAIN": prepared / "train",
        "SM_CHANNEL_VALIDATION": prepared / "validation",
        "SM_MODEL_DIR": tmp_path / "model",
        "SM_OUTPUT_DIR": tmp_path / "output",
    }.items():
        monkeypatch.setenv(name, str(folder))
    assert command.main(["train", "--case", "ml.flights", "--rounds", "10", "--threads", "2"]) == 0
    found = baselines.read(tmp_path / "model")
    assert [one.name for one in found.features.bins] == [one.name for one in CASE.features]
    assert found.days > 30
    assert found.performance.pr_auc is not None
    assert len(found.features.normal.bounds) > 1
    # Of so few days of validation nothing is known that a test could be set by.
    assert not found.streams
    assert (tmp_path / "model" / baselines.NAME).stat().st_size < 40_000
