"""Real days put to a stream, at a multiple of their speed and, if asked, out of order and more than once."""

from __future__ import annotations

import heapq
import itertools
import json
import random
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from ml.streaming.happening import Happening
from ml.streaming.marks import iso

LATEST = 4.0
"""Minutes that an event out of order comes too late, at most: less than the consumer's tolerance."""

LATER = 60.0
"""Minutes after which an event comes a second time, at most."""

_MOST = 500
"""Records that PutRecords takes (API reference); 5 MiB together, which events stay far below."""
_MOST_TRIES = 12
_FLUSH_SECONDS = 0.1
_TOLD_SECONDS = 5.0


class NotPutError(Exception):
    """The stream did not take some records, however often they were put."""

    def __init__(self, stream: str, failed: int, code: str) -> None:
        super().__init__(
            f"{stream} does not take {failed} records after {_MOST_TRIES} tries: {code}. Give it more "
            "shards, or replay at a lower --speed."
        )


@dataclass(frozen=True)
class Arrival:
    """When an event comes to the stream, in minutes since 1970 of its own time, and the event."""

    at: float
    happening: Happening


@dataclass(frozen=True)
class Played:
    """What a replay did. `retried` records were put again since the stream was busy; `shards` got records."""

    put: int
    retried: int
    seconds: float
    newest: float
    shards: frozenset[str]


def weeks_to(first: date, days: int, until: date) -> int:
    """By how many weeks days move so that all of it, with a day for what lands late, is over by `until`."""
    return (until - first - timedelta(days=days + 1)).days // 7


def arrivals(
    happenings: Iterable[Happening], *, disorder: float = 0.0, duplicates: float = 0.0, seed: int = 0
) -> Iterator[Arrival]:
    """When each event comes: in order of time, but for shares of them that are late, or come twice.

    A late one is up to LATEST minutes late, a second one up to LATER. The same seed gives the same disorder.
    """
    chance = random.Random(seed)  # noqa: S311 - the same disorder each time, keeps no secret
    waiting: list[tuple[float, int, Happening]] = []
    number = itertools.count()
    for one in happenings:
        while waiting and waiting[0][0] <= one.at:
            at, _, earlier = heapq.heappop(waiting)
            yield Arrival(at, earlier)
        late = chance.random() < disorder
        at = one.at + (chance.uniform(0, LATEST) if late else 0.0)
        heapq.heappush(waiting, (at, next(number), one))
        if chance.random() < duplicates:
            heapq.heappush(waiting, (at + chance.uniform(0, LATER), next(number), one))
    while waiting:
        at, _, earlier = heapq.heappop(waiting)
        yield Arrival(at, earlier)


def without(happenings: Iterable[Happening], kinds: frozenset[str], before: float) -> Iterator[Happening]:
    """All but the events of some kinds before a moment: days that only warm the states up."""
    return (one for one in happenings if one.at >= before or one.event["type"] not in kinds)


def play(
    client: Any,
    stream: str,
    coming: Iterable[Arrival],
    *,
    speed: float,
    begin: float,
    say: Callable[[str], None] = print,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Played:
    """Puts events to a stream of Kinesis, `speed` minutes in a minute from `begin` on; 0 is without a pause.

    What comes before `begin` is put without a pause. Raises NotPutError.
    """
    started = told = clock()
    paced: float | None = None
    put = retried = 0
    newest = begin
    held: list[Happening] = []
    shards: set[str] = set()

    def flush() -> None:
        nonlocal put, retried
        retried += _put(client, stream, held, sleep, shards)
        put += len(held)
        held.clear()

    for one in coming:
        if speed > 0 and one.at > begin:
            paced = clock() if paced is None else paced
            due = paced + (one.at - begin) * 60 / speed
            if held and due - clock() > _FLUSH_SECONDS:
                flush()
            wait = due - clock()
            if wait > 0:
                sleep(wait)
        held.append(one.happening)
        newest = max(newest, one.happening.at)
        if len(held) == _MOST:
            flush()
        if clock() - told >= _TOLD_SECONDS:
            told = clock()
            again = f", {retried:,} of them again" if retried else ""
            say(f"{iso(newest)[:16].replace('T', ' ')}  {put:,} events put{again}")
    if held:
        flush()
    return Played(put, retried, clock() - started, newest, frozenset(shards))


def _put(
    client: Any,
    stream: str,
    happenings: list[Happening],
    sleep: Callable[[float], None],
    shards: set[str],
) -> int:
    """Puts up to 500; those that a busy stream refuses again, before any other. Gives how many that were.

    Adds the shards that took them.
    """
    records = [
        {"Data": json.dumps(one.event, separators=(",", ":")).encode(), "PartitionKey": one.partition}
        for one in happenings
    ]
    retried, code = 0, ""
    for attempt in range(_MOST_TRIES):
        answer = client.put_records(StreamName=stream, Records=records)
        results = answer["Records"]
        shards.update(one["ShardId"] for one in results if "ShardId" in one)
        left = [record for record, one in zip(records, results, strict=True) if "ErrorCode" in one]
        if not left:
            return retried
        code = next(one["ErrorCode"] for one in results if "ErrorCode" in one)
        records, retried = left, retried + len(left)
        sleep(random.uniform(0.5, 1) * min(0.1 * 2**attempt, 5))  # noqa: S311 - spreads tries
    raise NotPutError(stream, len(records), code)
