"""How does a job's process run and end? One process group, watched, its output read line by line."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

_GUARD = Path(__file__).with_name("guard.py")
_LAST_LINES = 20
_LINE_LIMIT = 200_000
"""Bytes of a line that are kept; CloudWatch Logs refuses an event beyond 256 KiB."""


class Ending(Enum):
    """Why a process ended."""

    EXITED = "exited"
    STOPPED = "stopped"
    TIMED_OUT = "timed out"
    INTERRUPTED = "interrupted"
    LOST = "lost"
    """With the instance under it: nothing was told before, and nothing can be fetched after."""
    ABANDONED = "abandoned"


@dataclass(frozen=True)
class Command:
    """What to run, where and with which environment (whole, nothing is inherited)."""

    arguments: Sequence[str]
    environment: Mapping[str, str]
    folder: Path


@dataclass(frozen=True)
class Outcome:
    """How a process ended: why, its exit code, and its last lines of output."""

    ending: Ending
    exit_code: int
    last_lines: tuple[str, ...]


class Orders:
    """What others want of a running process. Safe to give from any thread."""

    def __init__(self) -> None:
        self._given = threading.Event()
        self._ending: Ending | None = None

    def give(self, ending: Ending) -> None:
        """The first order stands, but abandoning outranks every other."""
        if self._ending is None or ending is Ending.ABANDONED:
            self._ending = ending
        self._given.set()

    @property
    def ending(self) -> Ending | None:
        return self._ending

    def wait(self, seconds: float) -> None:
        self._given.wait(seconds)


@dataclass(frozen=True)
class Limits:
    """Seconds that a process may run, and seconds between SIGTERM and SIGKILL."""

    run: float
    grace: float = 120.0


def run(
    command: Command,
    *,
    orders: Orders,
    limits: Limits,
    on_line: Callable[[str], None],
    on_tick: Callable[[], Ending | None],
) -> Outcome:
    """Runs the command to its end. `on_tick` is asked about every 0.2 s whether to end it, and why."""
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", str(_GUARD), *command.arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=command.folder,
        env=dict(command.environment),
        start_new_session=True,
    )
    last: deque[str] = deque(maxlen=_LAST_LINES)
    reader = threading.Thread(target=_read, args=(process, last, on_line), daemon=True)
    reader.start()
    ending = _watch(process, orders, limits, on_tick)
    reader.join(timeout=5)
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    return Outcome(ending, process.returncode, tuple(last))


def _watch(
    process: subprocess.Popen[bytes],
    orders: Orders,
    limits: Limits,
    on_tick: Callable[[], Ending | None],
) -> Ending:
    deadline = time.monotonic() + limits.run
    ending: Ending | None = None
    kill_at = 0.0
    while True:
        try:
            process.wait(0.05 if orders.ending else 0.2)
        except subprocess.TimeoutExpired:
            pass
        else:
            return ending or Ending.EXITED
        if orders.ending is Ending.ABANDONED:
            _order(process, b"K")
            ending = Ending.ABANDONED
        elif ending is None:
            ending = orders.ending or on_tick()
            if ending is None and time.monotonic() >= deadline:
                ending = Ending.TIMED_OUT
            if ending is not None:
                _order(process, b"K" if ending is Ending.LOST else b"T")
                kill_at = time.monotonic() + limits.grace
        elif time.monotonic() >= kill_at:
            _order(process, b"K")


def _order(process: subprocess.Popen[bytes], order: bytes) -> None:
    assert process.stdin is not None  # noqa: S101
    try:
        process.stdin.write(order)
        process.stdin.flush()
    except BrokenPipeError:
        return


def _read(process: subprocess.Popen[bytes], last: deque[str], on_line: Callable[[str], None]) -> None:
    assert process.stdout is not None  # noqa: S101
    for raw in process.stdout:
        line = raw[:_LINE_LIMIT].decode("utf-8", "replace").rstrip("\r\n")
        last.append(line)
        on_line(line)
