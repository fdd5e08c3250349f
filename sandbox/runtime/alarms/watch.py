"""What watches the alarms: it looks when a metric arrives and every ten seconds, and sets their states."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sandbox.runtime.alarms.evaluation import Datum, Rule, can_be_judged, reason_of, state_of, values_of
from sandbox.runtime.host.emulator import Emulator
from sandbox.runtime.overlay import Caller, Cloud, ServiceError

_TICK_SECONDS = 10.0
_GATHER_SECONDS = 0.2
"""Metrics that arrive together are looked at together."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Verdict:
    alarm: str
    state: str
    reason: str
    data: str
    caller: Caller


class AlarmWatch:
    """Sets the states of metric alarms. Composite alarms, metric math and anomaly detection stay as they
    are."""

    def __init__(self, cloud: Cloud, emulator: Emulator) -> None:
        self._cloud = cloud
        self._emulator = emulator
        self._wake = threading.Event()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        self._hook()

    def start(self) -> None:
        """Begins to look."""
        self._closed.clear()
        self._thread = threading.Thread(target=self._look_often, name="alarms", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Looks no more."""
        self._closed.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def evaluate(self) -> None:
        """Sets the state of every alarm whose state has changed."""
        for verdict in self._verdicts(time.time()):
            state = {
                "AlarmName": verdict.alarm,
                "StateValue": verdict.state,
                "StateReason": verdict.reason,
                "StateReasonData": verdict.data,
            }
            try:
                self._cloud.emulate("cloudwatch", "SetAlarmState", state, verdict.caller)
            except ServiceError as gone:
                _log.info("the alarm %s went meanwhile: %s", verdict.alarm, gone)

    def _hook(self) -> None:
        from moto.cloudwatch.models import CloudWatchBackend

        put, emulator, wake = CloudWatchBackend.put_metric_data, self._emulator, self._wake.set

        def put_and_wake(backend: Any, *given: Any, **named: Any) -> None:
            put(backend, *given, **named)
            if backend.alarms:
                emulator.after(wake)

        CloudWatchBackend.put_metric_data = put_and_wake  # type: ignore[method-assign, assignment]

    def _look_often(self) -> None:
        while not self._closed.is_set():
            self._wake.wait(_TICK_SECONDS)
            self._closed.wait(_GATHER_SECONDS)
            self._wake.clear()
            if self._closed.is_set():
                return
            try:
                self.evaluate()
            except Exception:  # noqa: BLE001 - the thread must go on looking, and its log must tell
                _log.exception("the alarms could not be evaluated")

    def _verdicts(self, now: float) -> list[_Verdict]:
        from moto.cloudwatch.models import cloudwatch_backends

        found: list[_Verdict] = []
        with self._emulator.lock:
            for account, region, backend in list(cloudwatch_backends.iter_backends()):
                found += _changed(backend, Caller(account, region), now)
        return found


def _changed(backend: Any, caller: Caller, now: float) -> Iterator[_Verdict]:
    alarms = [alarm for alarm in backend.alarms.values() if _is_judged(alarm, now)]
    data = _data_of(alarms, backend.metric_data, now) if alarms else {}
    for alarm in alarms:
        rule, measured = _rule_of(alarm), data.get(alarm.name, ())
        values = values_of(measured, _statistic_of(alarm), alarm.period, rule.periods, now)
        state = state_of(rule, values, alarm.state_value)
        if state != alarm.state_value:
            reason, text = reason_of(rule, values, state), _reason_data(alarm, values, now)
            yield _Verdict(alarm.name, state, reason, text, caller)


def _is_judged(alarm: Any, now: float) -> bool:
    if alarm.rule or alarm.metric_data_queries or not alarm.metric_name or alarm.threshold is None:
        return False
    if not can_be_judged(alarm.comparison_operator, _statistic_of(alarm)):
        return False
    # A state that somebody set by hand stays for a period, so that it can be seen.
    by_hand = alarm.state_reason_data != "{}" and "queryDate" not in (alarm.state_reason_data or "")
    return not by_hand or now - _seconds(alarm.state_updated_timestamp) >= alarm.period


def _statistic_of(alarm: Any) -> str:
    return str(alarm.extended_statistic or alarm.statistic)


def _rule_of(alarm: Any) -> Rule:
    periods = int(alarm.evaluation_periods)
    return Rule(
        alarm.comparison_operator,
        float(alarm.threshold),
        periods,
        int(alarm.datapoints_to_alarm or periods),
        alarm.treat_missing_data or "missing",
    )


def _data_of(alarms: Sequence[Any], metrics: Sequence[Any], now: float) -> dict[str, list[Datum]]:
    """What was measured for each alarm in its periods, by the alarm's name, in one pass."""
    wanted: dict[tuple[str, str, frozenset[tuple[str, str]]], list[Any]] = {}
    for alarm in alarms:
        wanted.setdefault((alarm.namespace, alarm.metric_name, _dimensions(alarm)), []).append(alarm)
    names = {name for _, name, _ in wanted}
    oldest = now - max(alarm.period * alarm.evaluation_periods for alarm in alarms)
    found: dict[str, list[Datum]] = {}
    for metric in metrics:
        if metric.name not in names or (at := _seconds(metric.timestamp)) < oldest:
            continue
        for alarm in wanted.get((metric.namespace, metric.name, _dimensions(metric)), ()):
            if not alarm.unit or alarm.unit == metric.unit:
                found.setdefault(alarm.name, []).append(_datum(metric, at))
    return found


def _dimensions(owner: Any) -> frozenset[tuple[str, str]]:
    return frozenset((dimension.name, dimension.value) for dimension in owner.dimensions)


def _datum(metric: Any, at: float) -> Datum:
    if hasattr(metric, "value"):
        return Datum(at, metric.value, metric.value, metric.value, 1.0)
    return Datum(at, metric.sum, metric.min, metric.max, metric.sample_count)


def _seconds(moment: datetime) -> float:
    """The emulator's times are in UTC, and some do not say so."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _reason_data(alarm: Any, values: Sequence[float | None], now: float) -> str:
    shown = {
        "version": "1.0",
        "queryDate": datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
        "statistic": _statistic_of(alarm),
        "period": alarm.period,
        "recentDatapoints": [value for value in values if value is not None],
        "threshold": alarm.threshold,
    }
    return json.dumps(shown)
