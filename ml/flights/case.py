"""What the flights declare: what is asked, of which sources, with which features."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from ml.case import Card, Costs, UseCase
from ml.flights.contracts import SOURCES
from ml.flights.rules import RULES
from ml.flights.schema import FEATURES, LABEL
from ml.integration.declared import CleaningRule, Reference

if TYPE_CHECKING:
    from ibis.expr.types import BooleanValue, Table

    from ml.integration.engines import Engine
    from ml.streaming.happening import Happening


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


def _happenings(
    engine: Engine, tables: Mapping[str, Table], first: date, days: int, weeks: int
) -> Iterator[Happening]:
    from ml.flights.happenings import happenings

    return happenings(engine, tables, first, days, weeks)


def _sources() -> Path:
    from ml.flights.sources import find

    return find()[0].path.parent


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
    moment="scheduled",
    label_after=24 * 60,  # 11.7 hours of planned flight at most, and an hour after it is late or is not
    group="tailnum",
    segments={"month": "month", "airport": "origin", "airline": "carrier"},
    # Storms and queues make the flights of a day late together.
    clusters=("year", "month", "day"),
    card=Card(
        intended="Telling passengers, gates and crews two hours before the scheduled departure from Newark, "
        "JFK or LaGuardia that an arrival an hour late is likely, so that they can rebook or plan.",
        not_intended="Safety, dispatch or crew duty decisions; other airports; flights not yet planned; "
        "judging airlines, crews or aircraft: the model foretells and does not explain causes.",
        limits=(
            "One year (2013) and one city: another year's traffic and weather may differ.",
            "Nothing is known of the weather at the destination, nor of the aircraft between its departures "
            "from New York.",
            "That the aircraft which flew had been assigned two hours before is an assumption.",
            "Cancelled and diverted flights are no questions: a low probability does not say that a flight "
            "will go.",
        ),
        owner="platform-team",
    ),
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
    happenings=_happenings,
    find_sources=_sources,
)
