"""Reading a source file into a table, whole or not at all."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from ibis.expr.types import BooleanValue, Table

from ml.integration.engines import Engine, Unreadable
from ml.quality.contract import Column, Source
from ml.quality.findings import MASKED, SHOWN, CorruptSource, Finding, findings, read_header
from ml.quality.quarantine import BadRow, screen


class MissingSource(FileNotFoundError):
    """A folder of sources lacks a file."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"There is no {path.name} in {path.parent}; put the source there and run again.")


def read_all(
    engine: Engine, sources: Sequence[Source], folder: Path, aside: dict[str, list[BadRow]] | None = None
) -> dict[str, Table]:
    """The tables of all sources, by name. `aside` takes the bad rows of those that may set some aside.

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
            tables[source.name] = read(engine, source, folder, aside)
        except CorruptSource as error:
            corrupt.append(error)
    if corrupt:
        for name in tables:
            engine.drop(name)
        found = [finding for error in corrupt for finding in error.findings]
        raise CorruptSource(found, any(error.more for error in corrupt))
    return tables


def read(engine: Engine, source: Source, folder: Path, aside: dict[str, list[BadRow]] | None = None) -> Table:
    """The table of `<folder>/<name>.csv`, its columns as the contract orders them.

    A source with `on_fault="quarantine"` is read without the rows that break its contract, which `aside` then
    holds by the source's name; TooMuchQuarantined where they are too many.

    The engine reads and checks the file quickly; only a file that fails is searched again, line by line, for
    what and where. Raises MissingSource or CorruptSource; then no table is left behind.
    """
    path = folder / f"{source.name}.csv"
    if not path.is_file():
        raise MissingSource(path)
    if aside is None or source.on_fault == "refuse":
        return _read(engine, source, path)
    try:
        return _read(engine, source, path)
    except CorruptSource:
        with tempfile.TemporaryDirectory() as scratch:
            screened = screen(source, path, Path(scratch) / path.name)
            table = _read(engine, source, screened.path)
        aside[source.name] = screened.bad
        return table


def _read(engine: Engine, source: Source, path: Path) -> Table:
    header = read_header(source, path)
    try:
        table = engine.read_csv(source.name, str(path), {name: source.column(name).kind for name in header})
    except Unreadable as error:
        raise _corrupt(source, path, header, str(error)) from None
    table = table.select([column.name for column in source.columns])
    faults = _faults(engine, table, source)
    if faults:
        engine.drop(source.name)
        raise _corrupt(source, path, header, f"{faults} values break the contract")
    return table


def _faults(engine: Engine, table: Table, source: Source) -> int:
    """How many values are out of what the contract allows, and how many keys stand there again."""
    rules = [rule for column in source.columns for rule in _rules(table, column)]
    # Only what is plainly false counts: a missing value is neither in nor out of a range.
    counts = {f"rule{number}": (~rule).sum() for number, rule in enumerate(rules)}
    faults = engine.first_row(table.aggregate(**counts)) if counts else ()
    rows, keys = 0, 0
    if source.key:
        rows = engine.first_row(table.aggregate(count=table.count()))[0]
        keys = engine.first_row(table.select(*source.key).distinct().count().as_table())[0]
    return sum(fault or 0 for fault in faults) + rows - keys


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
        # What the engine says may hold a value of the file.
        told = MASKED if source.personal else told
        found = [Finding(path, 1, None, told, "a file that the contract and the CSV reader both accept")]
    return CorruptSource(found[:SHOWN], more=len(found) > SHOWN)
