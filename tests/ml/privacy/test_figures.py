"""Whether figures hide each single person, and no more is told than the budget allows."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import ibis
import pyarrow
import pytest

from ml.integration.engines import DuckDB
from ml.privacy import figures
from ml.privacy.declared import Budget, Figure
from ml.privacy.figures import NoBounds, told
from ml.privacy.ledger import BrokenLedger, BudgetSpent, spend
from ml.quality.contract import Column, Source

ROOT = Path(__file__).parents[3]
STAYS = Source(
    name="stays",
    columns=(
        Column(name="stay", kind="integer"),
        Column(name="who", kind="text", personal="identifier", purpose="bounds what one person adds"),
        Column(name="ward", kind="text"),
        Column(name="nights", kind="number", minimum=0, maximum=30, nullable=True),
        Column(name="cost", kind="number"),
    ),
    key=("stay",),
)
WARDS = ("east", "north", "south")
BUDGET = Budget(epsilon=1.0, delta=1e-6, smallest=20)
FAR_FROM_FEW = Budget(epsilon=1.0, delta=1e-6, smallest=400)
"""Sixty scales of the noise of a mean's counts above a group of one: chance never tells it (exp(-60))."""


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckDB]:
    opened = DuckDB(threads=1)
    yield opened
    opened.close()


@pytest.fixture
def stays(engine: DuckDB) -> Iterator[Callable[..., object]]:
    """Makes the table of stays: by default 3,000, of 1,000 people, three wards and up to ten nights."""
    made: list[str] = []
    kept: list[object] = []

    def make(people: int = 1000, each: int = 3, more: list[dict[str, object]] | None = None) -> object:
        rows: list[dict[str, object]] = [
            {
                "stay": number * each + place,
                "who": f"p{number}",
                "ward": ("north", "south")[number % 2],
                "nights": float(number % 11),
                "cost": 1.0,
            }
            for number in range(people)
            for place in range(each)
        ]
        made.append(f"stays{len(made)}")
        table = ibis.memtable(pyarrow.Table.from_pylist(rows + (more or [])))
        kept.append(table)
        return engine.connection.create_view(made[-1], table)

    yield make
    for name in made:
        engine.connection.raw_sql(f"DROP VIEW {name}")


def count(**changed: object) -> Figure:
    settings = {"name": "by ward", "source": "stays", "kind": "count", "epsilon": 0.5}
    return Figure(**{**settings, "by": "ward", "groups": WARDS, **changed})  # type: ignore[arg-type]


def test_the_noise_is_as_wide_as_epsilon_and_the_rows_of_one_person_ask() -> None:
    # Of whole numbers with Laplace's noise of scale s the mean deviation is 2p / (1 - p²), p = exp(-1/s).
    for epsilon, each in ((0.1, 1), (0.5, 5)):
        noisy, scale = figures._noisy([1000] * 20_000, each, epsilon)
        assert scale == pytest.approx(each / epsilon, rel=1e-6)
        p = math.exp(-epsilon / each)
        deviation = sum(abs(value - 1000) for value in noisy) / len(noisy)
        assert deviation == pytest.approx(2 * p / (1 - p * p), rel=0.06)
        assert sum(noisy) / len(noisy) == pytest.approx(1000, abs=0.06 * scale)


def leaks(epsilon_drawn: float, epsilon_promised: float) -> bool:
    """Whether the counts of neighbouring data differ more than promised, in any value that came often."""
    draws = 60_000
    here = Counter(figures._noisy([100] * draws, 1, epsilon_drawn)[0])
    there = Counter(figures._noisy([101] * draws, 1, epsilon_drawn)[0])
    often = [value for value in here | there if max(here[value], there[value]) > 1500]
    assert len(often) > 2
    # Beside the bound a quarter for chance: more than six standard deviations of these ratios.
    worst = max(
        max(here[value], 1) / max(there[value], 1)
        if here[value] > there[value]
        else max(there[value], 1) / max(here[value], 1)
        for value in often
    )
    return worst > math.exp(epsilon_promised) * 1.25


def test_no_count_tells_neighbouring_data_apart_by_more_than_epsilon() -> None:
    assert not leaks(0.5, 0.5)


def test_noise_for_a_larger_epsilon_would_be_seen_to_leak() -> None:
    assert leaks(1.0, 0.5)


def test_one_person_changes_what_is_counted_by_no_more_than_the_rows_that_count(
    engine: DuckDB, stays: Callable[..., object]
) -> None:
    loud = [
        {"stay": 90_000 + n, "who": "loud", "ward": "east", "nights": 30.0, "cost": 0.0} for n in range(500)
    ]
    figure = count(person="who", rows_each=2)

    def exact(table: object) -> dict[str, int]:
        bounded = figures._bounded(table, STAYS, figure)  # type: ignore[arg-type]
        return {group: rows for group, rows, _ in figures._sums(engine, bounded, figure, None)}

    without, beside = exact(stays()), exact(stays(more=loud))
    assert without == {"north": 1000, "south": 1000}
    assert sum(abs(beside.get(ward, 0) - without.get(ward, 0)) for ward in WARDS) == 2


def test_figures_are_near_the_truth_and_small_groups_are_not_told(
    engine: DuckDB, stays: Callable[..., object]
) -> None:
    few = [{"stay": 90_000, "who": "one", "ward": "east", "nights": 30.0, "cost": 0.0}]
    table = stays(more=few)
    counted = told(engine, table, STAYS, count(epsilon=1.0, person="who", rows_each=3), FAR_FROM_FEW)  # type: ignore[arg-type]
    assert counted.values["east"] is None
    for ward in ("north", "south"):
        assert counted.values[ward] == pytest.approx(1500, abs=25 * counted.scale)
    mean = count(kind="mean", column="nights", epsilon=1.0, person="who", rows_each=3)
    meant = told(engine, table, STAYS, mean, FAR_FROM_FEW)  # type: ignore[arg-type]
    assert meant.values["east"] is None
    for ward in ("north", "south"):
        assert meant.values[ward] == pytest.approx(5.0, abs=3.0)


def test_a_group_that_is_itself_a_secret_is_told_from_a_threshold_on(
    engine: DuckDB, stays: Callable[..., object]
) -> None:
    rare = [
        {"stay": 90_000 + n, "who": f"r{n}", "ward": "secret", "nights": 1.0, "cost": 0.0} for n in range(3)
    ]
    hidden = count(groups=(), delta=1e-6, person="who", rows_each=1, epsilon=1.0)
    table = stays(more=rare)
    for _ in range(5):
        found = told(engine, table, STAYS, hidden, BUDGET)  # type: ignore[arg-type]
        assert set(found.values) == {"north", "south"}


def test_a_mean_without_bounds_is_refused(engine: DuckDB, stays: Callable[..., object]) -> None:
    with pytest.raises(NoBounds, match=r"stays.cost has no minimum and maximum"):
        told(engine, stays(), STAYS, count(kind="mean", column="cost"), BUDGET)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"epsilon": 0.0}, "epsilon is 0"),
        ({"epsilon": 11.0}, "protects little"),
        ({"kind": "mean"}, "a mean names its column"),
        ({"rows_each": 3}, "rows_each is 3"),
        ({"by": ""}, "groups need the column"),
        ({"groups": ()}, "a delta above 0"),
        ({"delta": 1e-6}, "delta is for groups that are not listed"),
    ],
)
def test_a_figure_that_promises_nothing_is_refused(changed: dict[str, object], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        count(**changed)


def test_the_budget_of_data_is_spent_once_and_other_data_have_their_own(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.json"
    tenth = [count(epsilon=0.1)]
    for told_before in range(10):
        assert len(spend(ledger, "monday", tenth, BUDGET)) == told_before + 1
    before = ledger.read_text()
    with pytest.raises(BudgetSpent, match=r"epsilon 1 and delta 0 were told; these ask for 0.1 and 0 more"):
        spend(ledger, "monday", tenth, BUDGET)
    assert ledger.read_text() == before
    assert len(spend(ledger, "tuesday", tenth, BUDGET)) == 1
    hidden = [count(groups=(), delta=1e-6, epsilon=0.1)]
    spend(ledger, "wednesday", hidden, BUDGET)
    with pytest.raises(BudgetSpent):
        spend(ledger, "wednesday", hidden, BUDGET)


def test_a_ledger_that_cannot_be_read_stops_everything(tmp_path: Path) -> None:
    (tmp_path / "ledger.json").write_text('{"spent": [')
    with pytest.raises(BrokenLedger):
        spend(tmp_path / "ledger.json", "monday", [count()], BUDGET)


def test_the_job_tells_figures_of_the_flights_once(sampled: Path, tmp_path: Path) -> None:
    case = tmp_path / "told"
    case.mkdir()
    (case / "__init__.py").touch()
    (case / "case.py").write_text(
        "from dataclasses import replace\n"
        "from ml.flights.case import CASE as FLIGHTS\n"
        "from ml.privacy.declared import Budget, Figure\n"
        "by = dict(source='flights', by='origin', groups=('EWR', 'JFK', 'LGA'), epsilon=0.4)\n"
        "CASE = replace(FLIGHTS, budget=Budget(epsilon=1.0), figures=(\n"
        "    Figure(name='flights', kind='count', **by),\n"
        "    Figure(name='delay', kind='mean', column='dep_delay', **by)))\n"
    )
    command = [
        sys.executable,
        "-m",
        "ml",
        "tell",
        "--case",
        "told",
        "--raw",
        sampled,
        "--out",
        tmp_path / "out",
    ]

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, "--ledger", tmp_path / "ledger.json"],
            env=os.environ
            | {"PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}", "SM_OUTPUT_DIR": str(tmp_path / "said")},
            capture_output=True,
            text=True,
            check=False,
        )

    first = run()
    assert first.returncode == 0, first.stderr
    document = json.loads((tmp_path / "out" / "figures.json").read_text())
    counts, delays = document["figures"]
    assert set(counts["values"]) == {"EWR", "JFK", "LGA"}
    assert all(-60 < value < 120 for value in delays["values"].values())
    assert document["spent"] == {"epsilon": 0.8, "delta": 0}
    second = run()
    assert second.returncode == 1
    assert "Nothing was told" in second.stderr
