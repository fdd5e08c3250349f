"""Reading a source file into a table, whole or not at all."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
from ibis.backends.duckdb import Backend
from ibis.expr.types import BooleanValue, Table

from ml.quality.contract import NULL, Column, Kind, Source
from ml.quality.findings import SHOWN, CorruptSource, Finding, findings, read_header

_TYPES: Mapping[Kind, str] = {
    "integer": "INTEGER",
    "number": "DOUBLE",
    "text": "VARCHAR",
    "moment": "TIMESTAMP",
}


class MissingSource(FileNotFoundError):
    """A folder of sources lacks a file."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"There is no {path.name} in {path.parent}; put the source there and run again.")


def read_all(connection: Backend, sources: Sequence[Source], folder: Path) -> dict[str, Table]:
    """The tables of all sources, by name.

    Raises MissingSource for the first file that is not there, before any is read, and one CorruptSource with
    what is wrong in every file; then no table is left behind.
    """
    for source in sources:
        if not (folder / f"{source.name}.csv").is_file():
            raise MissingSource(folder / f"{source.name}.csv")
    tables: dict[str, Table] = {}
    corrupt: list[CorruptSource] = []
    for source in sources:
        try:
            tables[source.name] = read(connection, source, folder)
        except CorruptSource as error:
            corrupt.append(error)
    if corrupt:
        for name in tables:
            connection.raw_sql(f'DROP TABLE "{name}"')
        found = [finding for error in corrupt for finding in error.findings]
        raise CorruptSource(found, any(error.more for error in corrupt))
    return tables


def read(connection: Backend, source: Source, folder: Path) -> Table:
    """The table of `<folder>/<name>.csv`, its columns as the contract orders them.

    DuckDB reads and checks the file quickly; only a file that fails is searched again, line by line, for what
    and where. Raises MissingSource or CorruptSource; then no table is left behind.
    """
    path = folder / f"{source.name}.csv"
    if not path.is_file():
        raise MissingSource(path)
    header = read_header(source, path)
    kinds = {column.name: _TYPES[column.kind] for column in source.columns}
    options: dict[str, Any] = {
        "columns": {name: kinds[name] for name in header},
        "auto_detect": False,
        "header": True,
        "delim": ",",
        "quote": '"',
        "escape": '"',
        "nullstr": NULL,
        "timestampformat": "%Y-%m-%dT%H:%M:%SZ",
    }
    try:
        rows = connection.read_csv(path, table_name=f"{source.name}_file", **options)
        table = keep(connection, source.name, rows.select([column.name for column in source.columns]))
    except duckdb.Error as error:
        raise _corrupt(source, path, header, str(error).splitlines()[0]) from None
    finally:
        connection.raw_sql(f'DROP VIEW IF EXISTS "{source.name}_file"')
    faults = _faults(connection, table, source)
    if faults:
        connection.raw_sql(f'DROP TABLE "{source.name}"')
        raise _corrupt(source, path, header, f"{faults} values break the contract")
    return table


def _faults(connection: Backend, table: Table, source: Source) -> int:
    """How many values are out of what the contract allows, and how many keys stand there again."""
    rules = [rule for column in source.columns for rule in _rules(table, column)]
    # Only what is plainly false counts: a missing value is neither in nor out of a range.
    counts = {f"rule{number}": (~rule).sum() for number, rule in enumerate(rules)}
    faults = first_row(connection, table.aggregate(**counts)) if counts else ()
    rows, keys = 0, 0
    if source.key:
        rows = first_row(connection, table.aggregate(count=table.count()))[0]
        keys = first_row(connection, table.select(*source.key).distinct().count().as_table())[0]
    return sum(fault or 0 for fault in faults) + rows - keys


def keep(connection: Backend, name: str, table: Table) -> Table:
    """Computes a table once and keeps it in the connection under a name, in one statement.

    Ibis's own `create_table` makes the table first and then inserts, which takes longer.
    """
    connection.raw_sql(f'CREATE TABLE "{name}" AS {connection.compile(table)}')
    return connection.table(name)


def first_row(connection: Backend, table: Table) -> tuple[Any, ...]:
    """The first row, as Python values; unlike Ibis's own `execute` it does not load pandas."""
    row: tuple[Any, ...] = connection.raw_sql(connection.compile(table)).fetchall()[0]
    return row


def _rules(table: Table, column: Column) -> list[BooleanValue]:
    value = table[column.name]
    rules = [] if column.nullable else [value.notnull()]
    if column.kind == "number":
        rules.append(~(value.isnan() | value.isinf()))
    if column.minimum is not None:
        rules.append(value >= column.minimum)
    if column.maximum is not None:
        rules.append(value <= column.maximum)
    if column.pattern is not None:
        rules.append(value.re_search(f"^(?:{column.pattern})$"))
    return rules


def _corrupt(source: Source, path: Path, header: list[str], told: str) -> CorruptSource:
    found = findings(source, path, header)
    if not found:
        found = [Finding(path, 1, None, told, "a file that the contract and the CSV reader both accept")]
    return CorruptSource(found[:SHOWN], more=len(found) > SHOWN)
