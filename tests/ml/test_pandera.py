"""Whether our reading and pandera judge the same good and bad data alike."""

import random
from dataclasses import replace
from pathlib import Path

import pytest

from ml.flights.contracts import SOURCES
from ml.integration.engines import DuckDB
from ml.quality.contract import Column, Source
from ml.quality.findings import CorruptSource
from ml.quality.reading import read

pytest.importorskip("pandera", reason="pandera is a tool of development")
import pandas as pd
import pandera.pandas as pa

from ml.quality.pandera_schema import as_pandera, frame_of

MIXED = Source(
    name="mixed",
    columns=(
        Column(name="plane", kind="text", pattern="[A-Z0-9]{2,8}"),
        Column(name="note", kind="text", nullable=True),
        Column(name="seats", kind="integer", minimum=1, maximum=1000),
        Column(name="speed", kind="integer", nullable=True, minimum=-5),
        Column(name="weight", kind="number", nullable=True, minimum=0, maximum=99.5),
        Column(name="at", kind="moment"),
    ),
    key=("plane", "at"),
)
GOOD = {
    "plane": ["N1", "N2ABC", "N1"],
    "note": ["new", "NA", "old, or so"],
    "seats": ["4", "180", "1000"],
    "speed": ["NA", "-5", "90"],
    "weight": ["0", "99.5", "NA"],
    "at": ["2013-01-01T05:00:00Z", "2013-01-01T05:00:00Z", "2013-01-02T00:00:00Z"],
}
VALUES = ["NA", "N1", "n-1", "N1234567890", "0", "1", "4.5", "-1", "1001", "1e3", "inf", "many", "99.6"]
VALUES += ["2013-01-01T05:00:00Z", "2013-13-01T05:00:00Z", "2013-01-01"]

ENGINE = DuckDB(threads=1)


def by_us(source: Source, folder: Path) -> bool:
    try:
        read(ENGINE, source, folder)
    except CorruptSource:
        return False
    ENGINE.drop(source.name)
    return True


def by_pandera(source: Source, folder: Path) -> bool:
    path = folder / f"{source.name}.csv"
    texts = pd.read_csv(path, dtype="string", na_values=["NA"], keep_default_na=False)
    try:
        as_pandera(source).validate(frame_of(source, texts), lazy=True)
    except (pa.errors.SchemaErrors, ValueError):
        return False
    return True


def written(folder: Path, frame: dict[str, list[str]]) -> None:
    pd.DataFrame(frame).to_csv(folder / "mixed.csv", index=False, lineterminator="\n")


def test_both_judge_random_changes_of_a_good_frame_alike(tmp_path: Path) -> None:
    draw = random.Random(5)  # noqa: S311
    written(tmp_path, GOOD)
    assert by_us(MIXED, tmp_path)
    assert by_pandera(MIXED, tmp_path)
    judged = []
    for _ in range(60):
        frame = {name: list(values) for name, values in GOOD.items()}
        for _ in range(draw.choice((1, 1, 2))):
            frame[draw.choice(list(frame))][draw.randrange(3)] = draw.choice(VALUES)
        written(tmp_path, frame)
        ours, theirs = by_us(MIXED, tmp_path), by_pandera(MIXED, tmp_path)
        assert ours == theirs, frame
        judged.append(ours)
    assert {True, False} <= set(judged)
    assert min(judged.count(True), judged.count(False)) > 5


def test_both_accept_the_real_sources(sources: Path) -> None:
    for source in SOURCES[1:]:
        assert by_us(replace(source, versions=()), sources)
        assert by_pandera(source, sources)


def test_a_column_more_or_less_is_refused(tmp_path: Path) -> None:
    frame = frame_of(MIXED, pd.DataFrame(GOOD).replace("NA", None))
    as_pandera(MIXED).validate(frame)
    for wrong in (frame.drop(columns="note"), frame.assign(colour="red")):
        with pytest.raises((pa.errors.SchemaError, pa.errors.SchemaErrors)):
            as_pandera(MIXED).validate(wrong)
