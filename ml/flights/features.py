"""The features of a flight, each as known two hours before its scheduled departure."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import ibis
from ibis.expr.types import Table

from ml.features.rolling import Tally, asked_at, known_by, mean
from ml.flights.events import arrivals, departures, waiting
from ml.flights.schema import GIVEN_UP

_HOUR = 60
_DAY = 24 * _HOUR

_NEEDED = (
    *("year", "month", "day", "hour", "minute", "carrier", "flight", "tailnum", "origin", "dest"),
    *("distance", "dep_delay", "arr_delay"),
    *("scheduled", "asked", "departed", "landed", "planned_minutes"),
)
"""What is still needed of a flight once its moments are known."""


@dataclass(frozen=True)
class Known:
    """Features, one row for each value of `keys`, which are columns of the questions too."""

    table: Table
    keys: tuple[str, ...]


def from_timetable(flights: Table) -> Table:
    """The flights, numbered, with what the timetable says: the hour and the day of the week (Monday 0).

    And with the keys by which the rest is known: `mark`, `slot` (the hour of the departure) and `last_hour`
    (of weather), both in hours since 1970.
    """
    local = flights.hour * _HOUR + flights.minute
    return flights.select(
        *_NEEDED,
        row=ibis.row_number(),
        mark=asked_at(flights.asked),
        slot=(flights.scheduled // _HOUR).cast("int32"),
        last_hour=(flights.asked // _HOUR - 1).cast("int32"),
        hour_of_day=local / _HOUR,
        # 1 January 1970 was a Thursday; the local day began `local` minutes before the departure.
        day_of_week=((flights.scheduled - local + _DAY // 2) // _DAY + 3) % 7,
    )


def questions(everything: Table) -> Table:
    """The flights to ask about: those with an arrival as planned, since only they have the answer.

    Cancelled and diverted flights have no arrival delay: they are no questions, but their waiting is an
    event.
    """
    return everything.filter(everything.arr_delay.notnull())


def together(asked: Table, known: Sequence[Known]) -> Table:
    """The questions with everything that was known."""

    def joined(flights: Table, more: Known) -> Table:
        found = flights.left_join(more.table, list(more.keys))
        return found.drop(*(f"{key}_right" for key in more.keys))

    return reduce(joined, known, asked)


def from_busyness(everything: Table) -> Known:
    """How many flights leave the airport in the same hour."""
    busy = everything.group_by("origin", "slot").aggregate(departures_that_hour=everything.count())
    return Known(busy, ("origin", "slot"))


def from_weather(asked: Table, weather: Table) -> Known:
    """The last hourly observation at the origin that was complete when asked, if at most three hours old.

    An observation labelled with an hour counts as known when that hour is over.
    """
    hour = (weather.time_hour.epoch_seconds() // 3600).cast("int32")
    seen = weather.mutate(observed=hour)
    lately = ibis.range_window(group_by="origin", order_by=seen.observed, preceding=5, following=0)
    earlier = seen.select("origin", observed=seen.observed + 3, pressure_before="pressure")
    seen = seen.select(
        "origin",
        "observed",
        temperature="temp",
        dew_point="dewp",
        humidity="humid",
        wind_direction="wind_dir",
        wind_speed="wind_speed",
        pressure="pressure",
        visibility="visib",
        rain_6h=seen.precip.sum().over(lately),
        lowest_visibility_6h=seen.visib.min().over(lately),
        strongest_gust_6h=seen.wind_gust.max().over(lately).fill_null(0.0),
    )
    seen = together(seen, [Known(earlier, ("origin", "observed"))])
    seen = seen.mutate(pressure_change_3h=seen.pressure - seen.pressure_before).drop("pressure_before")
    hours = asked.select("origin", "last_hour").distinct()
    latest = hours.asof_join(seen, on=hours.last_hour >= seen.observed, predicates="origin").drop(
        "origin_right"
    )
    latest = latest.filter(latest.last_hour - latest.observed < 3).drop("observed")
    return Known(latest, ("origin", "last_hour"))


def from_traffic(asked: Table, everything: Table) -> list[Known]:
    """How late departures and arrivals have been, by airport, airline, destination; what waits."""
    left, landed, stuck = departures(everything), arrivals(everything), waiting(everything)
    tallies = [
        Tally(name="dep", events=left, minutes=3 * _HOUR),
        Tally(name="arr", events=landed, minutes=3 * _HOUR),
        Tally(name="wait", events=stuck),
    ]
    found = []
    for name, key in (("airport", "origin"), ("airline", "carrier")):
        known = known_by(asked, keys=[key], tallies=tallies)
        waited = known.wait_count * known.mark - known.wait_total
        state = {
            f"{name}_departures_3h": known.dep_count,
            f"{name}_departure_delay_3h": mean(known.dep_total, known.dep_count),
            f"{name}_arrival_delay_3h": mean(known.arr_total, known.arr_count),
            f"{name}_waiting": known.wait_count,
            f"{name}_waiting_minutes": mean(waited, known.wait_count),
        }
        found.append(Known(known.select(key, "mark", **state), (key, "mark")))
    lately = Tally(name="arr", events=landed, minutes=6 * _HOUR)
    there = known_by(asked, keys=["dest"], tallies=[lately])
    delay = mean(there.arr_total, there.arr_count)
    found.append(Known(there.select("dest", "mark", destination_arrival_delay_6h=delay), ("dest", "mark")))
    return found


def from_aircraft(asked: Table, everything: Table, planes: Table) -> list[Known]:
    """The aircraft: its seats and when it was built, and how its last flight from New York stands when asked.

    The last flight is the last one scheduled by then; what is not known of it yet (its departure, its
    landing) stays out. `aircraft_slack` is how many minutes remain if it flies there and back at once.
    """
    built = planes.select("tailnum", aircraft_seats="seats", built="year")
    known = everything.filter(everything.tailnum.notnull())
    # A few aircraft stand in the timetable twice at one moment; either would do, but always the same.
    known = known.mutate(
        twin=ibis.row_number().over(
            group_by=["tailnum", "scheduled"], order_by=[known.origin, known.carrier, known.flight]
        )
    )
    legs = known.filter(known.twin == 0).select(
        "tailnum",
        leg_scheduled="scheduled",
        leg_departed="departed",
        leg_landed="landed",
        leg_delay="dep_delay",
        leg_arrival_delay="arr_delay",
        leg_planned="planned_minutes",
    )
    asking = asked.filter(asked.tailnum.notnull()).select("row", "tailnum", "asked", "scheduled")
    last = asking.asof_join(legs, on=asking.asked >= legs.leg_scheduled, predicates="tailnum")
    # A leg that is long overdue was most likely cancelled: then nothing is known of the aircraft.
    last = last.filter((last.leg_departed <= last.asked) | (last.asked - last.leg_scheduled < GIVEN_UP))
    gone = (last.leg_departed <= last.asked).fill_null(False)
    there = (last.leg_landed <= last.asked).fill_null(False)
    left = ibis.ifelse(gone, last.leg_departed, last.asked)
    last = last.select(
        "row",
        aircraft_hours_since=(last.asked - last.leg_scheduled) / _HOUR,
        aircraft_departure_delay=ibis.ifelse(gone, last.leg_delay, last.asked - last.leg_scheduled),
        aircraft_arrival_delay=ibis.ifelse(there, last.leg_arrival_delay, None),
        aircraft_gone=ibis.ifelse(last.leg_scheduled.isnull(), None, gone.cast("int8")),
        aircraft_slack=last.scheduled - (left + 2 * last.leg_planned),
    )
    return [Known(built, ("tailnum",)), Known(last, ("row",))]
