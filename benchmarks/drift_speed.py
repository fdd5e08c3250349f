"""How fast drift is measured over 300,000 rows of 15 features, against evidently in the same run.

Both get the same two tables of numbers, each in a process of its own, and measure the population stability
index of every feature: ours with bins, Jensen-Shannon distance and largest gap beside it, from the raw
reference as evidently does (`ours_ms`) and from a baseline that was kept, as a daily look does (`daily_ms`).
Times are of the processor, which other work on the machine does not stretch.
Evidently does not run on the pandas of this project, so it gets an environment of its own in a temporary
folder; where it cannot be installed its figures are left out. Memory is the peak above what the process held
with its tables loaded; it is known on Linux alone.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROWS, FEATURES, REPEATS = 300_000, 15, 2
PEER = ("evidently==0.7.23", "pandas<3")
ROOT = Path(__file__).resolve().parents[1]

_EVIDENTLY = """
import json, sys, time
from pathlib import Path
import numpy as np
import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset

reference, current = (pd.DataFrame(np.load(path)) for path in sys.argv[1:3])
for table in (reference, current):
    table.columns = [f"f{number}" for number in range(table.shape[1])]
schema = DataDefinition(numerical_columns=list(reference.columns))
def peak():
    lines = Path("/proc/self/status").read_text().splitlines() if Path("/proc/self/status").exists() else []
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)
before = peak()
took = []
for _ in range(int(sys.argv[3])):
    began = time.process_time()
    sets = [Dataset.from_pandas(one, data_definition=schema) for one in (current, reference)]
    result = Report([DataDriftPreset(num_method="psi")]).run(*sets)
    found = [one["value"] for one in result.dict()["metrics"][1:]]
    took.append(time.process_time() - began)
print(json.dumps({"ms": min(took) * 1000, "mb": peak() - before, "psi": [float(v) for v in found]}))
"""


def tables(folder: Path) -> tuple[Path, Path]:
    """Reference and current rows: half of the features move a little, each of another shape."""
    random = np.random.default_rng(0)
    paths = folder / "reference.npy", folder / "current.npy"
    for moved, path in zip((0.0, 0.3), paths, strict=True):
        columns = [
            (random.normal(moved * (number % 2), 1, ROWS), random.gamma(2 + moved * (number % 2), 1, ROWS))[
                number % 3 == 0
            ]
            for number in range(FEATURES)
        ]
        np.save(path, np.column_stack(columns).astype(np.float32))
    return paths


def ours(reference_path: Path, current_path: Path) -> dict[str, object]:
    from ml.monitoring.bins import bins_of, count
    from ml.monitoring.drift import measure
    from ml.training.schema import Feature

    reference, current = np.load(reference_path), np.load(current_path)
    features = [Feature(name=f"f{number}", kind="number") for number in range(FEATURES)]
    before = _peak()
    whole, daily, found = [], [], []
    for _ in range(REPEATS):
        began = time.process_time()
        bins = bins_of(features, reference)
        counted = count(bins, reference)
        known = time.process_time()
        found = measure(bins, counted, count(bins, current))
        ended = time.process_time()
        whole.append(ended - began)
        daily.append(ended - known)
    return {
        "ms": min(whole) * 1000,
        "daily_ms": min(daily) * 1000,
        "mb": _peak() - before,
        "psi": [one.psi for one in found],
    }


def _peak() -> float:
    """Megabytes. A process's `ru_maxrss` begins with what its parent had; this does not."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)


def evidently(folder: Path, paths: tuple[Path, Path]) -> dict[str, object] | str:
    """Its figures, or why there are none."""
    python = folder / "peer" / "bin" / "python"
    uv = Path(sys.executable).parent / "uv"
    try:
        subprocess.run(
            [uv, "venv", "-q", folder / "peer", "--python", sys.executable], check=True, capture_output=True
        )
        subprocess.run(
            [uv, "pip", "install", "-q", "--python", python, *PEER],
            check=True,
            capture_output=True,
            timeout=600,
        )
    except (OSError, subprocess.SubprocessError) as error:
        return f"evidently could not be installed: {type(error).__name__}"
    command = [str(python), "-c", _EVIDENTLY, *map(str, paths), str(REPEATS)]
    run = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return dict(json.loads(run.stdout.splitlines()[-1]))


def main() -> None:
    if sys.argv[1:2] == ["ours"]:
        print(json.dumps(ours(Path(sys.argv[2]), Path(sys.argv[3]))))
        return
    with tempfile.TemporaryDirectory() as scratch:
        paths = tables(Path(scratch))
        command = [sys.executable, "-m", "benchmarks.drift_speed", "ours", *map(str, paths)]
        told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout
        mine = json.loads(told)
        peer = evidently(Path(scratch), paths)
    figures = {
        "benchmark": "drift_speed",
        "ours_ms": round(mine["ms"], 1),
        "daily_ms": round(mine["daily_ms"], 1),
        "ours_mb": round(mine["mb"], 1),
    }
    if isinstance(peer, str):
        print(json.dumps(figures | {"evidently": peer}))
        return
    psis = np.array([mine["psi"], peer["psi"]])
    print(
        json.dumps(
            figures
            | {
                "evidently_ms": round(float(str(peer["ms"]))),
                "evidently_mb": round(float(str(peer["mb"]))),
                "ratio": round(float(str(peer["ms"])) / mine["ms"], 1),
                "largest_difference_of_psi": round(float(np.abs(psis[0] - psis[1]).max()), 3),
            }
        )
    )


if __name__ == "__main__":
    main()
