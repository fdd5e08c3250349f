"""Whether an announced change of a source is mapped, and an unannounced one named."""

import csv
import json
from pathlib import Path

import pytest

from ml.flights.case import CASE
from ml.flights.contracts import FLIGHTS
from ml.integration.engines import DuckDB
from ml.integration.loading import load
from ml.integration.preparation import prepare
from ml.integration.versions import ConversionBroken
from ml.quality.contract import (
    Added,
    BadContract,
    Column,
    Converted,
    Dropped,
    Renamed,
    Source,
    SourceVersion,
)
from ml.quality.findings import CorruptSource, UnannouncedChange

OLD = SourceVersion(
    name="in pounds",
    changes=(
        Renamed(column="tailnum", was="tail"),
        Converted(
            column="weight",
            was=Column(name="pounds", kind="integer", nullable=True, minimum=0, maximum=3000),
            by=lambda pounds: pounds / 2,
            why="a test's pound is half a kilogram",
        ),
        Added(column="seats", default=4),
        Dropped(was=Column(name="colour", kind="text")),
    ),
)
PLANE = Source(
    name="planes",
    columns=(
        Column(name="tailnum", kind="text", pattern="[A-Z0-9]{2,8}"),
        Column(name="seats", kind="integer", minimum=1, maximum=1000),
        Column(name="weight", kind="number", nullable=True, minimum=0, maximum=1000),
    ),
    key=("tailnum",),
    versions=(OLD,),
)


def rows(folder: Path, source: Source = PLANE) -> list[tuple[object, ...]]:
    engine = DuckDB()
    table = load(engine, [source], str(folder)).tables[source.name]
    assert table.columns == tuple(column.name for column in source.columns)
    return engine.rows(table.order_by(list(source.key)))


def test_an_older_version_is_read_as_the_present_one(tmp_path: Path) -> None:
    (tmp_path / "planes.csv").write_text("colour,tail,pounds\nred,N1,3\nblue,N2,NA\n")
    assert rows(tmp_path) == [("N1", 4, 1.5), ("N2", 4, None)]


def test_parts_may_be_of_different_versions(tmp_path: Path) -> None:
    (tmp_path / "planes").mkdir()
    (tmp_path / "planes/2012.csv").write_text("colour,tail,pounds\nred,N1,3\n")
    (tmp_path / "planes/2013.csv").write_text("tailnum,seats,weight\nN2,180,61.5\n")
    engine = DuckDB()
    loaded = load(engine, [PLANE], str(tmp_path))
    assert [(part.name, part.version) for part in loaded.read["planes"].parts] == [
        ("2012", "in pounds"),
        ("2013", "present"),
    ]
    assert engine.rows(loaded.tables["planes"].order_by("tailnum")) == [("N1", 4, 1.5), ("N2", 180, 61.5)]


def test_an_older_version_is_held_to_its_own_contract(tmp_path: Path) -> None:
    (tmp_path / "planes.csv").write_text("colour,tail,pounds\nred,N1,3\nred,N2,four\n")
    with pytest.raises(CorruptSource, match=r"planes\.csv:3, column pounds: 'four'; allowed: a whole number"):
        rows(tmp_path)


def test_a_conversion_that_breaks_the_present_contract_is_named(tmp_path: Path) -> None:
    (tmp_path / "planes.csv").write_text("colour,tail,pounds\nred,N1,2900\n")
    with pytest.raises(
        ConversionBroken, match=r"'in pounds', .*: 1 values of weight \(allowed: a number from 0"
    ):
        rows(tmp_path)


def test_an_unannounced_change_names_columns_nearest_version_and_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "planes.csv").write_text("colour,tail,kilograms\nred,N1,3\n")
    with pytest.raises(UnannouncedChange) as refused:
        rows(tmp_path)
    told = str(refused.value)
    assert refused.value.version == "in pounds"
    assert "known: present, in pounds; nearest: in pounds" in told
    assert "column pounds: no such column in the file" in told
    assert "column kilograms: a column that the contract does not know" in told
    assert "add SourceVersion(name=" in told


def test_text_where_integers_were_is_a_fault_and_no_version(tmp_path: Path) -> None:
    (tmp_path / "planes.csv").write_text("tailnum,seats,weight\nN2,many,61.5\n")
    with pytest.raises(CorruptSource, match=r"column seats: 'many'") as refused:
        rows(tmp_path)
    assert not isinstance(refused.value, UnannouncedChange)


def test_versions_that_a_header_cannot_tell_apart_are_refused() -> None:
    grams = Converted(
        column="weight",
        was=Column(name="weight", kind="number"),
        by=lambda grams: grams / 1000,
        why="grams",
    )
    with pytest.raises(BadContract, match=r"'present' and 'grams' have the same column names"):
        Source(
            name="planes", columns=PLANE.columns, versions=(SourceVersion(name="grams", changes=(grams,)),)
        )


def test_a_change_of_a_column_that_is_not_there_is_refused() -> None:
    wrong = SourceVersion(name="old", changes=(Renamed(column="chairs", was="seats"),))
    with pytest.raises(BadContract, match=r"changes chairs; allowed: the present columns seats"):
        Source(name="planes", columns=PLANE.columns, versions=(wrong,))


def test_the_metric_flights_give_the_features_of_the_present_ones(few: Path, tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    for name in ("weather", "planes", "airports", "airlines"):
        (raw / f"{name}.csv").symlink_to(few / f"{name}.csv")
    (version,) = FLIGHTS.versions
    header = [column.name for column in version.of(FLIGHTS).columns]
    with (few / "flights.csv").open(newline="") as now, (raw / "flights.csv").open("w") as before:
        writer = csv.DictWriter(before, header, lineterminator="\n", extrasaction="ignore")
        writer.writeheader()
        for row in csv.DictReader(now):
            metric = {
                "tail_number": row["tailnum"],
                "destination": row["dest"],
                "distance_km": f"{int(row['distance']) * 1.609344:.2f}",
                "cancelled": int(row["dep_time"] == "NA"),
            }
            writer.writerow(row | metric)
    prepare(CASE, few, tmp_path / "now", threads=2)
    prepare(CASE, raw, tmp_path / "before", threads=2)
    for name in ("train", "validation", "test"):
        part = f"{name}/part-0.parquet"
        assert (tmp_path / "now" / part).read_bytes() == (tmp_path / "before" / part).read_bytes()
    report = json.loads((tmp_path / "before/report/report.json").read_text())
    assert report["read"]["flights"]["parts"][0]["version"] == "metric"
    assert "metric" in (tmp_path / "before/report/report.html").read_text()
