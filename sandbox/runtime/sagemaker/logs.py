"""How do lines of output reach CloudWatch Logs? In batches, about twice a second, while the process runs."""

from __future__ import annotations

import logging
import threading

from sandbox.runtime.overlay import Caller, Cloud, ServiceError

_INTERVAL_SECONDS = 0.5
_log = logging.getLogger(__name__)


class LogStream:
    """One stream of a log group. `write` never waits for the cloud; `close` sends what is left."""

    def __init__(self, cloud: Cloud, group: str, stream: str, caller: Caller) -> None:
        self._cloud = cloud
        self._group = group
        self._stream = stream
        self._caller = caller
        self._lines: list[str] = []
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._send_often, name=f"logs {stream}", daemon=True)
        self._thread.start()

    def write(self, line: str) -> None:
        with self._lock:
            self._lines.append(line or " ")

    def close(self) -> None:
        self._closed.set()
        self._thread.join()

    def _send_often(self) -> None:
        while not self._closed.wait(_INTERVAL_SECONDS):
            self._send()
        self._send()

    def _send(self) -> None:
        with self._lock:
            lines, self._lines = self._lines, []
        if not lines:
            return
        try:
            self._cloud.log(self._group, self._stream, lines, self._caller)
        except ServiceError as error:
            _log.warning("%d lines of %s %s are lost: %s", len(lines), self._group, self._stream, error)
