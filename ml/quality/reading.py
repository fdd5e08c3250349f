"""Reading a source file into a table, whole or not at all."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from ibis.expr.types import BooleanValue, Table

from ml.integration.engines import Engine, Unreadable
from ml.integration.places import Files
from ml.quality.contract import Column, Source
from ml.quality.findings import MASKED, SHOWN, CorruptSource, Finding, Recognised, findings, recognise
from ml.quality.quarantine import BadRow, screen


class MissingSource(FileNotFoundError):
    """A folder of sources lacks a file."""

    def __init__(self, name: str, folder: str) -> None:
        parts = name.removesuffix(".csv")
        super().__init__(
            f"There is no {name} in {folder}, and no folder {parts} with parts; put the source there and run "
            "again."
        )


class TwoSources(ValueError):
    """A source lies in a folder twice: as a file and as parts."""

    def __init__(self, name: str, folder: str) -> None:
        super().__init__(
            f"{folder} holds both {name}.csv and parts in {name}/; allowed: one of them. Remove the one that "
            "is not the source."
        )


@dataclass(frozen=True, kw_only=True)
class Part:
    """One file of a source. `name` is empty where the file is all of it; `label` is what people read."""

    name: str
    path: str
    label: Path


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A part that keeps the contract of its version; `table` has that version's columns."""

    version: str
    contract: Source
    table: Table
    rows: int
    bad: tuple[BadRow, ...] = ()
    """The rows that were set aside, where the source says so."""


def parts_of(files: Files, source: Source, folder: str) -> list[Part]:
    """A source's files, by name: `<name>.csv`, or those in `<name>/`. Raises MissingSource, TwoSources."""
    whole = f"{folder}/{source.name}.csv"
    single = files.is_file(whole)
    names = files.listed(f"{folder}/{source.name}", ".csv")
    if single and names:
        raise TwoSources(source.name, folder)
    if single:
        return [Part(name="", path=whole, label=Path(f"{source.name}.csv"))]
    if not names:
        raise MissingSource(f"{source.name}.csv", folder)
    return [
        Part(
            name=name.removesuffix(".csv"),
            path=f"{folder}/{source.name}/{name}",
            label=Path(source.name, name),
        )
        for name in names
    ]


def read_part(engine: Engine, source: Source, part: Part, name: str) -> Checked:
    """The rows of a file as its version has them, kept under a name.

    The engine reads and checks the file quickly; only a file that fails is searched again, line by line, for
    what and where. Of a source with `on_fault="quarantine"` DuckDB then reads the good rows alone.
    Raises CorruptSource or TooMuchQuarantined; then no table is left behind.
    """

    def lines() -> int:
        with engine.files.local(part.path) as path:
            return path.read_bytes().count(b"\n") + 1

    seen = recognise(source, engine.files.edges(part.path), part.label, lines)
    try:
        return _checked(engine, seen, part, name)
    except CorruptSource:
        # Spark reads a file again whenever it needs it, on any machine: a copy on this one would not do.
        if source.on_fault == "refuse" or engine.name != "duckdb":
            raise
    with engine.files.local(part.path) as path, tempfile.TemporaryDirectory() as scratch:
        screened = screen(seen.contract, path, seen.header, part.label, Path(scratch) / path.name)
        good = replace(part, path=str(screened.path))
        return replace(_checked(engine, seen, good, name), bad=tuple(screened.bad))


def _checked(engine: Engine, seen: Recognised, part: Part, name: str) -> Checked:
    try:
        table = engine.read_csv(
            name, part.path, {column: seen.contract.column(column).kind for column in seen.header}
        )
    except Unreadable as error:
        raise _corrupt(engine, seen, part, str(error)) from None
    table = table.select([column.name for column in seen.contract.columns])
    count = count_faults(engine, table, seen.contract)
    if count.faults:
        engine.drop(name)
        raise _corrupt(engine, seen, part, f"{count.faults} values break the contract")
    return Checked(version=seen.version, contract=seen.contract, table=table, rows=count.rows)


def read(engine: Engine, source: Source, folder: Path) -> Table:
    """The table of a source that lies there as one file of the present version, kept under its name.

    Raises MissingSource or CorruptSource; then no table is left behind.
    """
    (part,) = parts_of(engine.files, source, str(folder))
    return read_part(engine, replace(source, versions=()), part, source.name).table


@dataclass(frozen=True)
class Count:
    """What was counted of a table."""

    faults: int
    rows: int


def count_faults(engine: Engine, table: Table, source: Source) -> Count:
    """How many values or keys break the contract (a key that stands there again), of how many rows."""
    rules = [rule for column in source.columns for rule in _rules(table, column)]
    # Only what is plainly false counts: a missing value is neither in nor out of a range.
    counts = {f"rule{number}": (~rule).sum() for number, rule in enumerate(rules)}
    rows, *faults = engine.first_row(table.aggregate(rows=table.count(), **counts))
    keys = rows
    if source.key:
        keys = engine.first_row(table.select(*source.key).distinct().count().as_table())[0]
    return Count(faults=sum(fault or 0 for fault in faults) + rows - keys, rows=rows)


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


def _corrupt(engine: Engine, seen: Recognised, part: Part, told: str) -> CorruptSource:
    with engine.files.local(part.path) as path:
        found = [replace(fault, path=part.label) for fault in findings(seen.contract, path, seen.header)]
    if not found:
        # What the engine says may hold a value of the file.
        told = MASKED if seen.contract.personal else told
        allowed = "a file that the contract and the CSV reader both accept"
        found = [Finding(part.label, 1, None, told, allowed)]
    return CorruptSource(found[:SHOWN], more=len(found) > SHOWN)
