"""Whether a feature ever knows what happened after the question was asked."""

import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import ibis
import pytest
from ibis.expr.types import Table

from ml.features.rolling import Tally, asked_at, known_by, known_from
from ml.flights.contracts import SOURCES
from ml.flights.events import timed
from ml.flights.preparation import compute
from ml.flights.schema import FEATURES
from ml.integration.engines import DuckDB, Engine
from ml.quality.reading import read

if TYPE_CHECKING:
    from ml.integration.spark import Spark

Rows = dict[tuple[object, ...], tuple[object, ...]]

MOMENTS = [
    # A stormy evening, and one that lies in the night of the change to winter time.
    datetime.datetime(2013, 7, 3, 21, 40, tzinfo=datetime.UTC),
    datetime.datetime(2013, 11, 3, 17, 5, tzinfo=datetime.UTC),
]


def minutes(moment: datetime.datetime) -> int:
    return int(moment.timestamp()) // 60


def rows(engine: Engine, table: Table, until: int) -> Rows:
    """The features of each flight asked about by `until`, by what identifies the flight."""
    identity = {name: table[name] for name in ("scheduled", "carrier", "flight", "origin")}
    values = {f"feature_{feature.name}": table[feature.name] for feature in FEATURES}
    chosen = table.select(**identity, **values).filter(table.scheduled - 120 <= until)
    return {row[:4]: row[4:] for row in engine.rows(chosen)}


def load(folder: Path) -> tuple[DuckDB, dict[str, Table]]:
    engine = DuckDB(threads=2)
    return engine, {source.name: read(engine, source, folder) for source in SOURCES}


def another_future(engine: DuckDB, tables: Mapping[str, Table], now: int) -> dict[str, Table]:
    """The tables with all that happens after a moment made up anew."""
    everything = engine.connection.create_table("timed_before", timed(tables["flights"], tables["airports"]))
    # What had not left, or had not landed, meets another fate: an absurd one, so that any trace of it shows.
    engine.connection.raw_sql(
        f"""
        CREATE TABLE another AS
        SELECT * REPLACE (
          CASE WHEN departed <= {now} THEN dep_time ELSE (dep_time + 1117) % 2359 END AS dep_time,
          CASE WHEN departed <= {now} THEN dep_delay
               ELSE greatest({now} + 1 - scheduled, 0) + (hash(flight, scheduled) % 900)::INTEGER
               END AS dep_delay,
          CASE WHEN departed <= {now} THEN arr_time ELSE (arr_time + 1117) % 2359 END AS arr_time,
          CASE WHEN landed <= {now} OR arr_delay IS NULL THEN arr_delay
               ELSE (hash(scheduled, flight) % 1200)::INTEGER END AS arr_delay,
          CASE WHEN landed <= {now} THEN air_time ELSE 1 END AS air_time,
          CASE WHEN scheduled - 120 <= {now} THEN tailnum
               ELSE 'N' || (hash(flight) % 50)::VARCHAR END AS tailnum
        ) FROM {everything.get_name()}
        """  # noqa: S608
    )
    engine.connection.raw_sql(
        f"""
        CREATE TABLE other_weather AS
        SELECT * REPLACE (
          CASE WHEN known THEN temp ELSE 99 END AS temp,
          CASE WHEN known THEN wind_speed ELSE 77 END AS wind_speed,
          CASE WHEN known THEN wind_gust ELSE 88 END AS wind_gust,
          CASE WHEN known THEN precip ELSE 5 END AS precip,
          CASE WHEN known THEN pressure ELSE 900 END AS pressure,
          CASE WHEN known THEN visib ELSE 0 END AS visib
        ) FROM (SELECT *, epoch(time_hour) / 60 + 60 <= {now} AS known FROM weather)
        """  # noqa: S608
    )
    flights = tables["flights"].columns
    return dict(tables) | {
        "flights": engine.connection.table("another").select(*flights),
        "weather": engine.connection.table("other_weather").drop("known"),
    }


@pytest.mark.parametrize("moment", MOMENTS)
def test_another_future_changes_no_feature(sampled: Path, moment: datetime.datetime) -> None:
    """All that happens after a moment is made up anew; what was asked by then must stay as it was."""
    now = minutes(moment)
    engine, tables = load(sampled)
    before = rows(engine, compute(engine, tables), now)
    other = another_future(engine, tables, now)
    after = rows(engine, compute(engine, other, prefix="other_"), now)
    changed = {key for key in before if key in after and before[key] != after[key]}
    assert before.keys() == after.keys()
    assert len(before) > 1000
    assert not changed, sorted(changed)[:3]


@pytest.mark.soak
def test_another_future_changes_no_feature_with_spark(spark: "Spark", few: Path, tmp_path: Path) -> None:
    now = minutes(MOMENTS[1])
    engine, tables = load(few)
    before = rows(engine, compute(engine, tables), now)
    there = {}
    for name, table in another_future(engine, tables, now).items():
        engine.write_parquet(table, str(tmp_path / name))
        there[name] = spark.read_parquet([str(tmp_path / name)])
    after = rows(spark, compute(spark, there, prefix="other_"), now)
    spark.drop("other_everything")
    assert before.keys() == after.keys()
    assert len(before) > 1000
    for key, values in before.items():
        numbers = [value for value in values if isinstance(value, float)]
        found = [value for value in after[key] if isinstance(value, float)]
        assert found == pytest.approx(numbers, rel=1e-6), key
        # Which are missing, and the texts.
        assert [isinstance(value, float) or value for value in after[key]] == [
            isinstance(value, float) or value for value in values
        ]


def test_another_future_does_change_what_is_asked_later(sampled: Path) -> None:
    """The test above would see a leak: what is asked after the moment does change with it."""
    engine, tables = load(sampled)
    before = rows(engine, compute(engine, tables), minutes(MOMENTS[0]) + 2000)
    late = tables["flights"]
    other = tables | {"flights": late.mutate(dep_delay=late.dep_delay + 30)}
    after = rows(engine, compute(engine, other, prefix="other_"), minutes(MOMENTS[0]) + 2000)
    assert sum(before[key] != after[key] for key in before) > len(before) / 2


def test_landing_times_agree_with_the_arrival_delays(sampled: Path) -> None:
    engine, tables = load(sampled)
    flights = timed(tables["flights"], tables["airports"])
    flights = flights.filter(flights.arr_delay.notnull())
    agree = flights.landed - flights.scheduled - flights.planned_minutes == flights.arr_delay
    total, agreeing = engine.first_row(flights.aggregate(rows=flights.count(), agreeing=agree.sum()))
    assert total == agreeing > 30_000


def events(engine: DuckDB, moments: list[tuple[str, int, int]]) -> Table:
    values = ", ".join(f"('{key}', {moment}, {value})" for key, moment, value in moments)
    rows = f"SELECT * FROM (VALUES {values}) AS e(key, moment, value)"  # noqa: S608
    engine.connection.raw_sql(f"CREATE TABLE events AS {rows}")
    table = engine.connection.table("events")
    return table.mutate(mark=known_from(table.moment), one=ibis.literal(1))


@pytest.mark.parametrize(
    ("asked", "window", "expected"),
    [
        (100, None, (2, -1_000_000 + 2)),
        (99, None, (1, -1_000_000)),  # the event at 97 counts from the mark at 100 on
        (109, None, (2, -1_000_000 + 2)),  # asked at the mark of 100, so the one at 103 is not known
        (100, 60, (1, 2)),  # the event at 40 has just left (40, 100]
        (99, 60, (1, -1_000_000)),
        (39, None, (0, 0)),
        (109, 10, (1, 2)),  # the one mark at 100 alone
        (59, 10, (0, 0)),
    ],
)
def test_a_tally_holds_what_was_known_and_still_counts(
    asked: int, window: int | None, expected: tuple[int, int]
) -> None:
    engine = DuckDB()
    # A total far below zero must not borrow from the count that it shares a sum with.
    table = events(engine, [("a", 40, -1_000_000), ("a", 97, 2), ("a", 103, 4), ("b", 50, 8)])
    engine.connection.raw_sql(f"CREATE TABLE questions AS SELECT 'a' AS key, {asked}::INTEGER AS moment")
    question = engine.connection.table("questions")
    question = question.mutate(mark=asked_at(question.moment))
    tallies = [Tally(name="past", events=table, minutes=window)]
    known = known_by(question, keys=["key"], tallies=tallies)
    assert engine.first_row(known.select("past_count", "past_total")) == expected
