"""Firehose for the host: what is written to a delivery stream is gathered; the streams are the emulator's."""

from __future__ import annotations

import uuid

from sandbox.runtime.firehose.buffers import Buffers, delivery_streams
from sandbox.runtime.host.emulator import Emulator
from sandbox.runtime.overlay import Caller, Cloud, Params, Remaining, ServiceError

_LARGEST_RECORD = 1024 * 1000


class FirehoseOverlay:
    """Answers PutRecord and PutRecordBatch of streams that write to S3; others are the emulator's."""

    service = "firehose"
    operations = frozenset({"PutRecord", "PutRecordBatch"})

    def __init__(self, cloud: Cloud, emulator: Emulator) -> None:
        self._cloud = cloud
        self._emulator = emulator
        self._buffers = Buffers(cloud, emulator)

    def call(self, operation: str, params: Params, caller: Caller) -> Params:
        """Takes one record or several. Raises ServiceError."""
        name = params["DeliveryStreamName"]
        place = (caller.account_id, caller.region)
        stream = next(
            (
                one
                for one in delivery_streams(self._emulator)
                if one.name == name and (one.caller.account_id, one.caller.region) == place
            ),
            None,
        )
        if stream is None:
            return self._cloud.emulate("firehose", operation, params, caller)
        if stream.source:
            message = f"The delivery stream {name} reads {stream.source}: it takes no records from clients."
            raise ServiceError("InvalidArgumentException", message)
        records = [params["Record"]] if operation == "PutRecord" else params["Records"]
        data = [bytes(record["Data"]) for record in records]
        if any(len(record) > _LARGEST_RECORD for record in data):
            raise ServiceError("ValidationException", f"A record has at most {_LARGEST_RECORD} bytes.")
        self._buffers.add(stream.arn, data)
        if operation == "PutRecord":
            return {"RecordId": str(uuid.uuid4()), "Encrypted": False}
        answers = [{"RecordId": str(uuid.uuid4())} for _ in data]
        return {"FailedPutCount": 0, "Encrypted": False, "RequestResponses": answers}

    def remaining(self) -> list[Remaining]:
        """Nothing: the streams are the emulator's."""
        return []

    def start(self) -> None:
        """Begins to write."""
        self._buffers.start()

    def stop(self) -> None:
        """Writes no more."""
        self._buffers.stop()
