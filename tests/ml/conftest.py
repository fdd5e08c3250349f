"""The real sources, and the sets that the first weeks of a few months give."""

import csv
from pathlib import Path

import pytest

from ml.flights.case import CASE
from ml.flights.sources import find
from ml.integration.preparation import prepare

SAMPLED_DAYS = 4


@pytest.fixture(scope="session")
def sources() -> Path:
    """The folder of the five real sources."""
    return find()[0].path.parent


@pytest.fixture(scope="session")
def sampled(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of sources with the flights of the first SAMPLED_DAYS days of each month."""
    folder = tmp_path_factory.mktemp("sampled")
    for name in ("weather", "planes", "airports", "airlines"):
        (folder / f"{name}.csv").symlink_to(sources / f"{name}.csv")
    with (sources / "flights.csv").open(newline="") as whole, (folder / "flights.csv").open("w") as part:
        rows = csv.reader(whole)
        writer = csv.writer(part, lineterminator="\n")
        header = next(rows)
        writer.writerow(header)
        day = header.index("day")
        writer.writerows(row for row in rows if int(row[day]) <= SAMPLED_DAYS)
    return folder


@pytest.fixture(scope="session")
def prepared(sampled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the preparation makes of the sample: `train/`, `validation/`, `test/`, `examples/`, `report/`."""
    out = tmp_path_factory.mktemp("prepared")
    prepare(CASE, sampled, out, threads=2)
    return out
