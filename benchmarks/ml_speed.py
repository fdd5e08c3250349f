"""How long the preparation and the training of the real flights take, and in how much memory.

`python -m benchmarks.ml_speed` runs each job in a process of its own, as the pipeline does.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ml.flights.sources import find

ROOT = Path(__file__).resolve().parents[1]
FLIGHTS = 336_776


def timed(name: str, command: list[str], environment: dict[str, str]) -> float:
    """Runs a job and prints its seconds and the largest resident memory of any job so far."""
    began = time.perf_counter()
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - began
    if done.returncode:
        sys.exit(f"{name} failed: {done.stderr.strip()}")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"{name:<9}{seconds:6.1f} s, start of Python included; at most {peak:,.0f} MB so far")
    print("".join(f"          {line}\n" for line in done.stdout.splitlines()[-1:]), end="")
    return seconds


def main() -> None:
    sources = find()[0].path.parent
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        training = {
            "SM_CHANNEL_TRAIN": f"{folder}/train",
            "SM_CHANNEL_VALIDATION": f"{folder}/validation",
            "SM_MODEL_DIR": f"{folder}/model",
            "SM_OUTPUT_DIR": f"{folder}/output",
        }
        module = [sys.executable, "-m"]
        prepare = [*module, "ml.flights.prepare", "--raw", str(sources), "--out", scratch]
        evaluate = [*module, "ml.flights.evaluate", "--model", f"{folder}/model", "--test", f"{folder}/test"]
        seconds = timed("prepare", prepare, training)
        print(f"          {FLIGHTS / seconds:,.0f} flights a second")
        timed("train", [sys.executable, "ml/flights/train.py"], training)
        timed("evaluate", [*evaluate, "--out", f"{folder}/evaluation"], training)


if __name__ == "__main__":
    main()
