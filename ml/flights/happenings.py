"""From the sources of a year to what happened in it, event by event, as a stream would have brought it."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

from ibis.expr.types import Table

from ml.flights.events import timed
from ml.flights.schema import LATE, NOTICE
from ml.integration.engines import Engine
from ml.streaming.event import TICK
from ml.streaming.happening import Happening

FILED = 24 * 60
"""Minutes before its schedule at which a flight is told of: the timetable is known for longer."""

AIRPORTS = ("EWR", "JFK", "LGA")

_WEEK = 7 * 24 * 60
_AFTER = 12 * 60
"""Minutes after the last day (UTC) in which the weather and the airports are still heard of."""

_QUIET = 10
"""Minutes after which an airport says that it is still there, whatever happens."""

_WEATHER = (*("temp", "dewp", "humid", "wind_dir", "wind_speed", "wind_gust", "precip", "pressure", "visib"),)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def happenings(
    engine: Engine, tables: Mapping[str, Table], first: date, days: int, weeks: int = 0
) -> Iterator[Happening]:
    """The events of the flights scheduled on some days (local), and of the weather then, in order of time.

    Nobody tells that a flight was cancelled: it does not depart. A diverted one lands without a delay. All is
    told as if it had been some weeks later: the weekdays and the clocks stay, the flights' dates move along.
    """
    begin = _minutes(datetime(first.year, first.month, first.day, tzinfo=UTC))
    end = begin + days * 24 * 60
    flights = timed(tables["flights"], tables["airports"])
    planes = tables["planes"].select("tailnum", built="year", aircraft_seats="seats")
    flights = flights.left_join(planes, "tailnum").drop("tailnum_right")
    later = weeks * _WEEK
    local = flights.scheduled + _offset(flights) * 60
    flights = flights.filter((local >= begin) & (local < end))
    chosen = flights.select(
        *("carrier", "flight", "origin", "dest", "tailnum"),
        *("distance", "planned_minutes", "dep_delay", "arr_delay", "aircraft_seats"),
        scheduled=flights.scheduled + later,
        departed=flights.departed + later,
        landed=flights.landed + later,
        aircraft_age=flights.year - flights.built,
        offset=_offset(flights),
    ).order_by("scheduled", "carrier", "flight", "origin")
    weather = tables["weather"]
    hour = (weather.time_hour.epoch_seconds() // 3600).cast("int32")
    seen = weather.filter((hour * 60 >= begin - 12 * 60) & (hour * 60 < end + _AFTER))
    seen = seen.select("origin", *_WEATHER, known=hour * 60 + 60 + later).order_by("known", "origin")
    ticks = _ticks(begin + later - FILED, end + later + _AFTER, AIRPORTS)
    return heapq.merge(
        _of_flights(_rows(engine, chosen)),
        (_observed(row) for row in _rows(engine, seen)),
        ticks,
        key=lambda one: one.at,
    )


def flight_key(carrier: str, flight: int, origin: str, scheduled: datetime) -> str:
    """The inference id of a flight: `2013-07-03/B6/1103/JFK/1830`, by the local clock of its schedule."""
    return f"{scheduled:%Y-%m-%d}/{carrier}/{flight}/{origin}/{scheduled:%H%M}"


def _offset(flights: Table) -> Any:
    return (flights.hour - flights.time_hour.hour().cast("int32") + 36) % 24 - 12


def _of_flights(rows: Iterator[dict[str, Any]]) -> Iterator[Happening]:
    """Their events in order; no more is held than flights of a day have."""
    waiting: list[tuple[float, int, Happening]] = []
    number = itertools.count()
    for row in rows:
        for one in _of_flight(row):
            heapq.heappush(waiting, (one.at, next(number), one))
        while waiting and waiting[0][0] <= row["scheduled"] - FILED:
            yield heapq.heappop(waiting)[2]
    while waiting:
        yield heapq.heappop(waiting)[2]


def _of_flight(row: Mapping[str, Any]) -> Iterator[Happening]:
    local = _moment(row["scheduled"]).astimezone(timezone(timedelta(hours=row["offset"])))
    key = flight_key(row["carrier"], row["flight"], row["origin"], local)
    flight = {name: row[name] for name in ("carrier", "flight", "origin", "dest", "tailnum")}
    flight["scheduled"] = local.isoformat()
    more = ("distance", "planned_minutes", "aircraft_age", "aircraft_seats")
    filed = {**flight, **{name: row[name] for name in more}}

    def event(kind: str, at: float, features: Mapping[str, Any]) -> Happening:
        told = {"id": f"{kind}/{key}", "type": kind, "entity": key, "time": _iso(at), "features": features}
        return Happening(at, row["origin"], told)

    yield event("scheduled", row["scheduled"] - FILED, filed)
    yield event("ask", row["scheduled"] - NOTICE, filed)
    if row["departed"] is None:
        return
    yield event("departed", row["departed"], {**flight, "delay": row["dep_delay"]})
    if row["landed"] is None:
        return
    yield event("landed", row["landed"], {**flight, "delay": row["arr_delay"]})
    if row["arr_delay"] is not None:
        late = int(row["arr_delay"] >= LATE)
        subject = f"{row['carrier']} {row['flight']}"
        yield event("outcome", row["landed"], {"outcome": late, "subject": subject})


def _observed(row: Mapping[str, Any]) -> Happening:
    known, origin = row["known"], row["origin"]
    told = {
        "id": f"weather/{origin}/{_iso(known)}",
        "type": "weather",
        "entity": origin,
        "time": _iso(known),
        "features": {name: row[name] for name in _WEATHER},
    }
    return Happening(known, origin, told)


def _ticks(begin: int, end: int, airports: tuple[str, ...]) -> Iterator[Happening]:
    for at in range(begin, end, _QUIET):
        for airport in airports:
            told = {"type": TICK, "entity": f"airport/{airport}", "time": _iso(at)}
            yield Happening(at, airport, told)


def _rows(engine: Engine, table: Table) -> Iterator[dict[str, Any]]:
    columns = list(table.columns)
    return (dict(zip(columns, row, strict=True)) for row in engine.rows(table))


def _minutes(moment: datetime) -> int:
    return int((moment - _EPOCH).total_seconds()) // 60


def _moment(minutes: float) -> datetime:
    return _EPOCH + timedelta(minutes=minutes)


def _iso(minutes: float) -> str:
    return _moment(minutes).strftime("%Y-%m-%dT%H:%M:%SZ")
