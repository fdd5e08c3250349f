"""The process of a plugin that serves a provider: the port it prints, and how it ends.

An engine starts the executable, reads the port from the first line of its standard output and calls
(`plugin.go`). The process ends when it is asked to (SIGINT, SIGTERM) and when the engine has gone, however
that came about.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from types import FrameType
from typing import Final

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from sandbox.engine.channels import LARGEST
from sandbox.engine.provider_service import ProviderService

_THREADS: Final = 64
"""More than an engine has calls under way at once, unless it is told otherwise."""
_WATCH_S: Final = 0.5


def serve(service: ProviderService, *, parent: int) -> int:
    """Serves until the end is asked for or `parent`, the process that started this one, has gone; then 0.

    To be called from the main thread.
    """
    ended = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        ended.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    server = grpc.server(
        ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="provider"),
        options=LARGEST,
    )
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(service, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    # Beside the engine's own next steps: what the provider needs takes a moment to load.
    threading.Thread(target=service.prepare, name="prepare", daemon=True).start()
    while not ended.wait(_WATCH_S) and os.getppid() == parent:
        pass
    service.cancel()
    server.stop(grace=0.2).wait()
    service.close()
    sys.stdout.flush()
    return 0
