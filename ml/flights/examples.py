"""Flights to ask a deployed model about, each as a person would say it and with what really happened."""

import datetime
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ibis.backends.duckdb import Backend

from ml.flights.schema import FEATURES

COUNT = 20

_AIRPORTS = {"EWR": "Newark", "JFK": "New York JFK", "LGA": "New York LaGuardia"}
_LEGAL = (" Inc.", " Co.", " Corporation", " Airways", " Air Lines", " Airlines", " Air")

# How an airport's own name, "George Bush Intercontinental", leads to the city that people say: by the
# flights' most frequent destinations; any other goes by its airport's name.
_CITIES = {
    "ATL": "Atlanta", "AUS": "Austin", "BNA": "Nashville", "BOS": "Boston", "BQN": "Aguadilla",
    "BUF": "Buffalo", "BWI": "Baltimore", "CLE": "Cleveland", "CLT": "Charlotte", "CVG": "Cincinnati",
    "DCA": "Washington National", "DEN": "Denver", "DFW": "Dallas", "DTW": "Detroit",
    "FLL": "Fort Lauderdale", "HNL": "Honolulu", "IAD": "Washington Dulles", "IAH": "Houston",
    "JAX": "Jacksonville", "LAS": "Las Vegas", "LAX": "Los Angeles", "MCI": "Kansas City", "MCO": "Orlando",
    "MIA": "Miami", "MKE": "Milwaukee", "MSP": "Minneapolis", "MSY": "New Orleans", "ORD": "Chicago O'Hare",
    "PBI": "West Palm Beach", "PDX": "Portland", "PHX": "Phoenix", "PIT": "Pittsburgh", "RDU": "Raleigh",
    "ROC": "Rochester", "RSW": "Fort Myers", "SAN": "San Diego", "SEA": "Seattle", "SFO": "San Francisco",
    "SJU": "San Juan", "SLC": "Salt Lake City", "STL": "St. Louis", "SYR": "Syracuse", "TPA": "Tampa",
}  # fmt: skip


def write(connection: Backend, table: str, path: Path) -> int:
    """Writes COUNT flights of `table` (a test set with names; fewer of a small one), from risky to calm.

    They are chosen by what was known, not by what happened: along the aircraft's and the airport's delay, the
    risky end closer together, since calm flights are alike. Gives how many were written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    cursor = connection.raw_sql(_CHOSEN.format(table=table, count=COUNT))
    names = [column[0] for column in cursor.description]
    lines = [json.dumps(_example(dict(zip(names, row, strict=True)))) for row in cursor.fetchall()]
    path.write_text("".join(f"{line}\n" for line in lines))
    return len(lines)


_CHOSEN = """
WITH ranked AS (
  SELECT *, row_number() OVER (
    ORDER BY airport_waiting
      + CASE WHEN aircraft_hours_since < 12 THEN greatest(aircraft_departure_delay, 0) / 10
        ELSE 0 END DESC,
      scheduled, carrier, flight, origin
  ) - 1 AS place, count(*) OVER () AS places
  FROM {table}
)
SELECT * FROM ranked
WHERE place IN (SELECT floor(power(part / {count}, 3) * places)::BIGINT FROM range({count}) AS parts(part))
ORDER BY place
"""


def _example(flight: Mapping[str, Any]) -> dict[str, object]:
    return {
        "request": {feature.name: _plain(flight[feature.name]) for feature in FEATURES},
        "shown": ", ".join(_said(flight)),
        "outcome": _outcome(flight["arr_delay"]),
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
        f"wind {flight['wind_speed'] * 0.868976:.0f} kn" if flight["wind_speed"] is not None else "",
        f"{flight['rain_6h']:.2f} in of rain" if flight["rain_6h"] else "",
        f"visibility {flight['visibility']:g} mi" if (flight["visibility"] or 10) < 10 else "",
    ]
    waiting = round(flight["airport_waiting"])
    state = [f"{waiting or 'no'} flight{'s' * (waiting > 1)} waiting at the airport"]
    late = flight["aircraft_departure_delay"]
    if late is not None and late >= 15 and flight["aircraft_hours_since"] < 12:
        state.append(f"its aircraft left {late:.0f} minutes late before")
    said = ", ".join(part for part in [*weather, *state] if part)
    yield f"scheduled {flight['hour']:02d}:{flight['minute']:02d}; {said}"


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
