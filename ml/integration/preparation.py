"""From source files to prepared sets: read, judge, protect, clean, compute, split, report."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from ibis.expr.types import Table

from ml.case import PERIOD, Periods, UseCase
from ml.container import write_json
from ml.integration.cleaning import cleaned, wrong
from ml.integration.engines import Engine, Name, open_engine
from ml.integration.stages import Cleaned, Judged, Loaded, Protected
from ml.privacy import keys
from ml.privacy.guard import require_impersonal, require_no_pseudonyms
from ml.privacy.protecting import protect
from ml.quality import quarantine
from ml.quality.judging import judge, metric_lines
from ml.quality.quarantine import BadRow
from ml.quality.reading import read_all


@dataclass(frozen=True)
class Report:
    """What the preparation did: rows of each source and set, what was cleaned, what did not match."""

    sources: dict[str, int]
    quality: dict[str, object]
    privacy: dict[str, object]
    cleaned: dict[str, int]
    unmatched: dict[str, int]
    left_out: dict[str, int]
    periods: dict[str, tuple[int, ...]]
    sets: dict[str, int]
    positive_share: dict[str, float]
    engine: str
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Work:
    """What every stage may use: the use case, the engine, where to write, and how to say what was done."""

    case: UseCase
    engine: Engine
    raw: Path
    out: Path
    say: Callable[[str], None]


def prepare(
    case: UseCase,
    raw: Path,
    out: Path,
    *,
    engine: Name = "duckdb",
    threads: int | None = None,
    say: Callable[[str], None] = print,
) -> Report:
    """Reads `<raw>/<name>.csv`; writes `train/`, `validation/`, `test/`, `examples/`, `report/` below `out`.

    Raises MissingSource, CorruptSource, TooFewPeriods or EngineMissing; nothing is written then.
    """
    began = time.monotonic()
    opened = open_engine(engine, threads=threads)
    try:
        work = Work(case=case, engine=opened, raw=raw, out=out, say=say)
        loaded = _read(work)
        judged = _judge(work, loaded)
        protected = _protect(work, judged)
        clean = _clean(work, protected)
        prepared = _compute(work, clean)
        if protected.key is not None:
            _require_no_pseudonyms(work, prepared)
        periods = Periods.of([period for (period,) in opened.rows(prepared.select(PERIOD).distinct())])
        sets = _split(work, prepared, periods)
        _examples(work, prepared, periods, clean)
        report = Report(
            sources=dict(loaded.rows),
            quality=dict(judged.said),
            privacy=dict(protected.said),
            cleaned=dict(clean.rows),
            unmatched=_unmatched(work, clean.tables),
            left_out=_left_out(work, clean.tables),
            periods=dict(periods.items()),
            sets={name: count for name, (count, _) in sets.items()},
            positive_share={name: share for name, (_, share) in sets.items()},
            engine=opened.name,
            seconds=round(time.monotonic() - began, 2),
        )
        write_json(out / "report" / "report.json", asdict(report))
        say(f"prepared in {report.seconds:.1f} s")
        return report
    finally:
        opened.close()


def _read(work: Work) -> Loaded:
    aside: dict[str, list[BadRow]] = {}
    tables = read_all(work.engine, work.case.sources, work.raw, aside)
    rows = {name: _count(work.engine, table) for name, table in tables.items()}
    work.say("read " + ", ".join(f"{count:,} of {name}" for name, count in rows.items()))
    return Loaded(tables=tables, rows=rows, aside=aside)


def _judge(work: Work, loaded: Loaded) -> Judged:
    """Sets bad rows aside, with their reasons, below `quarantine/`; the log tells how many, for metrics."""
    case = work.case
    files = {source.name: work.raw / f"{source.name}.csv" for source in case.sources}
    found = judge(work.engine, loaded.tables, case.sources, case.quality, screened=loaded.aside, files=files)
    for source in case.sources:
        if bad := found.bad.get(source.name):
            quarantine.write(source, bad, work.out / "quarantine")
            work.say(f"set aside {len(bad):,} rows of {source.name}")
    for line in metric_lines(case.name, found):
        work.say(line)
    return Judged(tables=found.tables, said=found.document())


def _protect(work: Work, judged: Judged) -> Protected:
    """Replaces identifiers, and takes out what nobody needs."""
    case = work.case
    require_impersonal(case.features, case.sources, case.personal_features)
    found = protect(work.engine, judged.tables, case.sources, keys.read)
    return Protected(tables=found.tables, key=found.key, said=found.document())


def _require_no_pseudonyms(work: Work, prepared: Table) -> None:
    names = [feature.name for feature in work.case.features if feature.kind == "category"]
    values = {
        name: [str(value) for (value,) in work.engine.rows(prepared.select(name).distinct())]
        for name in names
    }
    require_no_pseudonyms(values, work.case.personal_features)


def _clean(work: Work, protected: Protected) -> Cleaned:
    rules = work.case.cleaning
    return Cleaned(
        tables=cleaned(protected.tables, rules),
        rows={rule.name: _count(work.engine, wrong(protected.tables, rule)) for rule in rules},
    )


def _compute(work: Work, clean: Cleaned) -> Table:
    prepared = work.engine.keep("questions", work.case.compute(work.engine, clean.tables))
    work.say(f"computed {len(work.case.features)} features of {_count(work.engine, prepared):,} rows")
    return prepared


def _split(work: Work, prepared: Table, periods: Periods) -> dict[str, tuple[int, float]]:
    sets = {}
    for name, chosen in periods.items():
        part = prepared.filter(prepared[PERIOD].isin(chosen)).order_by(list(work.case.identity))
        work.engine.write_parquet(part, str(work.out / name))
        share = part[work.case.label].mean()
        count, share = work.engine.first_row(part.aggregate(count=part.count(), share=share))
        sets[name] = (count, share or 0.0)
        work.say(f"{name}: {count:,} rows, {share or 0.0:.1%} positive")
    return sets


def _examples(work: Work, prepared: Table, periods: Periods, clean: Cleaned) -> None:
    if work.case.write_examples is None:
        return
    tests = prepared.filter(prepared[PERIOD].isin(periods.test))
    (work.out / "examples").mkdir(parents=True, exist_ok=True)
    work.case.write_examples(work.engine, tests, clean.tables, work.out / "examples" / "examples.jsonl")


def _unmatched(work: Work, tables: Mapping[str, Table]) -> dict[str, int]:
    """Rows whose reference the other source does not know."""

    def lost(source: Table, to: Table, column: str, key: str) -> int:
        return _count(work.engine, source.anti_join(to, source[column] == to[key]))

    return {
        f"{one.source}.{one.column}": lost(tables[one.source], tables[one.to], one.column, one.key)
        for one in work.case.references
    }


def _left_out(work: Work, tables: Mapping[str, Table]) -> dict[str, int]:
    found = work.case.left_out(tables) if work.case.left_out else {}
    return {name: _count(work.engine, table) for name, table in found.items()}


def _count(engine: Engine, table: Table) -> int:
    return int(engine.first_row(table.aggregate(count=table.count()))[0])
