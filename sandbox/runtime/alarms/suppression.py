"""What holds the actions of a composite alarm back while its suppressor speaks, and lets go of them after."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from sandbox.runtime.alarms.composite import Suppression, suppression
from sandbox.runtime.alarms.measured import seconds
from sandbox.runtime.delivery.hooks import Put
from sandbox.runtime.host.emulator import Emulator
from sandbox.runtime.overlay import Caller, Documents

ACTION = "alarm-action"
"""The kind of a delivery that carries out an alarm's action: `{"target", "notice"}`."""
_KIND = "held-alarm-actions"
_LOOK_SECONDS = 1.0


class HeldActions:
    """Actions that wait, on disk: one change of state for each composite alarm, its latest."""

    def __init__(self, documents: Documents, emulator: Emulator, put: Put) -> None:
        self._documents = documents
        self._emulator = emulator
        self._put = put

    def hold(self, notice: Mapping[str, Any], targets: list[str], caller: Caller) -> None:
        """Takes the actions of a change of state; an earlier change of the same alarm is forgotten."""
        kept = {
            "notice": dict(notice),
            "targets": targets,
            "account": caller.account_id,
            "region": caller.region,
            "at": time.time(),
        }
        self._documents.put(_KIND, notice["AlarmArn"], kept)

    def seconds_to_wait(self, now: float) -> float:
        """How long until it is worth a look: not long while anything is held."""
        del now
        return _LOOK_SECONDS if self._documents.all(_KIND) else float("inf")

    def look(self, now: float) -> None:
        """Lets go of what nothing suppresses any more."""
        for kept in self._documents.all(_KIND):
            caller = Caller(kept["account"], kept["region"])
            verdict = self._verdict(kept, caller, now)
            if verdict is None or not verdict.held:
                self._documents.delete(_KIND, kept["notice"]["AlarmArn"])
            if verdict is not None and not verdict.held:
                for target in kept["targets"]:
                    self._put(ACTION, {"target": target, "notice": kept["notice"]}, caller)

    def _verdict(self, kept: Mapping[str, Any], caller: Caller, now: float) -> Suppression | None:
        """None where the alarm is gone, or in another state by now."""
        from moto.cloudwatch.models import cloudwatch_backends

        notice = kept["notice"]
        with self._emulator.lock:
            alarms: Mapping[str, Any] = cloudwatch_backends[caller.account_id][caller.region].alarms
            alarm = alarms.get(notice["AlarmName"])
            if alarm is None or alarm.state_value != notice["NewStateValue"]:
                return None
            verdict = suppression(
                kept["at"],
                alarm.state_value,
                float(getattr(alarm, "actions_suppressor_wait_period", None) or 0),
                float(getattr(alarm, "actions_suppressor_extension_period", None) or 0),
                _states(alarms.get(str(alarm.actions_suppressor or "").rpartition(":alarm:")[2])),
                now,
            )
            alarm.actions_suppressed_by = verdict.by or None
        return verdict


def _states(suppressor: Any) -> list[tuple[str, float]]:
    """Its states and when each began, latest first."""
    if suppressor is None:
        return []
    found = [(suppressor.state_value, seconds(suppressor.state_updated_timestamp))]
    for _, _, _, state, since in reversed(suppressor.history):
        found.append((state, seconds(since)))
    return found
