"""From source files to prepared sets: read, judge, protect, clean, compute, split, report."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from ibis.expr.types import Table

from ml.case import PERIOD, Periods, UseCase
from ml.container import as_json
from ml.integration.cleaning import clean, unmatched
from ml.integration.engines import Engine, Name, open_engine
from ml.integration.loading import load
from ml.integration.report import Report, page, said_of_counts, said_of_sources
from ml.integration.stages import Cleaned, Counted, Judged, Loaded, Protected
from ml.privacy import keys
from ml.privacy.guard import require_impersonal, require_no_pseudonyms
from ml.privacy.protecting import protect
from ml.quality.judging import judge, metric_lines
from ml.quality.quarantine import as_parquet


@dataclass(frozen=True, kw_only=True)
class Work:
    """What every stage may use: the use case, the engine, where to write, and how to say what was done."""

    case: UseCase
    engine: Engine
    raw: str
    out: str
    state: Path | None
    forget: bool
    say: Callable[[str], None]


def prepare(
    case: UseCase,
    raw: Path | str,
    out: Path | str,
    *,
    engine: Name = "duckdb",
    state: Path | None = None,
    forget: bool = False,
    threads: int | None = None,
    say: Callable[[str], None] = print,
) -> Report:
    """Reads `<raw>/<name>.csv`; writes `train/`, `validation/`, `test/`, `examples/`, `report/` below `out`.

    With `state` only what is new or changed is read (`ml/integration/loading.py` says what it raises beside
    MissingSource and CorruptSource). Raises EngineMissing, SourceGoneBad or TooFewPeriods; nothing is written
    then.
    """
    began = time.monotonic()
    opened = open_engine(engine, threads=threads)
    try:
        work = Work(case=case, engine=opened, raw=str(raw), out=str(out), state=state, forget=forget, say=say)
        loaded = _read(work)
        judged = _judge(work, loaded)
        protected = _protect(work, judged)
        cleaned = _clean(work, protected)
        lost = _unmatched(work, loaded, cleaned)
        prepared = _compute(work, cleaned)
        if protected.key is not None:
            _require_no_pseudonyms(work, prepared)
        counts = _counts(work, prepared)
        periods = Periods.of(list(counts))
        sets = _split(work, prepared, periods, counts)
        _examples(work, prepared, periods, cleaned)
        report = Report(
            sources={name: one.rows for name, one in loaded.read.items()},
            read=dict(loaded.read),
            quality=dict(judged.said),
            privacy=dict(protected.said),
            cleaned=dict(cleaned.rules),
            unmatched=lost,
            left_out=_left_out(work, cleaned.tables),
            periods=dict(periods.items()),
            sets={name: count for name, (count, _) in sets.items()},
            positive_share={name: share for name, (_, share) in sets.items()},
            engine=opened.name,
            seconds=round(time.monotonic() - began, 2),
        )
        opened.files.write(f"{out}/report/report.json", as_json(asdict(report)))
        opened.files.write(f"{out}/report/report.html", page(report, case.question).encode())
        say(f"prepared in {report.seconds:.1f} s")
        return report
    finally:
        opened.close()


def _read(work: Work) -> Loaded:
    loaded = load(work.engine, work.case.sources, work.raw, state=work.state, forget=work.forget)
    for line in said_of_sources(loaded.read):
        work.say(line)
    return loaded


def _judge(work: Work, loaded: Loaded) -> Judged:
    """Sets bad rows aside, with their reasons, below `quarantine/`; the log tells how many, for metrics."""
    case = work.case
    found = judge(
        work.engine, loaded.tables, case.sources, case.quality, screened=loaded.aside, folder=work.raw
    )
    for source in case.sources:
        if bad := found.bad.get(source.name):
            path = f"{work.out}/quarantine/{source.name}.parquet"
            work.engine.files.write(path, as_parquet(source, bad))
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
    cleaned = clean(work.engine, protected.tables, work.case.cleaning)
    for line in said_of_counts(cleaned.rules):
        work.say(line)
    return cleaned


def _unmatched(work: Work, loaded: Loaded, cleaned: Cleaned) -> dict[str, Counted]:
    rows = {name: one.rows for name, one in loaded.read.items()}
    found = unmatched(work.engine, cleaned.tables, work.case.references, rows)
    for line in said_of_counts(found):
        work.say(line)
    return found


def _compute(work: Work, cleaned: Cleaned) -> Table:
    return work.engine.keep("questions", work.case.compute(work.engine, cleaned.tables))


def _counts(work: Work, prepared: Table) -> dict[int, tuple[int, int]]:
    """The rows of each period, and how many of them are positive."""
    label = prepared[work.case.label]
    by_period = prepared.group_by(PERIOD).aggregate(rows=prepared.count(), positive=label.sum())
    counts = {period: (rows, positive or 0) for period, rows, positive in work.engine.rows(by_period)}
    rows = sum(count for count, _ in counts.values())
    work.say(f"computed {len(work.case.features)} features of {rows:,} rows")
    return counts


def _split(
    work: Work, prepared: Table, periods: Periods, counts: Mapping[int, tuple[int, int]]
) -> dict[str, tuple[int, float]]:
    """Writes the sets; gives the rows and the share of positive ones of each."""
    sets = {}
    for name, chosen in periods.items():
        part = prepared.filter(prepared[PERIOD].isin(chosen)).order_by(list(work.case.identity))
        work.engine.write_parquet(part, f"{work.out}/{name}")
        rows = sum(counts[period][0] for period in chosen)
        positive = sum(counts[period][1] for period in chosen)
        sets[name] = (rows, positive / rows)
        work.say(f"{name}: {rows:,} rows, {positive / rows:.1%} positive")
    return sets


def _examples(work: Work, prepared: Table, periods: Periods, cleaned: Cleaned) -> None:
    if work.case.write_examples is None:
        return
    tests = prepared.filter(prepared[PERIOD].isin(periods.test))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "examples.jsonl"
        work.case.write_examples(work.engine, tests, cleaned.tables, path)
        work.engine.files.write(f"{work.out}/examples/{path.name}", path.read_bytes())


def _left_out(work: Work, tables: Mapping[str, Table]) -> dict[str, int]:
    found = work.case.left_out(tables) if work.case.left_out else {}
    return {name: _count(work.engine, table) for name, table in found.items()}


def _count(engine: Engine, table: Table) -> int:
    return int(engine.first_row(table.aggregate(count=table.count()))[0])
