"""The real year: to a model of the winter months summer is drift, and the next winter is none."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from ml import __main__ as command
from ml.flights.case import CASE
from ml.integration.preparation import prepare
from ml.monitoring import assessment, baseline, history
from ml.monitoring.baseline import Reference
from ml.monitoring.bins import bins_of, count_by_day, starts
from ml.monitoring.captured import Captured, Outcomes
from ml.monitoring.days import Verdict, follow
from ml.monitoring.noise import normal_variation
from ml.monitoring.outcomes import MINUTES
from ml.training import data
from ml.training.schema import Feature

WEATHER = ("temp", "dewp", "humid", "wind_dir", "wind_speed", "precip", "pressure", "visib")
SUMMER, AUTUMN = ("2013-06-01", "2013-09-30"), ("2013-11-01", "2013-12-17")
"""Whole months of summer; and the winter weeks up to the storms of December."""


def _between(found: dict[str, Verdict], dates: tuple[str, str]) -> set[Verdict]:
    return {verdict for day, verdict in found.items() if dates[0] <= day <= dates[1]}


def test_the_weather_that_flights_met_has_drifted_in_summer_and_not_in_the_next_winter(
    sources: Path,
) -> None:
    columns = ", ".join(f"try_cast(w.{name} AS FLOAT)" for name in WEATHER)
    with duckdb.connect() as connection:
        table = connection.execute(
            f"""SELECT epoch(make_date(f.year, f.month, f.day)) // 86400, f.month, {columns}
            FROM read_csv(?, nullstr = ['', 'NA']) f JOIN read_csv(?, nullstr = ['', 'NA']) w
            USING (origin, year, month, day, hour) ORDER BY 1""",  # noqa: S608 – our own names
            [str(sources / "flights.csv"), str(sources / "weather.csv")],
        ).fetchnumpy()
    arrays = [np.ma.filled(np.ma.asarray(column, dtype=np.float64), np.nan) for column in table.values()]
    day, month = arrays[0].astype(np.int64), arrays[1]
    values = np.column_stack(arrays[2:]).astype(np.float32)
    winter = month <= 3
    bins = bins_of([Feature(name=name, kind="number") for name in WEATHER], values[winter])
    _, counts = count_by_day(bins, values[winter], day[winter])
    reference = Reference(bins, counts.sum(axis=0), normal_variation(counts, starts(bins)))
    days, counts = count_by_day(bins, values[~winter], day[~winter])
    found = follow(reference, days.tolist(), counts)
    verdicts = dict(zip(map(assessment.date, days.tolist()), found.verdict, strict=True))
    assert _between(verdicts, SUMMER) == {"drifted"}
    assert _between(verdicts, ("2013-11-15", "2013-12-31")) <= {"ok", "watch"}
    july = days.tolist().index(int(datetime(2013, 7, 15, tzinfo=UTC).timestamp()) // 86400)
    assert bins[int(found.lasting[july].argmax())].name == "temp"


@pytest.mark.soak
def test_a_model_of_the_winter_months_is_flagged_in_summer_and_not_in_the_following_winter_weeks(
    sources: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    """Training, baseline, and April to December as if they were captured: some in time, some late."""
    prepare(CASE, sources, tmp_path / "year", threads=2)
    sets = {"train": "<= 201302", "validation": "= 201303", "production": "> 201303"}
    with duckdb.connect() as connection:
        for name, which in sets.items():
            (tmp_path / name).mkdir()
            connection.execute(
                f"COPY (SELECT * FROM read_parquet('{tmp_path}/year/*/*.parquet') WHERE period {which}"  # noqa: S608
                f" ORDER BY scheduled, carrier, flight, origin) TO '{tmp_path}/{name}/part-0.parquet'"
            )
    for name in ("train", "validation"):
        monkeypatch.setenv(f"SM_CHANNEL_{name.upper()}", str(tmp_path / name))
    monkeypatch.setenv("SM_MODEL_DIR", str(tmp_path / "model"))
    monkeypatch.setenv("SM_OUTPUT_DIR", str(tmp_path / "output"))
    assert command.main(["train", "--case", "ml.flights"]) == 0
    learned = baseline.read(tmp_path / "model")

    from ml.serving.inference import model_fn, predict_fn

    rows = data.read(tmp_path / "production", learned.schema(), CASE.label)
    (scheduled,) = data.columns(tmp_path / "production", ["scheduled"])
    at = np.asarray(scheduled, dtype=np.float64)
    said = predict_fn(rows.values, model_fn(str(tmp_path / "model")))
    ids = np.array([f"flight-{number}" for number in range(len(at))])
    captured = Captured(ids, np.full(len(ids), "champion"), at, rows.values, said)
    kept = history.History()
    day = (at // MINUTES).astype(np.int64)
    late = np.random.default_rng(0).random(len(at)) < 0.02
    for first in range(int(day.min()), int(day.max()) + 1, 7):
        last = min(first + 6, int(day.max()))
        here = (day >= first) & (day <= last) & ~late | late & (day >= first - 7) & (day < first)
        outcomes = Outcomes(ids[here], rows.labels[here].astype(np.float64), at[here] + 300)
        kept = history.added(kept, learned, captured.of(here), outcomes, ["carrier"], until=last)
    found = assessment.assess(learned, kept, delay_days=2, segments={})
    assert found is not None
    verdicts = dict(zip(map(assessment.date, found.days), found.features.verdict, strict=True))
    assert _between(verdicts, SUMMER) == {"drifted"}
    assert _between(verdicts, AUTUMN) == {"ok"}
    names = [one.name for one in found.drifts]
    temperature = names.index("temperature")
    drifted = [
        assessment.date(one)
        for one, is_so in zip(found.days, found.features.drifted[:, temperature], strict=True)
        if is_so
    ]
    assert drifted[0] < "2013-06-01"
    assert drifted[-1] < "2013-11-01"
    # The storms before Christmas are told by what storms move, and by nothing else.
    december = [place for place, one in enumerate(found.days) if assessment.date(one) > AUTUMN[1]]
    moved = {
        names[feature] for place in december for feature in np.flatnonzero(found.features.drifted[place])
    }
    assert all("delay" in name for name in moved)
    concept = {
        assessment.date(one)
        for one, *streams in zip(found.days, *(s.drifted for s in found.concept.values()), strict=True)
        if any(streams)
    }
    assert {"2013-07-01", "2013-07-20"} <= concept
    assert not [one for one in concept if one >= "2013-11-01"]


def test_the_days_of_a_flight_are_those_of_its_schedule(prepared: Path) -> None:
    assert CASE.moment is not None
    scheduled, month = data.columns(prepared / "train", [CASE.moment, "month"])
    first = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(minutes=int(scheduled[0]))
    assert (first.year, first.month) == (2013, int(month[0]))
