"""The real sources, the sets that the first days of each month give, and the engines."""

import csv
import importlib.util
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # pytest imports by file: what tests share is not found else

from ml.flights.case import CASE
from ml.flights.sources import find
from ml.integration.preparation import prepare

if TYPE_CHECKING:
    from ml.integration.spark import Spark

SAMPLED_DAYS = 4


@pytest.fixture(scope="session")
def sources() -> Path:
    """The folder of the five real sources."""
    return find()[0].path.parent


@pytest.fixture(scope="session")
def sampled(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of sources with the flights of the first SAMPLED_DAYS days of each month."""
    folder = tmp_path_factory.mktemp("sampled")
    _sample(sources, folder, lambda month, day: day <= SAMPLED_DAYS)
    return folder


@pytest.fixture(scope="session")
def few(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of sources with the flights of some days, both changes of the clocks among them."""
    folder = tmp_path_factory.mktemp("few")
    _sample(sources, folder, lambda month, day: (month, day) in {(3, 9), (3, 10), (7, 1), (11, 2), (11, 3)})
    return folder


def _sample(sources: Path, folder: Path, chosen: Callable[[int, int], bool]) -> None:
    for name in ("weather", "planes", "airports", "airlines"):
        (folder / f"{name}.csv").symlink_to(sources / f"{name}.csv")
    with (sources / "flights.csv").open(newline="") as whole, (folder / "flights.csv").open("w") as part:
        rows = csv.reader(whole)
        writer = csv.writer(part, lineterminator="\n")
        header = next(rows)
        writer.writerow(header)
        month, day = header.index("month"), header.index("day")
        writer.writerows(row for row in rows if chosen(int(row[month]), int(row[day])))


@pytest.fixture(scope="session")
def spark() -> "Iterator[Spark]":
    """The engine Spark on two threads of this machine; starting it takes some seconds, once."""
    if importlib.util.find_spec("pyspark") is None or shutil.which("java") is None:
        pytest.skip("the engine Spark needs pyspark and Java")
    from pyspark.sql import SparkSession

    from ml.integration.spark import Spark

    # Small data: what Spark would compile costs more than what it would save.
    small = {
        "spark.master": "local[2]",
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.sql.adaptive.enabled": "false",
    }
    builder = SparkSession.builder.appName("tests")
    for key, value in small.items():
        builder = builder.config(key, value)
    running = builder.getOrCreate()
    yield Spark()
    running.stop()


@pytest.fixture(scope="session")
def prepared(sampled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the preparation makes of the sample: `train/`, `validation/`, `test/`, `examples/`, `report/`."""
    out = tmp_path_factory.mktemp("prepared")
    prepare(CASE, sampled, out, threads=2)
    return out
