"""What does the log say? A line of JSON for an event, and never a value that a client sent."""

from __future__ import annotations

import json
import logging
import sys
import time
import traceback
from datetime import UTC, datetime

_MOST_A_SECOND = 20


class Log:
    """Lines on the standard output. A flood of refusals shows as a count: every line costs its reader."""

    def __init__(self) -> None:
        self._second = 0
        self._said = 0
        self._left_out = 0

    def say(self, event: str, **fields: object) -> None:
        now = time.time()
        if int(now) != self._second:
            if self._left_out:
                self._write(now, "lines left out", {"count": self._left_out})
            self._second, self._said, self._left_out = int(now), 0, 0
        if self._said >= _MOST_A_SECOND:
            self._left_out += 1
            return
        self._said += 1
        self._write(now, event, fields)

    def _write(self, now: float, event: str, fields: dict[str, object]) -> None:
        at = datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds")
        try:
            print(json.dumps({"time": at, "event": event, **fields}), flush=True)
        except OSError:
            return  # nobody reads the log any more, which is no reason to answer nobody


class FromUvicorn(logging.Handler):
    """What uvicorn has to say, as lines of ours: of an exception its type and place, not its message."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if error is None:
            self._log.say("http", level=record.levelname.lower(), told=record.getMessage())
            return
        frames = traceback.extract_tb(error.__traceback__)
        where = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[-8:]]
        self._log.say("failed", level="error", error=type(error).__name__, where=where)


def route_uvicorn(log: Log) -> None:
    """Hands uvicorn's warnings and errors to the log."""
    logger = logging.getLogger("uvicorn.error")
    logger.handlers[:] = [FromUvicorn(log)]
    logger.propagate = False
    logger.setLevel(logging.WARNING)


def fatal(told: str) -> None:
    """One line on the error stream, for whoever finds that the server did not start."""
    print(f"error: {told}", file=sys.stderr, flush=True)
