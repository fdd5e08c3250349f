"""Is a batch as its rules say? Counts what each rule finds, sets bad rows aside, or stops the run."""

from __future__ import annotations

import csv
import datetime
import json
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import ibis
from ibis.expr.types import Table

from ml.integration.engines import Engine
from ml.quality import quarantine
from ml.quality.checks import allowed, columns_of, marked
from ml.quality.contract import Kind, Source
from ml.quality.declared import (
    BatchRule,
    Fresh,
    Missing,
    QualityRule,
    RowCount,
    RowRule,
    Severity,
    require_sound,
)
from ml.quality.findings import MASKED
from ml.quality.quarantine import BadRow, Reason
from ml.quality.reading import parts_of


@dataclass(frozen=True)
class Verdict:
    """What a rule found: how many rows break it, or 1 for a batch that does."""

    rule: str
    source: str
    severity: Severity
    count: int
    said: str = ""


class BadBatch(ValueError):
    """A fatal rule is broken: nothing of the run may be used."""

    def __init__(self, broken: Sequence[Verdict]) -> None:
        lines = "\n".join(f"  {one.source}, {one.rule}: {one.said}" for one in broken)
        super().__init__(
            f"The data breaks what must never be broken; nothing was written.\n{lines}\n"
            "Correct the data and run again, or change the rule if the world has really changed."
        )


@dataclass(frozen=True)
class Judged:
    """The good rows by source, what was set aside, what every rule found."""

    tables: Mapping[str, Table]
    bad: Mapping[str, list[BadRow]]
    verdicts: tuple[Verdict, ...]

    def quarantined(self) -> dict[str, int]:
        """How many rows of each source were set aside; of every source, 0 among them."""
        return {name: len(self.bad.get(name, ())) for name in self.tables}

    def warnings(self) -> dict[str, int]:
        """How many times a warning was found in each source."""
        found = dict.fromkeys(self.tables, 0)
        for verdict in self.verdicts:
            if verdict.severity == "warning":
                found[verdict.source] += verdict.count
        return found

    def document(self) -> dict[str, object]:
        """For the run's report: counts alone, no value."""
        return {
            "quarantined": self.quarantined(),
            "warnings": self.warnings(),
            "rules": {
                one.rule: {"source": one.source, "severity": one.severity, "count": one.count}
                for one in self.verdicts
            },
        }


def judge(
    engine: Engine,
    tables: Mapping[str, Table],
    sources: Sequence[Source],
    rules: tuple[QualityRule, ...],
    *,
    screened: Mapping[str, list[BadRow]] | None = None,
    folder: str | None = None,
    now: datetime.datetime | None = None,
) -> Judged:
    """Judges each source by its rules. References look at the tables as they came, before rows are set aside.

    `screened` are the rows that the reading has already set aside; `folder` holds the sources, in whose files
    the lines of bad rows are looked up. Raises UnsoundRule, BadBatch, or TooMuchQuarantined.
    """
    require_sound(rules)
    given = dict(screened or {})
    verdicts: list[Verdict] = []
    bad: dict[str, list[BadRow]] = {}
    good: dict[str, Table] = {}
    for source in sources:
        own = [rule for rule in rules if rule.source == source.name]
        by_row: dict[str, RowRule] = {
            f"_rule{place}": rule for place, rule in enumerate(own) if isinstance(rule, RowRule)
        }
        table = marked(tables[source.name], by_row, tables)
        numbers = _numbers(engine, table, by_row, [rule for rule in own if isinstance(rule, BatchRule)])
        rows = int(numbers["rows"])
        for name, rule in by_row.items():
            count = int(numbers[name] or 0)
            said = f"{count:,} of {rows:,} rows; allowed: {allowed(rule)}"
            verdicts.append(Verdict(rule.name, source.name, rule.severity, count, said))
        before = rows + len(given.get(source.name, ()))
        verdicts += [_of_batch(rule, numbers, before, now) for rule in own if isinstance(rule, BatchRule)]
        errors = {name: rule for name, rule in by_row.items() if rule.severity == "error" and numbers[name]}
        bad[source.name] = given.get(source.name, [])
        good[source.name] = tables[source.name]
        if errors:
            bad[source.name] = bad[source.name] + _set_aside(engine, source, table, errors, folder)
            quarantine.require_few(source, bad[source.name], before)
            left = table.filter(~_any(table, errors)).select(*tables[source.name].columns)
            good[source.name] = engine.keep(good_rows(source), left)
    broken = [one for one in verdicts if one.severity == "fatal" and one.count]
    if broken:
        raise BadBatch(broken)
    return Judged(good, {name: found for name, found in bad.items() if found}, tuple(verdicts))


def good_rows(source: Source) -> str:
    """The name of the table with a source's good rows, where some were set aside."""
    return f"{source.name}_good"


def metric_lines(case: str, judged: Judged) -> Iterator[str]:
    """A JSON object a source, for the job's log: a metric filter on it makes `QuarantinedRows` and
    `QualityWarnings` in CloudWatch, since a job without a network can put no metric itself.
    """
    quarantined, warned = judged.quarantined(), judged.warnings()
    for name in quarantined:
        counts = {"quarantinedRows": quarantined[name], "qualityWarnings": warned[name]}
        yield json.dumps({"case": case, "source": name, **counts})


def _any(table: Table, names: Mapping[str, object]) -> Any:
    found = ibis.literal(False)
    for name in names:
        found = found | table[name]
    return found


def _numbers(
    engine: Engine, table: Table, by_row: Mapping[str, RowRule], by_batch: Sequence[BatchRule]
) -> dict[str, Any]:
    """All that the rules count, in one pass over the source."""
    wanted: dict[str, Any] = {"rows": table.count()}
    wanted |= {name: table[name].sum() for name in by_row}
    for rule in by_batch:
        if isinstance(rule, Missing):
            wanted[rule.name] = table[rule.column].isnull().sum()
        elif isinstance(rule, Fresh):
            wanted[rule.name] = table[rule.column].max().epoch_seconds()
    return dict(zip(wanted, engine.first_row(table.aggregate(**wanted)), strict=True))


def _of_batch(
    rule: BatchRule, numbers: Mapping[str, Any], rows: int, now: datetime.datetime | None
) -> Verdict:
    if isinstance(rule, RowCount):
        ends = f"at least {rule.minimum:,}" + ("" if rule.maximum is None else f", at most {rule.maximum:,}")
        broken = rows < rule.minimum or (rule.maximum is not None and rows > rule.maximum)
        return _verdict(rule, broken, f"{rows:,} rows; allowed: {ends}")
    if isinstance(rule, Missing):
        share = (numbers[rule.name] or 0) / max(numbers["rows"], 1)
        said = f"{share:.2%} of {rule.column} is missing; allowed: {rule.at_most:.2%}"
        return _verdict(rule, share > rule.at_most, said)
    seconds = numbers[rule.name]
    if seconds is None:
        return _verdict(rule, True, f"no {rule.column}; allowed: one of the last {rule.days:g} days")
    newest = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    age = (now or datetime.datetime.now(datetime.UTC)) - newest
    said = f"the newest {rule.column} is {age.total_seconds() / 86400:.1f} days old; allowed: {rule.days:g}"
    return _verdict(rule, age > datetime.timedelta(days=rule.days), said)


def _verdict(rule: BatchRule, broken: bool, said: str) -> Verdict:
    return Verdict(rule.name, rule.source, rule.severity, int(broken), said)


def _set_aside(
    engine: Engine, source: Source, table: Table, errors: Mapping[str, RowRule], folder: str | None
) -> list[BadRow]:
    """The rows that break a rule of the severity error, in the order of their keys."""
    broken = table.filter(_any(table, errors)).order_by(list(source.key) or [source.columns[0].name])
    personal = {column.name for column in source.personal}
    found: list[BadRow] = []
    for fields in engine.rows(broken):
        row = dict(zip(broken.columns, fields, strict=True))
        values = {column.name: quarantine.as_text(row.get(column.name)) for column in source.columns}
        reasons = [
            Reason(
                rule.name,
                ", ".join(columns_of(rule)),
                ", ".join(MASKED if name in personal else str(values[name]) for name in columns_of(rule)),
                allowed(rule),
            )
            for name, rule in errors.items()
            if row[name]
        ]
        found.append(BadRow("", None, values, tuple(reasons)))
    lines = _lines(engine, source, folder, found) if folder is not None and source.key else {}
    told = []
    for row_found in found:
        file, line = lines.get(_key(source, row_found), ("", None))
        told.append(
            replace(row_found, file=file, line=line, values=quarantine.masked(source, row_found.values))
        )
    return told


def _key(source: Source, row: BadRow) -> tuple[object, ...]:
    return tuple(_parsed(source.column(name).kind, row.values[name]) for name in source.key)


_Place = tuple[str, int | None]


def _lines(
    engine: Engine, source: Source, folder: str, bad: Sequence[BadRow]
) -> dict[tuple[object, ...], _Place]:
    """Where the rows with these keys stand: the file, and its line. Slow, and nothing of a file of an older
    version whose key has other names. Of a key that stands there twice the last counts, as the parts do.
    """
    wanted = {_key(source, row) for row in bad}
    found: dict[tuple[object, ...], _Place] = {}
    for part in parts_of(engine.files, source, folder):
        with engine.files.local(part.path) as path:
            found |= {key: (part.label.as_posix(), line) for key, line in _lines_of(source, path, wanted)}
    return found


def _lines_of(
    source: Source, path: Path, wanted: Set[tuple[object, ...]]
) -> Iterator[tuple[tuple[object, ...], int]]:
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as text:
        reader = csv.reader(text)
        header = next(reader, [])
        if not set(source.key) <= set(header):
            return
        places = [(source.column(name).kind, header.index(name)) for name in source.key]
        line = reader.line_num + 1
        for fields in reader:
            if len(fields) == len(header):
                key = tuple(_parsed(kind, fields[place]) for kind, place in places)
                if key in wanted:
                    yield key, line
            line = reader.line_num + 1


def _parsed(kind: Kind, text: str | None) -> object:
    try:
        return float(text) if text is not None and kind in ("integer", "number") else text
    except ValueError:
        return text
