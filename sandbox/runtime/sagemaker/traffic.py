"""How is an endpoint doing? CloudWatch metrics of its invocations, summed off the path of the request."""

from __future__ import annotations

import logging
import math
import threading
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.runtime.overlay import Caller, Cloud, Metric, ServiceError

if TYPE_CHECKING:
    from sandbox.runtime.sagemaker.router import Route

_INTERVAL_SECONDS = 10.0
_NAMESPACE = "AWS/SageMaker"
_log = logging.getLogger(__name__)


class _Tally:
    """The statistics of one metric: a value for each invocation, as the service has them."""

    __slots__ = ("count", "least", "most", "total")

    def __init__(self) -> None:
        self.count = 0
        self.total = 0.0
        self.least = math.inf
        self.most = -math.inf

    def add(self, value: float) -> None:
        self.count += 1
        self.total += value
        self.least = min(self.least, value)
        self.most = max(self.most, value)


_UNITS = {
    "Invocations": "None",
    "Invocation4XXErrors": "None",
    "Invocation5XXErrors": "None",
    "InvocationModelErrors": "None",
    "ModelLatency": "Microseconds",
    "OverheadLatency": "Microseconds",
}


class Traffic:
    """Counts invocations by endpoint and variant, and puts them to CloudWatch about every ten seconds.

    Errors are 1 or 0 for each invocation, so that their average is the share of errors, as on AWS. Latencies
    are in microseconds.
    """

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._tallies: dict[tuple[Caller, str, str], list[_Tally]] = {}
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._closed.clear()
        self._thread = threading.Thread(target=self._put_often, name="endpoint metrics", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._closed.set()
        if self._thread is not None:
            self._thread.join()

    def count(
        self, route: Route, variant: str, status: int, model_seconds: float, whole_seconds: float
    ) -> None:
        overhead_seconds = max(0.0, whole_seconds - model_seconds)
        values = (
            1.0,
            float(400 <= status < 500),
            float(status >= 500),
            float(status >= 400),
            model_seconds * 1e6,
            overhead_seconds * 1e6,
        )
        with self._lock:
            tallies = self._tallies.get((route.caller, route.name, variant))
            if tallies is None:
                tallies = self._tallies[route.caller, route.name, variant] = [_Tally() for _ in _UNITS]
            for tally, value in zip(tallies, values, strict=True):
                tally.add(value)

    def flush(self) -> None:
        with self._lock:
            taken, self._tallies = self._tallies, {}
        for (caller, endpoint, variant), tallies in taken.items():
            dimensions = {"EndpointName": endpoint, "VariantName": variant}
            metrics = [
                Metric(name, unit, dimensions, tally.count, tally.total, tally.least, tally.most)
                for (name, unit), tally in zip(_UNITS.items(), tallies, strict=True)
            ]
            try:
                self._cloud.measure(_NAMESPACE, metrics, caller)
            except (ServiceError, ClientError, BotoCoreError) as error:
                _log.warning("ten seconds of metrics of %s are lost: %s", endpoint, error)

    def _put_often(self) -> None:
        while not self._closed.wait(_INTERVAL_SECONDS):
            self.flush()
        self.flush()
