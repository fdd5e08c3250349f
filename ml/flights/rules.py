"""What must hold of flights and weather beyond each file's contract, and how much it matters.

Of the shipped year (336,776 flights, 26,115 observations) every `error` rule holds in every row, so that
nothing is set aside; the counts of the warnings stand with them. docs/quality.md shows all.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING

from ml.quality.declared import Holds, Missing, Present, QualityRule, Refers, RowCount

if TYPE_CHECKING:
    from ibis.expr.types import BooleanValue, IntegerValue, Table

_CLOCKS = ("dep_time", "sched_dep_time", "arr_time", "sched_arr_time")
_DAY = 1440
_EARTH_MILES = 3958.8
"""Mean radius of the Earth: 6,371.0 km (IUGG)."""

SLOWEST, FASTEST = 60, 650
"""mph over ground, wheels up to wheels down. An airliner cruises at up to 600; a jet stream adds to that."""


def _minutes(clock: IntegerValue) -> IntegerValue:
    from ml.flights.events import minutes_of

    return minutes_of(clock)


def _delay_agrees(event: str, of: str) -> Holds:
    """For `departure` or `arrival`, whose columns end `_time` and `_delay` after `of`."""
    scheduled, clock, delay = f"sched_{of}_time", f"{of}_time", f"{of}_delay"

    def holds(flights: Table) -> BooleanValue:
        late = _minutes(flights[clock]) - _minutes(flights[scheduled]) - flights[delay]
        return late % _DAY == 0

    return Holds(
        name=f"{event}_delay_agrees",
        source="flights",
        columns=(scheduled, clock, delay),
        why=f"{event} less schedule is the delay, whole days aside",
        holds=holds,
    )


def _landed_flights_departed(flights: Table) -> BooleanValue:
    # Clocks are local: with the zones unknown here, what can be said is that nobody lands who never left.
    return flights.arr_time.isnull() | flights.dep_time.notnull()


def _clocks_exist(flights: Table) -> BooleanValue:
    return reduce(and_, (flights[name].fill_null(0) % 100 < 60 for name in _CLOCKS))


def _schedule_agrees(flights: Table) -> BooleanValue:
    return flights.hour * 100 + flights.minute == flights.sched_dep_time


def _speed_is_plausible(flights: Table) -> BooleanValue:
    speed = flights.distance * 60 / flights.air_time
    return speed.between(SLOWEST, FASTEST)


def _beside_airports(tables: Mapping[str, Table]) -> Table:
    flights, airports = tables["flights"], tables["airports"]
    found = flights
    for end in ("origin", "dest"):
        place = airports.select(
            **{f"{end}_faa": airports.faa, f"{end}_lat": airports.lat, f"{end}_lon": airports.lon}
        )
        found = found.left_join(place, found[end] == place[f"{end}_faa"])
    return found


def _distance_agrees(flights: Table) -> BooleanValue:
    """Great circle by the haversine formula; unknown for the four airports that the source lacks."""
    lat, lon = flights.origin_lat.radians(), flights.origin_lon.radians()
    to_lat, to_lon = flights.dest_lat.radians(), flights.dest_lon.radians()
    half = ((to_lat - lat) / 2).sin() ** 2 + lat.cos() * to_lat.cos() * ((to_lon - lon) / 2).sin() ** 2
    miles = 2 * _EARTH_MILES * half.sqrt().asin()
    return (flights.distance - miles).abs() <= 5 + 0.02 * miles


def _dew_below_air(weather: Table) -> BooleanValue:
    return weather.dewp <= weather.temp + 1


def _gust_above_wind(weather: Table) -> BooleanValue:
    return weather.wind_gust >= weather.wind_speed


def _landed(flights: Table) -> BooleanValue:
    return flights.arr_delay.notnull()


RULES: tuple[QualityRule, ...] = (
    _delay_agrees("departure", "dep"),
    _delay_agrees("arrival", "arr"),
    Holds(
        name="landed_flights_departed",
        source="flights",
        columns=("dep_time", "arr_time"),
        why="a flight that landed has departed",
        holds=_landed_flights_departed,
    ),
    Holds(
        name="clocks_exist",
        source="flights",
        columns=_CLOCKS,
        why="an hour has sixty minutes",
        holds=_clocks_exist,
    ),
    Holds(
        name="schedule_agrees",
        source="flights",
        columns=("sched_dep_time", "hour", "minute"),
        why="hour and minute are those of the scheduled departure",
        holds=_schedule_agrees,
    ),
    Holds(
        name="distance_agrees",
        source="flights",
        columns=("origin", "dest", "distance"),
        why="the distance is that of the two airports, within 2% and 5 miles",
        holds=_distance_agrees,
        beside=_beside_airports,
    ),
    Present(
        name="landed_flights_were_in_the_air",
        source="flights",
        column="air_time",
        why="a flight with an arrival delay was in the air",
        # No feature takes the time in the air, and an older version of the source does not have it.
        severity="warning",
        where=_landed,
    ),
    # 2 of 327,346: 703 mph to Atlanta on 25 May, 650.3 to Minneapolis on 2 July. Their time in the air must
    # be wrong; no feature takes it, so there is no reason to leave the flights out.
    Holds(
        name="speed_is_plausible",
        source="flights",
        columns=("distance", "air_time"),
        why=f"an airliner makes {SLOWEST} to {FASTEST} mph over ground",
        severity="warning",
        holds=_speed_is_plausible,
    ),
    # 7,602: the four airports of Puerto Rico and the Virgin Islands that the source lacks.
    Refers(
        name="destination_is_known",
        source="flights",
        why="what is not known of a destination makes its features missing",
        severity="warning",
        column="dest",
        to="airports",
        key="faa",
    ),
    Holds(
        name="dew_point_below_temperature",
        source="weather",
        columns=("temp", "dewp"),
        why="air is never cooler than its dew point, 1 °F of rounding aside",
        holds=_dew_below_air,
    ),
    Holds(
        name="gust_above_wind",
        source="weather",
        columns=("wind_speed", "wind_gust"),
        why="a gust is faster than the mean wind",
        severity="warning",
        holds=_gust_above_wind,
    ),
    RowCount(
        name="flights_are_there",
        source="flights",
        why="without flights there is nothing to learn",
        severity="fatal",
        minimum=1,
    ),
    # 2.5% of the shipped year has no departure.
    Missing(
        name="most_flights_depart",
        source="flights",
        why="more than a tenth without a departure is a broken feed sooner than a bad day",
        severity="warning",
        column="dep_time",
        at_most=0.1,
    ),
)
