"""How one invocation runs: a process of its own, with the function's variables, its time limit and its
log."""

from __future__ import annotations

import contextlib
import json
import os
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
    """The processes of the invocations in progress."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()

    def invoke(self, function: Function, code: Path, event: Any, cloud: Mapping[str, str]) -> Invocation:
        """Runs the handler on the event; returns when it has answered, failed, or been ended at its time
        limit."""
        request_id, stream = str(uuid.uuid4()), _stream(function)
        begun = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="function-") as scratch, tempfile.TemporaryFile() as log:
            reading, writing = os.pipe()
            try:
                process = subprocess.Popen(
                    [sys.executable, "-u", str(_BOOTSTRAP)],
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=log,
                    cwd=code,
                    env=_variables(function, code, scratch, stream, writing, cloud),
                    pass_fds=(writing,),
                    start_new_session=True,
                )
            finally:
                os.close(writing)
            with self._lock:
                self._running.add(process)
            outcome = _Outcome(reading)
            try:
                given = {
                    "event": event,
                    "requestId": request_id,
                    "arn": function.arn,
                    "seconds": function.timeout,
                }
                timed_out = _feed_and_wait(process, json.dumps(given).encode(), function.timeout)
            finally:
                with self._lock:
                    self._running.discard(process)
            payload, error = outcome.read()
            log.seek(0)
            printed = log.read().decode("utf-8", "replace").splitlines()
        elapsed = (time.monotonic() - begun) * 1000
        if timed_out:
            stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
            text = f"{stamp} {request_id} Task timed out after {function.timeout:.2f} seconds"
            printed.append(text)
            payload, error = _failure("Sandbox.Timedout", text), "Unhandled"
        elif not payload:
            text = f"RequestId: {request_id} Error: Runtime exited with status {process.returncode}"
            printed.append(text)
            payload, error = _failure("Runtime.ExitError", text), "Unhandled"
        return Invocation(request_id, payload, error, _log(function, request_id, printed, elapsed), stream)

    def stop(self) -> None:
        """Ends every invocation in progress."""
        with self._lock:
            running = list(self._running)
        for process in running:
            _end(process)


class _Outcome:
    """Reads the outcome's pipe on a thread of its own, so that a large answer does not stop the process."""

    def __init__(self, descriptor: int) -> None:
        self._read = b""
        self._thread = threading.Thread(target=self._collect, args=(descriptor,), daemon=True)
        self._thread.start()

    def _collect(self, descriptor: int) -> None:
        with os.fdopen(descriptor, "rb") as pipe:
            self._read = pipe.read()

    def read(self) -> tuple[bytes, str]:
        self._thread.join(timeout=5)
        try:
            document = json.loads(self._read)
        except ValueError:
            return b"", ""
        return document["payload"].encode(), "Unhandled" if document["error"] else ""


def _feed_and_wait(process: subprocess.Popen[bytes], given: bytes, seconds: float) -> bool:
    """True when the time limit was reached."""
    try:
        process.communicate(given, timeout=seconds)
    except subprocess.TimeoutExpired:
        _end(process)
        return True
    return False


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


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
