"""Who waits for which task token, and what was said to it? On disk, so that a callback outlives a restart."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Mapping
from typing import Any

from sandbox.runtime.overlay import Documents, ServiceError

_KIND = "states-token"


class Tokens:
    """Every task token. `closing` says that the sandbox stops: what waits then goes on at the next start."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._lock = threading.Lock()
        self.closing = False

    def of(self, execution: str, path: str) -> str:
        """The token of one attempt at a task: the same when it is asked for again."""
        with self._lock:
            for kept in self._documents.all(_KIND):
                if (kept["execution"], kept["path"]) == (execution, path):
                    return str(kept["token"])
            token = secrets.token_urlsafe(96)
            kept = {
                "token": token,
                "execution": execution,
                "path": path,
                "sign": time.time(),
                "outcome": None,
            }
            self._documents.put(_KIND, token, kept)
        return token

    def outcome(self, token: str) -> Mapping[str, Any] | None:
        """`{"output"}` or `{"error", "cause"}`, once it was said."""
        kept = self._documents.get(_KIND, token)
        return kept["outcome"] if kept else None

    def last_sign(self, token: str) -> float:
        """When it last gave a sign of life, in seconds since 1970."""
        kept = self._documents.get(_KIND, token)
        return float(kept["sign"]) if kept else 0.0

    def sign(self, token: str) -> None:
        """Takes a heartbeat. Raises ServiceError for a token that nobody waits for."""
        self._change(token, {"sign": time.time()})

    def say(self, token: str, outcome: Mapping[str, Any]) -> None:
        """Takes what a task came to. Raises ServiceError for a token that nobody waits for."""
        self._change(token, {"outcome": dict(outcome)})

    def expire(self, token: str) -> None:
        """Nobody waits for it any more."""
        self._change(token, {"outcome": {"error": "expired", "cause": ""}})

    def forget(self, execution: str) -> None:
        """Drops the tokens of an execution that has ended."""
        with self._lock:
            for kept in self._documents.all(_KIND):
                if kept["execution"] == execution:
                    self._documents.delete(_KIND, kept["token"])

    def _change(self, token: str, members: Mapping[str, Any]) -> None:
        with self._lock:
            kept = self._documents.get(_KIND, token)
            if kept is None:
                raise ServiceError("InvalidToken", "Invalid Token: 'Invalid token'")
            if kept["outcome"] is not None:
                raise ServiceError("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
            self._documents.put(_KIND, token, {**kept, **members})
