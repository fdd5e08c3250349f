"""Which requests are answered in their turn of the event loop, and what becomes of those that are not?"""

import asyncio
from collections.abc import Awaitable, Callable

from ml.serving.turns import Turn


async def _until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not done():
            await asyncio.sleep(0)


async def _ask(awaited: Callable[[], Awaitable[str]], told: list[str]) -> None:
    try:
        told.append(await awaited())
        told.append(await awaited())
    except (KeyError, asyncio.CancelledError) as error:
        told.append(type(error).__name__)
        raise


def test_what_waits_for_the_model_alone_is_answered_in_its_turn() -> None:
    async def turn() -> tuple[list[list[str]], list[str]]:
        loop = asyncio.get_running_loop()
        futures: list[asyncio.Future[str]] = []
        happened: list[str] = []

        def model() -> Awaitable[str]:
            futures.append(loop.create_future())
            happened.append("asked")
            if len(futures) > 3:  # the second question of each is answered at once
                futures[-1].set_result("at once")
            return futures[-1]

        def run() -> None:
            happened.append("run")
            for number, future in enumerate(futures):
                future.set_result(f"answer {number}")

        tasks: set[asyncio.Task[None]] = set()
        told: list[list[str]] = [[], [], []]
        turns = Turn(run)
        for one in told:
            turns.add(_ask(model, one), tasks)
        assert happened == []
        await _until(lambda: "run" in happened)
        assert not tasks
        return told, happened

    told, happened = asyncio.run(turn())
    assert told == [[f"answer {number}", "at once"] for number in range(3)]
    assert happened == ["asked"] * 3 + ["run"] + ["asked"] * 3


def test_what_waits_for_something_else_goes_on_as_a_task() -> None:
    async def turn() -> tuple[list[str], list[str]]:
        loop = asyncio.get_running_loop()
        tasks: set[asyncio.Task[None]] = set()
        slow: list[str] = []
        quick: list[str] = []

        async def thread() -> str:
            await asyncio.sleep(0)
            return await loop.run_in_executor(None, lambda: "from a thread")

        async def at_once() -> str:
            return "at once"

        turns = Turn(lambda: None)
        turns.add(_ask(thread, slow), tasks)
        turns.add(_ask(at_once, quick), tasks)
        await _until(lambda: bool(quick))
        assert len(tasks) == 1
        assert slow == []
        await asyncio.gather(*tasks)
        await _until(lambda: not tasks)
        return slow, quick

    slow, quick = asyncio.run(turn())
    assert slow == ["from a thread"] * 2
    assert quick == ["at once"] * 2


def test_what_goes_on_as_a_task_learns_of_errors_and_of_its_end() -> None:
    async def turn() -> tuple[list[list[str]], list[object]]:
        loop = asyncio.get_running_loop()
        tasks: set[asyncio.Task[None]] = set()
        futures = [loop.create_future() for _ in range(3)]
        told: list[list[str]] = [[], [], []]
        turns = Turn(lambda: None)
        for future, one in zip(futures, told, strict=True):
            turns.add(_ask(lambda future=future: future, one), tasks)  # type: ignore[misc]
        await _until(lambda: len(tasks) == 3)
        waiting = asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)
        futures[0].set_exception(KeyError("lost"))
        futures[1].cancel()
        futures[2].set_result("answer")
        return told, [type(one) for one in await waiting]

    told, ended = asyncio.run(turn())
    assert told == [["KeyError"], ["CancelledError"], ["answer", "answer"]]
    assert set(ended) == {KeyError, asyncio.CancelledError, type(None)}
