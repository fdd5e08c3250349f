"""What the parts of one run share: how it ends, what it counts, and the line to the screen."""

from __future__ import annotations

import queue
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from sandbox.engine.events import Event, Message, Operation, Severity

Signal = Literal["program ready", "program ended", "failed", "idle", "cancel", "worked"]
EventHandler = Callable[[Event], None]


class Stopped(Exception):
    """The run goes no further."""


@dataclass
class Run:
    """The shared part of one preview, up, refresh or destroy."""

    project: str
    stack: str
    preview: bool
    on_event: EventHandler
    parallel: int
    continue_on_error: bool = False
    """Whether a failed step stops only what depends on it."""
    started: float = field(default_factory=time.time)
    changes: Counter[Operation] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    signals: queue.SimpleQueue[Signal] = field(default_factory=queue.SimpleQueue)
    """What wakes the run's main thread. Its `put` is safe in a signal handler, which a condition's is not."""

    def __post_init__(self) -> None:
        self._events = threading.Lock()
        self._state = threading.Lock()
        self._working = 0
        self.failed = False
        self.fault: BaseException | None = None
        self.cancelled = False
        self.abandoned = False
        self.condemned: set[str] = set()
        """URNs that this run deletes, for `deletedWith`."""
        self.provider_calls = threading.BoundedSemaphore(self.parallel)

    def emit(self, event: Event) -> None:
        """Hands an event to the display, one at a time."""
        with self._events:
            self.on_event(event)

    def message(self, severity: Severity, text: str, urn: str = "") -> None:
        """Tells the person at the screen something."""
        self.emit(Message(severity=severity, text=text, urn=urn))

    def fail(self, text: str, urn: str = "", *, told: bool = False, stop: bool = True) -> None:
        """Ends the run with an error: nothing new begins, what is under way finishes.

        `told`: the screen knows of it already. Without `stop` the run goes on, and fails at its end.
        """
        self.errors.append(text)
        if not told:
            self.message("error", text, urn)
        if stop:
            self.failed = True
            self.signals.put("failed")

    def crash(self, error: BaseException) -> None:
        """Ends the run with a fault in the engine or a provider, which the main thread raises again."""
        self.fault = self.fault or error
        self.failed = True
        self.signals.put("failed")

    @property
    def stopping(self) -> bool:
        """Whether nothing new may begin."""
        return self.failed or self.cancelled

    def check(self) -> None:
        """Raises `Stopped` where nothing new may begin."""
        if self.stopping:
            raise Stopped

    def enter(self) -> None:
        """A step begins. Raises `Stopped`."""
        with self._state:
            self.check()
            self._working += 1

    def leave(self) -> None:
        """A step has ended."""
        with self._state:
            self._working -= 1
            idle = self._working == 0
        if idle and self.stopping:
            self.signals.put("idle")

    @property
    def idle(self) -> bool:
        """Whether no step is under way."""
        with self._state:
            return self._working == 0

    def count(self, operation: Operation) -> None:
        """Counts a finished operation."""
        with self._state:
            self.changes[operation] += 1
