"""What runs the one code of the preparation: DuckDB on a machine, Spark where data outgrows it."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal, Protocol

from ibis.backends import BaseBackend
from ibis.expr.operations import DatabaseTable
from ibis.expr.schema import Schema
from ibis.expr.types import Table

from ml.container import JobFailed
from ml.integration.places import Files, LocalFiles
from ml.quality.contract import NULL, Kind

Name = Literal["duckdb", "spark"]
NAMES: tuple[Name, ...] = ("duckdb", "spark")

_TYPES: Mapping[Kind, str] = {
    "integer": "INTEGER",
    "number": "DOUBLE",
    "text": "VARCHAR",
    "moment": "TIMESTAMP",
}

_CSV = (
    "auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"', "
    f"nullstr = '{NULL}', timestampformat = '%Y-%m-%dT%H:%M:%SZ'"
)
"""How DuckDB reads our source files."""


class EngineMissing(JobFailed):
    """This machine cannot run the engine that was asked for."""

    def __init__(self, name: str, lacking: str) -> None:
        super().__init__(
            f"The engine {name} needs {lacking}, which this machine lacks. Allowed here: duckdb; for spark "
            "install pyspark 4.0 and Java 17, or run the preparation on EMR Serverless (docs/data.md)."
        )


class Unreadable(Exception):
    """The engine could not read a file as its columns say; the message is the engine's first line."""


class Engine(Protocol):
    """What the preparation asks of an engine beside running Ibis expressions, which are the same for both.

    Expressions are lazy: `keep`, `rows`, `first_row` and `write_parquet` compute them.
    """

    name: Name
    files: Files

    @property
    def connection(self) -> BaseBackend:
        """What Ibis runs expressions on."""
        ...

    def read_csv(self, name: str, path: str, columns: Mapping[str, Kind]) -> Table:
        """The file's rows, kept under a name; `columns` are all of the file's, in its order.

        Raises Unreadable where a field is not of its column's kind; then nothing is kept.
        """
        ...

    def read_parquet(self, paths: Sequence[str]) -> Table:
        """The rows of all the files, whose columns are the same."""
        ...

    def keep(self, name: str, table: Table) -> Table:
        """Computes a table once and keeps it under a name, until `drop` or `close`.

        It may be computed while the caller goes on; what fails then is raised by the next call.
        """
        ...

    def drop(self, name: str) -> None:
        """Forgets what was kept under the name."""
        ...

    def rows(self, table: Table) -> list[tuple[Any, ...]]:
        """All rows, as Python values; without loading pandas, unlike Ibis's own `execute`."""
        ...

    def first_row(self, table: Table) -> tuple[Any, ...]:
        """The first row, as Python values."""
        ...

    def write_parquet(self, table: Table, folder: str) -> None:
        """Writes the rows, in their order, as `part-….parquet` in a folder, over what stands there."""
        ...

    def close(self) -> None:
        """Gives back what it holds; the engine is of no use afterwards."""
        ...


class DuckDB:
    """DuckDB in this process, in memory. A table that is kept is computed while Python writes the next query.

    To be used by one thread.
    """

    name: Name = "duckdb"
    files: Files = LocalFiles()

    def __init__(self, threads: int | None = None) -> None:
        import ibis

        # Nothing depends on the order in which rows were read, and keeping it takes memory and time.
        options: dict[str, Any] = {"preserve_insertion_order": False}
        self._connection = ibis.duckdb.connect(**options, **({} if threads is None else {"threads": threads}))
        self._worker = ThreadPoolExecutor(1, "duckdb")
        self._under_way: Future[Any] | None = None

    @property
    def connection(self) -> BaseBackend:
        """The connection, once nothing is under way on it."""
        self._settle()
        return self._connection

    def _settle(self) -> None:
        under_way, self._under_way = self._under_way, None
        if under_way is not None:
            under_way.result()

    def read_csv(self, name: str, path: str, columns: Mapping[str, Kind]) -> Table:
        import duckdb

        types = ", ".join(f"{_text(column)}: '{_TYPES[kind]}'" for column, kind in columns.items())
        try:
            reader = f"read_csv([{_text(path)}], {_CSV}, columns = {{{types}}})"
            self.connection.raw_sql(f"CREATE TABLE {_name(name)} AS FROM {reader}")
        except duckdb.Error as error:
            raise Unreadable(str(error).splitlines()[0]) from None
        return self._table(name, _name(name))

    def read_parquet(self, paths: Sequence[str]) -> Table:
        return self.connection.read_parquet(list(paths))

    def keep(self, name: str, table: Table) -> Table:
        query = self._connection.compile(table)
        kept = self._table(name, query)
        # Ibis's own `create_table` makes the table first and then inserts, which takes longer.
        statement = f"CREATE TABLE {_name(name)} AS {query}"
        self._under_way = self._worker.submit(self._connection.raw_sql, statement)
        return kept

    def _table(self, name: str, described_by: str) -> Table:
        """A kept table. Ibis's own `table` asks by way of Arrow, whose import takes a tenth of a second."""
        described = self.connection.raw_sql(f"DESCRIBE {described_by}").fetchall()
        mapper = self.connection.compiler.type_mapper
        schema = {column: mapper.from_string(kind) for column, kind, *_ in described}
        return DatabaseTable(name, schema=Schema(schema), source=self._connection).to_expr()

    def drop(self, name: str) -> None:
        self.connection.raw_sql(f"DROP TABLE IF EXISTS {_name(name)}")

    def rows(self, table: Table) -> list[tuple[Any, ...]]:
        query = self._connection.compile(table)
        found: list[tuple[Any, ...]] = self.connection.raw_sql(query).fetchall()
        return found

    def first_row(self, table: Table) -> tuple[Any, ...]:
        return self.rows(table)[0]

    def write_parquet(self, table: Table, folder: str) -> None:
        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        # Not the folder itself: in a job's container it is a mount.
        for old in place.glob("*.parquet"):
            old.unlink()
        self.connection.to_parquet(table, place / "part-0.parquet")

    def close(self) -> None:
        try:
            self._settle()
        finally:
            self._worker.shutdown()
            self._connection.disconnect()


def _name(name: str) -> str:
    return '"{}"'.format(name.replace('"', '""'))


def _text(text: str) -> str:
    return "'{}'".format(text.replace("'", "''"))


def open_engine(name: Name, *, threads: int | None = None) -> Engine:
    """The engine of that name, ready. Raises EngineMissing."""
    if name == "duckdb":
        return DuckDB(threads)
    if importlib.util.find_spec("pyspark") is None:
        raise EngineMissing(name, "the package pyspark")
    if shutil.which("java") is None:
        raise EngineMissing(name, "Java")
    from ml.integration.spark import Spark

    return Spark(threads)
