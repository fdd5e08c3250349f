"""What is known of flights as it happens: their events, the states that these change, and the question.

The same features as `ml/flights/features.py` computes over the year, here of one flight at a time and as
known two hours before its scheduled departure. Moments are minutes since 1970 (UTC).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ml.flights.schema import FEATURES, GIVEN_UP, OVERDUE
from ml.streaming.declared import Change, Kept, Snapshot, State, Stream
from ml.streaming.event import Event, EventType, Kind
from ml.streaming.marks import RESOLUTION, asked_at, known_from, minutes
from ml.streaming.windows import Latest, Spans, Window

_HOUR = 60
_LATELY = 3 * _HOUR
_LONGER = 6 * _HOUR
_SEEN = 3
"""Hours: weather that was observed longer ago is not known."""

_WEATHER = (*("temp", "dewp", "humid", "wind_dir", "wind_speed", "wind_gust", "precip", "pressure", "visib"),)
_FLIGHT: Mapping[str, Kind] = {
    "carrier": "text",
    "flight": "integer",
    "origin": "text",
    "dest": "text",
    "tailnum": "text",
    "scheduled": "moment",
}
_FILED: Mapping[str, Kind] = {
    **_FLIGHT,
    "distance": "number",
    "planned_minutes": "number",
    "aircraft_age": "number",
    "aircraft_seats": "number",
}
_DELAYED: Mapping[str, Kind] = {**_FLIGHT, "delay": "integer"}


def _changes(event: Event) -> Sequence[tuple[str, Change]]:
    if event.type == "weather":
        return _observed(event)
    fields, flight = event.fields, event.entity
    scheduled = minutes(fields["scheduled"])
    airport, airline = f"airport/{fields['origin']}", f"airline/{fields['carrier']}"
    overdue, given_up = known_from(scheduled + OVERDUE), known_from(scheduled + GIVEN_UP)
    steps: list[tuple[str, Change]] = []
    leg: dict[str, Any] = {}

    if event.type == "scheduled":
        leg = {"planned": fields["planned_minutes"]}

        slot = int(scheduled // _HOUR) * _HOUR

        def waits(state: State) -> bool:
            return bool(state["waiting"].begin(flight, overdue, given_up, scheduled))

        def is_planned(state: State) -> bool:
            return bool(state["timetable"].add(flight, slot, 1))

        steps += [(airport, waits), (airport, is_planned), (airline, waits)]
    elif event.type == "departed":
        known, delay = known_from(event.at), fields["delay"]
        leg = {"departed": event.at, "delay": delay}

        def leaves(state: State) -> bool:
            counted = state["departures"].add(flight, known, delay)
            ended = state["waiting"].end(flight, known)
            return bool(counted or ended)

        steps += [(airport, leaves), (airline, leaves)]
    else:
        known, delay = known_from(event.at), fields["delay"]
        leg = {"landed": event.at, "arrival_delay": delay}

        def arrives(state: State) -> bool:
            return bool(state["arrivals"].add(flight, known, delay))

        # One that was diverted has landed, but has not arrived as planned.
        if delay is not None:
            steps += [(airport, arrives), (airline, arrives), (f"destination/{fields['dest']}", arrives)]
    if fields["tailnum"] is not None:
        # An aircraft that stands in the timetable twice at one moment: either would do, but always the same.
        rank = f"{fields['origin']}/{fields['carrier']}/{fields['flight']:05}"

        def flies(state: State) -> bool:
            return bool(state["legs"].put(flight, scheduled, rank, **leg))

        steps.append((f"aircraft/{fields['tailnum']}", flies))
    return steps


def _observed(event: Event) -> Sequence[tuple[str, Change]]:
    """An observation of an hour, known when that hour is over; kept by its number since 1970."""
    hour = int(event.at // _HOUR) - 1

    def seen(state: State) -> bool:
        return bool(state["weather"].put(str(hour), hour * _HOUR, **event.fields))

    return [(f"airport/{event.entity}", seen)]


def _asked_of(event: Event) -> Sequence[str]:
    fields = event.fields
    keys = [
        f"airport/{fields['origin']}",
        f"airline/{fields['carrier']}",
        f"destination/{fields['dest']}",
    ]
    return keys if fields["tailnum"] is None else [*keys, f"aircraft/{fields['tailnum']}"]


def _features(event: Event, states: Mapping[str, State]) -> dict[str, Any]:
    fields, asked = event.fields, event.at
    scheduled, mark = minutes(fields["scheduled"]), asked_at(event.at)
    local = fields["scheduled"]
    airport = states[f"airport/{fields['origin']}"]
    slot = int(scheduled // _HOUR) * _HOUR
    found = {
        "carrier": fields["carrier"],
        "origin": fields["origin"],
        "distance": fields["distance"],
        "planned_minutes": fields["planned_minutes"],
        "hour_of_day": (local.hour * _HOUR + local.minute) / _HOUR,
        "day_of_week": local.weekday(),
        "departures_that_hour": airport["timetable"].over(slot, RESOLUTION)[0],
        **_weather(airport, asked),
        **_traffic("airport", airport, mark),
        **_traffic("airline", states[f"airline/{fields['carrier']}"], mark),
        "destination_arrival_delay_6h": _mean(
            states[f"destination/{fields['dest']}"]["arrivals"].over(mark, _LONGER)
        ),
        "aircraft_age": fields["aircraft_age"],
        "aircraft_seats": fields["aircraft_seats"],
        **_aircraft(
            None if fields["tailnum"] is None else states[f"aircraft/{fields['tailnum']}"], asked, scheduled
        ),
    }
    return {feature.name: found[feature.name] for feature in FEATURES}


def _weather(airport: State, asked: float) -> dict[str, Any]:
    """The last observation that was complete when asked, none older than three hours, and the hours to it."""
    last = (asked // _HOUR - 1) * _HOUR
    now: Mapping[str, Any] | None = airport["weather"].as_of(last)
    if now is None or last - now["at"] >= _SEEN * _HOUR:
        return dict.fromkeys(_WEATHER_FEATURES)
    lately = airport["weather"].between(now["at"] - 5 * _HOUR, now["at"])
    before = airport["weather"].between(now["at"] - 3 * _HOUR, now["at"] - 3 * _HOUR)
    rain = [one["precip"] for one in lately if one["precip"] is not None]
    sight = [one["visib"] for one in lately if one["visib"] is not None]
    gusts = [one["wind_gust"] for one in lately if one["wind_gust"] is not None]
    earlier = before[0]["pressure"] if before else None
    both = now["pressure"] is not None and earlier is not None
    return {
        "temperature": now["temp"],
        "dew_point": now["dewp"],
        "humidity": now["humid"],
        "wind_direction": now["wind_dir"],
        "wind_speed": now["wind_speed"],
        "pressure": now["pressure"],
        "pressure_change_3h": now["pressure"] - earlier if both else None,
        "visibility": now["visib"],
        "rain_6h": sum(rain) if rain else None,
        "lowest_visibility_6h": min(sight, default=None),
        "strongest_gust_6h": max(gusts, default=0.0),
    }


_WEATHER_FEATURES = (
    *("temperature", "dew_point", "humidity", "wind_direction", "wind_speed", "pressure"),
    *("pressure_change_3h", "visibility", "rain_6h", "lowest_visibility_6h", "strongest_gust_6h"),
)


def _traffic(name: str, state: State, mark: int) -> dict[str, Any]:
    """How late departures and arrivals have been in the last three hours, and what waits."""
    left = state["departures"].over(mark, _LATELY)
    waiting, schedules = state["waiting"].over(mark)
    return {
        f"{name}_departures_3h": left[0],
        f"{name}_departure_delay_3h": _mean(left),
        f"{name}_arrival_delay_3h": _mean(state["arrivals"].over(mark, _LATELY)),
        f"{name}_waiting": waiting,
        f"{name}_waiting_minutes": (waiting * mark - schedules) / waiting if waiting else None,
    }


def _aircraft(state: State | None, asked: float, scheduled: float) -> dict[str, Any]:
    """How the aircraft's last flight that was scheduled by then stands when asked."""
    leg: Mapping[str, Any] | None = None if state is None else state["legs"].as_of(asked, needs="planned")
    if leg is None:
        return dict.fromkeys(_AIRCRAFT_FEATURES)
    departed, landed = leg.get("departed"), leg.get("landed")
    gone = departed is not None and departed <= asked
    since = asked - leg["at"]
    # A leg that is long overdue was most likely cancelled: then nothing is known of the aircraft.
    if not gone and since >= GIVEN_UP:
        return dict.fromkeys(_AIRCRAFT_FEATURES)
    there = landed is not None and landed <= asked
    left = departed if gone else asked
    return {
        "aircraft_hours_since": since / _HOUR,
        "aircraft_departure_delay": leg["delay"] if gone else since,
        "aircraft_arrival_delay": leg["arrival_delay"] if there else None,
        "aircraft_gone": int(gone),
        "aircraft_slack": scheduled - (left + 2 * leg["planned"]),
    }


_AIRCRAFT_FEATURES = (
    *("aircraft_hours_since", "aircraft_departure_delay", "aircraft_arrival_delay", "aircraft_gone"),
    "aircraft_slack",
)


def _mean(sums: tuple[int, float]) -> float | None:
    count, total = sums
    return total / count if count else None


def _airport(state: State, mark: int) -> dict[str, Any]:
    """How an airport stands at a mark, for the feature group."""
    weather, traffic = _weather(state, mark), _traffic("airport", state, mark)
    return {
        **{name: weather[name] for name in ("temperature", "wind_speed", "visibility", "pressure")},
        **_group(traffic, "airport"),
    }


def _airline(state: State, mark: int) -> dict[str, Any]:
    return _group(_traffic("airline", state, mark), "airline")


def _group(traffic: Mapping[str, Any], name: str) -> dict[str, Any]:
    told = ("departures_3h", "departure_delay_3h", "arrival_delay_3h", "waiting")
    return {one: traffic[f"{name}_{one}"] for one in told}


def _subject(event: Event) -> str:
    return f"{event.fields['carrier']} {event.fields['flight']}"


_COUNTED = {
    "departures": Kept(made=Window, minutes=_LATELY),
    "arrivals": Kept(made=Window, minutes=_LATELY),
    "waiting": Kept(made=Spans, minutes=0),
}

STREAM = Stream(
    types={
        "scheduled": EventType(
            fields=_FILED, optional=frozenset({"tailnum", "aircraft_age", "aircraft_seats"})
        ),
        "departed": EventType(fields=_DELAYED, optional=frozenset({"tailnum"})),
        "landed": EventType(fields=_DELAYED, optional=frozenset({"tailnum", "delay"})),
        "weather": EventType(fields=dict.fromkeys(_WEATHER, "number"), optional=frozenset(_WEATHER)),
        "ask": EventType(fields=_FILED, optional=frozenset({"tailnum", "aircraft_age", "aircraft_seats"})),
    },
    kinds={
        "airport": {
            **_COUNTED,
            "timetable": Kept(made=Window, minutes=0),
            "weather": Kept(made=Latest, minutes=(_SEEN + 6) * _HOUR),
        },
        "airline": _COUNTED,
        "destination": {"arrivals": Kept(made=Window, minutes=_LONGER)},
        "aircraft": {"legs": Kept(made=Latest, minutes=0)},
    },
    changes=_changes,
    ask="ask",
    asked_of=_asked_of,
    features=_features,
    subject=_subject,
    snapshots={
        "airport": Snapshot(event="airport", features=_airport),
        "airline": Snapshot(event="airline", features=_airline),
    },
)
"""An event's entity is the flight, such as `2013-07-03/B6/1103/JFK/1830`; of `weather` it is the airport."""
