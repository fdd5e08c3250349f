"""The steps of a longer job: what each is for, what it did, and how long it took."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ops.screen import Screen, duration


@dataclass
class Step:
    """One step under way. `result` is what it did, in a few words; a step that changed nothing says so."""

    screen: Screen
    name: str
    result: str = ""
    idle: bool = False
    """Whether there was nothing to do."""

    def note(self, text: str) -> None:
        """A line below the step's heading."""
        self.screen.line(f"      {text}")

    def done(self, result: str, *, idle: bool = False) -> None:
        """Says what the step did."""
        self.result, self.idle = result, idle


@dataclass
class Progress:
    """The steps of one job, shown as they go and kept for `--json`."""

    screen: Screen
    total: int = 0
    clock: Callable[[], float] = time.monotonic
    finished: list[dict[str, Any]] = field(default_factory=list)

    @contextmanager
    def step(self, name: str, what: str) -> Iterator[Step]:
        """A step: its heading, then its notes, then its result with its duration."""
        number = len(self.finished) + 1
        of = f"[{number}/{self.total}] " if self.total else ""
        paint = self.screen.paint
        self.screen.line(f"{paint(of, 'dim')}{paint(name, 'bold')}: {what}")
        began = self.clock()
        step = Step(self.screen, name)
        yield step
        seconds = self.clock() - began
        mark = paint("=" if step.idle else "✓", "dim" if step.idle else "green")
        self.screen.line(f"    {mark} {step.result or 'done'} {paint(f'({duration(seconds)})', 'dim')}")
        self.finished.append(
            {"step": name, "result": step.result, "idle": step.idle, "seconds": round(seconds, 3)}
        )
