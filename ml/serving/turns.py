"""How are the requests answered that came whole in one turn of the event loop?

Together, and without a task each: what waits for the model alone has its answer when the turn ends. To end
each request before the next one is begun would cost as much as the tasks: a core's nearest memory holds the
code of one step, not of all (docs/decisions/0145-requests-of-one-turn.md).
"""

from __future__ import annotations

import asyncio
import types
from collections.abc import Callable, Coroutine, Generator
from typing import Any

Request = Coroutine[Any, Any, None]


class Turn:
    """Of one event loop. A request that waits for something else than the model is a task from there on.

    A request raises nothing: uvicorn's cycle logs what the application raises.
    """

    def __init__(self, run: Callable[[], None]) -> None:
        """`run` lets the model answer what waits for it."""
        self._run = run
        self._due: list[tuple[Request, set[asyncio.Task[None]]]] = []

    def add(self, request: Request, tasks: set[asyncio.Task[None]]) -> None:
        """Begins the request when all that came in this turn is read. `tasks` holds it, should it be one."""
        if not self._due:
            asyncio.get_running_loop().call_soon(self._answer)
        self._due.append((request, tasks))

    def _answer(self) -> None:
        due, self._due = self._due, []
        waiting = []
        for request, tasks in due:
            try:
                waiting.append((request, request.send(None), tasks))
            except StopIteration:
                continue
        if not waiting:
            return
        self._run()
        for request, awaited, tasks in waiting:
            try:
                while isinstance(awaited, asyncio.Future) and awaited.done():
                    awaited = request.send(None)
            except StopIteration:
                continue
            task = asyncio.get_running_loop().create_task(_rest(request, awaited))
            task.add_done_callback(tasks.discard)
            tasks.add(task)


@types.coroutine
def _rest(request: Request, awaited: Any) -> Generator[Any, Any, None]:
    """What is left of a request that waits for `awaited`, for a task to go on with."""
    try:
        while True:
            try:
                value = yield awaited
            except BaseException as error:  # noqa: BLE001 – handed to the request, as a task does
                awaited = request.throw(error)
            else:
                awaited = request.send(value)
    except StopIteration:
        return
