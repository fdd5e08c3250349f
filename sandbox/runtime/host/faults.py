"""The faults that a person or a drill can ask for, and those asked for, each to be met once."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass

ON_OPERATIONS = frozenset({"throttle", "error500", "latency"})
"""Faults that the front itself plays; every other one is an overlay's."""


@dataclass(frozen=True)
class FaultKind:
    """A fault that can be asked for: what it strikes, and what happens then."""

    name: str
    target: str
    effect: str


_OPERATION = "service:Operation, such as sagemaker:CreateEndpoint, or *"
KINDS = (
    FaultKind("throttle", _OPERATION, "ThrottlingException"),
    FaultKind("error500", _OPERATION, "an internal failure, with status 500"),
    FaultKind("latency", _OPERATION, "two seconds more"),
    FaultKind(
        "spot-interruption",
        "a training job on spot instances, or *",
        "the job gets SIGTERM, and goes on from its checkpoint on another instance",
    ),
    FaultKind(
        "instance-killed",
        "an endpoint, endpoint/variant, an instance (i-...), a job, or *",
        "the process is killed with SIGKILL; an endpoint's is replaced, and no request is lost",
    ),
    FaultKind(
        "zone-lost",
        "an availability zone such as us-east-1a, or *",
        "what runs there is killed, and for thirty seconds nothing is placed there",
    ),
)
"""Every fault, in the order in which they are listed."""


class UnknownFaultError(Exception):
    """No fault of that name can be asked for."""

    def __init__(self, name: str) -> None:
        known = ", ".join(kind.name for kind in KINDS)
        super().__init__(f"There is no fault {name!r}. The faults are: {known}.")


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
        """Asks for a fault to be met `times` times. Raises UnknownFaultError."""
        if all(kind.name != name for kind in KINDS):
            raise UnknownFaultError(name)
        with self._lock:
            self._wanted[(name, target)] += times

    def take(self, name: str, *targets: str) -> bool:
        """True once for each time that was asked for, for a thing that goes by any of these names; `*` as
        the requested target meets every target."""
        if not self._wanted:
            return False
        with self._lock:
            for target in (*targets, "*"):
                if self._wanted[(name, target)] > 0:
                    self._wanted[(name, target)] -= 1
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
