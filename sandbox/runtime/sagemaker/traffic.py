"""How is an endpoint doing? CloudWatch metrics of its invocations, summed off the path of the request."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.runtime.overlay import Caller, Cloud, ServiceError

if TYPE_CHECKING:
    from sandbox.runtime.sagemaker.router import Route

_INTERVAL_SECONDS = 10.0
_NAMESPACE = "AWS/SageMaker"
_log = logging.getLogger(__name__)


@dataclass
class _Sums:
    invocations: int = 0
    client_errors: int = 0
    server_errors: int = 0
    model_seconds: float = 0.0
    overhead_seconds: float = 0.0


class Traffic:
    """Counts invocations by endpoint and variant, and puts them to CloudWatch about every ten seconds.

    Counts are sums over the interval; latencies its mean, in microseconds as the service has them.
    """

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._sums: dict[tuple[Caller, str, str], _Sums] = {}
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
        with self._lock:
            sums = self._sums.setdefault((route.caller, route.name, variant), _Sums())
            sums.invocations += 1
            sums.client_errors += 400 <= status < 500
            sums.server_errors += status >= 500
            sums.model_seconds += model_seconds
            sums.overhead_seconds += max(0.0, whole_seconds - model_seconds)

    def flush(self) -> None:
        with self._lock:
            taken, self._sums = self._sums, {}
        for (caller, endpoint, variant), sums in taken.items():
            dimensions = {"EndpointName": endpoint, "VariantName": variant}
            mean = 1e6 / sums.invocations
            values = (
                ("Invocations", float(sums.invocations), "None"),
                ("Invocation4XXErrors", float(sums.client_errors), "None"),
                ("Invocation5XXErrors", float(sums.server_errors), "None"),
                ("InvocationModelErrors", float(sums.client_errors + sums.server_errors), "None"),
                ("ModelLatency", sums.model_seconds * mean, "Microseconds"),
                ("OverheadLatency", sums.overhead_seconds * mean, "Microseconds"),
            )
            for name, value, unit in values:
                try:
                    self._cloud.measure(_NAMESPACE, name, value, unit, dimensions, caller)
                except (ServiceError, ClientError, BotoCoreError) as error:
                    _log.warning("%s of %s is lost: %s", name, endpoint, error)

    def _put_often(self) -> None:
        while not self._closed.wait(_INTERVAL_SECONDS):
            self.flush()
        self.flush()
