"""What does each address answer? A bare ASGI application: SageMaker's contract, and the metrics."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson

from .cache import AnswerCache
from .connections import WHOLE_ANSWER, answered_whole
from .gathering import Gatherer, Values
from .inference import JSON, BadRequest, Reader, Rows, TooLarge, written
from .log import Log
from .metrics import Metrics
from .native import NativeModel
from .online import OnlineModel
from .request import Asked, ClientGone, Overloaded, asked, require_size
from .settings import Settings

_IN_PLACE_BYTES = 131_072
"""Bodies up to here are answered on the event loop, in a few milliseconds; others in a thread, so that
`/ping` answers meanwhile. Going to a thread and back costs a tenth of a millisecond."""
_ADDRESSES = {
    "/ping": "GET",
    "/invocations": "POST",
    "/execution-parameters": "GET",
    "/metrics": "GET",
}
_CLOSE = (b"connection", b"close")
_PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Application:
    """One worker's. Its state: what is cached, what waits, how many bytes of bodies it holds."""

    def __init__(
        self, settings: Settings, online: OnlineModel, native: NativeModel | None, metrics: Metrics, log: Log
    ) -> None:
        """`native` is None where neither batches nor explanations need it."""
        self._settings = settings
        self._online = online
        self._native = native
        self._metrics = metrics
        self._log = log
        self._reader = Reader(online.contract.features, settings.largest_batch, orjson.loads)
        self._cache = AnswerCache(settings.cache_bytes)
        self._gatherer = Gatherer(
            online.probabilities,
            settings.gather_ms / 1000,
            settings.gather_rows,
            lambda: metrics.add("gathered_runs"),
        )
        self._native_rows = 1 if settings.batch else settings.native_rows
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="large")
        self._held = 0
        self.draining = False

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["path"] == "/invocations" and scope["method"] == "POST":
            return self._invoke(scope, receive, send)
        return self._tell(scope["path"], scope["method"], send)

    async def _tell(self, path: str, method: str, send: Send) -> None:
        if path not in _ADDRESSES:
            await self._error(send, 404, f"There is no {path[:80]}; there is {', '.join(_ADDRESSES)}.")
        elif _ADDRESSES[path] != method:
            allow = (b"allow", _ADDRESSES[path].encode())
            await self._error(send, 405, f"{path} answers {_ADDRESSES[path]}, not {method}.", allow)
        elif path == "/ping":
            await self._send(send, 503 if self.draining else 200, b"", JSON)
        elif path == "/metrics":
            await self._send(send, 200, self._metrics.text(self._online.version).encode(), _PROMETHEUS)
        else:
            await self._send(send, 200, self._execution_parameters(), JSON)

    def end_turn(self) -> None:
        """All that came in this turn of the event loop is read, and the model may answer it at once."""
        self._gatherer.end_turn()

    async def _invoke(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        metrics = self._metrics
        metrics.add("requests_in_flight")
        status = 500
        try:
            what = asked(scope["headers"], self._settings.largest_body)
            body, held = await self._body(what, receive)
            try:
                answer = await self._answer(what, body)
            finally:
                self._held -= held
            status = 200
            cycle = None if self.draining else scope.get(WHOLE_ANSWER)
            if cycle is None or not answered_whole(cycle, 200, what.accept, answer):
                await self._send(send, 200, answer, what.accept)
        except BadRequest as refused:
            status = refused.status
            self._log.say("refused", status=status, error=type(refused).__name__)
            await self._error(send, status, str(refused))
        except ClientGone:
            status = 408 if scope.get("timed_out") else 499
        finally:
            metrics.add("requests_in_flight", -1)
            metrics.request(status, time.perf_counter() - began)

    async def _body(self, what: Asked, receive: Receive) -> tuple[bytes, int]:
        """The whole body, and how many bytes are counted as held until it is answered.

        Raises TooLarge, Overloaded or ClientGone.
        """
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        if not message["more_body"]:
            require_size(len(message["body"]), self._settings.largest_body)
            return message["body"], 0
        parts, size = [], 0
        try:
            while True:
                part = message["body"]
                parts.append(part)
                size += len(part)
                self._held += len(part)
                require_size(size, self._settings.largest_body)
                if self._held > self._settings.bodies_held:
                    raise Overloaded("Too many large bodies are being answered; try again, or elsewhere.")
                if not message["more_body"]:
                    return b"".join(parts), size
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientGone
        except (BadRequest, ClientGone):
            self._held -= size
            raise

    async def _answer(self, what: Asked, body: bytes) -> bytes:
        """The answer's body. Raises BadRequest."""
        key = b""
        if self._settings.cache_bytes and what.cacheable:
            key = AnswerCache.key(body, what.content, what.accept, str(what.explain))
            known = self._cache.get(key)
            self._metrics.add("cache_misses" if known is None else "cache_hits")
            if known is not None:
                return known
        if what.explain:
            answer = await self._in_thread(self._explained, what, body)
        elif len(body) > _IN_PLACE_BYTES or self._settings.batch:
            answer = await self._in_thread(self._predicted, what, body)
        else:
            answer = await self._in_place(what, body)
        if key:
            self._cache.put(key, answer)
        return answer

    async def _in_place(self, what: Asked, body: bytes) -> bytes:
        rows = self._reader.read(body, what.content)
        if self._natively(rows):
            return await self._in_thread(self._predicted, what, body)
        if len(rows) < self._settings.gather_rows:
            values = await (self._waiting(rows) if self._settings.gather_ms else self._gatherer.values(rows))
        else:
            values = self._online.probabilities(rows)
        self._metrics.add("rows", len(rows))
        return written(values, what.accept)

    async def _in_thread(
        self, work: Callable[[Asked, bytes], tuple[bytes, dict[str, int]]], what: Asked, body: bytes
    ) -> bytes:
        answer, counts = await asyncio.get_running_loop().run_in_executor(self._thread, work, what, body)
        # Counted here, so that one thread alone writes to the counters.
        for name, count in counts.items():
            self._metrics.add(name, count)
        return answer

    def _natively(self, rows: Rows) -> bool:
        return self._native is not None and 0 < self._native_rows <= len(rows)

    async def _waiting(self, rows: Rows) -> Values:
        self._metrics.add("rows_waiting", len(rows))
        try:
            return await self._gatherer.values(rows)
        finally:
            self._metrics.add("rows_waiting", -len(rows))

    def _predicted(self, what: Asked, body: bytes) -> tuple[bytes, dict[str, int]]:
        """The answer and what to count."""
        rows = self._reader.read(body, what.content)
        counts = {"rows": len(rows)}
        values: Values
        if self._native is not None and self._natively(rows) and self._native.same():
            values = self._native.probabilities(rows)
            counts["native_rows"] = len(rows)
        else:
            values = self._online.probabilities(rows)
        return written(values, what.accept), counts

    def _explained(self, what: Asked, body: bytes) -> tuple[bytes, dict[str, int]]:
        most = self._settings.explained_rows
        if self._native is None or not most:
            raise BadRequest("This endpoint explains no answers: SERVING_EXPLAINED_ROWS is 0.")
        rows = self._reader.read(body, what.content)
        if len(rows) > most:
            raise TooLarge(f"The request asks to explain {len(rows)} rows; allowed: 1 to {most}.")
        values, why = self._native.explained(rows, what.explain)
        counts = {"rows": len(rows), "explained_rows": len(rows)}
        return written(values, what.accept, why), counts

    def _execution_parameters(self) -> bytes:
        """What a transform job asks for where its owner set nothing (SageMaker guide, batch transform)."""
        megabytes = max(1, self._settings.largest_body // (1024 * 1024))
        told = {
            "MaxConcurrentTransforms": self._settings.workers,
            "BatchStrategy": "MULTI_RECORD",
            "MaxPayloadInMB": min(6, megabytes),
        }
        return json.dumps(told).encode()

    async def _error(self, send: Send, status: int, told: str, *headers: tuple[bytes, bytes]) -> None:
        await self._send(send, status, json.dumps({"error": told}).encode(), JSON, *headers)

    async def _send(
        self, send: Send, status: int, body: bytes, kind: str, *more: tuple[bytes, bytes]
    ) -> None:
        headers = [(b"content-type", kind.encode()), (b"content-length", b"%d" % len(body)), *more]
        if self.draining:
            headers.append(_CLOSE)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
