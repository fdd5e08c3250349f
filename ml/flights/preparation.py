"""From five source files to training, validation and test sets: integrate, clean, compute, split by time."""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import ibis
from ibis.backends.duckdb import Backend
from ibis.expr.types import BooleanValue, Table

from ml.container import write_json
from ml.flights import examples, features
from ml.flights.contracts import SOURCES
from ml.flights.events import timed
from ml.flights.schema import FEATURES, LABEL, LATE, MONTHS
from ml.quality.reading import first_row, keep, read_all

_FASTEST_WIND = 231
"""mph: the strongest gust measured at a station of the United States (Mount Washington, 1934)."""

_IDENTITY = ("scheduled", "year", "month", "day", "carrier", "flight", "origin", "dest", "tailnum")
_OUTCOME = ("arr_delay",)


@dataclass(frozen=True)
class Report:
    """What the preparation did: rows of each source and set, what was cleaned, what did not match."""

    sources: dict[str, int]
    cleaned: dict[str, int]
    unmatched: dict[str, int]
    left_out: dict[str, int]
    sets: dict[str, int]
    late_share: dict[str, float]
    seconds: float


def prepare(
    raw: Path, out: Path, *, threads: int | None = None, say: Callable[[str], None] = print
) -> Report:
    """Reads `<raw>/<name>.csv`; writes `train/`, `validation/`, `test/`, `examples/`, `report/` below `out`.

    Raises MissingSource or CorruptSource; nothing is written then.
    """
    began = time.monotonic()
    connection = ibis.duckdb.connect(**({} if threads is None else {"threads": threads}))
    tables = read_all(connection, SOURCES, raw)
    rows = {name: _count(connection, table) for name, table in tables.items()}
    say(f"read {rows['flights']:,} flights and {rows['weather']:,} hours of weather")
    prepared = compute(connection, tables)
    say(f"computed {len(FEATURES)} features of {_count(connection, prepared):,} flights")
    sets = _split(connection, prepared, out)
    for name, (count, share) in sets.items():
        say(f"{name}: {count:,} flights, {share:.1%} an hour late")
    tests = prepared.filter(prepared.month.isin(MONTHS["test"]))
    examples.write(connection, tests, tables, out / "examples" / "examples.jsonl")
    impossible = _count(connection, tables["weather"].filter(_impossible))
    report = Report(
        sources=rows,
        cleaned={"impossible_wind_speed": impossible},
        unmatched=_unmatched(connection, tables),
        left_out=_left_out(connection, tables["flights"]),
        sets={name: count for name, (count, _) in sets.items()},
        late_share={name: share for name, (_, share) in sets.items()},
        seconds=round(time.monotonic() - began, 2),
    )
    write_json(out / "report" / "report.json", asdict(report))
    say(f"prepared in {report.seconds:.1f} s")
    connection.disconnect()
    return report


def compute(connection: Backend, tables: Mapping[str, Table], prefix: str = "") -> Table:
    """The flights with an arrival: who they are, their features, and whether they were late.

    What several features build on is kept as a table, named with the prefix: as one expression it would be
    computed over and over.
    """

    # Wind that no station has ever measured is taken out; one such value is in the shipped file.
    weather = tables["weather"]
    weather = weather.mutate(wind_speed=ibis.ifelse(_impossible(weather), None, weather.wind_speed))
    flights = timed(tables["flights"], tables["airports"])
    everything = keep(connection, f"{prefix}everything", features.from_timetable(flights))
    asked = features.questions(everything)
    known = [
        features.from_busyness(everything),
        features.from_weather(asked, weather),
        *features.from_traffic(asked, everything),
        *features.from_aircraft(asked, everything, tables["planes"]),
    ]
    flights = features.together(asked, known)
    flights = flights.mutate(aircraft_age=flights.year - flights.built)
    # Training and serving compute in single precision: writing more would only take time.
    numbers = {
        feature.name: flights[feature.name].cast("float32")
        for feature in FEATURES
        if feature.kind == "number"
    }
    names = [feature.name for feature in FEATURES]
    label = (flights.arr_delay >= LATE).cast("int8")
    columns = dict.fromkeys([*_IDENTITY, "hour", "minute", *_OUTCOME, *names])
    return keep(
        connection, f"{prefix}prepared", flights.mutate(**numbers, **{LABEL: label}).select(*columns, LABEL)
    )


def _impossible(weather: Table) -> BooleanValue:
    return weather.wind_speed > _FASTEST_WIND


def _split(connection: Backend, prepared: Table, out: Path) -> dict[str, tuple[int, float]]:
    sets = {}
    order = ["scheduled", "carrier", "flight", "origin"]
    for name, months in MONTHS.items():
        part = prepared.filter(prepared.month.isin(months)).order_by(order)
        (out / name).mkdir(parents=True, exist_ok=True)
        connection.to_parquet(part, out / name / "part-0.parquet")
        count, share = first_row(connection, part.aggregate(count=part.count(), share=part[LABEL].mean()))
        sets[name] = (count, share or 0.0)
    return sets


def _unmatched(connection: Backend, tables: Mapping[str, Table]) -> dict[str, int]:
    """Flights whose airline, destination or aircraft the other sources do not know."""
    flights = tables["flights"]
    others = {
        "carrier": ("airlines", "carrier"),
        "dest": ("airports", "faa"),
        "tailnum": ("planes", "tailnum"),
    }
    return {
        column: _count(connection, flights.anti_join(tables[name], flights[column] == tables[name][key]))
        for column, (name, key) in others.items()
    }


def _left_out(connection: Backend, flights: Table) -> dict[str, int]:
    """Flights without an answer."""
    none = flights.filter(flights.arr_delay.isnull())
    return {
        "cancelled": _count(connection, none.filter(none.dep_time.isnull())),
        "diverted_or_lost": _count(connection, none.filter(none.dep_time.notnull())),
    }


def _count(connection: Backend, table: Table) -> int:
    return int(first_row(connection, table.aggregate(count=table.count()))[0])
