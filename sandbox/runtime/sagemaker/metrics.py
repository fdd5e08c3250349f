"""Which numbers does a job's log tell? Metric definitions, their last values, and CloudWatch."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Mapping, Sequence

from sandbox.runtime.overlay import Cloud, Metric, Params, ServiceError
from sandbox.runtime.sagemaker.records import Record, now

_log = logging.getLogger(__name__)


class JobMetrics:
    """Finds a training job's metrics in its log by the regular expressions of its definitions."""

    def __init__(self, cloud: Cloud, record: Record, definitions: Sequence[Mapping[str, str]]) -> None:
        self._cloud = cloud
        self._record = record
        self._patterns = [(entry["Name"], re.compile(entry["Regex"])) for entry in definitions]
        self._last: dict[str, Params] = {}
        self._every: dict[str, list[float]] = {}
        self._lock = threading.Lock()

    def read(self, line: str) -> None:
        for name, pattern in self._patterns:
            found = pattern.search(line)
            if found is None or not found.groups():
                continue
            try:
                value = float(found.group(1))
            except ValueError:
                continue
            with self._lock:
                self._every.setdefault(name, []).append(value)
                self._last[name] = {"MetricName": name, "Value": value, "Timestamp": now()}

    def progress(self) -> dict[str, list[float]]:
        """Every value of each metric so far, oldest first."""
        with self._lock:
            return {name: list(values) for name, values in self._every.items()}

    def final(self) -> list[Params]:
        """The last value of each metric, put to CloudWatch too."""
        with self._lock:
            values = list(self._last.values())
        of_job = {"TrainingJobName": self._record.name}
        metrics = [Metric.once(value["MetricName"], value["Value"], "None", of_job) for value in values]
        if metrics:
            try:
                self._cloud.measure("/aws/sagemaker/TrainingJobs", metrics, self._record.caller)
            except ServiceError as error:
                _log.warning("the metrics of %s are lost: %s", self._record.arn, error)
        return values
