"""What leaves the reading? No column without a use, and identifiers as pseudonyms alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ibis.expr.types import Table

from ml.integration.engines import Engine
from ml.privacy.pseudonyms import KeyRing
from ml.quality.contract import Column, Source
from ml.quality.judging import good_rows

_CLEAR, _TOKEN = "_clear", "_token"


@dataclass(frozen=True)
class Protection:
    """The tables that go on, and what the report says: names of columns and counts, no value."""

    tables: Mapping[str, Table]
    dropped: Mapping[str, tuple[str, ...]]
    replaced: Mapping[str, tuple[str, ...]]
    key: str | None
    """The id of the key that made the pseudonyms."""

    def document(self) -> dict[str, object]:
        dropped = {name: list(columns) for name, columns in self.dropped.items() if columns}
        replaced = {name: list(columns) for name, columns in self.replaced.items() if columns}
        return {"dropped": dropped, "pseudonyms": replaced, "key": self.key}


def protect(
    engine: Engine, tables: Mapping[str, Table], sources: Sequence[Source], keys: Callable[[], KeyRing]
) -> Protection:
    """Minimises every table by its contract. `keys` is asked only where an identifier goes on."""
    dropped = {source.name: _names(source, _is_dropped) for source in sources}
    replaced = {source.name: _names(source, is_replaced) for source in sources}
    ring = keys() if any(replaced.values()) else None
    found: dict[str, Table] = {}
    for source in sources:
        table = tables[source.name].drop(*dropped[source.name])
        if ring is not None and replaced[source.name]:
            codes = [
                _codes(engine, source, table, source.column(name), ring) for name in replaced[source.name]
            ]
            for name, code in zip(replaced[source.name], codes, strict=True):
                table = _replaced(table, name, code)
            # Kept under another name, so that what comes after cannot reach the clear values.
            table = engine.keep(f"{source.name}_protected", table)
            for code in codes:
                # Ibis 12's own `drop_view` is refused by DuckDB.
                engine.connection.raw_sql(f"DROP VIEW {code.get_name()}")
            for clear in (source.name, good_rows(source)):
                engine.drop(clear)
        found[source.name] = table
    return Protection(found, dropped, replaced, ring.current if ring else None)


def is_replaced(column: Column) -> bool:
    """Whether the column goes on as pseudonyms."""
    return column.personal == "identifier" and column.goes_on


def _is_dropped(column: Column) -> bool:
    return not column.goes_on


def _names(source: Source, which: Callable[[Column], bool]) -> tuple[str, ...]:
    return tuple(column.name for column in source.columns if which(column))


def _codes(engine: Engine, source: Source, table: Table, column: Column, ring: KeyRing) -> Table:
    """Each different value of the column, with its pseudonym; a view over memory.

    The values are coded here: a key in an expression would stand in the engine's queries, and so in what it
    logs and in the errors that it tells.
    """
    import ibis
    import pyarrow

    known = table.filter(table[column.name].notnull()).select(column.name).distinct()
    clear = sorted(str(value) for (value,) in engine.rows(known))
    tokens = pyarrow.table(
        {
            _CLEAR: pyarrow.array(clear, pyarrow.string()),
            _TOKEN: pyarrow.array(ring.pseudonyms(clear, column.domain), pyarrow.string()),
        }
    )
    return engine.connection.create_view(f"{source.name}_{column.name}_codes", ibis.memtable(tokens))


def _replaced(table: Table, name: str, codes: Table) -> Table:
    """The table with pseudonyms in the column's place."""
    columns = list(table.columns)
    joined = table.left_join(codes, table[name] == codes[_CLEAR])
    return joined.mutate(**{name: joined[_TOKEN]}).select(*columns)
