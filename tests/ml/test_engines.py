"""Whether DuckDB and Spark compute the same from the same sources."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import ibis
import pytest
from ibis.expr.types import Table

from ml.flights.case import CASE
from ml.flights.contracts import AIRLINES, PLANES
from ml.integration.cleaning import clean
from ml.integration.engines import DuckDB, Engine, EngineMissing, open_engine
from ml.integration.loading import load
from ml.quality.findings import CorruptSource
from ml.quality.reading import Part, read_part

if TYPE_CHECKING:
    from ml.integration.spark import Spark

CLOSE = 1e-6


def prepared(engine: Engine, folder: Path) -> Table:
    """The use case's rows in the order of their identity."""
    loaded = load(engine, CASE.sources, str(folder))
    tables = clean(engine, loaded.tables, CASE.cleaning).tables
    return CASE.compute(engine, tables).order_by(list(CASE.identity))


def let_go(engine: Engine) -> None:
    for name in ("everything", *(source.name for source in CASE.sources)):
        engine.drop(name)


def differences(table: Table, rows: Iterable[tuple[tuple[Any, ...], tuple[Any, ...]]]) -> list[str]:
    """Where pairs of a table's rows differ, as words: integers and texts must be equal, floats close."""
    floats = {name for name in table.columns if table[name].type().is_floating()}
    found = []
    for number, (left, right) in enumerate(rows):
        for name, a, b in zip(table.columns, left, right, strict=True):
            same = a == b
            if name in floats and a is not None and b is not None:
                same = abs(a - b) <= CLOSE * max(abs(a), abs(b))
            if not same:
                found.append(f"row {number}, {name}: {a!r} and {b!r}")
    return found


def assert_both_compute_the_same(spark: Spark, folder: Path) -> int:
    duck = DuckDB(threads=2)
    here, there = prepared(duck, folder), prepared(spark, folder)
    assert here.columns == there.columns
    assert here.schema() == there.schema()
    left, right = duck.rows(here), spark.rows(there)
    let_go(spark)
    assert len(left) == len(right)
    assert differences(here, zip(left, right, strict=True)) == []
    return len(left)


def test_both_engines_compute_the_same_features(spark: Spark, few: Path) -> None:
    assert assert_both_compute_the_same(spark, few) > 4000


@pytest.mark.soak
def test_both_engines_compute_the_same_features_of_all_flights(spark: Spark, sources: Path) -> None:
    assert assert_both_compute_the_same(spark, sources) == 327_346


@pytest.mark.soak
def test_the_job_writes_the_same_sets_with_spark(sampled: Path, prepared: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ml", "prepare", "--case", "ml.flights", "--engine", "spark"]
    subprocess.run([*command, "--raw", str(sampled), "--out", str(tmp_path)], check=True, capture_output=True)
    duck = DuckDB(threads=2)
    for name in ("train", "validation", "test"):
        here = duck.read_parquet([str(path) for path in sorted((prepared / name).glob("*.parquet"))])
        there = duck.read_parquet([str(path) for path in sorted((tmp_path / name).glob("*.parquet"))])
        assert here.schema() == there.schema()
        order = list(CASE.identity)
        pairs = zip(duck.rows(here.order_by(order)), duck.rows(there.order_by(order)), strict=True)
        assert differences(here, pairs) == []
    reports = [json.loads((folder / "report/report.json").read_text()) for folder in (prepared, tmp_path)]
    for report in reports:
        del report["engine"], report["seconds"]
    assert reports[0] == reports[1]
    examples = "examples/examples.jsonl"
    assert (prepared / examples).read_bytes() == (tmp_path / examples).read_bytes()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b"N1,2004,four\n", "column seats"),
        (b"N1,2004,0\n", "column seats"),
        (b"N1,2004\n", "2 fields"),
        (b"N102UW,1998,182\n", "[personal] again"),
    ],
)
def test_both_engines_refuse_a_fault_in_the_same_words(
    spark: Spark, tmp_path: Path, line: bytes, told: str
) -> None:
    columns = tuple(PLANES.column(name) for name in ("tailnum", "year", "seats"))
    source = type(PLANES)(name="planes", columns=columns, key=("tailnum",))
    path = tmp_path / "planes.csv"
    path.write_bytes(b"tailnum,year,seats\nN102UW,1998,182\nN103US,NA,182\n" + line)
    part = Part(name="", path=str(path), label=Path("planes.csv"))
    said = []
    for engine in (DuckDB(), spark):
        with pytest.raises(CorruptSource) as refused:
            read_part(engine, source, part, "faulty")
        said.append(str(refused.value))
    assert said[0] == said[1]
    assert "planes.csv:4" in said[0]
    assert told in said[0]


def test_spark_writes_and_reads_what_it_kept(spark: Spark, sources: Path, tmp_path: Path) -> None:
    part = Part(name="", path=str(sources / "airlines.csv"), label=Path("airlines.csv"))
    table = read_part(spark, AIRLINES, part, "some_airlines").table
    spark.write_parquet(table.order_by("carrier"), str(tmp_path / "out"))
    again = spark.read_parquet([str(tmp_path / "out")])
    assert spark.rows(again.order_by("carrier")) == spark.rows(table.order_by("carrier"))
    spark.drop("some_airlines")
    spark.files.write(str(tmp_path / "deep/report.json"), b"{}\n")
    assert (tmp_path / "deep/report.json").read_bytes() == b"{}\n"


def test_a_machine_without_spark_says_what_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(EngineMissing, match=r"needs the package pyspark.*Allowed here: duckdb"):
        open_engine("spark")


def test_a_machine_without_java_says_so(spark: Spark, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(EngineMissing, match=r"needs Java"):
        open_engine("spark")


def test_an_engine_keeps_a_table_until_it_is_dropped() -> None:
    engine = DuckDB()
    table = engine.keep("numbers", ibis.range(1, 4).unnest().name("n").as_table())
    assert engine.rows(table.order_by("n")) == [(1,), (2,), (3,)]
    engine.drop("numbers")
    assert engine.connection.raw_sql("SELECT count(*) FROM duckdb_tables()").fetchall() == [(0,)]


def test_a_kept_table_has_the_schema_that_the_engine_gave_it() -> None:
    engine = DuckDB()
    numbers = ibis.range(1, 4).unnest().name("n").as_table()
    table = engine.keep('of "numbers"', numbers.mutate(half=numbers.n / 2, said=numbers.n.cast("string")))
    assert table.schema() == engine.connection.table('of "numbers"').schema()
    assert engine.rows(table.order_by("n"))[0] == (1, 0.5, "1")


def test_sources_are_read_and_kept_without_loading_arrow(sources: Path) -> None:
    # Its import, and that of numpy with it, would be a tenth of a second of every preparation.
    code = f"""
import sys
from ml.flights.case import CASE
from ml.integration.engines import DuckDB
from ml.integration.loading import load
engine = DuckDB()
load(engine, CASE.sources[1:], {str(sources)!r})
print(sorted({{"pyarrow", "numpy", "pandas"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"


def _wrong(engine: DuckDB) -> None:
    """Begins to keep a table whose rows cannot be computed; that shows when they are."""
    engine.keep("wrong", engine.connection.sql("SELECT error('no such row') AS n FROM range(3)"))


def test_a_table_that_could_not_be_computed_is_told_of_by_the_next_call() -> None:
    engine = DuckDB(threads=1)
    _wrong(engine)
    with pytest.raises(duckdb.Error, match="no such row"):
        engine.rows(ibis.memtable({"n": [1]}).count().as_table())
    engine.close()


def test_a_table_that_could_not_be_computed_is_told_of_by_the_end() -> None:
    engine = DuckDB(threads=1)
    _wrong(engine)
    with pytest.raises(duckdb.Error, match="no such row"):
        engine.close()
