"""What fires rules and schedules: by the clock, and by hand."""

from __future__ import annotations

import json
import logging
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from sandbox.runtime.delivery.hooks import EVENT_TARGET, Put
from sandbox.runtime.delivery.targets import SCHEDULED
from sandbox.runtime.host.administration import Administration, body_of
from sandbox.runtime.host.emulator import Emulator
from sandbox.runtime.host.http import HttpRequest
from sandbox.runtime.overlay import Cloud, ServiceError
from sandbox.runtime.schedules.clock import first_time, has_come
from sandbox.runtime.schedules.expressions import ExpressionError
from sandbox.runtime.schedules.known import Timed, timed

_KIND = "schedule-clock"
_TICK_SECONDS = 1.0
_log = logging.getLogger(__name__)


class Timers:
    """Looks once a second what is due. When each is due next is on disk: a restart makes up for it."""

    def __init__(
        self, cloud: Cloud, emulator: Emulator, put: Put, refuse: Callable[[str, str], None]
    ) -> None:
        self._cloud = cloud
        self._emulator = emulator
        self._put = put
        self._refuse = refuse
        self._due: dict[str, tuple[str, float | None]] = {}
        """By ARN: the signature, and the next time."""
        self._closed = threading.Event()
        self._looking = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begins to look."""
        self._due = {one["arn"]: (one["signature"], one["next"]) for one in self._cloud.documents.all(_KIND)}
        self._closed.clear()
        self._thread = threading.Thread(target=self._look_often, name="timers", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Looks no more."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join()

    def add_routes(self, administration: Administration) -> None:
        """`POST /_sandbox/fire {"name"}` fires by hand, `GET /_sandbox/schedules` lists."""
        administration.add("POST", "fire", self._fire_by_hand)
        administration.add("GET", "schedules", self._list)

    def look(self, now: float) -> None:
        """Fires what is due, and notes when each is due next."""
        with self._looking:
            known = timed(self._emulator)
            for one in known:
                self._look_at(one, now)
            for gone in self._due.keys() - {one.arn for one in known}:
                del self._due[gone]
                self._cloud.documents.delete(_KIND, gone)

    def _look_often(self) -> None:
        while not self._closed.wait(_TICK_SECONDS):
            try:
                self.look(time.time())
            except Exception:  # noqa: BLE001 - the thread must go on looking, and its log must tell
                _log.exception("the schedules could not be looked at")

    def _look_at(self, one: Timed, now: float) -> None:
        signature, due = self._due.get(one.arn, ("", None))
        if signature != one.signature:
            try:
                due = first_time(one, now)
            except ExpressionError as wrong:
                self._refuse(one.arn, str(wrong))
                due = None
            self._note(one, due)
        if due is None or (come := has_come(one, due, now)) is None:
            return
        if come.at is None:
            self._refuse(one.arn, f"nobody was there at {_written(due)}, and it is too late now")
        else:
            self._fire(one, come.at)
        # After the deliveries: a kill in between fires it twice, as the services may, rather than never.
        self._note(one, come.following)
        if come.following is None and one.delete_after:
            self._delete(one)

    def _note(self, one: Timed, due: float | None) -> None:
        self._due[one.arn] = (one.signature, due)
        self._cloud.documents.put(_KIND, one.arn, {"arn": one.arn, "signature": one.signature, "next": due})

    def _delete(self, one: Timed) -> None:
        try:
            named = {"Name": one.name, "GroupName": one.group}
            self._cloud.emulate("scheduler", "DeleteSchedule", named, one.caller)
        except ServiceError as gone:
            _log.info("%s went meanwhile: %s", one.arn, gone)

    def _fire(self, one: Timed, at: float) -> None:
        begun = time.time()
        for target in one.targets:
            content: dict[str, Any] = {"target": target["Arn"], "settings": dict(target), "begun": begun}
            if one.is_rule:
                content |= {"rule": one.arn, "event": _event(one, at, "aws.events", {})}
                self._put(EVENT_TARGET, content, one.caller)
            else:
                content |= {"schedule": one.arn, "input": _input(one, target, at)}
                self._put(SCHEDULED, content, one.caller)

    def _fire_by_hand(self, request: HttpRequest, _: str) -> Any:
        name = body_of(request).get("name")
        known = timed(self._emulator)
        found = [one for one in known if name in {one.name, one.arn}]
        if not found:
            there = ", ".join(sorted(one.name for one in known)) or "none"
            message = f"No enabled rule or schedule {name!r} fires by the clock; those that do: {there}."
            raise ServiceError("ResourceNotFoundException", message, 404)
        for one in found:
            self._fire(one, time.time())
        fired = [{"arn": one.arn, "targets": [target["Arn"] for target in one.targets]} for one in found]
        return {"fired": fired}

    def _list(self, _: HttpRequest, __: str) -> Any:
        listed = []
        for one in timed(self._emulator):
            due = self._due.get(one.arn, ("", None))[1]
            listed.append(
                {
                    "name": one.name,
                    "arn": one.arn,
                    "expression": one.expression,
                    "timezone": one.timezone,
                    "next": None if due is None else _written(due),
                    "targets": [target["Arn"] for target in one.targets],
                }
            )
        return {"schedules": listed}


def _event(one: Timed, at: float, source: str, detail: Any) -> dict[str, Any]:
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": source,
        "account": one.caller.account_id,
        "time": _written(at),
        "region": one.caller.region,
        "resources": [one.arn],
        "detail": detail,
    }


def _input(one: Timed, target: Mapping[str, Any], at: float) -> str:
    """The target's input with the scheduler's context attributes filled in; without one, its default event.

    Source: https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html"""
    text = target.get("Input")
    if not text:
        return json.dumps(_event(one, at, "aws.scheduler", "{}"))
    for name, value in (
        ("schedule-arn", one.arn),
        ("scheduled-time", _written(at)),
        ("execution-id", str(uuid.uuid4())),
    ):
        text = text.replace(f"<aws.scheduler.{name}>", value)
    return str(text)


def _written(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
