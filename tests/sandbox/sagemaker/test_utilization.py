"""How busy an endpoint's instances are: measured from their processes, seldom, and only where some stand."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sandbox.runtime.overlay import Caller
from sandbox.runtime.sagemaker.utilization import Utilization, cpu_seconds

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the system has no /proc")


class _Recorder:
    """A cloud as far as metrics are put to one."""

    def __init__(self) -> None:
        self.put: list[tuple[str, list[Any]]] = []

    def measure(self, namespace: str, metrics: list[Any], caller: Caller) -> None:
        self.put.append((namespace, metrics))


def test_a_process_that_computes_uses_time_and_one_that_has_ended_tells_none() -> None:
    before = cpu_seconds(os.getpid())
    sum(number * number for number in range(2_000_000))
    after = cpu_seconds(os.getpid())
    assert before is not None
    assert after is not None
    assert after > before
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert cpu_seconds(ended.pid) is None


def test_each_variant_that_stands_is_measured_once_in_a_while() -> None:
    cloud = _Recorder()
    utilization = Utilization(cloud, "flights", Caller("123456789012", "us-east-1"))  # type: ignore[arg-type]
    utilization.look({"champion": [os.getpid()], "parked": []})
    utilization.look({"champion": [os.getpid()]})
    ((namespace, metrics),) = cloud.put
    assert namespace == "/aws/sagemaker/Endpoints"
    (metric,) = metrics
    assert metric.name == "CPUUtilization"
    assert dict(metric.dimensions) == {"EndpointName": "flights", "VariantName": "champion"}
