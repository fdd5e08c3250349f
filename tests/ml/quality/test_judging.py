"""Whether rules count, set aside and stop as their severities say, and tell which row and why."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ml.flights.case import CASE
from ml.flights.rules import RULES
from ml.integration.engines import DuckDB
from ml.integration.loading import load
from ml.integration.preparation import prepare
from ml.quality.contract import Column, Source
from ml.quality.declared import (
    Fresh,
    Holds,
    Matches,
    Missing,
    Present,
    QualityRule,
    Refers,
    RowCount,
    Unique,
    UnsoundRule,
    Within,
)
from ml.quality.findings import CorruptSource
from ml.quality.judging import BadBatch, Judged, judge, metric_lines
from ml.quality.quarantine import TooMuchQuarantined, as_parquet

PLANES = Source(
    name="planes",
    columns=(
        Column(name="tail", kind="text"),
        Column(name="owner", kind="text", nullable=True, personal="identifier", purpose="joins"),
        Column(name="seats", kind="integer"),
        Column(name="engines", kind="integer", nullable=True),
        Column(name="seen", kind="moment"),
        Column(name="maker", kind="text"),
    ),
    key=("tail",),
    on_fault="quarantine",
    quarantined_at_most=0.5,
)
MAKERS = Source(name="makers", columns=(Column(name="maker", kind="text"),), key=("maker",))
HEADER = "tail,owner,seats,engines,seen,maker"
GOOD = [f"N{n},Ann,{100 + n},{2 if n % 2 else 'NA'},2013-01-0{1 + n % 9}T05:00:00Z,BOEING" for n in range(10)]
NOW = datetime.datetime(2013, 1, 12, tzinfo=datetime.UTC)


@pytest.fixture
def judged(tmp_path: Path) -> Iterator[Callable[..., Judged]]:
    """Judges a file of planes by rules; `lines` come after ten good ones."""
    opened = []

    def work(*rules: QualityRule, lines: tuple[str, ...] = (), source: Source = PLANES) -> Judged:
        (tmp_path / "planes.csv").write_text("\n".join([HEADER, *GOOD, *lines, ""]))
        (tmp_path / "makers.csv").write_text("maker\nBOEING\nAIRBUS\n")
        engine = DuckDB(threads=1)
        opened.append(engine)
        both, folder = (source, MAKERS), str(tmp_path)
        loaded = load(engine, both, folder)
        found = judge(engine, loaded.tables, both, rules, screened=loaded.aside, folder=folder, now=NOW)
        left = engine.first_row(found.tables["planes"].aggregate(rows=found.tables["planes"].count()))[0]
        assert left == len(GOOD) + len(lines) - found.quarantined()["planes"]
        return found

    yield work
    for engine in opened:
        engine.close()


def rule(kind: Any, **settings: Any) -> Any:
    return kind(**{"name": "the rule", "source": "planes", "why": "it must", **settings})


@pytest.mark.parametrize(
    ("broken", "line", "given", "allowed"),
    [
        (
            rule(Within, column="seats", maximum=200),
            "N90,Ann,201,2,2013-01-01T05:00:00Z,BOEING",
            "201",
            "at most 200",
        ),
        (
            rule(Within, column="engines", minimum=1, maximum=4),
            "N90,Ann,100,9,2013-01-01T05:00:00Z,BOEING",
            "9",
            "at least 1 and at most 4",
        ),
        (
            rule(Matches, column="tail", pattern="N[0-9]+"),
            "M90,Ann,100,2,2013-01-01T05:00:00Z,BOEING",
            "M90",
            "text that matches N[0-9]+",
        ),
        (
            rule(Present, column="engines", where=lambda table: table.seats > 300),
            "N90,Ann,301,NA,2013-01-01T05:00:00Z,BOEING",
            "None",
            "a value",
        ),
        (
            rule(Unique, columns=("seats", "maker")),
            "N90,Ann,100,2,2013-01-01T05:00:00Z,BOEING",
            "100, BOEING",
            "each once",
        ),
        (
            rule(Refers, column="maker", to="makers", key="maker"),
            "N90,Ann,100,2,2013-01-01T05:00:00Z,FOKKER",
            "FOKKER",
            "a maker of makers",
        ),
        (
            rule(Holds, columns=("seats", "engines"), holds=lambda table: table.seats > 10 * table.engines),
            "N90,Ann,5,2,2013-01-01T05:00:00Z,BOEING",
            "5, 2",
            "it must",
        ),
        (
            rule(Matches, column="owner", pattern="Ann"),
            "N90,Beatrice,100,2,2013-01-01T05:00:00Z,BOEING",
            "[personal]",
            "text that matches Ann",
        ),
    ],
)  # fmt: skip
def test_a_row_that_breaks_a_rule_is_set_aside_with_its_line_and_reason(
    judged: Callable[..., Judged], broken: QualityRule, line: str, given: str, allowed: str
) -> None:
    found = judged(broken, lines=(line,))
    (row,) = found.bad["planes"]
    (reason,) = row.reasons
    assert (row.line, reason.rule, reason.given, reason.allowed) == (12, "the rule", given, allowed)
    assert row.values["owner"] == "[personal]"
    assert judged(replace(broken, severity="warning"), lines=(line,)).warnings()["planes"] == 1
    with pytest.raises(BadBatch, match="planes, the rule: 1 of 11 rows"):
        judged(replace(broken, severity="fatal"), lines=(line,))
    assert judged(broken).bad == {}


def test_a_row_is_told_with_every_rule_that_it_breaks(judged: Callable[..., Judged]) -> None:
    rules = (
        rule(Within, name="few seats", column="seats", maximum=200),
        rule(Matches, name="tails", column="tail", pattern="N[0-9]+"),
    )
    found = judged(*rules, lines=("M90,Ann,500,2,2013-01-01T05:00:00Z,BOEING",))
    (row,) = found.bad["planes"]
    assert [reason.rule for reason in row.reasons] == ["few seats", "tails"]


def test_what_is_not_known_breaks_no_rule(judged: Callable[..., Judged]) -> None:
    rules = (
        rule(Within, name="a", column="engines", minimum=1, maximum=4),
        rule(Holds, name="b", columns=("engines",), holds=lambda table: table.engines > 1),
        rule(Unique, name="c", columns=("owner",), severity="warning"),
    )
    found = judged(*rules, lines=("N90,NA,100,NA,2013-01-01T05:00:00Z,BOEING",))
    assert found.bad == {}
    assert found.warnings()["planes"] == 9


def test_rows_that_break_the_contract_and_rows_that_break_a_rule_lie_in_one_quarantine(
    judged: Callable[..., Judged], tmp_path: Path
) -> None:
    lines = (
        "N90,Ann,many,2,2013-01-01T05:00:00Z,BOEING",
        "N91,Ann,500,2,2013-01-01T05:00:00Z,BOEING",
        "N0,Ann,100,2,2013-01-01T05:00:00Z,BOEING",
        "N92,Ann",
    )
    found = judged(rule(Within, column="seats", maximum=200), lines=lines)
    path = tmp_path / "quarantine.parquet"
    path.write_bytes(as_parquet(PLANES, found.bad["planes"]))
    rows = duckdb.read_parquet(str(path)).select("line", "tail", "owner", "reasons").order("line").fetchall()
    assert [row[:3] for row in rows] == [
        (12, "N90", "[personal]"),
        (13, "N91", "[personal]"),
        (14, "N0", "[personal]"),
        (15, None, None),
    ]
    assert [(row[3][0]["rule"], row[3][0]["given"]) for row in rows] == [
        ("contract", "'many'"),
        ("the rule", "500"),
        ("contract", "N0 again, first on line 2"),
        ("contract", "2 fields"),
    ]


def test_a_batch_with_too_much_set_aside_is_refused_whole(judged: Callable[..., Judged]) -> None:
    strict = replace(PLANES, quarantined_at_most=0.1)
    lines = tuple(f"N{n},Ann,many,2,2013-01-01T05:00:00Z,BOEING" for n in range(90, 93))
    with pytest.raises(TooMuchQuarantined, match=r"3 of 13 rows of planes .* allowed: 10.0%"):
        judged(lines=lines, source=strict)
    lines = (lines[0], *(line.replace("many", "500") for line in lines[1:]))
    with pytest.raises(TooMuchQuarantined, match=r"planes.csv:12, column seats: 'many'; contract allows"):
        judged(rule(Within, column="seats", maximum=200), lines=lines, source=strict)


def test_a_source_refuses_a_file_with_any_fault_unless_it_says_otherwise(
    judged: Callable[..., Judged],
) -> None:
    line = "N90,Ann,many,2,2013-01-01T05:00:00Z,BOEING"
    with pytest.raises(CorruptSource, match="planes.csv:12, column seats"):
        judged(lines=(line,), source=replace(PLANES, on_fault="refuse"))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (rule(RowCount, minimum=11), "10 rows; allowed: at least 11"),
        (rule(RowCount, minimum=1, maximum=9), "10 rows; allowed: at least 1, at most 9"),
        (rule(Missing, column="engines", at_most=0.4), "50.00% of engines is missing; allowed: 40.00%"),
        (rule(Fresh, column="seen", days=2), "the newest seen is 2.8 days old; allowed: 2"),
    ],
)
def test_a_batch_that_breaks_a_rule_is_counted_or_stops(
    judged: Callable[..., Judged], given: QualityRule, said: str
) -> None:
    with pytest.raises(BadBatch, match=said):
        judged(replace(given, severity="fatal"))
    assert judged(replace(given, severity="warning")).warnings()["planes"] == 1
    with pytest.raises(UnsoundRule, match="a batch cannot be set aside by rows"):
        judged(replace(given, severity="error"))


def test_two_rules_of_one_name_are_refused(judged: Callable[..., Judged]) -> None:
    with pytest.raises(UnsoundRule, match="the name stands there twice"):
        judged(rule(RowCount, severity="fatal"), rule(RowCount, severity="fatal"))


def test_the_log_has_a_line_for_each_source_with_counts_alone(judged: Callable[..., Judged]) -> None:
    found = judged(
        rule(Matches, column="owner", pattern="Ann"), lines=("N90,Eve,100,2,2013-01-01T05:00:00Z,BOEING",)
    )
    assert [json.loads(line) for line in metric_lines("fleet", found)] == [
        {"case": "fleet", "source": "planes", "quarantinedRows": 1, "qualityWarnings": 0},
        {"case": "fleet", "source": "makers", "quarantinedRows": 0, "qualityWarnings": 0},
    ]


FLIGHTS_BROKEN = {
    "departure_delay_agrees": {"dep_delay": "62"},
    "arrival_delay_agrees": {"arr_delay": "62"},
    "landed_flights_departed": {"dep_time": "NA"},
    "clocks_exist": {"arr_time": "861", "arr_delay": "42"},
    "schedule_agrees": {"hour": "6"},
    "distance_agrees": {"distance": "1900"},
    "landed_flights_were_in_the_air": {"air_time": "NA"},
    "speed_is_plausible": {"air_time": "100"},
    "destination_is_known": {"dest": "SJU"},
}


def test_every_rule_of_flights_finds_a_flight_that_breaks_it(sources: Path, tmp_path: Path) -> None:
    for name in ("weather", "planes", "airports", "airlines"):
        (tmp_path / f"{name}.csv").symlink_to(sources / f"{name}.csv")
    with (sources / "flights.csv").open() as file:
        header, first = next(file).strip(), next(file).strip()
    columns = header.split(",")
    rows = [dict(zip(columns, first.split(","), strict=True))]
    for number, change in enumerate(FLIGHTS_BROKEN.values()):
        rows.append({**rows[0], "flight": str(9000 + number), **change})
    lines = [",".join(row[name] for name in columns) for row in rows]
    (tmp_path / "flights.csv").write_text("\n".join([header, *lines, ""]))
    loose = tuple(replace(one, quarantined_at_most=1.0) for one in CASE.sources)
    engine = DuckDB(threads=1)
    try:
        found = judge(engine, load(engine, loose, str(tmp_path)).tables, loose, RULES)
    finally:
        engine.close()
    counted = {verdict.rule: verdict.count for verdict in found.verdicts}
    assert all(counted[name] >= 1 for name in FLIGHTS_BROKEN)
    told = {int(str(row.values["flight"])): {one.rule for one in row.reasons} for row in found.bad["flights"]}
    set_aside = {rule.name for rule in RULES if getattr(rule, "severity", "") == "error"}
    for number, name in enumerate(FLIGHTS_BROKEN):
        assert (name in told.get(9000 + number, set())) == (name in set_aside)
    assert 1545 not in told


def test_the_shipped_flights_lose_no_row_and_what_nothing_uses_changes_no_set(
    sampled: Path, prepared: Path, tmp_path: Path
) -> None:
    """`prepared` is judged and minimised; here neither, and the sets are the same to the byte."""
    everything = tuple(
        replace(one, columns=tuple(replace(column, used=True) for column in one.columns))
        for one in CASE.sources
    )
    bare = replace(CASE, quality=(), sources=everything)
    report = prepare(bare, sampled, tmp_path, threads=2, say=lambda _: None)
    assert report.privacy["dropped"] == {}
    said = json.loads((prepared / "report" / "report.json").read_text())
    assert set(said["quality"]["quarantined"].values()) == {0}
    assert not (prepared / "quarantine").exists()
    for name in ("train", "validation", "test"):
        both = [(folder / name / "part-0.parquet").read_bytes() for folder in (prepared, tmp_path)]
        assert both[0] == both[1]
