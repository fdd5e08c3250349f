"""The consumer as a function: what a stream hands it, and what it says must come again.

`CASE` names the use case's package; where that has a module `stream`, events change states by it and its
questions are asked. Else events are features as they stand.
"""

from __future__ import annotations

import base64
import functools
import importlib
import importlib.util
import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.config import Config

from ml.streaming.aws import Aws
from ml.streaming.consumer import Consumer, Rules
from ml.streaming.declared import Stream
from ml.streaming.groups import groups_of
from ml.streaming.state import Store
from ml.streaming.table import Table

_AT_A_TIME = 16


class NotWrittenError(Exception):
    """Records of Kafka that the feature store did not take: their batch has to come again, whole."""

    def __init__(self, failed: list[str]) -> None:
        super().__init__(f"{len(failed)} events are not written for the moment, the first is {failed[0]}")


def handle(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Deals with a batch; answers which records have to come again. Raises NotWrittenError for Kafka's."""
    return work_off(event, _consumer(), datetime.now(UTC))


def work_off(event: Mapping[str, Any], consumer: Consumer, now: datetime) -> dict[str, Any]:
    """As `handle`, by a given consumer and clock."""
    shards: dict[str, list[tuple[str, bytes]]] = {}
    for shard, identity, data in records(event):
        shards.setdefault(shard, []).append((identity, data))
    failed = [one for shard, given in shards.items() for one in consumer.take(shard, given, now)]
    if failed and "Records" not in event:
        raise NotWrittenError(failed)
    return {"batchItemFailures": [{"itemIdentifier": identity} for identity in failed]}


def records(event: Mapping[str, Any]) -> Iterator[tuple[str, str, bytes]]:
    """Shard, identity and content of each record of Kinesis or of Kafka, in order."""
    if "Records" in event:
        for record in event["Records"]:
            told = record["kinesis"]
            shard = str(record.get("eventID", "")).partition(":")[0]
            yield shard, told["sequenceNumber"], base64.b64decode(told["data"])
        return
    for part in event["records"].values():
        for record in part:
            shard = f"{record['topic']}-{record['partition']}"
            yield shard, f"{shard}:{record['offset']}", base64.b64decode(record["value"])


def stream_of(case: str) -> Stream | None:
    """What a use case's package says of its stream, in `stream.STREAM`; none where it has no such module."""
    if not case or importlib.util.find_spec(case) is None:
        return None
    if importlib.util.find_spec(f"{case}.stream") is None:
        return None
    stream = importlib.import_module(f"{case}.stream").STREAM
    assert isinstance(stream, Stream)  # noqa: S101 - a defect of the package, not of an event
    return stream


@functools.cache
def _consumer() -> Consumer:
    """The consumer that the environment describes, kept from batch to batch."""
    told = os.environ

    session: Any = boto3.session.Session()
    config = Config(max_pool_connections=_AT_A_TIME, retries={"mode": "standard", "total_max_attempts": 3})

    def client(service: str) -> Any:
        return session.client(service, config=config)

    outputs = Aws(
        client,
        undelivered_url=told["UNDELIVERED_URL"],
        endpoint=told.get("ENDPOINT", ""),
        archive=told.get("ARCHIVE"),
        namespace=told.get("METRICS"),
        threads=_AT_A_TIME,
    )
    stream = stream_of(told.get("CASE", "")) if told.get("STATE_TABLE") else None
    store: Store | None = None
    if stream is not None:
        days = int(told.get("STATE_DAYS", "400"))
        store = Table(client("dynamodb"), told["STATE_TABLE"], stream.kinds, days, _AT_A_TIME)
    rules = Rules(
        tolerance=float(told.get("TOLERANCE_MINUTES", "5")),
        idle_seconds=float(told.get("IDLE_SECONDS", "120")),
    )
    return Consumer(groups_of(told["GROUPS"]), outputs, stream, store, rules)
