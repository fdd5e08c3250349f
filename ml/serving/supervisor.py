"""How do several workers share a port, and what happens when one is killed?"""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable

from .log import Log

BROKEN_STATUS = 3
"""Of a worker whose model no other worker could load either."""
_QUICK_SECONDS = 5.0
_QUICK_ENDS = 5

Work = Callable[[int, int], None]
"""What a worker does: its number, and a pipe that ends with the supervisor."""


class Supervisor:
    """Workers that accept from one socket, so that a connection that waits to be accepted survives a worker.

    It neither answers nor loads anything itself.
    """

    def __init__(self, listening: socket.socket, workers: int, work: Work, log: Log) -> None:
        self._listening = listening
        self._workers = workers
        self._work = work
        self._log = log
        self._running: dict[int, tuple[int, float]] = {}
        self._quick_ends = 0
        self._alive, self._own_end = os.pipe()

    def run(self, drain_seconds: float) -> int:
        """Until SIGTERM or SIGINT, then for the workers' last answers; gives the exit status.

        A worker that is killed is replaced. Where workers keep ending as soon as they start, or say that the
        model is broken, all end: SageMaker then replaces the container.
        """
        waited = {signal.SIGTERM, signal.SIGINT, signal.SIGCHLD}
        signal.pthread_sigmask(signal.SIG_BLOCK, waited)
        for number in range(self._workers):
            self._start(number)
        status = 0
        while status == 0:
            if signal.sigwait(waited) != signal.SIGCHLD:
                break
            status = self._replace_ended()
        self._end_all(drain_seconds)
        return status

    def _start(self, number: int) -> None:
        process = os.fork()
        if process:
            self._running[process] = (number, time.monotonic())
            return
        status = 1
        try:
            os.close(self._own_end)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGINT, signal.SIGCHLD})
            self._work(number, self._alive)
            status = 0
        except SystemExit as leaving:
            status = leaving.code if isinstance(leaving.code, int) else 1
        except BaseException:  # noqa: BLE001 - it ends all the same, with its reason told
            # The process ends here and now: nobody above would tell.
            traceback.print_exc()
            sys.stderr.flush()
        finally:
            os._exit(status)

    def _replace_ended(self) -> int:
        """0, or the status with which to end."""
        for number, seconds, code in self._ended():
            if code == BROKEN_STATUS:
                return code
            self._quick_ends = self._quick_ends + 1 if seconds < _QUICK_SECONDS else 0
            self._log.say("worker ended", worker=number, status=code, seconds=round(seconds, 1))
            if self._quick_ends >= _QUICK_ENDS:
                self._log.say("workers keep ending", level="error")
                return 1
            self._start(number)
        return 0

    def _ended(self) -> list[tuple[int, float, int]]:
        """Number, age in seconds and exit status (negative: the signal) of workers that have ended."""
        found = []
        while self._running:
            process, status = os.waitpid(-1, os.WNOHANG)
            if not process:
                break
            number, since = self._running.pop(process)
            found.append((number, time.monotonic() - since, os.waitstatus_to_exitcode(status)))
        return found

    def _end_all(self, drain_seconds: float) -> None:
        self._listening.close()
        for process in self._running:
            os.kill(process, signal.SIGTERM)
        until = time.monotonic() + drain_seconds + 2
        while self._running and time.monotonic() < until:
            self._ended()
            time.sleep(0.02)
        for process in self._running:
            os.kill(process, signal.SIGKILL)
