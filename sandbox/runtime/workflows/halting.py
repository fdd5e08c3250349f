"""What ends the threads of an execution: a stop, a sibling's failure, its own time."""

from __future__ import annotations

import threading
import time
from typing import Protocol

_SLICE_SECONDS = 0.2


class HaltedError(Exception):
    """The execution is to end here: it was stopped, or the sandbox is."""


class OverdueError(Exception):
    """The execution ran longer than its TimeoutSeconds: nothing in it can catch that."""


class Halting(Protocol):
    """Says that threads are to end; an Event is one."""

    def is_set(self) -> bool: ...

    def wait(self, timeout: float) -> bool: ...


class Either:
    """Halts with its surroundings, or alone."""

    def __init__(self, outer: Halting) -> None:
        self._outer = outer
        self.own = threading.Event()

    def is_set(self) -> bool:
        return self.own.is_set() or self._outer.is_set()

    def wait(self, timeout: float) -> bool:
        until = time.monotonic() + timeout
        while not self._outer.is_set() and (left := until - time.monotonic()) > 0:
            if self.own.wait(min(left, _SLICE_SECONDS)):
                return True
        return self.is_set()
