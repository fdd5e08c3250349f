"""Which work is going on? A thread for each job and execution, with the orders given to it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.runtime.sagemaker.process import Ending, Orders


@dataclass(frozen=True)
class _Task:
    thread: threading.Thread
    orders: Orders


class Board:
    """Runs work by ARN and ends it when the sandbox stops."""

    def __init__(self) -> None:
        self._tasks: dict[str, _Task] = {}
        self._lock = threading.Lock()

    def start(self, arn: str, work: Callable[[Orders], None]) -> None:
        orders = Orders()

        def run() -> None:
            try:
                work(orders)
            finally:
                with self._lock:
                    # Work that follows under the same ARN may have begun while this one was cleaning up.
                    if self._tasks[arn].orders is orders:
                        del self._tasks[arn]

        thread = threading.Thread(target=run, name=arn.rpartition(":")[2], daemon=True)
        with self._lock:
            self._tasks[arn] = _Task(thread, orders)
        thread.start()

    def order(self, arn: str, ending: Ending) -> bool:
        """Tells the work to end; False where none of that ARN is going on."""
        with self._lock:
            task = self._tasks.get(arn)
        if task is None:
            return False
        task.orders.give(ending)
        return True

    def wait(self, arn: str, seconds: float | None = None) -> bool:
        """True once the work of that ARN is over."""
        with self._lock:
            task = self._tasks.get(arn)
        if task is None:
            return True
        task.thread.join(seconds)
        return not task.thread.is_alive()

    def close(self) -> None:
        """Abandons all work: processes are killed, documents stay for the next start to settle."""
        with self._lock:
            tasks = list(self._tasks.values())
        for task in tasks:
            task.orders.give(Ending.ABANDONED)
        for task in tasks:
            if task.thread is not threading.current_thread():
                task.thread.join(timeout=10)
