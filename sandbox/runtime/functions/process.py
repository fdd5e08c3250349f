"""How one invocation runs: in a process of its function, with its variables, its time limit, its log."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sandbox.runtime.functions.function import Function

_BOOTSTRAP = Path(__file__).with_name("bootstrap.py")
_WARM_SECONDS = 60.0
"""How long a process waits for the next event, at least, and twice as long at most."""
_WARM_AT_MOST = 8
"""Processes that wait, of all functions together: each takes some 60 MB."""
_FROM_THE_HOST = ("PATH", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH", "SSL_CERT_FILE")


@dataclass(frozen=True)
class Invocation:
    """What came of one invocation. `payload` is JSON; `error` is empty, or as `X-Amz-Function-Error` has
    it."""

    request_id: str
    payload: bytes
    error: str
    log: tuple[str, ...]
    log_stream: str


class RunningFunctions:
    """The processes of the invocations in progress, and those that wait for the next one.

    As on AWS a process takes one event at a time and is kept warm for the next, with the modules and the
    globals that the code has; another version of the code, other variables or another caller get one of
    their own.
    """

    def __init__(self) -> None:
        self._running: set[_Environment] = set()
        self._warm: dict[str, list[_Environment]] = {}
        self._lock = threading.Lock()
        self._stopped = False
        self._looking = False

    def invoke(self, function: Function, code: Path, event: Any, cloud: Mapping[str, str]) -> Invocation:
        """Runs the handler on the event; returns when it has answered, failed, or been ended at its time
        limit."""
        request_id = str(uuid.uuid4())
        begun = time.monotonic()
        key = _key(function, code, cloud)
        environment = self._take(key) or _Environment(key, function, code, cloud)
        with self._lock:
            self._running.add(environment)
        given = {
            "event": event,
            "requestId": request_id,
            "arn": function.arn,
            "seconds": function.timeout,
        }
        try:
            answer, timed_out = environment.call(given, function.timeout)
            printed = environment.printed()
        finally:
            with self._lock:
                self._running.discard(environment)
        elapsed = (time.monotonic() - begun) * 1000
        if timed_out:
            stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
            text = f"{stamp} {request_id} Task timed out after {function.timeout:.2f} seconds"
            printed.append(text)
            payload, error = _failure("Sandbox.Timedout", text), "Unhandled"
        elif answer is None:
            text = f"RequestId: {request_id} Error: Runtime exited with status {environment.status()}"
            printed.append(text)
            payload, error = _failure("Runtime.ExitError", text), "Unhandled"
        else:
            payload, error = answer["payload"].encode(), "Unhandled" if answer["error"] else ""
        stream = environment.stream
        self._give_back(environment, usable=answer is not None and not timed_out)
        return Invocation(request_id, payload, error, _log(function, request_id, printed, elapsed), stream)

    def start(self) -> None:
        """Keeps processes warm, again after a `stop`."""
        with self._lock:
            self._stopped = False

    def stop(self) -> None:
        """Ends every invocation in progress, and every process that waits for one."""
        with self._lock:
            self._stopped = True
            found = [*self._running, *(one for waiting in self._warm.values() for one in waiting)]
            self._warm.clear()
        for environment in found:
            environment.end()

    def _take(self, key: str) -> _Environment | None:
        """A process that waits, if one is there that still lives."""
        while True:
            with self._lock:
                waiting = self._warm.get(key)
                found = waiting.pop() if waiting else None
            if found is None or found.alive():
                return found
            found.end()

    def _give_back(self, environment: _Environment, *, usable: bool) -> None:
        """Keeps the process warm, and ends those that have waited for long, or are too many."""
        over: list[_Environment] = []
        now = time.monotonic()
        with self._lock:
            if usable and not self._stopped and environment.alive():
                environment.idle_since = now
                self._warm.setdefault(environment.key, []).append(environment)
            else:
                over.append(environment)
            over += self._superfluous(now)
            self._look_again()
        for one in over:
            one.end()

    def _sweep(self) -> None:
        """Ends what has waited for long, though no further invocation comes."""
        with self._lock:
            self._looking = False
            over = self._superfluous(time.monotonic())
            self._look_again()
        for one in over:
            one.end()

    def _superfluous(self, now: float) -> list[_Environment]:
        """Takes out what has waited for long, and the longest waiting of too many."""
        waiting = sorted(
            (one for kept in self._warm.values() for one in kept), key=lambda one: one.idle_since
        )
        old = [one for one in waiting if now - one.idle_since >= _WARM_SECONDS]
        over = old + waiting[len(old) : len(waiting) - _WARM_AT_MOST]
        for one in over:
            self._warm[one.key].remove(one)
        self._warm = {key: kept for key, kept in self._warm.items() if kept}
        return over

    def _look_again(self) -> None:
        if self._warm and not self._looking and not self._stopped:
            self._looking = True
            later = threading.Timer(_WARM_SECONDS, self._sweep)
            later.daemon = True
            later.start()


class _Environment:
    """One process of a function: it takes events one after another until it is ended."""

    def __init__(self, key: str, function: Function, code: Path, cloud: Mapping[str, str]) -> None:
        self.key = key
        self.stream = _stream(function)
        self.idle_since = 0.0
        self._scratch = tempfile.TemporaryDirectory(prefix="function-", ignore_cleanup_errors=True)
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the process
        self._read = 0
        reading, writing = os.pipe()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-u", str(_BOOTSTRAP)],
                stdin=subprocess.PIPE,
                stdout=self._log,
                stderr=self._log,
                cwd=code,
                env=_variables(function, code, self._scratch.name, self.stream, writing, cloud),
                pass_fds=(writing,),
                start_new_session=True,
            )
        finally:
            os.close(writing)
        self._answers: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        # On a thread of its own, so that a large answer does not stop the process.
        threading.Thread(target=self._collect, args=(reading,), daemon=True).start()

    def call(self, given: Mapping[str, Any], seconds: float) -> tuple[dict[str, Any] | None, bool]:
        """The outcome, or None where the process ended without one; and whether it reached its time limit."""
        try:
            assert self._process.stdin is not None  # noqa: S101 - it is a pipe
            self._process.stdin.write(json.dumps(given).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return None, False
        try:
            answer = self._answers.get(timeout=seconds)
        except queue.Empty:
            self._kill()
            return None, True
        try:
            found: dict[str, Any] = json.loads(answer)
        except ValueError:
            return None, False
        return found, False

    def printed(self) -> list[str]:
        """What was printed since the last look."""
        file = self._log.fileno()
        end = os.fstat(file).st_size
        # Without moving in the file: the process writes where it stands, which is the same place for both.
        text = os.pread(file, end - self._read, self._read)
        self._read = end
        return text.decode("utf-8", "replace").splitlines()

    def alive(self) -> bool:
        """Whether it can take an event."""
        return self._process.poll() is None

    def status(self) -> int:
        """The exit status, once it has ended."""
        return self._process.wait(timeout=5)

    def end(self) -> None:
        """Ends it, and what it kept."""
        self._kill()
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        self._log.close()
        self._scratch.cleanup()

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _collect(self, descriptor: int) -> None:
        with os.fdopen(descriptor, "rb") as pipe:
            for line in pipe:
                self._answers.put(line)
        # The process has closed its end: whoever waits is told.
        self._answers.put(b"")


def _key(function: Function, code: Path, cloud: Mapping[str, str]) -> str:
    """What processes must share to take each other's events."""
    told = [function.arn, function.version, function.handler, str(code), function.timeout, function.memory]
    return json.dumps([*told, sorted(function.environment.items()), sorted(cloud.items())])


def _variables(
    function: Function, code: Path, scratch: str, stream: str, outcome: int, cloud: Mapping[str, str]
) -> dict[str, str]:
    return {
        **{name: os.environ[name] for name in _FROM_THE_HOST if name in os.environ},
        "PYTHONPATH": str(code),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": scratch,
        "TMPDIR": scratch,
        **function.environment,
        **cloud,
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": function.version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
        "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": stream,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
        "LAMBDA_TASK_ROOT": str(code),
        "_HANDLER": function.handler,
        "_SANDBOX_OUTCOME": str(outcome),
    }


def _stream(function: Function) -> str:
    return f"{datetime.now(UTC):%Y/%m/%d}/[{function.version}]{uuid.uuid4().hex}"


def _failure(kind: str, text: str) -> bytes:
    return json.dumps({"errorMessage": text, "errorType": kind}).encode()


def _log(function: Function, request_id: str, printed: list[str], elapsed: float) -> tuple[str, ...]:
    billed = max(1, round(elapsed + 0.5))
    report = (
        f"REPORT RequestId: {request_id}\tDuration: {elapsed:.2f} ms\tBilled Duration: {billed} ms\t"
        f"Memory Size: {function.memory} MB"
    )
    start = f"START RequestId: {request_id} Version: {function.version}"
    return (start, *printed, f"END RequestId: {request_id}", report)
