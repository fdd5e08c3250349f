"""Work on resources that do not need each other, several at once."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

from sandbox.engine.run import Run, Stopped

Item = TypeVar("Item")


def in_parallel(run: Run, name: str, items: Sequence[Item], work: Callable[[Item], None]) -> list[Item]:
    """Does the work of every item, `run.parallel` at a time; those at which it raised `Stopped`.

    `name` is that of the threads. What else it raises ends the run. Raises `Stopped` when abandoned.
    """
    waiting: queue.SimpleQueue[Item] = queue.SimpleQueue()
    for item in items:
        waiting.put(item)
    stopped: list[Item] = []
    finished = 0
    lock = threading.Lock()

    def loop() -> None:
        nonlocal finished
        while True:
            try:
                item = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                run.enter()
                try:
                    work(item)
                finally:
                    run.leave()
            except Stopped:
                with lock:
                    stopped.append(item)
            except Exception as error:  # noqa: BLE001 - raised again by the main thread
                run.crash(error)
            finally:
                with lock:
                    finished += 1
                run.signals.put("worked")

    for _ in range(min(run.parallel, len(items))):
        # Daemons: a second Ctrl-C must not wait for a call that never ends.
        threading.Thread(target=loop, name=name, daemon=True).start()
    while True:
        with lock:
            if finished == len(items):
                return stopped
        run.signals.get()
        if run.abandoned:
            raise Stopped
