"""How busy are an endpoint's instances? Their processes' CPU time, as the service's instance metric.

Source: "Monitor Amazon SageMaker AI with Amazon CloudWatch", instance metrics of endpoints. The service puts
one a minute; here it is one in five, for each is a record that the next start reads again.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.runtime.overlay import Caller, Cloud, Metric, ServiceError

_NAMESPACE = "/aws/sagemaker/Endpoints"
_EVERY_SECONDS = 300.0
_log = logging.getLogger(__name__)


class Utilization:
    """`CPUUtilization` of each variant that stands on instances, in percent of one core."""

    def __init__(self, cloud: Cloud, endpoint: str, caller: Caller) -> None:
        self._cloud = cloud
        self._endpoint = endpoint
        self._caller = caller
        self._before: dict[int, float] = {}
        self._next = 0.0
        self._last = time.monotonic()

    def look(self, pids: Mapping[str, Iterable[int]]) -> None:
        """Puts the metrics where it is time; `pids` are the processes of each variant."""
        now = time.monotonic()
        if now < self._next:
            return
        elapsed, self._last, self._next = now - self._last, now, now + _EVERY_SECONDS
        before, self._before = self._before, {}
        metrics = []
        for variant, processes in pids.items():
            shares = []
            for pid in processes:
                spent = cpu_seconds(pid)
                if spent is not None:
                    self._before[pid] = spent
                    shares.append(100.0 * max(0.0, spent - before.get(pid, 0.0)) / max(elapsed, 1.0))
            if shares:
                mean = sum(shares) / len(shares)
                dimensions = {"EndpointName": self._endpoint, "VariantName": variant}
                metrics.append(Metric.once("CPUUtilization", mean, "Percent", dimensions))
        if not metrics:
            return
        try:
            self._cloud.measure(_NAMESPACE, metrics, self._caller)
        except (ServiceError, ClientError, BotoCoreError) as error:
            _log.warning("the utilization of %s is lost: %s", self._endpoint, error)


def cpu_seconds(pid: int) -> float | None:
    """CPU time that a process has used; None where it has ended, or the system does not tell."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    # The name, in brackets, may hold spaces: fields are counted after it (proc(5): utime 14, stime 15).
    fields = text.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
