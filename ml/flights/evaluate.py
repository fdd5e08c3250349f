"""The job `Evaluate`: `python3 -m ml.flights.evaluate --model DIR --test DIR --out DIR`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ml import container, dependencies


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m ml.flights.evaluate", description="Evaluate a model.")
    parser.add_argument(
        "--model", type=Path, required=True, help="model.tar.gz, or a folder with it or its content"
    )
    parser.add_argument("--test", type=Path, required=True, help="folder with the test set")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    arguments = parser.parse_args(argv)
    return container.run("processing", lambda: _work(arguments.model, arguments.test, arguments.out))


def _work(model: Path, test: Path, out: Path) -> None:
    dependencies.ensure(dependencies.LEARNING)
    # Only now, because the line above may have installed what these import.
    from ml.evaluation import job
    from ml.flights.schema import LABEL

    job.run(
        model=model,
        test=test,
        out=out,
        label=LABEL,
        segments={"month": "month", "airport": "origin", "airline": "carrier"},
        title="Will a flight from New York arrive an hour late?",
        about="Asked two hours before the scheduled departure. The months of the test set, which neither "
        "training nor early stopping has seen; cancelled and diverted flights have no arrival to be late.",
    )


if __name__ == "__main__":
    sys.exit(main())
