"""Whether the sources are found, and a broken one is named with its line, column and value."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ml.flights.contracts import SOURCES
from ml.flights.sources import NAMES, SourcesMissing, find
from ml.integration.engines import DuckDB
from ml.integration.loading import load
from ml.quality.contract import Column, Source
from ml.quality.findings import SHOWN, CorruptSource
from ml.quality.reading import MissingSource, read

PLANE = Source(
    name="planes",
    columns=(
        Column(name="tailnum", kind="text", pattern="[A-Z0-9]{2,8}"),
        Column(name="seats", kind="integer", minimum=1, maximum=1000),
        Column(name="weight", kind="number", nullable=True),
        Column(name="seen", kind="moment"),
    ),
    key=("tailnum",),
)
HEADER = b"tailnum,seats,weight,seen\n"
GOOD = b"N1,4,NA,2013-01-01T05:00:00Z\nN2,180,61.5,2013-01-01T06:00:00Z\n"


def tables(engine: DuckDB) -> list[str]:
    found = engine.connection.raw_sql(
        "SELECT table_name FROM duckdb_tables() UNION SELECT view_name FROM duckdb_views() "
        "WHERE NOT internal ORDER BY 1"
    ).fetchall()
    return [name for (name,) in found]


def faults(folder: Path, content: bytes) -> list[str]:
    """What is said of a file with this content; afterwards no table is there."""
    (folder / "planes.csv").write_bytes(content)
    engine = DuckDB()
    with pytest.raises(CorruptSource) as caught:
        read(engine, PLANE, folder)
    assert tables(engine) == []
    return [str(finding).removeprefix("planes.csv") for finding in caught.value.findings]


def test_a_sound_file_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "planes.csv").write_bytes(HEADER + GOOD)
    engine = DuckDB()
    table = read(engine, PLANE, tmp_path)
    found = engine.first_row(table.aggregate(rows=table.count(), known=table.weight.count()))
    assert found == (2, 1)


def test_columns_may_stand_in_another_order(tmp_path: Path) -> None:
    (tmp_path / "planes.csv").write_bytes(b"seen,weight,seats,tailnum\n2013-01-01T05:00:00Z,NA,4,N1\n")
    engine = DuckDB()
    table = read(engine, PLANE, tmp_path)
    assert list(table.columns) == ["tailnum", "seats", "weight", "seen"]
    assert engine.first_row(table.select("tailnum", "seats")) == ("N1", 4)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (
            b"N3,four,NA,2013-01-01T05:00:00Z\n",
            ":4, column seats: 'four'; allowed: a whole number from 1 to 1000",
        ),
        (
            b"N3,4000,NA,2013-01-01T05:00:00Z\n",
            ":4, column seats: '4000'; allowed: a whole number from 1 to 1000",
        ),
        (b"N3,NA,NA,2013-01-01T05:00:00Z\n", ":4, column seats: NA; allowed: a whole number from 1 to 1000"),
        (
            b"N3,,NA,2013-01-01T05:00:00Z\n",
            ":4, column seats: nothing; allowed: a whole number from 1 to 1000",
        ),
        (b"N3,4,heavy,2013-01-01T05:00:00Z\n", ":4, column weight: 'heavy'; allowed: a number, or NA"),
        (
            b"n-3,4,NA,2013-01-01T05:00:00Z\n",
            ":4, column tailnum: 'n-3'; allowed: text that matches [A-Z0-9]{2,8}",
        ),
        (
            b"N3,4,NA,yesterday\n",
            ":4, column seen: 'yesterday'; allowed: a moment in UTC such as 2013-01-31T17:00:00Z",
        ),
        (b"N3,4,NA\n", ":4: 3 fields; allowed: 4 fields, as the header has"),
        (b"N3,4,NA,2013-01-01T05:00:00Z,more\n", ":4: 5 fields; allowed: 4 fields, as the header has"),
        (
            b"N\xff3,4,NA,2013-01-01T05:00:00Z\n",
            ":4, column tailnum: the bytes b'N\\xff3'; allowed: text in UTF-8",
        ),
        (
            b"N1,4,NA,2013-01-01T05:00:00Z\n",
            ":4, column tailnum: N1 again, first on line 2; allowed: each key once",
        ),
        (
            b"N3,4,NA,2013-0",
            ":4: the last line has no end, so the file may have been cut off; "
            "allowed: a line break after the last line",
        ),
    ],
)
def test_a_fault_is_named_with_line_column_value_and_what_is_allowed(
    tmp_path: Path, content: bytes, told: str
) -> None:
    assert faults(tmp_path, HEADER + GOOD + content) == [told]


def test_a_value_that_is_no_number_to_reason_with_is_refused(tmp_path: Path) -> None:
    for given in (b"nan", b"inf", b"-inf"):
        (found,) = faults(tmp_path, HEADER + GOOD + b"N3,4," + given + b",2013-01-01T05:00:00Z\n")
        assert found.startswith(":4, column weight: ")


def test_a_missing_and_an_unknown_column_are_told_together(tmp_path: Path) -> None:
    found = faults(tmp_path, b"tailnum,chairs,weight,seen\n")
    assert found == [
        ":1, column seats: no such column in the file; allowed: the columns tailnum, seats, weight, seen",
        ":1, column chairs: a column that the contract does not know; "
        "allowed: the columns tailnum, seats, weight, seen",
    ]


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    assert faults(tmp_path, b"") == [":1: no header; allowed: the columns tailnum, seats, weight, seen"]


def test_many_faults_are_told_at_once_up_to_a_limit(tmp_path: Path) -> None:
    rows = b"".join(b"N%d,0,NA,2013-01-01T05:00:00Z\n" % number for number in range(10, 60))
    assert len(faults(tmp_path, HEADER + rows)) == SHOWN


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingSource, match=r"no planes\.csv"):
        read(DuckDB(), PLANE, tmp_path)


def test_every_corrupt_file_is_told_and_nothing_is_left(sources: Path, tmp_path: Path) -> None:
    small = [source for source in SOURCES if source.name in ("airlines", "airports", "planes")]
    for source in small:
        shutil.copy(sources / f"{source.name}.csv", tmp_path)
    for name, line in (("airports", 7), ("planes", 3)):
        lines = (tmp_path / f"{name}.csv").read_text().splitlines(keepends=True)
        lines[line - 1] = lines[line - 1].replace(",", ";")
        (tmp_path / f"{name}.csv").write_text("".join(lines))
    engine = DuckDB()
    with pytest.raises(CorruptSource) as refused:
        load(engine, small, str(tmp_path))
    assert {(fault.path.name, fault.line) for fault in refused.value.findings} == {
        ("airports.csv", 7),
        ("planes.csv", 3),
    }
    assert "  airports.csv:7" in str(refused.value)
    assert engine.connection.raw_sql("SELECT count(*) FROM duckdb_tables()").fetchall() == [(0,)]


def test_a_bad_line_deep_in_the_real_flights_is_found(sources: Path, tmp_path: Path) -> None:
    with (sources / "flights.csv").open("rb") as file:
        lines = [next(file) for _ in range(30_000)]
    lines[25_000] = lines[25_000].replace(b"2013,", b"20x3,", 1)
    (tmp_path / "flights.csv").write_bytes(b"".join(lines))
    with pytest.raises(CorruptSource, match=r"flights\.csv:25001, column year: '20x3'"):
        read(DuckDB(), SOURCES[0], tmp_path)


def test_the_command_lists_each_source_with_its_digest() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ml.flights.sources"], capture_output=True, text=True, check=True
    )
    listed = [json.loads(line) for line in done.stdout.splitlines()]
    assert [source["name"] for source in listed] == list(NAMES)
    for source in listed:
        assert hashlib.sha256(Path(source["path"]).read_bytes()).hexdigest() == source["sha256"]


def test_a_folder_of_ones_own_must_hold_every_file(sources: Path, tmp_path: Path) -> None:
    shutil.copy(sources / "airlines.csv", tmp_path)
    with pytest.raises(SourcesMissing, match=r"lacks flights\.csv, weather\.csv, planes\.csv, airports\.csv"):
        find(tmp_path)


def test_the_contracts_hold_for_the_real_sources(sources: Path) -> None:
    engine = DuckDB()
    for source in SOURCES[1:]:
        read(engine, source, sources)
    assert tables(engine) == ["airlines", "airports", "planes", "weather"]
