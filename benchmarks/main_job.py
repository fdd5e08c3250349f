"""How long does the main job take from a fresh clone, and again, and how much memory does the sandbox use?

`python -m benchmarks.main_job` clones the committed tree into a temporary folder, runs `make up` there twice,
then an `up` that changes nothing, destroys the stack, and prints one line of JSON (seconds, MB).
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="main-job-") as folder:
        clone = Path(folder) / "groundplan"
        subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
        try:
            first = seconds(["make", "up"], clone)
            again = seconds(["make", "up"], clone)
            unchanged = seconds([".venv/bin/groundplan", "up", "dev", "--yes", "--expect-no-changes"], clone)
            memory = sandbox_megabytes(clone)
            destroy = seconds([".venv/bin/groundplan", "destroy", "dev", "--yes"], clone)
        finally:
            subprocess.run([".venv/bin/groundplan", "sandbox", "stop"], cwd=clone, check=False)
    print(
        json.dumps(
            {
                "benchmark": "main_job",
                "first_make_up_s": round(first, 1),
                "later_make_up_s": round(again, 1),
                "unchanged_up_s": round(unchanged, 2),
                "destroy_s": round(destroy, 1),
                "sandbox_peak_mb": round(memory),
            }
        )
    )


def seconds(command: list[str], folder: Path) -> float:
    """Wall-clock seconds of a command that must succeed; its output goes to the error stream."""
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    began = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, stdout=2, env=environment)
    return time.perf_counter() - began


def sandbox_megabytes(clone: Path) -> float:
    """Peak resident memory of the sandbox's own process, without the endpoint's instances and the jobs."""
    status = subprocess.run(
        [".venv/bin/groundplan", "sandbox", "status", "--json"],
        cwd=clone,
        check=True,
        capture_output=True,
        text=True,
    )
    return float(json.loads(status.stdout)["peakMemoryMb"])


if __name__ == "__main__":
    main()
