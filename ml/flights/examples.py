"""Flights to ask a deployed model about, each as a person would say it and with what really happened."""

import datetime
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ibis.expr.types import Table

from ml.flights.schema import FEATURES
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
    names = {"tests": tests, "airlines": tables["airlines"], "airports": tables["airports"]}
    queries = {name: engine.connection.compile(table) for name, table in names.items()}
    cursor = engine.connection.raw_sql(_CHOSEN.format(late=LATE_ONES, calm=CALM_ONES, **queries))
    columns = [column[0] for column in cursor.description]
    lines = [json.dumps(_example(dict(zip(columns, row, strict=True)))) for row in cursor.fetchall()]
    path.write_text("".join(f"{line}\n" for line in lines))
    return len(lines)


_CHOSEN = """
WITH seen AS (
  SELECT *, airport_waiting + CASE WHEN aircraft_hours_since < 12
    THEN least(greatest(aircraft_departure_delay, 0), 240) / 3 ELSE 0 END AS signs
  FROM ({tests})
),
worst_of_days AS (
  SELECT * FROM seen WHERE late = 1
  QUALIFY row_number() OVER (
    PARTITION BY month, day ORDER BY signs DESC, scheduled, carrier, flight, origin
  ) = 1
),
told AS (
  SELECT * FROM worst_of_days
  QUALIFY row_number() OVER (PARTITION BY carrier ORDER BY signs DESC, scheduled, flight, origin) = 1
  UNION ALL
  -- Any flight of the day: the one that looked worst would leave no quiet ones.
  SELECT * FROM seen WHERE late = 0
  QUALIFY row_number() OVER (
    PARTITION BY month, day, origin
    ORDER BY (flight * 7919 + scheduled * 31) % 1009, scheduled, carrier, flight
  ) = 1
),
ranked AS (
  SELECT *, row_number() OVER (
    PARTITION BY late ORDER BY signs DESC, scheduled, carrier, flight, origin
  ) - 1 AS place, count(*) OVER (PARTITION BY late) AS places
  FROM told
),
chosen AS (
  SELECT * FROM ranked WHERE late = 1 AND place < {late}
  UNION ALL
  SELECT * FROM ranked WHERE late = 0
    AND place IN (SELECT floor(power(part / {calm}, 2) * places)::BIGINT FROM range({calm}) AS parts(part))
)
SELECT chosen.*, airlines.name AS airline, airports.name AS dest_name
FROM chosen
LEFT JOIN ({airlines}) AS airlines ON airlines.carrier = chosen.carrier
LEFT JOIN ({airports}) AS airports ON airports.faa = chosen.dest
ORDER BY late DESC, place
"""


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
