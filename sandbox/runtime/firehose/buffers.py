"""What gathers the records of delivery streams, and writes them to S3 once they are enough, or old enough."""

from __future__ import annotations

import base64
import gzip
import json
import logging
import sys
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from sandbox.runtime.firehose.conversion import UnconvertibleError, parquet
from sandbox.runtime.firehose.naming import Buffering, is_packed, object_key
from sandbox.runtime.host.emulator import Emulator
from sandbox.runtime.overlay import Caller, Cloud
from sandbox.runtime.streams.mapping import SourceMapping
from sandbox.runtime.streams.records import records_after, shards

_BUFFER, _POSITION = "firehose-buffer", "firehose-position"
_LOOK_SECONDS = 0.3
_READ_AT_ONCE = 500
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class DeliveryStream:
    """A stream that writes to S3: its destination as the service describes it."""

    arn: str
    name: str
    version: str
    caller: Caller
    destination: Mapping[str, Any]
    source: str
    """ARN of the Kinesis stream that it reads; empty where clients write to it."""
    created: float


class Buffers:
    """Records that wait, on disk; a thread that writes them."""

    def __init__(self, cloud: Cloud, emulator: Emulator) -> None:
        self._cloud = cloud
        self._emulator = emulator
        self._sizes: dict[str, tuple[float, int]] = {}
        """By ARN: since when something waits, and how many bytes."""
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begins to write, what an earlier run left included."""
        self._sizes.clear()
        for kept in self._cloud.documents.all(_BUFFER):
            size = sum(len(record) for record in kept["records"])
            since, before = self._sizes.get(kept["stream"], (kept["at"], 0))
            self._sizes[kept["stream"]] = (since, before + size)
        self._closed.clear()
        self._thread = threading.Thread(target=self._write_often, name="firehose", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Writes no more; what waits is written at the next start."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join()

    def add(self, stream: str, records: Sequence[bytes]) -> None:
        """Takes records; they are on disk when this returns."""
        key, at = uuid.uuid4().hex, time.time()
        texts = [base64.b64encode(record).decode() for record in records]
        self._cloud.documents.put(_BUFFER, key, {"key": key, "stream": stream, "at": at, "records": texts})
        with self._lock:
            since, before = self._sizes.get(stream, (at, 0))
            self._sizes[stream] = (since, before + sum(map(len, records)))

    def _write_often(self) -> None:
        while not self._closed.wait(_LOOK_SECONDS):
            try:
                for stream in delivery_streams(self._emulator):
                    self._read_source(stream)
                    self._write_if_due(stream)
            except Exception:  # noqa: BLE001 - the thread must go on writing, and its log must tell
                _log.exception("the delivery streams could not be written")

    def _read_source(self, stream: DeliveryStream) -> None:
        if not stream.source:
            return
        mapping = _as_source(stream)
        for shard in shards(self._emulator, mapping):
            key = f"{stream.arn}/{shard}"
            kept = self._cloud.documents.get(_POSITION, key) or {"after": -1}
            found = records_after(self._emulator, mapping, shard, int(kept["after"]), _READ_AT_ONCE)
            fresh = [one for one in found if one.arrived >= stream.created]
            if fresh:
                self.add(stream.arn, [base64.b64decode(one.event["kinesis"]["data"]) for one in fresh])
            if found:
                self._cloud.documents.put(_POSITION, key, {"after": found[-1].sequence})

    def _write_if_due(self, stream: DeliveryStream) -> None:
        with self._lock:
            waiting = self._sizes.get(stream.arn)
        if waiting is None:
            return
        since, size = waiting
        buffering = Buffering.of(stream.destination)
        if size < buffering.bytes and time.time() - since < buffering.seconds:
            return
        with self._lock:
            kept = [one for one in self._cloud.documents.all(_BUFFER) if one["stream"] == stream.arn]
            del self._sizes[stream.arn]
        records = [base64.b64decode(text) for one in kept for text in one["records"]]
        try:
            self._write(stream, records)
        except ClientError as refused:
            _log.warning("%s could not be written, and is tried again: %s", stream.arn, refused)
            with self._lock:
                _, more = self._sizes.get(stream.arn, (0.0, 0))
                self._sizes[stream.arn] = (time.time(), size + more)
            return
        for one in kept:
            self._cloud.documents.delete(_BUFFER, one["key"])

    def _write(self, stream: DeliveryStream, records: Sequence[bytes]) -> None:
        processing = stream.destination.get("ProcessingConfiguration") or {}
        failed: list[bytes] = []
        for processor in processing.get("Processors") or () if processing.get("Enabled") else ():
            given = {one["ParameterName"]: one["ParameterValue"] for one in processor.get("Parameters") or ()}
            if processor["Type"] == "Lambda":
                records, failed = self._transformed(stream, given["LambdaArn"], records)
            elif processor["Type"] == "AppendDelimiterToRecord":
                delimiter = given.get("Delimiter", "\\n").encode().decode("unicode_escape").encode()
                records = [record + delimiter for record in records]
        if records:
            self._put_good(stream, records)
        if failed:
            self._put(stream, b"\n".join(failed), "processing-failed")

    def _put_good(self, stream: DeliveryStream, records: Sequence[bytes]) -> None:
        conversion = stream.destination.get("DataFormatConversionConfiguration") or {}
        if not conversion or conversion.get("Enabled") is False:
            self._put(stream, b"".join(records), "")
            return
        try:
            body, bad = parquet(records, self._columns(conversion, stream))
        except UnconvertibleError as never:
            _log.warning("the records of %s are not converted: %s", stream.arn, never)
            body, bad = None, list(records)
        if body is not None:
            self._put(stream, body, "")
        if bad:
            told = [_unconverted(record) for record in bad]
            self._put(stream, b"\n".join(told), "format-conversion-failed")

    def _columns(self, conversion: Mapping[str, Any], stream: DeliveryStream) -> list[Any]:
        """The columns of the table that the records become rows of. Raises UnconvertibleError."""
        schema = conversion["SchemaConfiguration"]
        if "ParquetSerDe" not in conversion["OutputFormatConfiguration"]["Serializer"]:
            raise UnconvertibleError("the sandbox writes Parquet alone")
        glue = self._cloud.client("glue", stream.caller)
        try:
            table = glue.get_table(DatabaseName=schema["DatabaseName"], Name=schema["TableName"])["Table"]
        except ClientError as missing:
            raise UnconvertibleError(str(missing)) from missing
        return list(table["StorageDescriptor"]["Columns"])

    def _transformed(
        self, stream: DeliveryStream, function: str, records: Sequence[bytes]
    ) -> tuple[list[bytes], list[bytes]]:
        """What a function makes of records, and those that it could not read.

        Source: https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html"""
        asked = {
            "invocationId": str(uuid.uuid4()),
            "deliveryStreamArn": stream.arn,
            "region": stream.caller.region,
            "records": [
                {"recordId": str(place), "data": base64.b64encode(record).decode()}
                for place, record in enumerate(records)
            ],
        }
        client = self._cloud.client("lambda", stream.caller)
        answer = client.invoke(FunctionName=function, Payload=json.dumps(asked).encode())
        text = answer["Payload"].read()
        if answer.get("FunctionError"):
            return [], list(records)
        good, bad = [], []
        for one in json.loads(text)["records"]:
            if one["result"] == "Ok":
                good.append(base64.b64decode(one["data"]))
            elif one["result"] == "ProcessingFailed":
                bad.append(records[int(one["recordId"])])
        return good, bad

    def _put(self, stream: DeliveryStream, body: bytes, failure: str) -> None:
        destination = stream.destination
        now = datetime.now(UTC)
        key = object_key(destination, stream.name, stream.version, now, failure)
        bucket = destination["BucketARN"].rpartition(":")[2]
        content = gzip.compress(body) if is_packed(destination) else body
        self._cloud.client("s3", stream.caller).put_object(Bucket=bucket, Key=key, Body=content)


def _unconverted(record: bytes) -> bytes:
    """A record that is no row, as the service keeps it."""
    told = {
        "attemptsMade": 1,
        "arrivalTimestamp": round(time.time() * 1000),
        "errorCode": "DataFormatConversion.ParseError",
        "rawData": base64.b64encode(record).decode(),
    }
    return json.dumps(told).encode()


def delivery_streams(emulator: Emulator) -> list[DeliveryStream]:
    """Every delivery stream that writes to S3."""
    if "moto.firehose.models" not in sys.modules:
        return []
    from moto.firehose.models import firehose_backends

    found = []
    with emulator.lock:
        every: list[tuple[str, str, Any]] = list(firehose_backends.iter_backends())
        for account, region, backend in every:
            for one in backend.delivery_streams.values():
                places = one.destinations[0] if one.destinations else {}
                destination = places.get("ExtendedS3") or places.get("S3")
                if destination is None:
                    continue
                created = one.create_timestamp.replace(tzinfo=UTC).timestamp()
                source = (one.source or {}).get("KinesisStreamARN", "")
                caller = Caller(account, region)
                arn, name = one.delivery_stream_arn, one.delivery_stream_name
                made = DeliveryStream(arn, name, one.version_id, caller, dict(destination), source, created)
                found.append(made)
    return found


def _as_source(stream: DeliveryStream) -> SourceMapping:
    """A delivery stream reads a Kinesis stream as a function's mapping does."""
    return SourceMapping(
        uuid=stream.arn,
        source=stream.source,
        function="",
        caller=stream.caller,
        batch_size=_READ_AT_ONCE,
        window=0.0,
        begins_at="TRIM_HORIZON",
        bisects=False,
        retries=-1,
        max_age=-1.0,
        on_failure="",
        reports_items=False,
        filters=(),
    )
