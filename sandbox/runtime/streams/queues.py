"""How do the messages of a queue reach a function? Received in batches, deleted once they are dealt with.

Source: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from sandbox.runtime.host.emulator import Emulator
from sandbox.runtime.overlay import Cloud
from sandbox.runtime.streams.calls import Call
from sandbox.runtime.streams.mapping import SourceMapping, matches
from sandbox.runtime.streams.records import as_json

_RECEIVED_AT_ONCE = 10


class QueueReader:
    """Reads one queue for one mapping. What a function fails on stays in the queue, until its visibility
    timeout brings it back."""

    def __init__(self, cloud: Cloud, emulator: Emulator, mapping: SourceMapping, call: Call) -> None:
        self._cloud = cloud
        self._emulator = emulator
        self._mapping = mapping
        self._call = call
        self._since = 0.0

    def step(self) -> bool:
        """Deals with one batch; False where there is none yet."""
        waiting = self._visible()
        if not waiting:
            self._since = 0.0
            return False
        self._since = self._since or time.monotonic()
        full = waiting >= self._mapping.batch_size
        if not full and time.monotonic() - self._since < self._mapping.window:
            return False
        self._since = 0.0
        try:
            return self._deal()
        except ClientError:
            # The queue went meanwhile, or a fault was asked for.
            return False

    def _deal(self) -> bool:
        client = self._cloud.client("sqs", self._mapping.caller)
        account, name = self._mapping.source.split(":")[4:6]
        url = client.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]
        messages: list[Mapping[str, Any]] = []
        while len(messages) < self._mapping.batch_size:
            most = min(_RECEIVED_AT_ONCE, self._mapping.batch_size - len(messages))
            found = client.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=most,
                AttributeNames=["All"],
                MessageAttributeNames=["All"],
                WaitTimeSeconds=0,
            ).get("Messages", [])
            messages += found
            if len(found) < most:
                break
        wanted = [one for one in messages if self._wanted(one)]
        done = {one["MessageId"] for one in messages} - {one["MessageId"] for one in wanted}
        if wanted:
            identifiers = [str(one["MessageId"]) for one in wanted]
            called = self._call([self._event(one) for one in wanted], identifiers)
            if not called.failed:
                done |= set(identifiers) - called.items
        for message in messages:
            if message["MessageId"] in done:
                client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return bool(messages)

    def _visible(self) -> int:
        from moto.sqs.models import sqs_backends

        caller = self._mapping.caller
        with self._emulator.lock:
            queues = sqs_backends[caller.account_id][caller.region].queues.values()
            queue = next((one for one in queues if one.queue_arn == self._mapping.source), None)
            return len(queue.messages) if queue is not None else 0

    def _wanted(self, message: Mapping[str, Any]) -> bool:
        event = {**self._event(message), "body": as_json(message["Body"])}
        return matches(self._mapping.filters, event)

    def _event(self, message: Mapping[str, Any]) -> dict[str, Any]:
        attributes = {
            name: {member[0].lower() + member[1:]: value for member, value in given.items()}
            for name, given in (message.get("MessageAttributes") or {}).items()
        }
        return {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": dict(message.get("Attributes") or {}),
            "messageAttributes": attributes,
            "md5OfBody": message["MD5OfBody"],
            "eventSource": "aws:sqs",
            "eventSourceARN": self._mapping.source,
            "awsRegion": self._mapping.caller.region,
        }
