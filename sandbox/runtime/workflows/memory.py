"""What does an execution remember, so that a restart of the sandbox does not begin it anew?

Every visit of a state has a path: `/3:Train`, or `/4:Each/try0/1/0:Load` within the second item of a map.
What a visit has come to is kept under its path; an execution that goes on passes over what is kept, and does
again only what was under way.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sandbox.runtime.overlay import Documents

_MEMORY, _HISTORY = "states-memory", "states-history"


class Memory:
    """The memory and the history of one execution; each change is on disk when the call returns."""

    def __init__(self, documents: Documents, arn: str) -> None:
        self._documents = documents
        self._arn = arn
        self._lock = threading.Lock()
        self._kept = {one["path"]: one["value"] for one in documents.all(f"{_MEMORY}:{arn}")}
        self._seen = {one["key"]: one["event"]["id"] for one in documents.all(f"{_HISTORY}:{arn}")}

    def recall(self, path: str) -> Any:
        """What is kept under a path, or None."""
        with self._lock:
            return self._kept.get(path)

    def keep(self, path: str, value: Mapping[str, Any]) -> Any:
        """Keeps a value, and returns it."""
        with self._lock:
            self._kept[path] = value
            self._documents.put(f"{_MEMORY}:{self._arn}", path, {"path": path, "value": value})
        return value

    def tell(self, path: str, kind: str, details: str = "", **members: Any) -> None:
        """Adds an event to the history, unless the same one of the same visit is there. `details` names the
        member of the service's HistoryEvent that holds the members."""
        key = f"{path}#{kind}"
        with self._lock:
            if key in self._seen:
                return
            identity = len(self._seen) + 1
            event: dict[str, Any] = {
                "id": identity,
                "previousEventId": identity - 1,
                "type": kind,
                "timestamp": datetime.now(UTC).timestamp(),
            }
            if details:
                event[details] = {name: value for name, value in members.items() if value is not None}
            self._seen[key] = identity
            self._documents.put(f"{_HISTORY}:{self._arn}", key, {"key": key, "event": event})

    def forget(self) -> None:
        """Forgets the paths of an execution that has ended; its history stays."""
        with self._lock:
            for path in self._kept:
                self._documents.delete(f"{_MEMORY}:{self._arn}", path)
            self._kept.clear()


def history(documents: Documents, arn: str) -> list[dict[str, Any]]:
    """The events of an execution, oldest first."""
    return [one["event"] for one in documents.all(f"{_HISTORY}:{arn}")]
