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
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="main-job-") as folder:
        clone = Path(folder) / "groundplan"
        subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
        try:
            first = seconds(["make", "up"], clone)
            again = seconds(["make", "up"], clone)
            unchanged = seconds([".venv/bin/groundplan", "up", "dev", "--yes", "--expect-no-changes"], clone)
            status = sandbox_status(clone)
            overhead = engine_overhead(clone, str(status["endpointUrl"]))
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
                "program_alone_s": overhead["program_alone_s"],
                "engine_ratio": overhead["ratio"],
                "command_ratio": round(unchanged / overhead["program_alone_s"], 2),
                "sandbox_peak_mb": round(float(status["peakMemoryMb"])),
            }
        )
    )


def seconds(command: list[str], folder: Path) -> float:
    """Wall-clock seconds of a command that must succeed; its output goes to the error stream."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE")
    }
    began = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, stdout=2, env=environment)
    return time.perf_counter() - began


def sandbox_status(clone: Path) -> dict[str, Any]:
    """Where the sandbox is, and the peak of its own memory, without the endpoint's instances and the jobs."""
    return _printed([".venv/bin/groundplan", "sandbox", "status", "--json"], clone)


def engine_overhead(clone: Path, endpoint: str) -> dict[str, float]:
    """The platform's program alone against a monitor that answers at once, and an unchanged `up` of it."""
    module = ["-m", "benchmarks.engine_overhead", str(clone), "--endpoint", endpoint]
    return _printed([".venv/bin/python", *module], clone)


def _printed(command: list[str], clone: Path) -> dict[str, Any]:
    done = subprocess.run(command, cwd=clone, check=True, stdout=subprocess.PIPE, text=True)
    printed: dict[str, Any] = json.loads(done.stdout)
    return printed


if __name__ == "__main__":
    main()
