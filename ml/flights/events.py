"""When each thing about a flight became known: departures, arrivals, and flights that should have left."""

import ibis
from ibis.expr.types import IntegerValue, Table

from ml.features.rolling import RESOLUTION, known_from
from ml.flights.schema import GIVEN_UP, NOTICE, OVERDUE

# The four destinations that the airports source lacks: Puerto Rico and the Virgin Islands, which keep
# Atlantic Standard Time all year (15 U.S.C. 263).
_ATLANTIC = ("BQN", "PSE", "SJU", "STT")


def minutes_of(clock: IntegerValue) -> IntegerValue:
    """Minutes of the day of a clock reading such as 1745 (17:45); 2400 is midnight at the day's end."""
    return clock // 100 * 60 + clock % 100


def timed(flights: Table, airports: Table) -> Table:
    """The flights with moments, in minutes since 1970 (UTC): `scheduled`, `asked`, `departed`, `landed`.

    `time_hour` is UTC, clock readings are local to the airport. The offset of New York follows from the two
    hours of the schedule, that of a destination from its standard offset and whether it keeps the American
    summer time, so that no table of time zones is needed. `landed` holds for every flight that has an arrival
    time, diverted ones included; a flight takes less than a day.
    """
    places = airports.select(dest=airports.faa, dest_offset=airports.tz, dest_summer=airports.dst == "A")
    flights = flights.left_join(places, "dest").drop("dest_right")
    offset = (flights.hour - flights.time_hour.hour().cast("int32") + 36) % 24 - 12
    standard = ibis.cases(
        (flights.dest.isin(_ATLANTIC), -4),
        (flights.dest_summer, flights.dest_offset + offset + 5),
        else_=flights.dest_offset,
    )
    ahead = (ibis.coalesce(standard, -5) - offset) * 60
    scheduled = (flights.time_hour.epoch_seconds() // 60).cast("int32") + flights.minute
    departed = scheduled + flights.dep_delay
    planned = (minutes_of(flights.sched_arr_time) - minutes_of(flights.sched_dep_time) - ahead + 2880) % 1440
    taken = (minutes_of(flights.arr_time) - minutes_of(flights.dep_time) - ahead + 2880) % 1440
    return flights.mutate(
        scheduled=scheduled,
        asked=scheduled - NOTICE,
        departed=departed,
        landed=departed + taken,
        planned_minutes=planned,
    )


def departures(flights: Table) -> Table:
    """One row for each departure: when it was known, and its delay in minutes."""
    left = flights.filter(flights.departed.notnull())
    return left.select(
        "carrier",
        "origin",
        "dest",
        mark=known_from(left.departed),
        one=ibis.literal(1),
        value=left.dep_delay,
    )


def arrivals(flights: Table) -> Table:
    """One row for each arrival as planned: when it was known, and its delay in minutes."""
    there = flights.filter(flights.landed.notnull() & flights.arr_delay.notnull())
    return there.select(
        "carrier",
        "origin",
        "dest",
        mark=known_from(there.landed),
        one=ibis.literal(1),
        value=there.arr_delay,
    )


def waiting(flights: Table) -> Table:
    """One row for each mark at which a flight waits: from a quarter of an hour overdue until it leaves or is
    given up.

    Summed over one mark this is how many flights wait (`one`) and, with the moment, how long they have waited
    (`value` sums their schedules). Cancelled flights count too: at the time nobody knew.
    """
    late = flights.filter(flights.departed.isnull() | (flights.dep_delay > OVERDUE))
    given_up = late.scheduled + GIVEN_UP
    ended = ibis.least(ibis.coalesce(late.departed, given_up), given_up)
    marks = ibis.range(known_from(late.scheduled + OVERDUE), known_from(ended), RESOLUTION)
    # At most 23 marks each: fewer rows than sums over all of the past would have to look at.
    return late.select(
        "carrier",
        "origin",
        mark=marks.unnest().cast("int32"),
        one=ibis.literal(1),
        value=late.scheduled,
    )
