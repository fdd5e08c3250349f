"""What does a use case declare of its data? Sources, tables with their rules, feature groups, events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

FeatureType = Literal["String", "Integral", "Fractional"]
"""The types of SageMaker's feature store."""

EVENT_TIME = "happened_at"
"""The feature of every group that says when it was so: ISO 8601 in UTC, to the second or millisecond."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table of the catalog over Parquet files in `<zone>/<case>/<path>/`. `columns`: name → Glue's type.

    `rules` are DQDL's; without any nothing is judged.
    """

    name: str
    zone: Literal["curated", "archive"]
    path: str
    columns: Mapping[str, str]
    rules: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class FeatureGroup:
    """A feature group, and the type of the events that write it. `features` are beside entity and time."""

    name: str
    event: str
    description: str
    entity: str
    features: Mapping[str, FeatureType]


@dataclass(frozen=True, kw_only=True)
class UseCase:
    """What a use case declares. `sources` are the names of `<raw>/<case>/<name>.csv`."""

    sources: Sequence[str] = ()
    prepared: Table | None = None
    """The table that the preparation writes and the rules judge."""
    groups: Sequence[FeatureGroup] = field(default_factory=tuple)
    stream: Sequence[str] = ()
    """Files of `ml/` by which the consumer keeps states and asks the model.

    They are the use case's `stream.py` and what that imports, beside `ml/streaming/`. Without any, events are
    features as they stand.
    """


OUTCOMES = FeatureGroup(
    name="outcomes",
    event="outcome",
    description="What became of what was predicted, by the id of the prediction",
    entity="inference_id",
    features={"outcome": "Fractional", "predicted": "Fractional", "subject": "String"},
)
"""The feedback of every use case: monitoring joins it with what was captured, by the id."""

PREDICTIONS = FeatureGroup(
    name="predictions",
    event="prediction",
    description="What was predicted, by the id of the prediction and at the time of the event",
    entity="inference_id",
    features={"probability": "Fractional", "subject": "String", "variant": "String"},
)
"""What a consumer that asks the model keeps of each answer, so that an outcome finds it days later."""

_FLIGHT_NUMBERS = (
    *("distance", "planned_minutes", "hour_of_day", "departures_that_hour"),
    *("temperature", "humidity", "wind_speed", "pressure", "visibility", "rain_6h"),
    *("airport_departures_3h", "airport_departure_delay_3h", "airport_arrival_delay_3h"),
    *("airline_departures_3h", "airline_departure_delay_3h", "airline_arrival_delay_3h"),
    *("destination_arrival_delay_6h", "aircraft_age", "aircraft_slack"),
)

_FLIGHTS = UseCase(
    sources=("airlines", "airports", "flights", "planes", "weather"),
    prepared=Table(
        name="prepared",
        zone="curated",
        path="prepared/train",
        columns={
            "scheduled": "int",
            "year": "int",
            "month": "int",
            "day": "int",
            "carrier": "string",
            "flight": "int",
            "origin": "string",
            "dest": "string",
            "tailnum": "string",
            "arr_delay": "double",
            **dict.fromkeys(_FLIGHT_NUMBERS, "float"),
            "late": "tinyint",
        },
        rules=(
            "RowCount > 1000",
            'IsComplete "carrier"',
            'IsComplete "origin"',
            'IsComplete "late"',
            'ColumnValues "late" in [0, 1]',
            'Mean "late" between 0.005 and 0.5',
            'ColumnValues "distance" between 0 and 6000',
            'ColumnValues "wind_speed" between -1 and 232',
            'Completeness "temperature" > 0.9',
        ),
    ),
    groups=(
        FeatureGroup(
            name="airports",
            event="airport",
            description="How an airport stands: its weather, and how late its flights are",
            entity="airport",
            features={
                "temperature": "Fractional",
                "wind_speed": "Fractional",
                "visibility": "Fractional",
                "pressure": "Fractional",
                "departures_3h": "Integral",
                "departure_delay_3h": "Fractional",
                "arrival_delay_3h": "Fractional",
                "waiting": "Integral",
            },
        ),
        FeatureGroup(
            name="airlines",
            event="airline",
            description="How an airline stands: how late its flights are, and how many wait",
            entity="airline",
            features={
                "departures_3h": "Integral",
                "departure_delay_3h": "Fractional",
                "arrival_delay_3h": "Fractional",
                "waiting": "Integral",
            },
        ),
        OUTCOMES,
        PREDICTIONS,
    ),
    stream=(
        "flights/__init__.py",
        "flights/schema.py",
        "flights/stream.py",
        "training/__init__.py",
        "training/schema.py",
    ),
)

_DECLARED: Mapping[str, UseCase] = {"ml.flights": _FLIGHTS}


def declared(use_case: str) -> UseCase:
    """What the module of a use case has declared here; else no more than the feedback of outcomes."""
    return _DECLARED.get(use_case, UseCase(groups=(OUTCOMES,)))
