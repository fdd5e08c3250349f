"""Whether DuckDB and Spark judge and protect the same rows in the same way."""

from __future__ import annotations

import base64
import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ml.flights.case import CASE
from ml.integration.engines import DuckDB, Engine
from ml.integration.loading import load
from ml.privacy.protecting import protect
from ml.privacy.pseudonyms import KeyRing, is_pseudonym
from ml.quality.judging import judge
from ml.quality.quarantine import as_parquet

if TYPE_CHECKING:
    from ml.integration.spark import Spark

KEY = base64.b64encode(bytes(32)).decode()
RING = KeyRing.parse(json.dumps({"current": "k1", "keys": {"k1": KEY}}))
SOURCES = tuple(
    replace(
        source,
        on_fault="quarantine",
        columns=tuple(
            replace(column, personal="identifier") if column.name == "tailnum" else column
            for column in source.columns
        ),
    )
    for source in CASE.sources
)


@pytest.fixture(scope="module")
def bad(few: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The flights of some days, a few of which break a rule."""
    folder = tmp_path_factory.mktemp("bad")
    for name in ("weather", "planes", "airports", "airlines"):
        (folder / f"{name}.csv").symlink_to((few / f"{name}.csv").resolve())
    with (few / "flights.csv").open(newline="") as given, (folder / "flights.csv").open("w") as file:
        rows, writer = csv.reader(given), csv.writer(file, lineterminator="\n")
        header = next(rows)
        writer.writerow(header)
        for number, row in enumerate(rows):
            for at, column, value in ((3, "distance", "9"), (8, "hour", "0")):
                if number == at:
                    row[header.index(column)] = value
            writer.writerow(row)
    return folder


def found(engine: Engine, folder: Path) -> tuple[Any, ...]:
    """What an engine finds, sets aside and makes of the aircraft."""
    loaded = load(engine, SOURCES, str(folder))
    judged = judge(engine, loaded.tables, SOURCES, CASE.quality, screened=loaded.aside, folder=str(folder))
    safe = protect(engine, judged.tables, SOURCES, lambda: RING)
    flights = safe.tables["flights"]
    tails = sorted(str(tail) for (tail,) in engine.rows(flights.select("tailnum").distinct()))
    rows = engine.first_row(flights.aggregate(rows=flights.count()))
    aside = [(row.line, row.values, row.reasons) for row in judged.bad["flights"]]
    return judged.verdicts, aside, rows, tails, safe.document()


@pytest.mark.soak
def test_both_engines_judge_and_protect_the_same(bad: Path, spark: Spark) -> None:
    own = DuckDB(threads=1)
    try:
        here, there = found(own, bad), found(spark, bad)
    finally:
        own.close()
    assert here == there
    _, aside, _, tails, _ = here
    assert sorted(line for line, _, _ in aside) == [5, 10]
    assert {reason.rule for _, _, reasons in aside for reason in reasons} == {
        "distance_agrees",
        "schedule_agrees",
    }
    assert {values["tailnum"] for _, values, _ in aside} == {"[personal]"}
    assert all(is_pseudonym(tail) for tail in tails if tail != "None")
    assert as_parquet(SOURCES[0], [])[:4] == b"PAR1"
