"""Flights to ask a deployed model about, each as a person would say it and with what really happened."""

import datetime
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import ibis
from ibis.expr.types import Table

from ml.flights.schema import FEATURES, LABEL
from ml.integration.engines import Engine

EVENT = "arriving an hour late"
"""What the model's probability is of, as said after "the risk of"."""

LATE_ONES = 7
CALM_ONES = 13

_AIRPORTS = {"EWR": "Newark", "JFK": "New York JFK", "LGA": "New York LaGuardia"}
_NEAR = {"EWR": "Newark", "JFK": "JFK", "LGA": "LaGuardia"}
_LEGAL = (" Inc.", " Co.", " Corporation", " Airways", " Air Lines", " Airlines", " Air")

# How an airport's own name, "George Bush Intercontinental", leads to the city that people say: by the
# flights' most frequent destinations; any other goes by its airport's name.
_CITIES = {
    "ATL": "Atlanta", "AUS": "Austin", "BGR": "Bangor", "BNA": "Nashville", "BOS": "Boston",
    "BQN": "Aguadilla", "BUF": "Buffalo", "BWI": "Baltimore", "CLE": "Cleveland", "CLT": "Charlotte",
    "CMH": "Columbus", "CVG": "Cincinnati", "DCA": "Washington National", "DEN": "Denver", "DFW": "Dallas",
    "DTW": "Detroit", "FLL": "Fort Lauderdale", "GSO": "Greensboro", "HNL": "Honolulu",
    "IAD": "Washington Dulles", "IAH": "Houston", "JAX": "Jacksonville", "LAS": "Las Vegas",
    "LAX": "Los Angeles", "MCI": "Kansas City", "MCO": "Orlando", "MDW": "Chicago Midway", "MIA": "Miami",
    "MKE": "Milwaukee", "MSP": "Minneapolis", "MSY": "New Orleans", "OMA": "Omaha", "ORD": "Chicago O'Hare",
    "PBI": "West Palm Beach", "PDX": "Portland", "PHX": "Phoenix", "PIT": "Pittsburgh",
    "PWM": "Portland, Maine", "RDU": "Raleigh", "RIC": "Richmond", "ROC": "Rochester", "RSW": "Fort Myers",
    "SAN": "San Diego", "SEA": "Seattle", "SFO": "San Francisco", "SJU": "San Juan",
    "SLC": "Salt Lake City", "STL": "St. Louis", "SYR": "Syracuse", "TPA": "Tampa",
}  # fmt: skip


def write(engine: Engine, tests: Table, tables: Mapping[str, Table], path: Path) -> int:
    """Writes up to LATE_ONES + CALM_ONES flights of the test set. Gives how many were written.

    They are chosen to show what the model can see, not as a fair sample. First LATE_ONES that did arrive an
    hour late, of airlines and days that differ, and of which much was known when asked (an airport full of
    overdue departures, a late aircraft). Then CALM_ONES that did not, from those that looked worst to a quiet
    day: so some looked bad and went well. The outcomes are real, but picked: how often the model is right is
    what the evaluation says.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    ranked = engine.keep("examples_ranked", _ranked(tests))
    calm = ranked.filter(ranked[LABEL] == 0)
    places = int(engine.first_row(calm.aggregate(count=calm.count()))[0])
    # From the worst looking to a quiet day, closer together where they look bad.
    wanted = sorted({int((part / CALM_ONES) ** 2 * places) for part in range(CALM_ONES)})
    chosen = ranked.filter(
        ((ranked[LABEL] == 1) & (ranked.place < LATE_ONES))
        | ((ranked[LABEL] == 0) & ranked.place.isin(wanted))
    )
    names = tables["airlines"].select("carrier", airline="name")
    airports = tables["airports"].select(dest="faa", dest_name="name")
    told = chosen.left_join(names, "carrier").drop("carrier_right")
    told = told.left_join(airports, "dest").drop("dest_right")
    told = told.order_by(told[LABEL].desc(), told.place)
    lines = [json.dumps(_example(dict(zip(told.columns, row, strict=True)))) for row in engine.rows(told)]
    engine.drop("examples_ranked")
    path.write_text("".join(f"{line}\n" for line in lines))
    return len(lines)


def _ranked(tests: Table) -> Table:
    """Of late flights the one of an airline, on days that differ; of others any one of a day and an airport.

    `place` counts from 0 within the label, those first that looked worst.
    """
    lately = tests.aircraft_hours_since < 12
    delay = ibis.greatest(ibis.least(tests.aircraft_departure_delay.cast("float64"), 240.0), 0.0)
    worry = ibis.ifelse(lately.fill_null(False), ibis.coalesce(delay, 0.0) / 3, 0.0)
    seen = tests.mutate(signs=tests.airport_waiting.cast("float64") + worry)
    worst = seen.signs.desc()
    late = _first(
        seen.filter(seen[LABEL] == 1),
        of=["month", "day"],
        by=[worst, "scheduled", "carrier", "flight", "origin"],
    )
    late = _first(late, of=["carrier"], by=[late.signs.desc(), "scheduled", "flight", "origin"])
    # Any flight of the day: the one that looked worst would leave no quiet ones.
    calm = seen.filter(seen[LABEL] == 0)
    anyone = (calm.flight * 7919 + calm.scheduled * 31) % 1009
    calm = _first(calm, of=["month", "day", "origin"], by=[anyone, "scheduled", "carrier", "flight"])
    told = late.union(calm)
    order = [told.signs.desc(), told.scheduled, told.carrier, told.flight, told.origin]
    return told.mutate(place=ibis.row_number().over(group_by=LABEL, order_by=order))


def _first(table: Table, *, of: Sequence[str], by: Sequence[Any]) -> Table:
    """The first row of each group, in an order."""
    number = ibis.row_number().over(group_by=list(of), order_by=list(by))
    numbered = table.mutate(number=number)
    return numbered.filter(numbered.number == 0).drop("number")


def _example(flight: Mapping[str, Any]) -> dict[str, object]:
    return {
        "request": {feature.name: _plain(flight[feature.name]) for feature in FEATURES},
        "shown": ", ".join(_said(flight)),
        "outcome": _outcome(flight["arr_delay"]),
        "event": EVENT,
    }


def _plain(value: Any) -> object:
    """A number as a person would write it: without the noise of single precision."""
    if not isinstance(value, float):
        return value
    return int(value) if value.is_integer() else round(value, 4)


def _said(flight: Mapping[str, Any]) -> Iterator[str]:
    day = datetime.date(flight["year"], flight["month"], flight["day"])
    destination = _CITIES.get(flight["dest"]) or flight["dest_name"] or flight["dest"]
    yield f"{_airline(flight['airline'] or flight['carrier'])} {flight['flight']}"
    yield f"{_AIRPORTS.get(flight['origin'], flight['origin'])} → {destination}"
    yield f"{day:%A} {day.day} {day:%B}"
    weather = [
        f"wind {flight['wind_speed']:.0f} mph" if flight["wind_speed"] is not None else "",
        f"{flight['rain_6h']:.2f} inches of rain in six hours" if flight["rain_6h"] else "",
        f"visibility {_miles(flight['visibility'])}" if (flight["visibility"] or 10) < 10 else "",
    ]
    overdue = round(flight["airport_waiting"])
    airport = _NEAR.get(flight["origin"], flight["origin"])
    state = [f"{overdue or 'no'} departure{'s' * (overdue != 1)} overdue at {airport}"]
    late = flight["aircraft_departure_delay"]
    if late is not None and late >= 15 and flight["aircraft_hours_since"] < 12:
        if flight["aircraft_gone"]:
            state.append(f"its aircraft last left {late:.0f} minutes late")
        else:
            state.append(f"its aircraft is {late:.0f} minutes overdue to leave on the flight before")
    said = ", ".join(part for part in [*weather, *state] if part)
    yield f"scheduled {flight['hour']:02d}:{flight['minute']:02d}; two hours before: {said}"


def _miles(miles: float) -> str:
    return f"{miles:g} mile{'s' * (miles != 1)}"


def _airline(name: str) -> str:
    """The name without its legal form: `Delta Air Lines Inc.` is Delta; `US Airways Inc.` keeps `Airways`."""
    for ending in _LEGAL:
        short = name.removesuffix(ending)
        name = short if len(short) > 2 else name
    return name


def _outcome(delay: int) -> str:
    if delay == 0:
        return "arrived on time"
    minutes = f"{abs(delay)} minute{'s' if abs(delay) != 1 else ''}"
    if delay < 0:
        return f"arrived {minutes} early"
    return f"arrived {minutes} late"
