"""How do requests that come together share one run of the model?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from .inference import Rows

Values = npt.NDArray[np.floating[Any]]


class Gatherer:
    """Micro-batching: the first request waits `seconds` for others, or until `most_rows` rows are there.

    Within 0 seconds it waits for those alone that are there already: what came in one turn of the event loop.
    """

    def __init__(
        self,
        run: Callable[[Rows], Values],
        seconds: float,
        most_rows: int,
        on_shared: Callable[[], None] = lambda: None,
    ) -> None:
        self._run = run
        self._seconds = seconds
        self._most_rows = most_rows
        self._on_shared = on_shared
        self._waiting: list[tuple[Rows, asyncio.Future[Values]]] = []
        self._timer: asyncio.Handle | None = None
        self.rows_waiting = 0

    def values(self, rows: Rows) -> asyncio.Future[Values]:
        """What the model says of the rows, shape (rows,); a run's error is the error of all that share it."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Values] = loop.create_future()
        self._waiting.append((rows, future))
        self.rows_waiting += len(rows)
        if self.rows_waiting >= self._most_rows:
            self._flush()
        elif self._timer is None:
            self._timer = (
                loop.call_later(self._seconds, self._flush) if self._seconds else loop.call_soon(self._flush)
            )
        return future

    def end_turn(self) -> None:
        """Lets the model answer now, unless those that are there are to wait for others."""
        if not self._seconds:
            self._flush()

    def _flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        # A client that went away meanwhile has cancelled its future.
        shared = [(rows, future) for rows, future in self._waiting if not future.done()]
        self._waiting, self.rows_waiting = [], 0
        if not shared:
            return
        if len(shared) > 1:
            self._on_shared()
        try:
            values = self._run(np.concatenate([rows for rows, _ in shared]))
        except Exception as error:  # noqa: BLE001 – handed to those who wait, each of whom raises it
            for _, future in shared:
                future.set_exception(error)
            return
        end = 0
        for rows, future in shared:
            begin, end = end, end + len(rows)
            future.set_result(values[begin:end])
