"""Starts the server: `python3 /opt/serving serve`, as SageMaker starts the image."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

if not __package__:
    # Started as a folder: it is a package all the same, whatever its name and place.
    _HERE = Path(__file__).resolve().parent
    sys.path[0] = str(_HERE.parent)
    __package__ = _HERE.name
    __import__(__package__)

# Threads that wait should sleep: spinning ones cost time on a core that answers. OpenMP reads it when loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

from .inference import BrokenModel
from .log import Log, fatal
from .metrics import Metrics
from .settings import Settings, WrongSetting
from .supervisor import BROKEN_STATUS, Supervisor

_ASKED_WRONGLY, _NO_PORT = 2, 4


def main() -> int:
    """The exit status: 0 ended by SIGTERM, 2 a wrong setting, 3 a broken model, 4 no port."""
    try:
        settings = Settings.of(os.environ)
    except WrongSetting as error:
        fatal(str(error))
        return _ASKED_WRONGLY
    log, metrics = Log(), Metrics(settings.workers)
    try:
        listening = _bound(settings.host, settings.port)
    except OSError as error:
        fatal(f"port {settings.port} cannot be listened on: {error.strerror}")
        return _NO_PORT

    untold, told = os.pipe()
    os.write(told, b"1")

    def work(number: int, watched: int | None) -> None:
        # Heavy, and the supervisor of several workers does without.
        from .worker import serve

        metrics.of_worker(number)
        try:
            serve(settings, listening, metrics, log, watched)
        except BrokenModel as error:
            if _first(untold):
                fatal(str(error))
            sys.exit(BROKEN_STATUS)

    if settings.workers > 1:
        return Supervisor(listening, settings.workers, work, log).run(settings.drain_seconds)
    work(0, None)
    return 0


def _first(untold: int) -> bool:
    """Whether this is the first of several workers to ask: all of them find the same fault."""
    os.set_blocking(untold, False)
    try:
        return bool(os.read(untold, 1))
    except BlockingIOError:
        return False


def _bound(host: str, port: int) -> socket.socket:
    """A socket on the address, of which nobody is told yet: it listens when the model is loaded."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((host, port))
    return bound


if __name__ == "__main__":
    sys.exit(main())
