"""How does the router talk to an instance? HTTP/1.1 on kept connections, with as little between as can be."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import cast

import httptools

from sandbox.runtime.sagemaker.instance import Instance


class UpstreamLostError(Exception):
    """The instance went away before it had answered."""


@dataclass
class Answer:
    """What an instance answered."""

    status: int = 0
    content_type: bytes = b"application/json"
    body: bytes = b""
    chunks: list[bytes] = field(default_factory=list)


class _Connection(asyncio.Protocol):
    """One kept connection; one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.WriteTransport | None = None
        self._waiter: asyncio.Future[Answer] | None = None
        self._answer = Answer()
        self._parser = httptools.HttpResponseParser(self)
        self.closed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # A cast, not a check: uvloop's transports are none of asyncio's classes.
        self._transport = cast("asyncio.WriteTransport", transport)

    def request(self, head: bytes, body: bytes) -> asyncio.Future[Answer]:
        self._answer = Answer()
        self._waiter = asyncio.get_running_loop().create_future()
        if self._transport is None:
            raise UpstreamLostError
        self._transport.write(head + body)
        return self._waiter

    def close(self) -> None:
        self.closed = True
        if self._transport is not None:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._lost()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._lost()

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"content-type":
            self._answer.content_type = value

    def on_body(self, body: bytes) -> None:
        self._answer.chunks.append(body)

    def on_message_complete(self) -> None:
        self._answer.status = self._parser.get_status_code()
        if not self._parser.should_keep_alive():
            self.closed = True
        self._answer.body = b"".join(self._answer.chunks)
        self._parser = httptools.HttpResponseParser(self)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(self._answer)

    def _lost(self) -> None:
        self.closed = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(UpstreamLostError())


class Pools:
    """Idle connections by instance. Lives on the event loop alone."""

    def __init__(self) -> None:
        self._idle: dict[str, deque[_Connection]] = {}

    async def invoke(self, instance: Instance, head: bytes, body: bytes, seconds: float) -> Answer:
        """Sends a request. Raises UpstreamLostError for a dead instance, TimeoutError for a slow one."""
        idle = self._idle.get(instance.id)
        connection = None
        while idle:
            connection = idle.pop()
            if not connection.closed:
                break
            connection = None
        if connection is None:
            connection = await _connect(instance.port)
        instance.inflight += 1
        try:
            async with asyncio.timeout(seconds):
                answer = await connection.request(head, body)
        except BaseException:
            connection.close()
            raise
        finally:
            instance.inflight -= 1
        if not connection.closed:
            self._idle.setdefault(instance.id, deque()).append(connection)
        return answer

    def forget(self, alive: set[str]) -> None:
        """Closes what is kept for instances that are no more."""
        for identity in self._idle.keys() - alive:
            for connection in self._idle.pop(identity):
                connection.close()


async def _connect(port: int) -> _Connection:
    loop = asyncio.get_running_loop()
    try:
        _, connection = await loop.create_connection(_Connection, "127.0.0.1", port)
    except OSError as error:
        raise UpstreamLostError from error
    return connection
