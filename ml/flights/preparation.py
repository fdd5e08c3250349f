"""From the five sources to one row a flight: its features, and whether it was late."""

from collections.abc import Mapping

from ibis.expr.types import BooleanValue, Table

from ml.case import PERIOD
from ml.flights import features
from ml.flights.events import timed
from ml.flights.schema import FEATURES, LABEL, LATE
from ml.integration.engines import Engine

_FASTEST_WIND = 231
"""mph: the strongest gust measured at a station of the United States (Mount Washington, 1934)."""

_IDENTITY = ("scheduled", "year", "month", "day", "carrier", "flight", "origin", "dest", "tailnum")
_OUTCOME = ("arr_delay",)


def compute(engine: Engine, tables: Mapping[str, Table], prefix: str = "") -> Table:
    """The flights with an arrival: who they are, their features, and whether they were late.

    What several features build on is kept as a table, named with the prefix: as one expression it would be
    computed over and over.
    """
    flights = timed(tables["flights"], tables["airports"])
    seen = engine.keep(f"{prefix}observations", features.observations(tables["weather"]))
    # The largest is kept last: it is computed while the query of all features is written.
    everything = engine.keep(f"{prefix}everything", features.from_timetable(flights))
    asked = features.questions(everything)
    known = [
        features.from_busyness(everything),
        features.from_weather(seen),
        *features.from_traffic(asked, everything),
        *features.from_aircraft(everything, tables["planes"]),
    ]
    flights = features.with_aircraft(features.together(asked, known))
    # Training and serving compute in single precision: writing more would only take time.
    numbers = {
        feature.name: flights[feature.name].cast("float32")
        for feature in FEATURES
        if feature.kind == "number"
    }
    names = [feature.name for feature in FEATURES]
    label = (flights.arr_delay >= LATE).cast("int8")
    columns = dict.fromkeys([*_IDENTITY, "hour", "minute", *_OUTCOME, *names])
    period = flights.year * 100 + flights.month
    wanted = {name: numbers.get(name, flights[name]) for name in columns}
    return flights.select(**wanted, **{PERIOD: period, LABEL: label})


def impossible_wind(weather: Table) -> BooleanValue:
    """Wind that no station has ever measured; one such value is in the shipped file."""
    return weather.wind_speed > _FASTEST_WIND


def left_out(tables: Mapping[str, Table]) -> dict[str, Table]:
    """Flights without an answer."""
    none = tables["flights"].filter(tables["flights"].arr_delay.isnull())
    return {
        "cancelled": none.filter(none.dep_time.isnull()),
        "diverted_or_lost": none.filter(none.dep_time.notnull()),
    }
