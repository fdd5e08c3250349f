"""What lies in a stream behind a position, as a function gets it? Read from the emulator's own objects."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sandbox.runtime.host.emulator import Emulator
from sandbox.runtime.streams.mapping import SourceMapping


@dataclass(frozen=True)
class StreamRecord:
    """One record: its sequence number, when it came (seconds since 1970), and the event's part for it."""

    sequence: int
    arrived: float
    event: Mapping[str, Any]

    @property
    def looked_into(self) -> Mapping[str, Any]:
        """What filters see."""
        told = self.event.get("kinesis")
        if told is None:
            return self.event
        return {"data": as_json(base64.b64decode(told["data"])), "partitionKey": told["partitionKey"]}


def shards(emulator: Emulator, mapping: SourceMapping) -> dict[str, int]:
    """The last sequence number of each shard of a source; none where the source is gone."""
    with emulator.lock:
        if mapping.service == "kinesis":
            stream = _stream(mapping)
            found = stream.shards.values() if stream is not None else ()
            return {shard.shard_id: shard.get_max_sequence_number() for shard in found}
        table = _table(mapping)
        if table is None or table.stream_shard is None:
            return {}
        shard = table.stream_shard
        return {shard.id: shard.starting_sequence_number + len(shard.items) - 1}


def records_after(
    emulator: Emulator, mapping: SourceMapping, shard: str, after: int, most: int
) -> Sequence[StreamRecord]:
    """At most so many records behind a sequence number, oldest first."""
    with emulator.lock:
        if mapping.service == "kinesis":
            stream = _stream(mapping)
            if stream is None or shard not in stream.shards:
                return ()
            # The emulator numbers the records of a shard one by one, and keeps all of them.
            kept = stream.shards[shard].records
            first = max(after + 1, next(iter(kept), 0))
            numbers = range(first, min(first + most, next(reversed(kept), -1) + 1))
            return [_of_kinesis(mapping, shard, number, kept[number]) for number in numbers]
        table = _table(mapping)
        if table is None or table.stream_shard is None:
            return ()
        first = table.stream_shard.starting_sequence_number
        start = max(0, after - first + 1)
        items = table.stream_shard.items[start : start + most]
        return [_of_table(mapping, first + start + place, one) for place, one in enumerate(items)]


def _stream(mapping: SourceMapping) -> Any:
    from moto.kinesis.models import kinesis_backends

    backend = kinesis_backends[mapping.caller.account_id][mapping.caller.region]
    return next((one for one in backend.streams.values() if one.arn == mapping.source), None)


def _table(mapping: SourceMapping) -> Any:
    from moto.dynamodb.models import dynamodb_backends

    backend = dynamodb_backends[mapping.caller.account_id][mapping.caller.region]
    return backend.tables.get(mapping.source.split("/")[1])


def _of_kinesis(mapping: SourceMapping, shard: str, sequence: int, record: Any) -> StreamRecord:
    arrived = record.created_at_datetime.replace(tzinfo=UTC).timestamp()
    event = {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": record.partition_key,
            "sequenceNumber": str(sequence),
            "data": record.data,
            "approximateArrivalTimestamp": round(arrived, 3),
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{shard}:{sequence}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": f"arn:aws:iam::{mapping.caller.account_id}:role/lambda",
        "awsRegion": mapping.caller.region,
        "eventSourceARN": mapping.source,
    }
    return StreamRecord(sequence, arrived, event)


def _of_table(mapping: SourceMapping, sequence: int, record: Any) -> StreamRecord:
    body = dict(record.to_json())
    change = dict(body["dynamodb"])
    made = change["ApproximateCreationDateTime"]
    arrived = made.replace(tzinfo=UTC).timestamp() if isinstance(made, datetime) else float(made)
    change["ApproximateCreationDateTime"] = arrived
    region, source = mapping.caller.region, mapping.source
    event = {**body, "dynamodb": change, "awsRegion": region, "eventSourceARN": source}
    return StreamRecord(sequence, arrived, event)


def as_json(data: bytes | str) -> Any:
    """JSON where it is JSON, else the text."""
    try:
        return json.loads(data)
    except ValueError:
        return data.decode("utf-8", "replace") if isinstance(data, bytes) else data
