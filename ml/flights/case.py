"""What the flights declare: what is asked, of which sources, with which features."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ml.case import Costs, UseCase
from ml.flights.contracts import SOURCES
from ml.flights.rules import RULES
from ml.flights.schema import FEATURES, LABEL
from ml.integration.declared import CleaningRule, Reference

if TYPE_CHECKING:
    from ibis.expr.types import BooleanValue, Table

    from ml.integration.engines import Engine


def _compute(engine: Engine, tables: Mapping[str, Table]) -> Table:
    from ml.flights.preparation import compute

    return compute(engine, tables)


def _impossible_wind(weather: Table) -> BooleanValue:
    from ml.flights.preparation import impossible_wind

    return impossible_wind(weather)


def _left_out(tables: Mapping[str, Table]) -> Mapping[str, Table]:
    from ml.flights.preparation import left_out

    return left_out(tables)


def _examples(engine: Engine, tests: Table, tables: Mapping[str, Table], path: Path) -> int:
    from ml.flights.examples import write

    return write(engine, tests, tables, path)


CASE = UseCase(
    name="flights",
    question="Will a flight from New York arrive an hour late?",
    event="arriving an hour late",
    about="Asked two hours before the scheduled departure; cancelled and diverted flights have no arrival "
    "to be late.",
    sources=SOURCES,
    features=FEATURES,
    label=LABEL,
    identity=("scheduled", "carrier", "flight", "origin"),
    # A passenger told in time rebooks; one told for nothing has changed plans: a rough four to one.
    costs=Costs(missed=400.0, false_alarm=100.0, unit="USD"),
    compute=_compute,
    segments={"month": "month", "airport": "origin", "airline": "carrier"},
    cleaning=(
        CleaningRule(
            name="impossible_wind_speed",
            source="weather",
            column="wind_speed",
            why="above 231 mph, the strongest gust measured at a station of the United States (1934)",
            wrong=_impossible_wind,
            at_most=0.001,
        ),
    ),
    references=(
        Reference(source="flights", column="carrier", to="airlines", key="carrier", at_most=0.0),
        Reference(source="flights", column="dest", to="airports", key="faa", at_most=0.05),
        Reference(source="flights", column="tailnum", to="planes", key="tailnum", at_most=0.25),
    ),
    quality=RULES,
    left_out=_left_out,
    write_examples=_examples,
)
