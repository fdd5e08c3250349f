"""How does one process serve, from loading the model to its last answer?"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import socket
import time
from collections.abc import Iterator
from functools import partial

import uvicorn

from .app import Application
from .connections import Connection
from .inference import BrokenModel
from .log import Log, route_uvicorn
from .metrics import Metrics
from .native import NativeModel
from .online import OnlineModel
from .settings import Settings, usable_cores
from .turns import Turn

_GOING_SECONDS = 1.0
"""How long after SIGTERM new requests are still answered, each with `Connection: close`: clients learn of the
end by an answer instead of by a broken connection, and a router by `/ping`."""
_LOOK_TICKS = 5  # of uvicorn's tenths of a second


def load(settings: Settings) -> tuple[OnlineModel, NativeModel | None]:
    """The models of the folder. Raises BrokenModel; in a transform job also where the two do not agree."""
    if not settings.model_dir.is_dir():
        raise BrokenModel(f"{settings.model_dir}: no such folder; expected: the model's archive, unpacked")
    online = OnlineModel(settings.model_dir)
    if not (settings.batch or settings.native_rows or settings.explained_rows):
        return online, None
    threads = usable_cores() if settings.batch else 1
    native = NativeModel(settings.model_dir, threads, online.probabilities)
    if settings.batch:
        native.same()
    return online, native


def serve(
    settings: Settings, listening: socket.socket, metrics: Metrics, log: Log, watched: int | None = None
) -> None:
    """Loads the model, then answers until SIGTERM or SIGINT, or until the pipe `watched` ends.

    Raises BrokenModel.
    """
    began = time.perf_counter()
    online, native = load(settings)
    application = Application(settings, online, native, metrics, log)
    route_uvicorn(log)
    config = uvicorn.Config(
        application,
        http=partial(Connection, turn=Turn(application.end_turn)),  # type: ignore[arg-type]
        ws="none",
        loop="uvloop",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=int(settings.idle_seconds) + 1,
        timeout_graceful_shutdown=max(1, round(settings.drain_seconds - _GOING_SECONDS)),
    )
    # What is loaded stays: collecting garbage need not look at it again, in the midst of a request.
    gc.freeze()
    # A turn's requests hold more than Python's 700 objects for a moment, and hardly any stays in a cycle.
    gc.set_threshold(10_000)
    listening.listen(2048)
    log.say(
        "serving",
        port=listening.getsockname()[1],
        model=online.version,
        features=len(online.contract.features),
        process=os.getpid(),
        load_ms=round((time.perf_counter() - began) * 1000),
    )
    _Server(config, application, settings, metrics, watched).run(sockets=[listening])
    log.say("ended", process=os.getpid())


class _Server(uvicorn.Server):
    """uvicorn's server, which goes in two steps: first it says so, then it closes."""

    def __init__(
        self,
        config: uvicorn.Config,
        application: Application,
        settings: Settings,
        metrics: Metrics,
        watched: int | None,
    ) -> None:
        super().__init__(config)
        self._application = application
        self._settings = settings
        self._metrics = metrics
        self._watched = watched
        self._going_since: float | None = None

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._go)
        if self._watched is not None:
            # It ends with the supervisor, without whom nobody would end this process.
            loop.add_reader(self._watched, self._go)
        yield

    async def on_tick(self, counter: int) -> bool:
        if counter % _LOOK_TICKS == 0:
            now = asyncio.get_running_loop().time()
            for connection in list(self.server_state.connections):
                connection.look(now, self._settings)  # type: ignore[union-attr]
            self._metrics.observe_memory()
        if self._going_since is not None and time.monotonic() - self._going_since >= _GOING_SECONDS:
            return True
        return await super().on_tick(counter)

    def _go(self) -> None:
        if self._watched is not None:
            asyncio.get_running_loop().remove_reader(self._watched)
            self._watched = None
        if self._going_since is None:
            self._application.draining = True
            self._going_since = time.monotonic()
