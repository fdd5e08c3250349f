"""The features of a flight, each as known two hours before its scheduled departure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import ibis
from ibis.expr.types import IntegerValue, Table, Value

from ml.features.rolling import RESOLUTION, Tally, asked_at, known_by, mean
from ml.flights.events import arrivals, departures, waiting
from ml.flights.schema import GIVEN_UP, NOTICE

_HOUR = 60
_DAY = 24 * _HOUR
_WEATHER_HOURS = 3

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
    """The flights with what the timetable says: the hour and the day of the week (Monday 0).

    And with the keys by which the rest is known: `mark`, `slot` (the hour of the departure) and `last_hour`
    (of weather), both in hours since 1970, and `last_leg`, in minutes. `twinned` says that the aircraft
    stands in the timetable twice at that moment.
    """
    local = flights.hour * _HOUR + flights.minute
    legs = ibis.window(group_by="tailnum", order_by="scheduled")
    before, after = flights.scheduled.lag().over(legs), flights.scheduled.lead().over(legs)
    twinned = (before == flights.scheduled) | (after == flights.scheduled)
    return flights.select(
        *_NEEDED,
        last_leg=_last_leg(flights),
        twinned=twinned.fill_null(False),
        mark=asked_at(flights.asked),
        slot=(flights.scheduled // _HOUR).cast("int32"),
        last_hour=(flights.asked // _HOUR - 1).cast("int32"),
        hour_of_day=local / _HOUR,
        # 1 January 1970 was a Thursday; the local day began `local` minutes before the departure.
        day_of_week=((flights.scheduled - local + _DAY // 2) // _DAY + 3) % 7,
    )


def _last_leg(flights: Table) -> IntegerValue:
    """When the aircraft's last leg from here that was scheduled by the moment of asking was scheduled."""
    # Asked NOTICE before the schedule: so all of the past but the last NOTICE minutes.
    past = ibis.range_window(group_by="tailnum", order_by="scheduled", preceding=(None, NOTICE))
    last: IntegerValue = flights.scheduled.last().over(past)
    return last


def questions(everything: Table) -> Table:
    """The flights to ask about: those with an arrival as planned, since only they have the answer.

    Cancelled and diverted flights have no arrival delay: they are no questions, but their waiting is an
    event.
    """
    return everything.filter(everything.arr_delay.notnull())


def together(asked: Table, known: Sequence[Known]) -> Table:
    """The questions with everything that was known."""

    found = asked
    columns = list(asked.columns)
    for number, more in enumerate(known):
        same = [asked[key] == more.table[key] for key in more.keys]
        found = found.left_join(more.table, same, rname=f"{{name}}_{number}")
        columns += [name for name in more.table.columns if name not in more.keys]
    # One chain of joins, and one choice at its end: a choice after each would be a query within a query.
    return found.select(*columns)


def _single(values: Mapping[str, Value]) -> dict[str, Value]:
    """The values in single precision, as they are written: half as much to carry through the joins."""
    return {name: value.cast("float32") for name, value in values.items()}


def from_busyness(everything: Table) -> Known:
    """How many flights leave the airport in the same hour."""
    busy = everything.group_by("origin", "slot").aggregate(departures_that_hour=everything.count())
    return Known(busy, ("origin", "slot"))


def observations(weather: Table) -> Table:
    """The hourly observations: when (`observed`, in hours since 1970), what, and what was just before.

    `next_one` is when the airport's next observation was made, missing for its last.
    """
    hour = (weather.time_hour.epoch_seconds() // 3600).cast("int32")
    seen = weather.mutate(observed=hour)
    in_order = ibis.window(group_by="origin", order_by=seen.observed)
    lately = ibis.range_window(group_by="origin", order_by=seen.observed, preceding=5, following=0)
    earlier = seen.select("origin", observed=seen.observed + 3, pressure_before="pressure")
    seen = seen.select(
        "origin",
        "observed",
        next_one=seen.observed.lead().over(in_order),
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
    return seen.mutate(pressure_change_3h=seen.pressure - seen.pressure_before).drop("pressure_before")


def from_weather(seen: Table) -> Known:
    """The last of `observations` at the origin that was complete when asked, if at most three hours old.

    An observation labelled with an hour counts as known when that hour is over.
    """
    # It holds for its own hour and the two after, or until the next one.
    held = [
        seen.filter(seen.next_one.isnull() | (seen.next_one > seen.observed + hours)).select(
            "origin",
            last_hour=(seen.observed + hours).cast("int32"),
            **_single({name: seen[name] for name in seen.columns[3:]}),
        )
        for hours in range(_WEATHER_HOURS)
    ]
    return Known(ibis.union(*held), ("origin", "last_hour"))


def from_traffic(asked: Table, everything: Table) -> list[Known]:
    """How late departures and arrivals have been, by airport, airline, destination; what waits."""
    left, landed, stuck = departures(everything), arrivals(everything), waiting(everything)
    tallies = [
        Tally(name="dep", events=left, minutes=3 * _HOUR),
        Tally(name="arr", events=landed, minutes=3 * _HOUR),
        Tally(name="wait", events=stuck, minutes=RESOLUTION),
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
        found.append(Known(known.select(key, "mark", **_single(state)), (key, "mark")))
    lately = Tally(name="arr", events=landed, minutes=6 * _HOUR)
    there = known_by(asked, keys=["dest"], tallies=[lately])
    state = {"destination_arrival_delay_6h": mean(there.arr_total, there.arr_count)}
    found.append(Known(there.select("dest", "mark", **_single(state)), ("dest", "mark")))
    return found


def from_aircraft(everything: Table, planes: Table) -> list[Known]:
    """The aircraft: its seats and when it was built, and its last leg from here (for `with_aircraft`)."""
    built = planes.select("tailnum", aircraft_seats="seats", built="year")
    known = everything.filter(everything.tailnum.notnull())
    # Of the few aircraft that stand there twice either would do, but always the same.
    twins = known.filter(known.twinned)
    first = ibis.row_number().over(
        group_by=["tailnum", "scheduled"], order_by=[twins.origin, twins.carrier, twins.flight]
    )
    twins = twins.mutate(first=first)
    legs = known.filter(~known.twinned).union(twins.filter(twins["first"] == 0).drop("first"))
    legs = legs.select(
        "tailnum",
        last_leg="scheduled",
        leg_scheduled="scheduled",
        leg_departed="departed",
        leg_landed="landed",
        leg_delay="dep_delay",
        leg_arrival_delay="arr_delay",
        leg_planned="planned_minutes",
    )
    return [Known(built, ("tailnum",)), Known(legs, ("tailnum", "last_leg"))]


def with_aircraft(flights: Table) -> Table:
    """The questions, together with `from_aircraft`, with how the aircraft's last leg stands when asked.

    What is not known of the leg yet (its departure, its landing) stays out. `aircraft_slack` is how many
    minutes remain if the aircraft flies there and back at once.
    """
    asked, left = flights.asked, flights.leg_departed
    waited = asked - flights.leg_scheduled
    gone = (left <= asked).fill_null(False)
    there = (flights.leg_landed <= asked).fill_null(False)
    # A leg that is long overdue was most likely cancelled: then nothing is known of the aircraft.
    known = gone | (waited < GIVEN_UP)
    delay = ibis.ifelse(gone, flights.leg_delay, waited)
    back = ibis.ifelse(gone, left, asked) + 2 * flights.leg_planned
    return flights.mutate(
        aircraft_age=flights.year - flights.built,
        aircraft_hours_since=ibis.ifelse(known, waited / _HOUR, None),
        aircraft_departure_delay=ibis.ifelse(known, delay, None),
        aircraft_arrival_delay=ibis.ifelse(known & there, flights.leg_arrival_delay, None),
        aircraft_gone=ibis.ifelse(known, gone.cast("int8"), None),
        aircraft_slack=ibis.ifelse(known, flights.scheduled - back, None),
    )
