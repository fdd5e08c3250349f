"""How long the preparation, the training and the evaluation of the real flights take, and in how much memory.

`python -m benchmarks.ml_speed` runs each job in a process of its own, as the pipeline does, and prints one
line of JSON. A job's seconds include the start of Python; `prepare_work_s` is what the job itself measured.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from ml.flights.sources import find

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Cost:
    """What a process took: wall-clock and processor seconds, and its peak resident memory in megabytes."""

    seconds: float
    cpu_seconds: float
    megabytes: float


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
        case = ["--case", "ml.flights"]
        prepare = run(["-m", "ml", "prepare", *case, "--raw", str(sources), "--out", scratch], training)
        train = run(["-m", "ml", "train", *case], training)
        judged = ["--model", f"{folder}/model", "--test", f"{folder}/test", "--out", f"{folder}/evaluation"]
        evaluate = run(["-m", "ml", "evaluate", *case, *judged], training)
        report = json.loads((folder / "report" / "report.json").read_text())
        evaluation = json.loads((folder / "evaluation" / "evaluation.json").read_text())
    metrics = evaluation["binary_classification_metrics"]
    figures = {
        "benchmark": "ml_speed",
        "flights": report["sources"]["flights"],
        "prepare_work_s": report["seconds"],
        "prepare_s": round(prepare.seconds, 1),
        "prepare_cpu_s": round(prepare.cpu_seconds, 1),
        "prepare_mb": round(prepare.megabytes),
        "train_s": round(train.seconds, 1),
        "train_cpu_s": round(train.cpu_seconds, 1),
        "train_mb": round(train.megabytes),
        "evaluate_s": round(evaluate.seconds, 1),
        "evaluate_cpu_s": round(evaluate.cpu_seconds, 1),
        "evaluate_mb": round(evaluate.megabytes),
        "pr_auc": round(metrics["pr_auc"]["value"], 4),
        "auc": round(metrics["auc"]["value"], 4),
    }
    print(json.dumps(figures))


def run(arguments: list[str], environment: dict[str, str]) -> Cost:
    """Runs Python to its end and gives what it cost; what it says goes to the error stream."""
    began = time.perf_counter()
    process = os.posix_spawn(
        sys.executable,
        [sys.executable, *arguments],
        os.environ | environment | {"PYTHONPATH": str(ROOT)},
        file_actions=[(os.POSIX_SPAWN_DUP2, 2, 1)],
    )
    # The process's own figures: those of all children together could not tell one job from the next.
    _, status, usage = os.wait4(process, 0)
    seconds = time.perf_counter() - began
    if status:
        sys.exit(f"{' '.join(arguments)} failed; what it said stands above")
    kilobytes = usage.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    return Cost(seconds, usage.ru_utime + usage.ru_stime, kilobytes / 1024)


if __name__ == "__main__":
    main()
