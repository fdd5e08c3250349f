"""The job `Prepare`: `python3 -m ml.flights.prepare --raw DIR --out DIR`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ml import container, dependencies


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m ml.flights.prepare", description="Prepare the flights.")
    parser.add_argument("--raw", type=Path, required=True, help="folder with the five source files")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    arguments = parser.parse_args(argv)
    return container.run("processing", lambda: _work(arguments.raw, arguments.out))


def _work(raw: Path, out: Path) -> None:
    dependencies.ensure(dependencies.PREPARING)
    # Only now, because the line above may have installed what this imports.
    from ml.flights.preparation import prepare

    prepare(raw, out, say=lambda line: print(line, flush=True))


if __name__ == "__main__":
    sys.exit(main())
