"""Real days of flights as events, a consumer that asks nobody, and what it would have asked."""

from __future__ import annotations

import csv
import itertools
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ibis.expr.types import Table

from ml.flights.case import CASE
from ml.flights.happenings import happenings
from ml.flights.stream import STREAM
from ml.integration.cleaning import clean
from ml.integration.engines import Engine, open_engine
from ml.integration.loading import load
from ml.streaming.consumer import Consumer
from ml.streaming.groups import Group
from ml.streaming.happening import Happening
from ml.streaming.outputs import Answer, Question, Record, Refusal
from ml.streaming.state import Memory, Store

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
GROUPS = {
    "outcome": Group(
        "outcomes",
        "inference_id",
        "happened_at",
        {"outcome": "Fractional", "predicted": "Fractional", "subject": "String"},
    ),
    "prediction": Group(
        "predictions",
        "inference_id",
        "happened_at",
        {"probability": "Fractional", "subject": "String", "variant": "String"},
    ),
    "airport": Group(
        "airports",
        "airport",
        "happened_at",
        {
            **dict.fromkeys(("temperature", "wind_speed", "visibility", "pressure"), "Fractional"),
            **dict.fromkeys(("departure_delay_3h", "arrival_delay_3h"), "Fractional"),
            **dict.fromkeys(("departures_3h", "waiting"), "Integral"),
        },
    ),
}


class Kept:
    """What a consumer hands on, kept: records by group and entity (the latest), what was asked, letters."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], Mapping[str, str]] = {}
        self.asked: dict[str, Mapping[str, Any]] = {}
        self.invocations = 0
        self.letters: list[tuple[str, str]] = []
        self.counts: dict[str, int] = {}

    def put(self, records: Sequence[Record]) -> list[Refusal | None]:
        for group, values in records:
            key = (group.name, values[group.entity])
            known = self.records.get(key)
            if known is None or known[group.event_time] < values[group.event_time]:
                self.records[key] = values
        return [None] * len(records)

    def predict(self, questions: Sequence[Question]) -> list[Answer | Refusal]:
        self.invocations += len(questions)
        for one in questions:
            known = self.asked.setdefault(one.id, one.features)
            assert known == one.features, f"{one.id} was asked with other features before"
        return [Answer(len(one.id) / 100, "champion") for one in questions]

    def predicted(self, group: Group, identities: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        found = {one: self.records.get((group.name, one)) for one in identities}
        return {one: record for one, record in found.items() if record is not None}

    def set_apart(self, identity: str, data: bytes, reason: str) -> None:
        self.letters.append((identity, reason))

    def archive(self, events: Sequence[bytes]) -> None:
        pass

    def count(self, counts: Mapping[str, int]) -> None:
        for name, value in counts.items():
            self.counts[name] = self.counts.get(name, 0) + value

    def of(self, group: str) -> dict[str, Mapping[str, str]]:
        """The latest records of a group, by entity."""
        return {entity: values for (name, entity), values in self.records.items() if name == group}


@dataclass(frozen=True)
class Days:
    """Some real days: their events in order, and the rows that the preparation makes of the same days."""

    happenings: Sequence[Happening]
    rows: Sequence[Mapping[str, Any]] = field(default_factory=tuple)


def some_days(sources: Path, folder: Path, periods: Sequence[tuple[date, int]], airports: str = "") -> Days:
    """Periods of some days each of the real sources, of some airports of origin or of all."""
    for name in ("weather", "planes", "airports", "airlines"):
        (folder / f"{name}.csv").symlink_to(sources / f"{name}.csv")
    wanted = {(first + timedelta(days=one)).isoformat() for first, days in periods for one in range(days)}
    with (sources / "flights.csv").open(newline="") as whole, (folder / "flights.csv").open("w") as part:
        rows = csv.reader(whole)
        writer = csv.writer(part, lineterminator="\n")
        header = next(rows)
        writer.writerow(header)
        place = header.index("origin")
        writer.writerows(
            row
            for row in rows
            if f"{row[0]}-{int(row[1]):02}-{int(row[2]):02}" in wanted
            and (not airports or row[place] in airports)
        )
    return read_days(folder, periods)


def read_days(folder: Path, periods: Sequence[tuple[date, int]]) -> Days:
    """Periods of a folder of sources, in order."""
    engine, tables = opened(folder)
    rows = prepared_rows(engine, tables)
    happened = [one for first, days in periods for one in happenings(engine, tables, first, days)]
    engine.close()
    return Days(happened, rows)


@pytest.fixture(scope="session")
def stormy(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Days:
    """Two days of JFK, the second with thunderstorms."""
    return some_days(sources, tmp_path_factory.mktemp("stormy"), [(date(2013, 7, 9), 2)], "JFK")


def opened(folder: Path) -> tuple[Engine, Mapping[str, Table]]:
    """An engine, and the tables of a folder of sources as the preparation cleans them."""
    engine = open_engine("duckdb", threads=2)
    return engine, clean(engine, load(engine, CASE.sources, str(folder)).tables, CASE.cleaning).tables


def prepared_rows(engine: Engine, tables: Mapping[str, Table]) -> list[dict[str, Any]]:
    """What the preparation computes."""
    computed = CASE.compute(engine, tables)
    return [dict(zip(computed.columns, row, strict=True)) for row in engine.rows(computed)]


def data_of(happened: Iterable[Happening]) -> list[bytes]:
    return [json.dumps(one.event).encode() for one in happened]


Feed = Callable[..., Kept]


@pytest.fixture
def feed() -> Feed:
    """Hands events to a consumer in batches, and a tick after them: what it kept."""

    def feed(
        events: Iterable[bytes],
        *,
        kept: Kept | None = None,
        store: Store | None = None,
        batch: int = 100,
        now: datetime = NOW,
    ) -> Kept:
        kept = kept or Kept()
        consumer = Consumer(GROUPS, kept, STREAM, store or Memory(STREAM.kinds))
        coming = iter(events)
        while some := [("any", one) for one in itertools.islice(coming, batch)]:
            consumer.take("shard", some, now)
        return kept

    return feed
