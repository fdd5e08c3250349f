"""How does a pipe hand a batch on? Enriched by a function where one is named, then to its target.

Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes.html
"""

from __future__ import annotations

import json
import re
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from sandbox.runtime.delivery.outbox import UndeliverableError
from sandbox.runtime.delivery.reach import Reach, Shipment, TransientError, value_at
from sandbox.runtime.host.emulator import Emulator
from sandbox.runtime.overlay import Caller, Cloud
from sandbox.runtime.streams.mapping import SourceMapping

_TAKE_BATCHES = frozenset({"lambda", "states"})
"""Targets that get all records of a batch at once; others get each by itself."""
_PLACE = re.compile(r"(\"?)<(\$[^>]*)>(\"?)")
_BY_SOURCE = ("SqsQueueParameters", "KinesisStreamParameters", "DynamoDBStreamParameters")


@dataclass(frozen=True)
class Pipe:
    """What a pipe does with what its source holds."""

    arn: str
    target: str
    enrichment: str
    template: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Of the target, by the names that rules give them."""


def pipes(emulator: Emulator) -> list[tuple[SourceMapping, Pipe]]:
    """Every pipe that is to run, with how it reads its source."""
    with emulator.lock:
        return list(_pipes())


def every_pipe(emulator: Emulator) -> set[str]:
    """The ARNs of all pipes, those that are stopped included."""
    if "moto.pipes.models" not in sys.modules:
        return set()
    from moto.pipes.models import pipes_backends

    with emulator.lock:
        every: list[Any] = [backend for _, _, backend in pipes_backends.iter_backends()]
        return {one.arn for backend in every for one in backend.pipes.values()}


def hand_on(cloud: Cloud, reach: Reach, mapping: SourceMapping, pipe: Pipe, events: Sequence[Any]) -> str:
    """Why the batch could not be handed on, or the empty string."""
    records: Any = [_flat(event) for event in events]
    try:
        if pipe.enrichment:
            records = _enriched(cloud, mapping, pipe.enrichment, records)
        many = records if isinstance(records, list) else [records]
        shaped = [_shaped(pipe.template, one) for one in many]
        batches: Sequence[Any] = [shaped] if pipe.target.split(":")[2] in _TAKE_BATCHES else shaped
        for payload in batches if shaped else ():
            text = json.dumps(payload, default=str)
            identity = str(uuid.uuid4())
            reach.send(
                Shipment(pipe.target, payload, text, pipe.settings, pipe.arn, "", identity), mapping.caller
            )
    except (UndeliverableError, TransientError, ClientError) as refused:
        return str(refused)
    return ""


def _enriched(cloud: Cloud, mapping: SourceMapping, function: str, records: Any) -> Any:
    if ":lambda:" not in function:
        raise UndeliverableError(f"the sandbox enriches by functions alone, not by {function}")
    answer = cloud.client("lambda", mapping.caller).invoke(
        FunctionName=function, Payload=json.dumps(records, default=str).encode()
    )
    text = answer["Payload"].read().decode()
    if answer.get("FunctionError"):
        raise UndeliverableError(f"the enrichment {function} failed: {text}")
    return json.loads(text) if text else []


def _shaped(template: str, record: Any) -> Any:
    """The record as the target's input template has it."""
    if not template:
        return record

    def put(found: re.Match[str]) -> str:
        before, path, after = found.groups()
        value = value_at(_looked_into(record), path)
        if isinstance(value, str):
            text = json.dumps(value)
            return text if before and after else before + text[1:-1] + after
        return f"{before}{json.dumps(value)}{after}"

    text = _PLACE.sub(put, template)
    try:
        return json.loads(text)
    except ValueError:
        return text


def _looked_into(record: Any) -> Any:
    """What a record holds as JSON can be named by a path."""
    if not isinstance(record, Mapping):
        return record
    found = dict(record)
    for name in ("body", "data"):
        if isinstance(found.get(name), str):
            try:
                found[name] = json.loads(found[name])
            except ValueError:
                continue
    return found


def _flat(event: Mapping[str, Any]) -> dict[str, Any]:
    """A pipe's record of Kinesis has its members beside those of the event."""
    if "kinesis" not in event:
        return dict(event)
    return {**event["kinesis"], **{key: value for key, value in event.items() if key != "kinesis"}}


def _pipes() -> Iterator[tuple[SourceMapping, Pipe]]:
    if "moto.pipes.models" not in sys.modules:
        return
    from moto.pipes.models import pipes_backends

    every: list[tuple[str, str, Any]] = list(pipes_backends.iter_backends())
    for account, region, backend in every:
        for one in backend.pipes.values():
            if one.desired_state == "RUNNING" and one.source.split(":")[2] in {"sqs", "kinesis", "dynamodb"}:
                yield _read(one, Caller(account, region))


def _read(one: Any, caller: Caller) -> tuple[SourceMapping, Pipe]:
    parameters = one.source_parameters or {}
    reading: Mapping[str, Any] = next((parameters[name] for name in _BY_SOURCE if parameters.get(name)), {})
    filters = [
        entry.get("Pattern") or "{}"
        for entry in (parameters.get("FilterCriteria") or {}).get("Filters") or ()
    ]
    retries, age = reading.get("MaximumRetryAttempts", -1), reading.get("MaximumRecordAgeInSeconds", -1)
    mapping = SourceMapping(
        uuid=one.arn,
        source=one.source,
        function="",
        caller=caller,
        batch_size=int(reading.get("BatchSize") or (10 if ":sqs:" in one.source else 100)),
        window=float(reading.get("MaximumBatchingWindowInSeconds") or 0),
        begins_at=reading.get("StartingPosition") or "TRIM_HORIZON",
        bisects=reading.get("OnPartialBatchItemFailure") == "AUTOMATIC_BISECT",
        retries=int(retries),
        max_age=float(age),
        on_failure=(reading.get("DeadLetterConfig") or {}).get("Arn") or "",
        reports_items=False,
        filters=tuple(text for text in filters if json.loads(text)),
    )
    given = one.target_parameters or {}
    settings = {
        "SqsParameters": given.get("SqsQueueParameters") or {},
        "KinesisParameters": given.get("KinesisStreamParameters") or {},
        "EventBridgeParameters": given.get("EventBridgeEventBusParameters") or {},
        "SageMakerPipelineParameters": given.get("SageMakerPipelineParameters") or {},
    }
    return mapping, Pipe(
        one.arn, one.target, one.enrichment or "", given.get("InputTemplate") or "", settings
    )
