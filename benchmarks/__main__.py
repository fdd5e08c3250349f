"""What `make bench` runs: each benchmark in a process of its own, then a table of figures and targets.

`python -m benchmarks [NAME ...]` runs the named ones. Nothing here fails on a slow machine: figures are for
reading, and a ratio is worth more than a time.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping

TARGETS: Mapping[str, Mapping[str, str]] = {
    "ml_speed": {"prepare_work_s": "within 3", "prepare_mb": "within 1000", "train_s": "within 15"},
    "drift_speed": {"ratio": "at least 10"},
    "experiments": {"judging_cpu_s": "within 1"},
    "consumer_speed": {"events_per_s": "at least 5000"},
    "engine_overhead": {"ratio": "at most 1.3"},
    "engine_speed": {
        "create_ratio": "at most 1.3",
        "unchanged_ratio": "at most 1.2",
        "growth": "about 1",
        "engine_mb": "under 300",
        "cli_create_ratio": "at most 0.8",
        "cli_unchanged_ratio": "at most 0.8",
    },
    "platform_preview": {
        "preview_without_state_ratio": "at most 1.3",
        "preview_with_state_ratio": "at most 1.3",
        "import_s": "under 1.5",
    },
    "serving_speed": {
        "ratio": "at least 8",
        "ours_one_row_p99_ms": "under 1",
        "ours_cold_start_s": "under 0.5",
        "ours_rss_mb": "under 120",
    },
    "endpoint_latency": {"boto3_p50_ms": "under 2"},
    "main_job": {
        "first_make_up_s": "within 120",
        "later_make_up_s": "within 30",
        "engine_ratio": "at most 1.3",
        "command_ratio": "at most 1.3",
        "sandbox_peak_mb": "under 600",
    },
}
"""By benchmark, the figures that have a target; every other figure is shown without one."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="which benchmarks; all of them if none")
    names = parser.parse_args().names or list(TARGETS)
    rows = []
    for name in names:
        print(f"… {name}", file=sys.stderr, flush=True)
        rows += [(name, figure, value, TARGETS[name].get(figure, "")) for figure, value in figures(name)]
    width = max(len(f"{name}.{figure}") for name, figure, _, _ in rows)
    print(f"{'figure':<{width}}  {'value':>12}  target")
    for name, figure, value, target in rows:
        print(f"{f'{name}.{figure}':<{width}}  {value:>12}  {target}".rstrip())


def figures(name: str) -> list[tuple[str, str]]:
    """The figures of one benchmark: the members of the JSON lines that it prints."""
    run = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}"], check=True, stdout=subprocess.PIPE, text=True
    )
    found = []
    for line in run.stdout.splitlines():
        if line.startswith("{"):
            found += [(key, str(value)) for key, value in json.loads(line).items() if key != "benchmark"]
    return found


if __name__ == "__main__":
    main()
