"""Whether parts are read once, and give to the byte what a full load gives, whatever happens in between."""

import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from ml.case import TooFewPeriods
from ml.flights.case import CASE
from ml.flights.contracts import PLANES
from ml.flights.sources import by_month, find
from ml.integration.engines import DuckDB
from ml.integration.ledger import LedgerUnreadable, RemovedParts, StateInUse, opened
from ml.integration.loading import OverlappingParts, load
from ml.integration.preparation import prepare
from ml.integration.stages import SourceRead
from ml.quality.contract import Column, Source
from ml.quality.findings import CorruptSource
from ml.quality.reading import MissingSource, TwoSources

Rows = list[tuple[object, ...]]

SEEN = Source(
    name="seen",
    columns=(
        Column(name="plane", kind="text"),
        Column(name="at", kind="moment"),
        Column(name="seats", kind="integer", nullable=True),
    ),
    key=("plane", "at"),
    time="at",
)


def put(folder: Path, name: str, *rows: str) -> None:
    (folder / "seen").mkdir(exist_ok=True)
    (folder / f"seen/{name}.csv").write_text("".join(f"{line}\n" for line in ("plane,at,seats", *rows)))


def loaded(
    folder: Path, state: Path | None, source: Source = SEEN, forget: bool = False
) -> tuple[Rows, SourceRead]:
    engine = DuckDB()
    found = load(engine, [source], str(folder), state=state, forget=forget)
    return engine.rows(found.tables["seen"].order_by(list(source.key))), found.read["seen"]


def fresh(read: SourceRead) -> list[str]:
    return [part.name for part in read.parts if part.fresh]


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    folder.mkdir()
    put(folder, "2013-01", "N1,2013-01-05T00:00:00Z,4", "N2,2013-01-06T00:00:00Z,NA")
    put(folder, "2013-02", "N1,2013-02-05T00:00:00Z,5")
    return folder


def test_only_what_is_new_is_read_and_the_rows_are_those_of_a_full_load(raw: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    assert fresh(loaded(raw, state)[1]) == ["2013-01", "2013-02"]
    assert fresh(loaded(raw, state)[1]) == []
    put(raw, "2013-03", "N1,2013-03-05T00:00:00Z,6")
    rows, read = loaded(raw, state)
    assert fresh(read) == ["2013-03"]
    assert rows == loaded(raw, None)[0]
    assert [row[2] for row in rows] == [4, 5, 6, None]


def test_a_corrected_part_replaces_itself(raw: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    loaded(raw, state)
    put(raw, "2013-01", "N1,2013-01-05T00:00:00Z,400")
    rows, read = loaded(raw, state)
    assert fresh(read) == ["2013-01"]
    assert rows == loaded(raw, None)[0]
    assert len(list((state / "parts").iterdir())) == 2


def test_a_changed_contract_has_every_part_read_again(raw: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    loaded(raw, state)
    stricter = replace(SEEN, columns=(*SEEN.columns[:2], replace(SEEN.columns[2], maximum=4)))
    with pytest.raises(CorruptSource, match=r"seen/2013-02\.csv:2, column seats: '5'"):
        loaded(raw, state, stricter)
    assert fresh(loaded(raw, state)[1]) == []


def test_a_removed_part_is_an_error_unless_it_is_to_be_forgotten(raw: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    loaded(raw, state)
    (raw / "seen/2013-01.csv").unlink()
    with pytest.raises(RemovedParts, match=r"gone: seen: 2013-01\. Put them back, or run with --forget"):
        loaded(raw, state)
    rows, read = loaded(raw, state, forget=True)
    assert (len(rows), fresh(read)) == (1, [])
    loaded(raw, state)


def test_a_key_in_two_parts_is_refused_naming_both(raw: Path, tmp_path: Path) -> None:
    put(raw, "2013-03", "N1,2013-01-05T00:00:00Z,6")
    for state in (None, tmp_path / "state"):
        with pytest.raises(
            OverlappingParts, match=r"N1, 2013-01-05 00:00:00: seen/2013-01\.csv and seen/2013-03\.csv"
        ):
            loaded(raw, state)


def test_the_last_row_of_a_key_counts_where_the_contract_says_so(raw: Path, tmp_path: Path) -> None:
    put(raw, "2013-03", "N1,2013-01-05T00:00:00Z,6")
    lenient = replace(SEEN, overlap="last")
    for state in (None, tmp_path / "state"):
        rows, read = loaded(raw, state, lenient)
        assert [row[2] for row in rows] == [6, 5, None]
        assert (read.rows, read.replaced) == (3, 1)


def test_a_key_twice_in_one_part_stays_a_fault(raw: Path) -> None:
    put(raw, "2013-03", "N1,2013-03-05T00:00:00Z,6", "N1,2013-03-05T00:00:00Z,7")
    with pytest.raises(CorruptSource, match=r"seen/2013-03\.csv:3, column plane, at: .* first on line 2"):
        loaded(raw, None, replace(SEEN, overlap="last"))


def test_rows_that_come_after_their_time_are_counted(raw: Path, tmp_path: Path) -> None:
    put(raw, "2013-03", "N1,2013-03-05T00:00:00Z,6", "N9,2013-02-04T00:00:00Z,6")
    assert loaded(raw, None)[1].late == 1
    assert loaded(raw, tmp_path / "state")[1].late == 1


def test_faults_of_every_part_are_told_together_and_the_state_stays(raw: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    loaded(raw, state)
    before = (state / "ledger.json").read_bytes()
    put(raw, "2013-02", "N1,yesterday,5")
    put(raw, "2013-03", "N1,2013-03-05T00:00:00Z,six")
    with pytest.raises(CorruptSource) as refused:
        loaded(raw, state)
    assert [fault.path.as_posix() for fault in refused.value.findings] == [
        "seen/2013-02.csv",
        "seen/2013-03.csv",
    ]
    assert (state / "ledger.json").read_bytes() == before


def test_a_source_that_lies_there_twice_or_empty_is_refused(raw: Path) -> None:
    (raw / "seen.csv").write_text("plane,at,seats\n")
    with pytest.raises(TwoSources, match=r"both seen\.csv and parts in seen/"):
        loaded(raw, None)
    shutil.rmtree(raw / "seen")
    (raw / "seen.csv").unlink()
    (raw / "seen").mkdir()
    with pytest.raises(MissingSource, match=r"no seen\.csv .* and no folder seen with parts"):
        loaded(raw, None)


def test_a_state_in_use_and_one_that_is_not_ours_are_refused(raw: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    with opened(state), pytest.raises(StateInUse):
        loaded(raw, state)
    (state / "ledger.json").write_text("[]")
    with pytest.raises(LedgerUnreadable, match=r"ledger\.json cannot be read"):
        loaded(raw, state)


def test_a_store_that_lost_a_file_reads_the_part_again(raw: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    rows, _ = loaded(raw, state)
    for path in (state / "parts").iterdir():
        path.unlink()
    again, read = loaded(raw, state)
    assert (again, fresh(read)) == (rows, ["2013-01", "2013-02"])


# The real flights.


def months(few: Path, folder: Path, until: str | None = None) -> None:
    """The sources of `few`, by month."""
    for source in by_month(find(few), until):
        place = folder / source.key
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.exists():
            shutil.copy(source.path, place)


def sets(out: Path) -> dict[str, bytes]:
    return {name: (out / name / "part-0.parquet").read_bytes() for name in ("train", "validation", "test")}


def test_months_that_come_one_by_one_give_the_sets_of_the_whole_year(few: Path, tmp_path: Path) -> None:
    raw, state = tmp_path / "raw", tmp_path / "state"
    months(few, raw, until="2013-07")
    with pytest.raises(TooFewPeriods, match=r"covers 2 periods"):
        prepare(CASE, raw, tmp_path / "early", state=state, threads=2)
    months(few, raw)
    report = prepare(CASE, raw, tmp_path / "parts", state=state, threads=2)
    assert [part.name for part in report.read["flights"].parts if part.fresh] == ["2013-11"]
    prepare(CASE, few, tmp_path / "whole", threads=2)
    assert sets(tmp_path / "parts") == sets(tmp_path / "whole")


def command(raw: Path, out: Path, state: Path) -> Sequence[str]:
    job = [sys.executable, "-m", "ml", "prepare", "--case", "ml.flights"]
    return [*job, "--raw", str(raw), "--out", str(out), "--state", str(state)]


def kills(few: Path, tmp_path: Path, times: int) -> None:
    raw, state, out = tmp_path / "raw", tmp_path / "state", tmp_path / "out"
    months(few, raw)
    began = time.monotonic()
    subprocess.run(command(raw, out, tmp_path / "other"), check=True, capture_output=True)
    whole = time.monotonic() - began
    wanted = sets(out)
    moments = random.Random(20130101)  # noqa: S311
    for _ in range(times):
        job = subprocess.Popen(command(raw, out, state), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            job.wait(moments.uniform(0.1, whole))
        except subprocess.TimeoutExpired:
            job.send_signal(signal.SIGKILL)
            job.wait()
    shutil.rmtree(out)
    subprocess.run(command(raw, out, state), check=True, capture_output=True)
    assert sets(out) == wanted
    done = subprocess.run(command(raw, out, state), check=True, capture_output=True, text=True)
    assert "known from before" in done.stdout
    # Nothing of the runs that were killed stays in the store.
    assert all(path.suffix == ".parquet" for path in (state / "parts").iterdir())


def test_a_run_that_is_killed_leaves_a_state_that_a_rerun_carries_on(few: Path, tmp_path: Path) -> None:
    kills(few, tmp_path, 2)


@pytest.mark.soak
def test_many_runs_that_are_killed_at_any_moment_leave_the_state_whole(few: Path, tmp_path: Path) -> None:
    kills(few, tmp_path, 25)


def test_every_source_of_the_flights_may_come_in_parts(sources: Path, tmp_path: Path) -> None:
    lines = (sources / "planes.csv").read_text().splitlines(keepends=True)
    (tmp_path / "planes").mkdir()
    for number in range(3):
        part = tmp_path / f"planes/{number}.csv"
        part.write_text("".join([lines[0], *lines[1 + number :: 3]]))
    engine = DuckDB()
    found = load(engine, [PLANES], str(tmp_path)).read["planes"]
    assert (found.rows, len(found.parts)) == (len(lines) - 1, 3)
