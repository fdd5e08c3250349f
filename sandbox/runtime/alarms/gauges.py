"""What do queues hold at the moment of looking? SQS measures that by itself, and nobody puts it.

Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from sandbox.runtime.alarms.evaluation import Datum
from sandbox.runtime.alarms.measured import Measured, MetricKey, keys_of
from sandbox.runtime.overlay import Caller

_SPACE = "AWS/SQS"


def add(data: Measured, alarms: Iterable[Any], caller: Caller, now: float) -> None:
    """Adds to the data of these alarms what the caller's queues hold now. Under the emulator's lock."""
    if "moto.sqs.models" not in sys.modules:
        return
    from moto.sqs.models import sqs_backends

    queues = sqs_backends[caller.account_id][caller.region].queues
    for key in {key for alarm in alarms for key in keys_of(alarm) if key.namespace == _SPACE}:
        queue = queues.get(dict(key.dimensions).get("QueueName", ""))
        value = None if queue is None else _value(queue, key)
        if value is not None:
            data.setdefault(key, []).append(Datum(now, value, value, value, 1.0))


def _value(queue: Any, key: MetricKey) -> float | None:
    messages = queue._messages
    if key.name == "ApproximateNumberOfMessagesVisible":
        return float(sum(bool(one.visible and not one.delayed) for one in messages))
    if key.name == "ApproximateNumberOfMessagesNotVisible":
        return float(sum(not one.visible for one in messages))
    if key.name == "ApproximateNumberOfMessagesDelayed":
        return float(sum(bool(one.delayed) for one in messages))
    return None
