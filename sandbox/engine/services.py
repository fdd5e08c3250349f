"""Where plugins reach the engine: the server of the program's run, or one that is started for them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from sandbox.engine.run import Run

if TYPE_CHECKING:
    from sandbox.engine.monitor import MonitorServer


class EngineAddress:
    """The address of Pulumi's Engine service in one run. Refresh and destroy serve it only to a plugin."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._address = ""
        self._server: MonitorServer | None = None
        self._lock = threading.Lock()

    def use(self, address: str) -> None:
        """Names the server that the program's run has."""
        self._address = address

    def get(self) -> str:
        """The address, of a server that serves."""
        with self._lock:
            if not self._address:
                # gRPC is loaded by nobody who needs no plugin.
                from sandbox.engine.monitor import EngineService, MonitorServer

                self._server = MonitorServer(None, EngineService(self._run))
                self._address = self._server.address
            return self._address

    def close(self) -> None:
        """Ends the server that was started here."""
        if self._server is not None:
            self._server.close()
