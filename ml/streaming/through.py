"""Has the consumer dealt with all that was put? By the clocks that it keeps of the shards."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping

from ml.streaming.marks import iso
from ml.streaming.state import Clock

_LOOK_SECONDS = 0.5
_SAY_SECONDS = 5.0


class NotThroughError(Exception):
    """The consumer has stopped before it had come to the end."""

    def __init__(self, seconds: float, newest: float | None) -> None:
        reached = "the first event" if newest is None else iso(newest)
        super().__init__(
            f"the consumer has dealt with nothing for {seconds:.0f} s and stands at {reached}. Look at its "
            "log and at the queue of undelivered events."
        )


def wait(
    clocks: Callable[[], Mapping[str, Clock]],
    shards: Collection[str],
    until: float,
    *,
    patience: float,
    say: Callable[[str], None] = print,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Waits until each of the shards has come to a minute of event time; says how far they are meanwhile.

    Gives how many questions and outcomes still wait: those that another shard held up, and those that were
    refused for the moment. The next batch of their shard deals with them. Raises NotThroughError where no
    clock was written for `patience` seconds.
    """
    moved = told = clock()
    known: dict[str, int] = {}
    while True:
        found = clocks()
        held = {shard: found.get(shard, Clock()) for shard in shards}
        reached = [one.newest for one in held.values()]
        newest = None if None in reached else min((one for one in reached if one is not None), default=until)
        waiting = sum(len(one.pending) for one in held.values())
        if newest is not None and newest >= until:
            return waiting
        now, versions = clock(), {shard: one.version for shard, one in held.items()}
        if versions != known:
            known, moved = versions, now
        elif now - moved >= patience:
            raise NotThroughError(patience, newest)
        if now - told >= _SAY_SECONDS:
            told = now
            stands = "nothing yet" if newest is None else iso(newest)[:16].replace("T", " ")
            say(f"{stands}  is through, {waiting:,} questions and outcomes wait")
        sleep(_LOOK_SECONDS)
