"""How the emulator (moto) is called in this process: one request at a time, each change journalled.

One lock orders every request. The journal's entry is appended under that lock, so that entries lie in the
order in which they were done; the sync to disk happens outside it, so that one sync serves all that wait.
"""

from __future__ import annotations

import gc
import io
import logging
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_to_bytes

from sandbox.runtime.host import absent, determinism, models
from sandbox.runtime.host.http import HttpAnswer, HttpRequest
from sandbox.runtime.host.journal import Entry, Journal
from sandbox.runtime.host.operation import Operation, account_of, changes, operation_of
from sandbox.runtime.host.protocol import error_answer

_LARGE = 1 << 20
_NOT_EMULATED = 501
_LOOK_AGAIN = 0.1
"""Seconds between two looks of a request that waits, such as a long poll of a queue."""
_log = logging.getLogger(__name__)


@dataclass
class _Call:
    """The request in progress on a thread."""

    changes: bool
    waits: float = 0.0
    after: list[Callable[[], None]] = field(default_factory=list)


class Emulator:
    """The emulated cloud, with its journal."""

    def __init__(self, journal: Journal, account_id: str, region: str) -> None:
        determinism.install()
        models.install()
        absent.stand_in()
        from moto.moto_server.werkzeug_app import (  # imported once the sources of chance are in place
            DomainDispatcherApplication,
            create_backend_app,
        )

        def create(service: Any) -> Any:
            if service is None:
                raise NotImplementedError
            return create_backend_app(service)

        class Application(DomainDispatcherApplication):
            """Looks a host up once: the emulator reads a directory for each look."""

            def __init__(self) -> None:
                super().__init__(create)
                self._found: dict[str | None, Any] = {}

            def get_backend_for_host(self, host: str | None) -> Any:
                if host not in self._found:
                    self._found[host] = super().get_backend_for_host(host)
                return self._found[host]

        self._application = Application()
        self._journal = journal
        self._account_id = account_id
        self._region = region
        self._lock = threading.RLock()
        self._replaying = False
        self._replay_differences = 0
        self._local = threading.local()
        self._closing = threading.Event()

    @property
    def replay_differences(self) -> int:
        """How many changes the last replay answered with another status than the first time."""
        return self._replay_differences

    @property
    def replaying(self) -> bool:
        """True while the journal is replayed: nothing may reach outward then."""
        return self._replaying

    @property
    def lock(self) -> threading.RLock:
        """Held by whoever looks at the emulator's objects themselves."""
        return self._lock

    def call(self, request: HttpRequest) -> HttpAnswer:
        """Answers one request; a change is on disk before this returns."""
        operation = operation_of(request, self._region)
        if not operation.access_key.startswith(
            "ASIA"
        ):  # the keys of assumed roles lead to their own accounts
            account = account_of(operation.access_key, self._account_id)
            request = request.with_header("x-moto-account-id", account)
        answer, waits = self._once(request, operation)
        until = time.monotonic() + waits
        while waits and time.monotonic() < until and not self._closing.wait(_LOOK_AGAIN):
            answer, waits = self._once(request, operation)
        return answer

    def close(self) -> None:
        """Has requests that wait answered at once."""
        self._closing.set()

    def after(self, effect: Callable[[], None]) -> None:
        """Has `effect` called once the change in progress is on disk; dropped while replaying."""
        if self._replaying:
            return
        call = self._call_in_progress()
        if call is None:
            effect()
        else:
            call.after.append(effect)

    def changed(self) -> None:
        """Says that the request in progress changes something, though its name says that it reads."""
        call = self._call_in_progress()
        if call is not None:
            call.changes = True

    def nothing_yet(self, seconds: float) -> None:
        """Says that the request in progress found nothing and changed nothing, and may be asked again for
        that many seconds: the lock is not held meanwhile."""
        call = self._call_in_progress()
        if call is not None:
            call.changes, call.waits = False, seconds

    def replay(self) -> int:
        """Does every journalled change again, and returns how many. To be called once, before any call."""
        self._replaying = True
        count = 0
        try:
            for entry in self._journal.entries():
                operation = operation_of(entry.request, self._region)
                with self._lock, determinism.repeatable(entry.seed, entry.when):
                    answer = self._answer(entry.request, operation.service, operation.name)
                if answer.status != entry.status:
                    self._replay_differences += 1
                    _log.error(
                        "replay of %s %s %s gave %s, not %s: %s",
                        operation.service,
                        operation.name or entry.request.method,
                        entry.request.target,
                        answer.status,
                        entry.status,
                        answer.body[:400],
                    )
                count += 1
        finally:
            self._replaying = False
        return count

    def reset(self) -> None:
        """Forgets everything."""
        from moto.core.base_backend import BackendDict

        with self._lock:
            BackendDict.reset()
            self._journal.clear()

    def _once(self, request: HttpRequest, operation: Operation) -> tuple[HttpAnswer, float]:
        """The answer, and for how long the request would wait for another."""
        call = _Call(changes(request, operation))
        with self._lock:
            seed, now = secrets.randbits(63), time.time()
            self._local.call = call
            try:
                with determinism.repeatable(seed, now):
                    answer = self._answer(request, operation.service, operation.name)
            finally:
                self._local.call = None
            # A refused change may have changed something before it was refused.
            if not call.changes or answer.status == _NOT_EMULATED:
                return answer, call.waits
            written = self._journal.append(Entry(now, seed, answer.status, request))
        self._journal.sync(written)
        if answer.status < 400:
            for effect in call.after:
                effect()
        return answer, 0.0

    def _call_in_progress(self) -> _Call | None:
        return getattr(self._local, "call", None)

    def _answer(self, request: HttpRequest, service: str, name: str) -> HttpAnswer:
        try:
            answer = self._wsgi(request)
            if not _has_no_route(answer):
                return answer
            raise NotImplementedError
        except NotImplementedError:
            what = f"{service} {name}".strip() if name else f"{service} {request.method} {request.path}"
            message = f"The sandbox does not emulate {what}."
            return error_answer(service, "NotImplemented", message, _NOT_EMULATED)
        except Exception:  # noqa: BLE001 - the emulator's own faults become the answer 500, and the log has them
            _log.exception("the emulator failed on %s %s %s", service, name, request.target)
            message = (
                f"The emulator failed on {service} {name or request.path}; the sandbox's log says where."
            )
            return error_answer(service, "InternalFailure", message, 500)

    def _wsgi(self, request: HttpRequest) -> HttpAnswer:
        status = [500]
        headers: list[tuple[str, str]] = []

        def start_response(line: str, pairs: list[tuple[str, str]], _: Any = None) -> None:
            status[0] = int(line.split(" ", 1)[0])
            headers[:] = pairs

        parts = self._application(_environ(request), start_response)
        try:
            body = b"".join(parts)
        finally:
            if hasattr(parts, "close"):
                parts.close()
            del parts
        if len(request.body) + len(body) > _LARGE:
            # The emulator's request objects hold each other, and the body with them: they are young, so
            # this is quick.
            gc.collect(1)
        return HttpAnswer(status[0], tuple(headers), body)


def _has_no_route(answer: HttpAnswer) -> bool:
    """Whether the emulator's web framework answered, for want of a path that fits."""
    if answer.status not in {404, 405}:
        return False
    return answer.body.startswith(b"<!doctype html>")


def _environ(request: HttpRequest) -> dict[str, Any]:
    host = request.header.get("host", "127.0.0.1")
    name, _, port = host.partition(":")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(request.path).decode("latin-1"),
        "QUERY_STRING": request.query,
        "RAW_URI": request.target,
        "REQUEST_URI": request.target,
        "SERVER_NAME": name,
        "SERVER_PORT": port or "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
        "HTTP_HOST": host,
        "CONTENT_LENGTH": str(len(request.body)),
    }
    spelt: dict[str, str] = {}
    for key, value in request.headers:
        if key in {"content-length", "transfer-encoding", "host", "expect"}:
            continue
        variable = "CONTENT_TYPE" if key == "content-type" else "HTTP_" + key.upper().replace("-", "_")
        environ[variable] = f"{environ[variable]},{value}" if variable in environ else value
        if "_" in key and key.startswith("x-amz-meta-"):
            spelt[variable] = key
    environ["moto.preserved_header_names"] = spelt
    return environ
