"""What watches the alarms: it looks when a metric arrives or a state changes, and every ten seconds."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sandbox.runtime.alarms import emulation, gauges
from sandbox.runtime.alarms.evaluation import Rule, reason_of, state_of
from sandbox.runtime.alarms.mathematics import MathError
from sandbox.runtime.alarms.measured import (
    can_be_measured,
    data_of,
    measured,
    period_of,
    seconds,
    statistic_of,
)
from sandbox.runtime.alarms.suppression import HeldActions
from sandbox.runtime.host.emulator import Emulator
from sandbox.runtime.overlay import Caller, Cloud, ServiceError

_TICK_SECONDS = 10.0
_GATHER_SECONDS = 0.2
"""Metrics that arrive together are looked at together."""
_LEVELS = 10
"""How deep composite alarms may stand on each other before the rest waits for the next look."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Verdict:
    alarm: str
    state: str
    reason: str
    data: str
    caller: Caller


class AlarmWatch:
    """Sets the states of metric and composite alarms. Those on anomaly detection stay as they are."""

    def __init__(self, cloud: Cloud, emulator: Emulator, held: HeldActions) -> None:
        self._cloud = cloud
        self._emulator = emulator
        self._held = held
        self._wake = threading.Event()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        self._hook()
        emulation.install(emulator, self._wake.set)

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
        """Sets the state of every alarm whose state has changed, and lets go of actions that were held."""
        self._set(self._verdicts(time.time(), composite=False))
        for _ in range(_LEVELS):
            if not self._set(self._verdicts(time.time(), composite=True)):
                break
        self._held.look(time.time())

    def _set(self, verdicts: Sequence[_Verdict]) -> bool:
        for verdict in verdicts:
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
        return bool(verdicts)

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
            self._wake.wait(min(_TICK_SECONDS, self._held.seconds_to_wait(time.time())))
            self._closed.wait(_GATHER_SECONDS)
            self._wake.clear()
            if self._closed.is_set():
                return
            try:
                self.evaluate()
            except Exception:  # noqa: BLE001 - the thread must go on looking, and its log must tell
                _log.exception("the alarms could not be evaluated")

    def _verdicts(self, now: float, *, composite: bool) -> list[_Verdict]:
        from moto.cloudwatch.models import cloudwatch_backends

        found: list[_Verdict] = []
        with self._emulator.lock:
            for account, region, backend in list(cloudwatch_backends.iter_backends()):
                caller = Caller(account, region)
                found += _composed(backend, caller) if composite else _changed(backend, caller, now)
        return found


def _changed(backend: Any, caller: Caller, now: float) -> Iterator[_Verdict]:
    alarms = [alarm for alarm in backend.alarms.values() if _is_judged(alarm, now)]
    data = data_of(alarms, backend.metric_data, now) if alarms else {}
    gauges.add(data, alarms, caller, now)
    for alarm in alarms:
        rule = _rule_of(alarm)
        try:
            values = measured(alarm, data, now)
        except MathError as wrong:
            _log.warning("the alarm %s cannot be evaluated: %s", alarm.name, wrong)
            continue
        state = state_of(rule, values, alarm.state_value)
        if state != alarm.state_value:
            reason, text = reason_of(rule, values, state), _reason_data(alarm, values, now)
            yield _Verdict(alarm.name, state, reason, text, caller)


def _composed(backend: Any, caller: Caller) -> Iterator[_Verdict]:
    states = {alarm.name: alarm.state_value for alarm in backend.alarms.values()}
    for alarm in backend.alarms.values():
        if alarm.rule is None:
            continue
        rule = emulation.rule_of(alarm)
        children = [backend.alarms[name] for name in rule.alarms if name in backend.alarms]
        latest = max((child.state_updated_timestamp for child in children), default=None)
        # A state that somebody set by hand stays until one of its alarms comes to another.
        by_hand = alarm.state_reason_data != "{}" and "triggeringAlarms" not in (
            alarm.state_reason_data or ""
        )
        if by_hand and (latest is None or latest <= alarm.state_updated_timestamp):
            continue
        state = rule.state(states)
        if state == alarm.state_value:
            continue
        shown = [
            {"arn": child.alarm_arn, "state": {"value": child.state_value, "timestamp": _written(child)}}
            for child in children
        ]
        last = max(children, key=lambda child: child.state_updated_timestamp, default=None)
        cause = f"{last.alarm_arn} transitioned to {last.state_value}" if last else "its rule names no alarm"
        reason = f"{cause}: the rule {alarm.rule} is {'true' if state == 'ALARM' else 'false'}"
        text = json.dumps({"triggeringAlarms": shown})
        yield _Verdict(alarm.name, state, reason[:1023], text, caller)


def _is_judged(alarm: Any, now: float) -> bool:
    if not can_be_measured(alarm):
        return False
    # A state that somebody set by hand stays for a period, so that it can be seen.
    by_hand = alarm.state_reason_data != "{}" and "queryDate" not in (alarm.state_reason_data or "")
    return not by_hand or now - seconds(alarm.state_updated_timestamp) >= period_of(alarm)


def _rule_of(alarm: Any) -> Rule:
    periods = int(alarm.evaluation_periods)
    return Rule(
        alarm.comparison_operator,
        float(alarm.threshold),
        periods,
        int(alarm.datapoints_to_alarm or periods),
        alarm.treat_missing_data or "missing",
    )


def _written(alarm: Any) -> str:
    return str(alarm.state_updated_timestamp.strftime("%Y-%m-%dT%H:%M:%S.000+0000"))


def _reason_data(alarm: Any, values: Sequence[float | None], now: float) -> str:
    shown = {
        "version": "1.0",
        "queryDate": datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
        "statistic": statistic_of(alarm),
        "period": period_of(alarm),
        "recentDatapoints": [value for value in values if value is not None],
        "threshold": alarm.threshold,
    }
    return json.dumps(shown)
