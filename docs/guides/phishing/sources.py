"""Where the source comes from: `python -m ml.phishing.sources` prints a JSON object a file.

The websites come in an order but without a date; their number says when each was seen.
"""

import argparse
import csv
import gzip
import hashlib
import importlib.util
import json
import sys
from pathlib import Path

_CACHE = Path(__file__).resolve().parents[2] / ".groundplan" / "sources" / "phishing"


def find(folder: Path | None = None) -> Path:
    """The folder with `sites.csv`: the one given, or one made of the package's file."""
    if folder is not None:
        return folder
    spec = importlib.util.find_spec("river")
    if spec is None or not spec.submodule_search_locations:
        sys.exit("The package river is not installed; `make up` installs it, or use --from DIR.")
    packed = Path(spec.submodule_search_locations[0]) / "datasets" / "phishing.csv.gz"
    _CACHE.mkdir(parents=True, exist_ok=True)
    scratch = _CACHE / "sites.csv.partial"
    with gzip.open(packed, "rt", newline="") as source, scratch.open("w", newline="") as target:
        rows, writer = csv.reader(source), csv.writer(target, lineterminator="\n")
        writer.writerow(["number", *next(rows)])
        writer.writerows([number, *row] for number, row in enumerate(rows))
    scratch.replace(_CACHE / "sites.csv")
    return _CACHE


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m ml.phishing.sources")
    parser.add_argument("--from", dest="folder", type=Path, help="a folder of your own with sites.csv")
    path = find(parser.parse_args().folder) / "sites.csv"
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    print(json.dumps({"name": "sites", "path": str(path), "sha256": digest}))


if __name__ == "__main__":
    main()
