"""Who may change a stack: lock files as Pulumi's file backend writes them, and the processes behind them."""

from __future__ import annotations

import getpass
import json
import os
import socket
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from sandbox.engine.errors import StackLocked


@dataclass(frozen=True)
class Holder:
    """Who holds a lock."""

    pid: int
    username: str
    hostname: str
    timestamp: str
    process_start: str = ""
    """What tells two processes of the same number apart, where the system says it."""

    def __str__(self) -> str:
        return f"{self.username}@{self.hostname} (process {self.pid})"

    @property
    def is_dead(self) -> bool:
        """Whether the process ran on this machine and does so no more."""
        if self.hostname != socket.gethostname() or self.pid <= 0:
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        return bool(self.process_start) and self.process_start != _process_start(self.pid)


class StackLock:
    """The lock of one stack, as a context manager; `taken_over` names dead processes that held it."""

    def __init__(self, folder: Path, stack: str) -> None:
        self._folder = folder
        self._stack = stack
        self._path = folder / f"{uuid.uuid4()}.json"
        self.taken_over: list[Holder] = []

    def __enter__(self) -> StackLock:
        """Takes the lock. Raises `StackLocked`."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._refuse_others()
        start = _process_start(os.getpid())
        content: dict[str, Any] = {
            "pid": os.getpid(),
            "username": getpass.getuser(),
            "hostname": socket.gethostname(),
            "timestamp": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        }
        if start:
            content["processStart"] = start
        spare = self._folder / f".{self._path.name}.new"
        spare.write_text(json.dumps(content))
        spare.replace(self._path)
        try:
            # Two that looked at the same time both see the other here, and both give way.
            self._refuse_others()
        except StackLocked:
            self._path.unlink(missing_ok=True)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._path.unlink(missing_ok=True)

    def break_all(self) -> list[Holder]:
        """Deletes every lock of the stack and says who held them."""
        holders = []
        for path in self._others():
            holders.append(_read(path))
            path.unlink(missing_ok=True)
        return holders

    def _refuse_others(self) -> None:
        for path in self._others():
            holder = _read(path)
            if not holder.is_dead:
                raise StackLocked(self._stack, str(holder), holder.timestamp, path)
            path.unlink(missing_ok=True)
            self.taken_over.append(holder)

    def _others(self) -> list[Path]:
        return sorted(path for path in self._folder.glob("[!.]*.json") if path != self._path)


def _read(path: Path) -> Holder:
    try:
        plain = json.loads(path.read_text())
        return Holder(
            pid=int(plain["pid"]),
            username=str(plain.get("username", "?")),
            hostname=str(plain.get("hostname", "?")),
            timestamp=str(plain.get("timestamp", "?")),
            process_start=str(plain.get("processStart", "")),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return Holder(pid=0, username="?", hostname="?", timestamp="?")


def _process_start(pid: int) -> str:
    """The process's start in clock ticks since the boot, from Linux's `/proc`; "" elsewhere."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
