"""How do the records of a stream reach a function? In order, shard by shard; what fails holds the shard up.

Source: https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sandbox.runtime.host.emulator import Emulator
from sandbox.runtime.overlay import Cloud
from sandbox.runtime.streams.calls import Call
from sandbox.runtime.streams.mapping import SourceMapping, matches
from sandbox.runtime.streams.records import StreamRecord, records_after, shards

POSITIONS = "stream-position"
_LONGEST_PAUSE = 10.0

OnFailure = Callable[[SourceMapping, dict[str, Any]], None]
"""Takes what a batch that was given up is told of by."""


@dataclass(frozen=True)
class Position:
    """How far a mapping has come in a shard: everything up to `after` is dealt with. `tries` counts the
    failures of what follows, of which `most` records at a time are sent; nothing is sent before
    `pause_until`."""

    key: str
    mapping: str
    after: int
    tries: int = 0
    most: int = 0
    pause_until: float = 0.0


class ShardReader:
    """Reads the shards of one stream for one mapping."""

    def __init__(
        self, cloud: Cloud, emulator: Emulator, mapping: SourceMapping, call: Call, on_failure: OnFailure
    ) -> None:
        self._cloud = cloud
        self._emulator = emulator
        self._mapping = mapping
        self._call = call
        self._on_failure = on_failure

    def step(self) -> bool:
        """Deals with one batch of each shard; False where there is none yet."""
        ends = shards(self._emulator, self._mapping)
        worked = False
        for shard, end in ends.items():
            worked = self._step(shard, end) or worked
        return worked

    def _step(self, shard: str, end: int) -> bool:
        position = self._position(shard, end)
        if position.after >= end or time.time() < position.pause_until:
            return False
        most = position.most or self._mapping.batch_size
        found = records_after(self._emulator, self._mapping, shard, position.after, most)
        if not found:
            return False
        young = time.time() - found[0].arrived < self._mapping.window
        if young and len(found) < most and not position.tries:
            return False
        filters = self._mapping.filters
        wanted = [one for one in found if not filters or matches(filters, one.looked_into)]
        last = found[-1].sequence
        if not wanted:
            self._keep(replace(position, after=last))
            return True
        identifiers = [str(one.sequence) for one in wanted]
        called = self._call([one.event for one in wanted], identifiers)
        if called.items and not called.failed:
            # What comes before the first that failed is dealt with.
            first = min(int(one) for one in called.items)
            rest = [one for one in wanted if one.sequence >= first]
            self._failed(replace(position, after=first - 1), shard, rest)
        elif called.failed:
            self._failed(position, shard, wanted)
        else:
            self._keep(Position(position.key, position.mapping, last))
        return True

    def _failed(self, position: Position, shard: str, batch: Sequence[StreamRecord]) -> None:
        tries = position.tries + 1
        retries, age = self._mapping.retries, self._mapping.max_age
        old = age >= 0 and time.time() - batch[0].arrived > age
        if self._mapping.bisects and len(batch) > 1 and not old:
            # A half is another batch: it has all its tries before it.
            self._keep(replace(position, tries=0, most=max(1, len(batch) // 2)))
        elif old or (0 <= retries < tries):
            reason = "RecordAgeExceeded" if old else "RetryAttemptsExhausted"
            self._on_failure(self._mapping, self._told(shard, batch, reason, tries))
            self._keep(Position(position.key, position.mapping, batch[-1].sequence))
        else:
            pause = min(0.2 * 2.0**tries, _LONGEST_PAUSE)
            self._keep(replace(position, tries=tries, pause_until=time.time() + pause))

    def _told(self, shard: str, batch: Sequence[StreamRecord], reason: str, tries: int) -> dict[str, Any]:
        kind = "KinesisBatchInfo" if self._mapping.service == "kinesis" else "DDBStreamBatchInfo"
        return {
            "requestContext": {
                "requestId": str(uuid.uuid4()),
                "functionArn": self._mapping.function,
                "condition": reason,
                "approximateInvokeCount": tries,
            },
            "responseContext": {
                "statusCode": 200,
                "executedVersion": "$LATEST",
                "functionError": "Unhandled",
            },
            "version": "1.0",
            "timestamp": _written(time.time()),
            kind: {
                "shardId": shard,
                "startSequenceNumber": str(batch[0].sequence),
                "endSequenceNumber": str(batch[-1].sequence),
                "approximateArrivalOfFirstRecord": _written(batch[0].arrived),
                "approximateArrivalOfLastRecord": _written(batch[-1].arrived),
                "batchSize": len(batch),
                "streamArn": self._mapping.source,
            },
        }

    def _position(self, shard: str, end: int) -> Position:
        key = f"{self._mapping.uuid}/{shard}"
        kept = self._cloud.documents.get(POSITIONS, key)
        if kept is not None:
            return Position(**kept)
        after = end if self._mapping.begins_at == "LATEST" else -1
        return self._keep(Position(key, self._mapping.uuid, after))

    def _keep(self, position: Position) -> Position:
        self._cloud.documents.put(POSITIONS, position.key, asdict(position))
        return position


def _written(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
