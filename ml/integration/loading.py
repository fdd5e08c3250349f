"""Every source as one table: its parts read, brought to the present version, and put together."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import ibis
from ibis.expr.types import Table

from ml.container import JobFailed
from ml.integration import ledger as ledgers
from ml.integration.engines import Engine
from ml.integration.ledger import Entry, Ledger, RemovedParts
from ml.integration.stages import Loaded, PartRead, SourceRead
from ml.integration.versions import presented
from ml.quality.contract import PRESENT, Source
from ml.quality.findings import CorruptSource
from ml.quality.quarantine import BadRow
from ml.quality.reading import Checked, Part, parts_of, read_part

_PART = "part_of_source"
_SHOWN = 5


class OverlappingParts(JobFailed):
    """A key stands in two parts of a source whose contract does not say which of them counts."""

    def __init__(self, source: Source, found: Sequence[tuple[object, ...]], parts: Sequence[Part]) -> None:
        told = "\n".join(
            f"  {', '.join(map(str, row[:-2]))}: {parts[int(str(row[-2]))].label} and "
            f"{parts[int(str(row[-1]))].label}"
            for row in found
        )
        super().__init__(
            f"The parts of {source.name} overlap: a key ({', '.join(source.key)}) stands in two of them; "
            f"nothing was loaded. The first:\n{told}\nCorrect the parts, or let the contract say "
            'overlap="last", if the row of the later part counts.'
        )


class StateNeedsDuckDB(JobFailed):
    """A state folder was given with an engine that cannot use one."""

    def __init__(self, engine: str) -> None:
        super().__init__(
            f"--state works with the engine duckdb; given: {engine}. Run without --state: "
            "Spark reads every part."
        )


@dataclass(frozen=True, kw_only=True)
class _Held:
    """A part's rows as the present version has them, and what is said of the part."""

    table: Table
    kept: str | None
    said: PartRead
    bad: tuple[BadRow, ...] = ()


def load(
    engine: Engine,
    sources: Sequence[Source],
    folder: str,
    *,
    state: Path | None = None,
    forget: bool = False,
) -> Loaded:
    """The tables of all sources, by name, and what was read.

    With a state folder only parts that are new, or whose file or contract has changed, are read; the result
    is the same. Raises MissingSource for the first source that is not there, before any is read; one
    CorruptSource with what is wrong in every file; UnannouncedChange, ConversionBroken, OverlappingParts,
    RemovedParts (unless `forget`), or what `ml.integration.ledger.opened` raises; then the state is as
    before.
    """
    if state is not None and engine.name != "duckdb":
        raise StateNeedsDuckDB(engine.name)
    there = {source.name: parts_of(engine.files, source, folder) for source in sources}
    with nullcontext() if state is None else ledgers.opened(state) as ledger:
        if ledger is not None and not forget:
            for name, parts in there.items():
                if gone := ledger.removed(name, [part.name for part in parts]):
                    raise RemovedParts(name, gone)
        tables, read = {}, {}
        aside: dict[str, list[BadRow]] = {}
        corrupt: list[CorruptSource] = []
        for source in sources:
            try:
                held = _held(engine, source, there[source.name], ledger)
            except CorruptSource as error:
                corrupt.append(error)
                continue
            if bad := [row for one in held for row in one.bad]:
                aside[source.name] = bad
            tables[source.name], read[source.name] = _together(engine, source, there[source.name], held)
        if corrupt:
            for name in tables:
                engine.drop(name)
            raise _one(corrupt)
        if ledger is not None:
            ledger.commit()
    return Loaded(tables=tables, read=read, aside=aside)


def _one(corrupt: Sequence[CorruptSource]) -> CorruptSource:
    if len(corrupt) == 1:
        return corrupt[0]
    found = [finding for error in corrupt for finding in error.findings]
    return CorruptSource(found, any(error.more for error in corrupt))


def _held(engine: Engine, source: Source, parts: Sequence[Part], ledger: Ledger | None) -> list[_Held]:
    held: list[_Held] = []
    corrupt: list[CorruptSource] = []
    for number, part in enumerate(parts):
        # A source that is one file of the present version is not put together: it goes by its own name.
        name = source.name if len(parts) == 1 and ledger is None else f"{source.name}_{number}"
        try:
            if ledger is None:
                checked = read_part(engine, source, part, name)
                held.append(_present(engine, source, part, checked, kept=name, fresh=True))
            else:
                held.append(_recalled(engine, source, part, name, ledger))
        except CorruptSource as error:
            corrupt.append(error)
    if corrupt:
        for one in held:
            if one.kept is not None:
                engine.drop(one.kept)
        raise _one(corrupt)
    return held


def _present(
    engine: Engine, source: Source, part: Part, checked: Checked, *, kept: str | None, fresh: bool
) -> _Held:
    table = presented(engine, source, checked)
    said = PartRead(name=part.name, version=checked.version, rows=checked.rows, fresh=fresh)
    return _Held(table=table, kept=kept, said=said, bad=checked.bad)


def _recalled(engine: Engine, source: Source, part: Part, name: str, ledger: Ledger) -> _Held:
    """A part by the ledger: its rows from the store, where they are read into first if they are not there."""
    with Path(part.path).open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    contracts = {PRESENT: source} | {version.name: version.of(source) for version in source.versions}
    for version, contract in contracts.items():
        entry = ledger.known(source.name, part.name, sha256, contract)
        if entry is not None and entry.version == version:
            ledger.note(source.name, part.name, entry)
            table = engine.read_parquet([str(ledger.path(entry.store))])
            checked = Checked(version=version, contract=contract, table=table, rows=entry.rows)
            return _present(engine, source, part, checked, kept=None, fresh=False)
    checked = read_part(engine, source, part, name)
    store = ledger.store(sha256, checked.contract)
    _write(engine, checked.table, ledger.path(store))
    held = _present(engine, source, part, checked, kept=name, fresh=True)
    entry = Entry(sha256=sha256, version=checked.version, rows=held.said.rows, store=store)
    ledger.note(source.name, part.name, entry)
    return held


def _write(engine: Engine, table: Table, path: Path) -> None:
    """Writes a file of the store in one step: whoever finds it finds all of it."""
    scratch = path.with_suffix(".partial")
    engine.write_parquet(table, str(scratch))
    (written,) = scratch.glob("*.parquet")
    written.replace(path)
    scratch.rmdir()


def _together(
    engine: Engine, source: Source, parts: Sequence[Part], held: Sequence[_Held]
) -> tuple[Table, SourceRead]:
    """One table of all parts, kept under the source's name."""
    said = tuple(one.said for one in held)
    if held[0].kept == source.name:
        return held[0].table, SourceRead(parts=said, rows=said[0].rows, late=0, replaced=0)
    if len(held) == 1:
        table = engine.keep(source.name, held[0].table)
        _let_go(engine, held)
        return table, SourceRead(parts=said, rows=said[0].rows, late=0, replaced=0)
    marked = [one.table.mutate(**{_PART: ibis.literal(number)}) for number, one in enumerate(held)]
    every = engine.keep(f"{source.name}_parts", ibis.union(*marked))
    _let_go(engine, held)
    late = _late(engine, source, every)
    rows = sum(one.rows for one in said)
    count = rows
    if source.key:
        (count,) = engine.first_row(every.select(*source.key).distinct().count().as_table())
    if count < rows and source.overlap == "refuse":
        found = _overlapping(engine, source, every)
        engine.drop(f"{source.name}_parts")
        raise OverlappingParts(source, found, parts)
    if count < rows:
        newest = ibis.row_number().over(group_by=list(source.key), order_by=every[_PART].desc())
        numbered = every.mutate(newest=newest)
        every = numbered.filter(numbered.newest == 0).drop("newest")
    table = engine.keep(source.name, every.drop(_PART))
    engine.drop(f"{source.name}_parts")
    return table, SourceRead(parts=said, rows=int(count), late=late, replaced=rows - int(count))


def _let_go(engine: Engine, held: Sequence[_Held]) -> None:
    for one in held:
        if one.kept is not None:
            engine.drop(one.kept)


def _late(engine: Engine, source: Source, every: Table) -> int:
    """Rows of a part that happened before the last of an earlier part did."""
    if source.time is None:
        return 0
    ends = every.group_by(_PART).aggregate(end=every[source.time].max())
    before = ibis.window(order_by=ends[_PART], preceding=(None, 1))
    ends = ends.select(_PART, before=ends.end.max().over(before))
    told = every.inner_join(ends, _PART)
    late = (told[source.time] < told.before).fill_null(False)
    (count,) = engine.first_row(told.aggregate(late=late.sum()))
    return int(count or 0)


def _overlapping(engine: Engine, source: Source, every: Table) -> list[tuple[object, ...]]:
    """Keys that stand in several parts, with the first and the last of them."""
    keys = every.group_by(list(source.key)).aggregate(first=every[_PART].min(), last=every[_PART].max())
    return engine.rows(keys.filter(keys.first < keys["last"]).order_by(list(source.key)).limit(_SHOWN))
