"""What has the server done so far? Numbers that all workers share, as Prometheus reads them.

Each worker writes to slots of its own in shared memory: `GET /metrics` of any of them answers for all, and
what a worker counted outlives it.
"""

from __future__ import annotations

import mmap
import resource
import sys
from bisect import bisect_left
from collections.abc import Sequence

CODES = (200, 400, 406, 408, 411, 413, 415, 499, 500, 503)
"""Statuses that are counted; 499 is a client that went away before its answer."""
_BOUNDS = (0.00025, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_COUNTERS = {
    "rows": "Rows that were answered.",
    "native_rows": "Rows that XGBoost's own library answered.",
    "explained_rows": "Rows whose answers were explained.",
    "cache_hits": "Requests that the response cache answered.",
    "cache_misses": "Requests that the response cache did not answer.",
    "gathered_runs": "Runs of the model that gathered requests shared.",
    "worker_starts": "Starts of workers; more than there are workers means that some ended.",
}
_GAUGES = {
    "requests_in_flight": "Requests that are being read or answered.",
    "rows_waiting": "Rows that wait for others, to share a run of the model.",
    "memory_bytes": "Resident memory, all workers together, at most so far.",
}
_CODES_AT = 0
_BUCKETS_AT = _CODES_AT + len(CODES)
_SECONDS_AT = _BUCKETS_AT + len(_BOUNDS) + 1
_NAMED_AT = _SECONDS_AT + 1
_PLACES = {name: _NAMED_AT + number for number, name in enumerate((*_COUNTERS, *_GAUGES))}
_SLOTS = _NAMED_AT + len(_PLACES)
_CODE_PLACES = {code: _CODES_AT + number for number, code in enumerate(CODES)}


class Metrics:
    """Made before the workers are, so that they share it; each then calls `of_worker`."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._all = memoryview(mmap.mmap(-1, workers * _SLOTS * 8)).cast("d")
        self._own = self._all[:_SLOTS]

    def of_worker(self, number: int) -> None:
        """From now on this process counts as the worker of that number: it begins with nothing in flight."""
        self._own = self._all[number * _SLOTS : (number + 1) * _SLOTS]
        for name in _GAUGES:
            self._own[_PLACES[name]] = 0
        self.add("worker_starts")

    def add(self, name: str, amount: float = 1) -> None:
        self._own[_PLACES[name]] += amount

    def request(self, code: int, seconds: float) -> None:
        """A request that ended with a status of CODES."""
        own = self._own
        own[_CODE_PLACES[code]] += 1
        own[_BUCKETS_AT + bisect_left(_BOUNDS, seconds)] += 1
        own[_SECONDS_AT] += seconds

    def observe_memory(self) -> None:
        # Kibibytes on Linux, bytes on macOS (getrusage(2)).
        unit = 1 if sys.platform == "darwin" else 1024
        self._own[_PLACES["memory_bytes"]] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit

    def text(self, model: str) -> str:
        """Prometheus' text format 0.0.4, of all workers; `model` is the version of the model."""
        total = [sum(self._all[place::_SLOTS]) for place in range(_SLOTS)]
        lines = _head("serving_requests_total", "counter", "Requests to /invocations, by status.")
        lines += [
            f'serving_requests_total{{code="{code}"}} {total[place]:.0f}'
            for code, place in _CODE_PLACES.items()
        ]
        lines += _histogram(total[_BUCKETS_AT:_SECONDS_AT], total[_SECONDS_AT])
        for name, told in _COUNTERS.items():
            lines += _head(f"serving_{name}_total", "counter", told)
            lines.append(f"serving_{name}_total {total[_PLACES[name]]:.0f}")
        for name, told in _GAUGES.items():
            lines += _head(f"serving_{name}", "gauge", told)
            lines.append(f"serving_{name} {total[_PLACES[name]]:.0f}")
        lines += _head("serving_model_info", "gauge", "The model that answers, by its digest.")
        lines.append(f'serving_model_info{{version="{model}"}} 1')
        lines += _head("serving_workers", "gauge", "Processes that answer.")
        lines.append(f"serving_workers {self._workers}")
        return "\n".join(lines) + "\n"


def _head(name: str, kind: str, told: str) -> list[str]:
    return [f"# HELP {name} {told}", f"# TYPE {name} {kind}"]


def _histogram(counts: Sequence[float], seconds: float) -> list[str]:
    name = "serving_request_seconds"
    lines = _head(name, "histogram", "From the end of a request's headers to its answer.")
    reached = 0.0
    for bound, count in zip((*_BOUNDS, None), counts, strict=True):
        reached += count
        limit = "+Inf" if bound is None else f"{bound:g}"
        lines.append(f'{name}_bucket{{le="{limit}"}} {reached:.0f}')
    return [*lines, f"{name}_sum {seconds:.6f}", f"{name}_count {reached:.0f}"]
