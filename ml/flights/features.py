"""The features of a flight, each as known two hours before its scheduled departure."""

import ibis
from ibis.expr.types import Table

from ml.features.rolling import Sums, asked_at, known_by, mean
from ml.flights.events import GIVEN_UP, arrivals, departures, waiting

_HOUR = 60
_DAY = 24 * _HOUR
_TIMING = ("one", "delay")


def questions(flights: Table) -> Table:
    """The flights to ask about: those with an arrival as planned, since only they have the answer.

    Cancelled and diverted flights have no arrival delay: they are no questions, but their waiting is an
    event.
    """
    asked = flights.filter(flights.arr_delay.notnull())
    return asked.mutate(mark=asked_at(asked.asked))


def from_schedule(flights: Table, everything: Table) -> Table:
    """What the timetable says: the hour, the day of the week (Monday 0), and how many leave that hour."""
    busy = (
        everything.mutate(slot=everything.scheduled // _HOUR)
        .group_by("origin", "slot")
        .aggregate(departures_that_hour=lambda rows: rows.count())
    )
    local = flights.hour * _HOUR + flights.minute
    flights = flights.mutate(
        slot=flights.scheduled // _HOUR,
        hour_of_day=local / _HOUR,
        # 1 January 1970 was a Thursday; the local day began `local` minutes before the departure.
        day_of_week=((flights.scheduled - local + _DAY // 2) // _DAY + 3) % 7,
    )
    return _with(flights, busy, ["origin", "slot"]).drop("slot")


def from_weather(flights: Table, weather: Table) -> Table:
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
    seen = _with(seen, earlier, ["origin", "observed"])
    seen = seen.mutate(pressure_change_3h=seen.pressure - seen.pressure_before).drop("pressure_before")
    hours = flights.select("origin", last_hour=(flights.asked // _HOUR - 1).cast("int32")).distinct()
    latest = hours.asof_join(seen, on=hours.last_hour >= seen.observed, predicates="origin").drop(
        "origin_right"
    )
    latest = latest.filter(latest.last_hour - latest.observed < 3).drop("observed")
    flights = flights.mutate(last_hour=(flights.asked // _HOUR - 1).cast("int32"))
    return _with(flights, latest, ["origin", "last_hour"]).drop("last_hour")


def from_traffic(flights: Table, everything: Table) -> Table:
    """How late departures and arrivals have been, by airport, airline, destination; what waits."""
    left, landed, stuck = departures(everything), arrivals(everything), waiting(everything)
    asking = flights
    recent = [
        Sums(prefix="dep", events=left, columns=_TIMING, minutes=3 * _HOUR),
        Sums(prefix="arr", events=landed, columns=_TIMING, minutes=3 * _HOUR),
        Sums(prefix="wait", events=stuck, columns=("one", "since")),
    ]
    for name, key in (("airport", "origin"), ("airline", "carrier")):
        known = known_by(asking, keys=[key], sums=recent)
        state = {
            f"{name}_departures_3h": known.dep_one,
            f"{name}_departure_delay_3h": mean(known.dep_delay, known.dep_one),
            f"{name}_arrival_delay_3h": mean(known.arr_delay, known.arr_one),
            f"{name}_waiting": known.wait_one,
            f"{name}_waiting_minutes": mean(known.wait_one * known.mark - known.wait_since, known.wait_one),
        }
        flights = _with(flights, known.select(key, "mark", **state), [key, "mark"])
    lately = Sums(prefix="arr", events=landed, columns=_TIMING, minutes=6 * _HOUR)
    there = known_by(asking, keys=["dest"], sums=[lately])
    there = there.select("dest", "mark", destination_arrival_delay_6h=mean(there.arr_delay, there.arr_one))
    return _with(flights, there, ["dest", "mark"])


def from_aircraft(flights: Table, everything: Table, planes: Table) -> Table:
    """The aircraft: its age and seats, and how its last flight from New York stands at the time of asking.

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
    asking = flights.filter(flights.tailnum.notnull()).select("row", "tailnum", "asked", "scheduled")
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
    flights = _with(flights, built, ["tailnum"])
    flights = flights.mutate(aircraft_age=flights.year - flights.built).drop("built")
    return _with(flights, last, ["row"])


def _with(flights: Table, known: Table, keys: list[str]) -> Table:
    return flights.left_join(known, keys).drop(*(f"{key}_right" for key in keys))
