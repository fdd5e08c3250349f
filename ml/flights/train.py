"""The job `Train`, in the framework image's script mode: `python3 ml/flights/train.py --name value …`."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

# Run as a script, Python looks for modules in this file's folder; the package lies two folders up.
_ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path[0] = str(_ROOT)

# Threads that wait should sleep: spinning ones cost seven times the time on a machine that others use too.
# OpenMP reads this when XGBoost loads it.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

from ml import container, dependencies  # noqa: E402

INTERRUPTED = 143
"""The exit status of a process that SIGTERM ended."""


def main(argv: Sequence[str] | None = None) -> int:
    return container.run("training", lambda: _work(argv))


def _work(argv: Sequence[str] | None) -> None:
    dependencies.ensure(dependencies.LEARNING)
    # Only now, because the line above may have installed what these import.
    from ml.flights.schema import FEATURES, LABEL
    from ml.training import job
    from ml.training.boosting import Interrupted

    try:
        job.run(FEATURES, LABEL, argv)
    except Interrupted as reason:
        print(reason, flush=True)
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    sys.exit(main())
