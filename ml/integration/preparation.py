"""From source files to training, validation and test sets: read, clean, compute, split by time."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import ibis
from ibis.backends.duckdb import Backend
from ibis.expr.types import Table

from ml.case import PERIOD, Periods, UseCase
from ml.container import write_json
from ml.integration.cleaning import cleaned, wrong
from ml.quality.reading import first_row, keep, read_all


@dataclass(frozen=True)
class Report:
    """What the preparation did: rows of each source and set, what was cleaned, what did not match."""

    sources: dict[str, int]
    cleaned: dict[str, int]
    unmatched: dict[str, int]
    left_out: dict[str, int]
    periods: dict[str, tuple[int, ...]]
    sets: dict[str, int]
    positive_share: dict[str, float]
    seconds: float


def prepare(
    case: UseCase,
    raw: Path,
    out: Path,
    *,
    threads: int | None = None,
    say: Callable[[str], None] = print,
) -> Report:
    """Reads `<raw>/<name>.csv`; writes `train/`, `validation/`, `test/`, `examples/`, `report/` below `out`.

    Raises MissingSource, CorruptSource or TooFewPeriods; nothing is written then.
    """
    began = time.monotonic()
    connection = ibis.duckdb.connect(**({} if threads is None else {"threads": threads}))
    tables = read_all(connection, case.sources, raw)
    rows = {name: _count(connection, table) for name, table in tables.items()}
    say("read " + ", ".join(f"{count:,} of {name}" for name, count in rows.items()))
    prepared = keep(connection, "questions", case.compute(connection, cleaned(tables, case.cleaning)))
    say(f"computed {len(case.features)} features of {_count(connection, prepared):,} rows")
    known = connection.raw_sql(connection.compile(prepared.select(PERIOD).distinct())).fetchall()
    periods = Periods.of([period for (period,) in known])
    sets = _split(connection, case, prepared, periods, out)
    for name, (count, share) in sets.items():
        say(f"{name}: {count:,} rows, {share:.1%} positive")
    if case.write_examples is not None:
        tests = prepared.filter(prepared[PERIOD].isin(periods.test))
        (out / "examples").mkdir(parents=True, exist_ok=True)
        case.write_examples(connection, tests, tables, out / "examples" / "examples.jsonl")
    report = Report(
        sources=rows,
        cleaned={rule.name: _count(connection, wrong(tables, rule)) for rule in case.cleaning},
        unmatched=_unmatched(connection, case, tables),
        left_out={
            name: _count(connection, table)
            for name, table in (case.left_out(tables) if case.left_out else {}).items()
        },
        periods=dict(periods.items()),
        sets={name: count for name, (count, _) in sets.items()},
        positive_share={name: share for name, (_, share) in sets.items()},
        seconds=round(time.monotonic() - began, 2),
    )
    write_json(out / "report" / "report.json", asdict(report))
    say(f"prepared in {report.seconds:.1f} s")
    connection.disconnect()
    return report


def _split(
    connection: Backend, case: UseCase, prepared: Table, periods: Periods, out: Path
) -> dict[str, tuple[int, float]]:
    sets = {}
    for name, chosen in periods.items():
        part = prepared.filter(prepared[PERIOD].isin(chosen)).order_by(list(case.identity))
        (out / name).mkdir(parents=True, exist_ok=True)
        connection.to_parquet(part, out / name / "part-0.parquet")
        count, share = first_row(
            connection, part.aggregate(count=part.count(), share=part[case.label].mean())
        )
        sets[name] = (count, share or 0.0)
    return sets


def _unmatched(connection: Backend, case: UseCase, tables: Mapping[str, Table]) -> dict[str, int]:
    """Rows whose reference the other source does not know."""

    def lost(source: Table, to: Table, column: str, key: str) -> int:
        return _count(connection, source.anti_join(to, source[column] == to[key]))

    return {
        f"{one.source}.{one.column}": lost(tables[one.source], tables[one.to], one.column, one.key)
        for one in case.references
    }


def _count(connection: Backend, table: Table) -> int:
    return int(first_row(connection, table.aggregate(count=table.count()))[0])
