"""How a part of the runtime answers API operations in the emulator's stead.

The host classifies each request by its signing name and operation. An overlay that lists the operation
answers it; every other request goes to the emulator.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

Params = dict[str, Any]
"""An operation's parameters or answer, with the member names of the service model, as boto3 has them.

Timestamps are `datetime` (aware, UTC); blobs are `bytes`."""


class ServiceError(Exception):
    """An error as the service would answer it: its code, message and HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


@dataclass(frozen=True)
class Caller:
    """Who calls, and where."""

    account_id: str
    region: str
    access_key: str = ""


@dataclass(frozen=True)
class Remaining:
    """One resource that exists, for the count after a destroy."""

    service: str
    kind: str
    id: str
    account: str


@dataclass(frozen=True)
class Metric:
    """What was seen of one metric since it was last put: a statistic set, as CloudWatch takes it.

    With `count` values seen, an average is `total / count`: for a metric that is 1 for each error and 0 for
    each success, the share of errors.
    """

    name: str
    unit: str
    dimensions: Mapping[str, str]
    count: int
    total: float
    least: float
    most: float

    @classmethod
    def once(cls, name: str, value: float, unit: str, dimensions: Mapping[str, str]) -> Metric:
        """A single value."""
        return cls(name, unit, dimensions, 1, value, value, value)


DocumentChange = tuple[str, str, Mapping[str, Any] | None]
"""Kind and key of a document, and what it is from now on; none where it is forgotten."""


class Documents(Protocol):
    """JSON documents that outlive the process: whatever writes returns once it is on disk."""

    def put(self, kind: str, key: str, document: Mapping[str, Any]) -> None: ...

    def get(self, kind: str, key: str) -> dict[str, Any] | None: ...

    def delete(self, kind: str, key: str) -> None: ...

    def write(self, changes: Sequence[DocumentChange]) -> None:
        """All of them or none; writers that come at the same time share one sync."""

    def all(self, kind: str) -> list[dict[str, Any]]:
        """In the order in which they were first put."""


class Cloud(Protocol):
    """What the host gives to an overlay."""

    root: Path
    """The sandbox's own folder; an overlay keeps its files in a subfolder named after itself."""
    endpoint_url: str
    documents: Documents

    def client(self, service: str, caller: Caller) -> Any:
        """A boto3 client of this cloud, for that account and region."""

    def environment(self, caller: Caller) -> dict[str, str]:
        """Environment variables that lead any AWS client in a child process to this cloud."""

    def emulate(self, service: str, operation: str, params: Params, caller: Caller) -> Params:
        """Asks the emulator itself, past the overlays. Raises ServiceError as it answers."""

    def log(self, group: str, stream: str, lines: Sequence[str], caller: Caller) -> None:
        """Writes lines to CloudWatch Logs, making the group and the stream where they are missing."""

    def emit(
        self,
        source: str,
        detail_type: str,
        detail: Mapping[str, Any],
        caller: Caller,
        resources: Sequence[str] = (),
    ) -> None:
        """Puts an event on the default EventBridge bus; costs next to nothing where no rule matches it."""

    def measure(self, namespace: str, metrics: Sequence[Metric], caller: Caller) -> None:
        """Puts CloudWatch metrics, all in one request."""

    def fault(self, name: str, *targets: str) -> bool:
        """Takes a requested fault (`groundplan sandbox fault NAME TARGET`), for a thing that goes by any of
        these names: True once for each request."""


class Overlay(Protocol):
    """A part of the runtime. One object a service; made by the host with its `Cloud`."""

    service: str
    """The signing name, such as `sagemaker`."""
    operations: frozenset[str]

    def call(self, operation: str, params: Params, caller: Caller) -> Params:
        """Answers one operation, or raises ServiceError. Called from several threads."""

    def remaining(self) -> Sequence[Remaining]:
        """What exists of this part's own making."""

    def start(self) -> None:
        """Takes up after the host is listening: restarts endpoints, settles jobs that a kill cut off."""

    def stop(self) -> None:
        """Ends the processes that it started. Documents stay."""


Operation = Callable[[Params, Caller], Params]
"""Answers one operation, or raises ServiceError."""


class TableOverlay:
    """An `Overlay` that has a function for each operation, and leaves nothing of its own behind.

    What such a part keeps are records of what was, such as runs, or goes with what the emulator keeps. The
    part itself says of which service it is, and what its start and its stop do.
    """

    def __init__(self, operations: Mapping[str, Operation]) -> None:
        self._operations = operations
        self.operations = frozenset(operations)

    def call(self, operation: str, params: Params, caller: Caller) -> Params:
        """Answers one operation. Raises ServiceError."""
        return self._operations[operation](params, caller)

    def remaining(self) -> Sequence[Remaining]:
        """Nothing."""
        return []


AsgiHandler = Callable[[Any, Any, Any], Awaitable[None]]


class HttpOverlay(Overlay, Protocol):
    """A part that also answers raw HTTP on the event loop, for paths where each microsecond counts."""

    path_prefix: str
    """Such as `/endpoints/`."""
    asgi: AsgiHandler
