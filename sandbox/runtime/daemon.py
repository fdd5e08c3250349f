"""How the sandbox's daemon is started, found and stopped."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from sandbox.runtime.client import SandboxClient, SandboxRefusedError, SandboxUnreachableError
from sandbox.runtime.host import clients

ADDRESS_FILE = "daemon.json"
LOG_FILE = "daemon.log"
LOCK_FILE = "daemon.lock"
PORT_IN_USE_STATUS = 98
"""What the daemon's process exits with when the port that was asked for is taken."""
_FRUGAL = {
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": "262144",
    "MALLOC_TRIM_THRESHOLD_": "262144",
    "MOTO_S3_DEFAULT_KEY_BUFFER_SIZE": "262144",
}
"""Keeps the daemon small: large bodies go back to the system at once, and objects wait in files (glibc's
mallopt)."""
_AS_ON_AWS = {"MOTO_ACM_VALIDATION_WAIT": "0", "MOTO_IAM_LOAD_MANAGED_POLICIES": "true"}
"""A certificate is issued when it is looked at, for nobody learns from waiting a minute for the emulator; and
the policies that AWS manages are there to be attached."""
_START_SECONDS = 300.0
"""A long journal takes its time: some 500 changes a second are done again."""
_STOP_SECONDS = 15.0


class SandboxError(Exception):
    """The sandbox cannot be started or stopped."""


class PortInUseError(SandboxError):
    """The port that was asked for belongs to another program."""

    def __init__(self, port: int) -> None:
        super().__init__(
            f"Port {port} of 127.0.0.1 is in use by another program. Name another port, "
            "or none, and the sandbox chooses a free one."
        )
        self.port = port


class StartFailedError(SandboxError):
    """The daemon ended, or did not answer in time."""

    def __init__(self, reason: str, log: Path) -> None:
        tail = log.read_text(errors="replace").splitlines()[-15:] if log.exists() else []
        super().__init__("\n".join([f"The sandbox did not start: {reason}. Its log, {log}, ends:", *tail]))


class RunsElsewhereError(SandboxError):
    """The daemon runs already, on another port than the one asked for."""

    def __init__(self, running: str, port: int) -> None:
        super().__init__(
            f"The sandbox runs at {running}, not on port {port}. Stop it first: groundplan sandbox stop"
        )


class OutdatedError(SandboxError):
    """The daemon that runs was started from other sources than those that are here now."""

    def __init__(self, running: str) -> None:
        super().__init__(
            f"The sandbox at {running} was started before its sources changed, and answers as they were. "
            "Stop it: groundplan sandbox stop (everything stays for the next start)"
        )


@dataclass(frozen=True)
class SandboxAddress:
    """Where a sandbox runs. `instance` differs from run to run; `sources` tells of which code it runs."""

    endpoint_url: str
    account_id: str
    region: str
    pid: int
    root: Path
    instance: str
    sources: str = ""

    def write(self, root: Path) -> None:
        """Leaves the address in the sandbox's root, for `find`."""
        text = json.dumps({**asdict(self), "root": str(self.root)})
        fresh = root / f"{ADDRESS_FILE}.{os.getpid()}"
        fresh.write_text(text)
        fresh.replace(root / ADDRESS_FILE)


def start(
    root: Path, *, port: int | None = None, account_id: str = "123456789012", region: str = "us-east-1"
) -> SandboxAddress:
    """Starts the daemon of this root in a session of its own, unless it runs; returns once it is ready.

    The port is chosen the first time and kept, so that addresses stay. Raises PortInUseError when `port` is
    taken, RunsElsewhereError when the daemon runs on another port, OutdatedError when it runs older code,
    StartFailedError when it does not come up.
    """
    root = root.resolve()
    running = find(root)
    if running is not None:
        if running.sources != sources():
            raise OutdatedError(running.endpoint_url)
        if port is not None and not running.endpoint_url.endswith(f":{port}"):
            raise RunsElsewhereError(running.endpoint_url, port)
        return running
    root.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "sandbox.runtime.host.main", "--root", str(root)]
    command += ["--account-id", account_id, "--region", region]
    if port is not None:
        command += ["--port", str(port)]
    log = root / LOG_FILE
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=Path(__file__).parents[2],
            env=os.environ | _FRUGAL | _AS_ON_AWS,
            start_new_session=True,
        )
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        status = process.poll()
        address = find(root)
        if address is not None:
            # Two starts at once: the daemon that lost the lock has ended, and the other one serves both.
            return address
        if status == PORT_IN_USE_STATUS and port is not None:
            raise PortInUseError(port)
        if status not in (None, 0):
            raise StartFailedError(f"its process ended with status {status}", log)
        time.sleep(0.02)
    raise StartFailedError(f"it was not ready after {_START_SECONDS:.0f} s", log)


def find(root: Path) -> SandboxAddress | None:
    """The address of the daemon of this root, if it is alive and ready."""
    address = _written(root.resolve())
    if address is None or not _alive(address.pid):
        return None
    try:
        status = SandboxClient(address.endpoint_url, timeout=10.0).status()
    except (SandboxUnreachableError, SandboxRefusedError):
        return None
    return address if status.get("instance") == address.instance and status.get("ready") else None


def last_known(root: Path) -> SandboxAddress | None:
    """Where the sandbox of this root runs, or ran last; None where it never did."""
    return _written(root.resolve())


def stop(root: Path) -> bool:
    """Ends the daemon and what it started; its data stay. False when none ran. Returns once it has ended."""
    address = _written(root.resolve())
    if address is None or not _alive(address.pid) or not _runs(address.root):
        return False
    _signal(address.pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    while _alive(address.pid):
        if time.monotonic() > deadline:
            _signal(address.pid, signal.SIGKILL)
            deadline += _STOP_SECONDS
        time.sleep(0.02)
    return True


@cache
def sources() -> str:
    """What tells one state of the daemon's sources from another: their names, sizes and times of change."""
    found = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        stat = path.stat()
        found.update(f"{path} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    return found.hexdigest()[:16]


def environment(address: SandboxAddress) -> dict[str, str]:
    """The variables that lead any AWS client to this sandbox; to be laid over a process's own."""
    return clients.environment(address.root, address.endpoint_url, address.account_id, address.region)


def _written(root: Path) -> SandboxAddress | None:
    try:
        kept: dict[str, Any] = json.loads((root / ADDRESS_FILE).read_text())
        known = {field.name: kept[field.name] for field in fields(SandboxAddress) if field.name in kept}
        return SandboxAddress(**{**known, "root": Path(kept["root"])})
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return None


def _alive(pid: int) -> bool:
    try:
        finished, _ = os.waitpid(pid, os.WNOHANG)
        if finished:
            return False
    except ChildProcessError:
        pass
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _runs(root: Path) -> bool:
    """Whether a daemon holds the root's lock; a process's number alone may by now be another's."""
    try:
        lock = (root / LOCK_FILE).open("r+")
    except FileNotFoundError:
        return False
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
