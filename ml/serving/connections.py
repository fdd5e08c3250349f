"""How long may a client take, and how much may it send before it says what it wants?

uvicorn bounds neither the time of a request's head and body, nor the size of its head; and uvloop sends an
answer's head and its body by a system call each, which costs a tenth of a small request.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from .settings import Settings
from .turns import Turn

_LARGEST_HEAD = 65_536
_STALLED_SECONDS = 30.0
WHOLE_ANSWER = "groundplan.cycle"
"""Where a request's scope holds what `answered_whole` writes to."""


class _Joined:
    """A transport that sends together what is written in one turn of the event loop."""

    def __init__(self, transport: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held: list[bytes] = []
        self.is_closing = transport.is_closing
        self.pause_reading = transport.pause_reading
        self.resume_reading = transport.resume_reading
        self.get_write_buffer_size = transport.get_write_buffer_size

    def write(self, data: bytes) -> None:
        if not self._held:
            self._loop.call_soon(self._send)
        self._held.append(data)

    def write_whole(self, data: bytes) -> None:
        """Writes what nothing will follow in this turn."""
        if self._held:
            self._held.append(data)
        else:
            self._transport.write(data)

    def close(self) -> None:
        self._send()
        self._transport.close()

    def abort(self) -> None:
        self._transport.abort()

    def _send(self) -> None:
        if self._held:
            self._transport.write(b"".join(self._held))
            self._held.clear()


def answered_whole(cycle: RequestResponseCycle, status: int, kind: str, body: bytes) -> bool:
    """Writes an answer as two ASGI messages would, at a tenth of their cost; says whether it did.

    It does not where the client is slow to read, which `send` waits for, or where the connection is to end.
    """
    if cycle.flow.write_paused or not cycle.keep_alive or cycle.disconnected or cycle.response_started:
        return False
    head = _HEADS.get((status, kind))
    if head is None:
        head = b"%bcontent-type: %b\r\ncontent-length: " % (STATUS_LINE[status], kind.encode())
        _HEADS[status, kind] = head
    cycle.transport.write_whole(b"%b%d\r\n\r\n%b" % (head, len(body), body))  # type: ignore[attr-defined]
    cycle.response_started = cycle.response_complete = True
    cycle.waiting_for_100_continue = False
    cycle.message_event.set()
    cycle.on_response()
    return True


_HEADS: dict[tuple[int, str], bytes] = {}


class Connection(HttpToolsProtocol):
    """uvicorn's connection, with the times at which it began to wait for its client.

    A request that came whole is answered in its turn; one that is still being sent is a task.
    """

    def __init__(self, *arguments: Any, turn: Turn, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._turn = turn
        self._due: tuple[RequestResponseCycle, Any] | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.transport = _Joined(transport, self.loop)  # type: ignore[assignment]
        self._since = self.loop.time()
        self._in_head = False
        self._head_bytes = 0
        self._whole = True
        self._stalled_since: float | None = None

    def data_received(self, data: bytes) -> None:
        begun = self._in_head
        super().data_received(data)
        if self._due is not None:
            (cycle, application), self._due = self._due, None
            if cycle.more_body:
                super()._start_asgi_task(cycle, application)
            else:
                self._turn.add(cycle.run_asgi(application), self.tasks)
        if self._in_head and begun:
            self._head_bytes += len(data)
            if self._head_bytes > _LARGEST_HEAD:
                self._give_up(431, "The request's head is too large.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head, self._head_bytes, self._whole = True, 0, False
        self._since = self.loop.time()

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._since = self.loop.time()
        super().on_headers_complete()
        self.scope[WHOLE_ANSWER] = self.cycle  # type: ignore[literal-required]

    def on_message_complete(self) -> None:
        self._whole = True
        super().on_message_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Not before all that came is read: most requests are whole by then."""
        self._due = cycle, app

    def on_response_complete(self) -> None:
        """As uvicorn's, but for its timer: `look` ends connections that are not used."""
        if self._whole:
            self._since = self.loop.time()
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            super()._start_asgi_task(*self.pipeline.pop())

    def look(self, now: float, settings: Settings) -> None:
        """Ends the connection where its client takes too long. Called about twice a second."""
        if self.transport.is_closing() and not self.transport.get_write_buffer_size():
            return
        if self.transport.get_write_buffer_size():
            self._stalled_since = self._stalled_since or now
            if now - self._stalled_since > _STALLED_SECONDS:
                self.transport.abort()
            return
        self._stalled_since = None
        waited = now - self._since
        answering = self.cycle is not None and not self.cycle.response_complete
        if self._in_head:
            if waited > settings.header_seconds and not answering:
                self._give_up(408, "The request's head took too long.")
        elif not self._whole:
            if waited > settings.body_seconds:
                self._give_up(408, "The request's body took too long.")
        elif not answering and waited > settings.idle_seconds:
            self.transport.close()

    def _give_up(self, status: int, told: str) -> None:
        """Answers, unless an answer has begun, and ends the connection; receive() tells the application."""
        cycle = self.cycle
        waiting = cycle is not None and not cycle.response_complete
        if self._in_head or (waiting and not cycle.response_started):
            body = b'{"error": "%s"}' % told.encode()
            self.transport.write(
                b"HTTP/1.1 %d Given Up\r\ncontent-type: application/json\r\ncontent-length: %d\r\n"
                b"connection: close\r\n\r\n%s" % (status, len(body), body)
            )
        if waiting:
            cycle.scope["timed_out"] = True  # type: ignore[typeddict-unknown-key]
            cycle.disconnected = True
            cycle.message_event.set()
        self._in_head = False
        self.transport.close()
