"""The faults that a person or a drill has asked for, each to be met once."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass

ON_OPERATIONS = frozenset({"throttle", "error500", "latency"})
"""Faults that the front itself plays, on a target `service:Operation`; every other name is an overlay's."""


@dataclass(frozen=True)
class Fault:
    """A fault asked for, and how many times it is still to be met."""

    name: str
    target: str
    left: int


class Faults:
    """Requested faults. They are for one run of the sandbox: a restart forgets them."""

    def __init__(self) -> None:
        self._wanted: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()

    def ask(self, name: str, target: str, times: int = 1) -> None:
        """Asks for a fault to be met `times` times."""
        with self._lock:
            self._wanted[(name, target)] += times

    def take(self, name: str, target: str) -> bool:
        """True once for each time that was asked for; `*` as the requested target meets every target."""
        if not self._wanted:
            return False
        with self._lock:
            for key in ((name, target), (name, "*")):
                if self._wanted[key] > 0:
                    self._wanted[key] -= 1
                    self._wanted += Counter()
                    return True
            self._wanted += Counter()
        return False

    @property
    def armed(self) -> bool:
        """Whether any fault waits."""
        return bool(self._wanted)

    def waiting(self) -> list[Fault]:
        """Every fault that waits."""
        with self._lock:
            return [Fault(name, target, left) for (name, target), left in self._wanted.items()]

    def clear(self) -> None:
        """Forgets every fault."""
        with self._lock:
            self._wanted.clear()
