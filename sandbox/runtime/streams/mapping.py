"""Which event source mappings are there? Read from the emulator's own objects."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.runtime.host.emulator import Emulator
from sandbox.runtime.overlay import Caller

_FOREVER = -1
_LONGEST_WINDOW = 2.0
"""Seconds that a batch waits to be filled, at most: a laptop need not wait for five minutes."""
_KAFKA = "arn:aws:kafka:"


@dataclass(frozen=True)
class SourceMapping:
    """One that is enabled. Seconds; `retries` and `max_age` are -1 where there is no end."""

    uuid: str
    source: str
    function: str
    caller: Caller
    batch_size: int
    window: float
    begins_at: str
    """`TRIM_HORIZON`, or `LATEST`."""
    bisects: bool
    retries: int
    max_age: float
    on_failure: str
    reports_items: bool
    filters: tuple[str, ...]

    @property
    def service(self) -> str:
        """`sqs`, `kinesis` or `dynamodb`."""
        return self.source.split(":")[2]


def mappings(emulator: Emulator) -> list[SourceMapping]:
    """Every one of them, in every account and region."""
    with emulator.lock:
        return list(_mappings())


def install() -> None:
    """Keeps the emulator from calling functions by itself, one record at a time and in the middle of the
    request that wrote it. To be called once, before the first request."""
    from moto.awslambda.exceptions import LambdaClientError
    from moto.awslambda.models import EventSourceMapping, LambdaBackend
    from moto.dynamodb.models import dynamodb_backends
    from moto.kinesis.models import kinesis_backends
    from moto.sqs.models import sqs_backends

    class MappingExists(LambdaClientError):
        code = 409

    create = LambdaBackend.create_event_source_mapping

    def keep_of_kafka(self: Any, spec: dict[str, Any]) -> Any:
        """The emulator knows no mapping of Kafka: one of another stream stands for it, and reads nothing."""
        function = self._lambdas.get_function_by_name_or_arn_with_qualifier(spec["FunctionName"])
        arn = str(spec["EventSourceArn"])
        where = {"RegionName": self.region_name, "AccountId": self.account_id}
        stand_in = {
            "EventSourceArn": arn.replace(":kafka:", ":kinesis:", 1),
            "FunctionArn": function.function_arn,
        }
        made = EventSourceMapping({**spec, **where, **stand_in})  # type: ignore[abstract]
        made._event_source_arn = arn
        self._event_source_mappings[made.uuid] = made
        return made

    def create_quietly(self: Any, spec: dict[str, Any]) -> Any:
        function = str(spec.get("FunctionName", "")).rpartition(":")[2]
        for other in self._event_source_mappings.values():
            same = other.function_arn.rpartition(":")[2] == function
            if same and other.event_source_arn == spec.get("EventSourceArn"):
                message = (
                    f"An event source mapping with event source {other.event_source_arn} and function "
                    f"{function} already exists. Please update or delete the existing mapping with UUID "
                    f"{other.uuid}"
                )
                raise MappingExists("ResourceConflictException", message)
        of_kafka = str(spec.get("EventSourceArn", "")).startswith(_KAFKA)
        made = keep_of_kafka(self, spec) if of_kafka else create(self, spec)
        where = (self.account_id, self.region_name)
        holders: list[Any] = [
            *sqs_backends[where[0]][where[1]].queues.values(),
            *kinesis_backends[where[0]][where[1]].streams.values(),
            *dynamodb_backends[where[0]][where[1]].tables.values(),
        ]
        for holder in holders:
            holder.lambda_event_source_mappings.clear()
        return made

    LambdaBackend.create_event_source_mapping = create_quietly  # type: ignore[method-assign]


def matches(filters: tuple[str, ...], event: Mapping[str, Any]) -> bool:
    """Whether an event passes one of the filters, or there are none. What it holds as JSON is looked into.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html"""
    if not filters:
        return True
    from moto.events.models import EventPattern

    return any(EventPattern.load(one).matches_event(event) for one in filters)  # type: ignore[arg-type]


def _mappings() -> Iterator[SourceMapping]:
    if "moto.awslambda.models" not in sys.modules:
        return
    from moto.awslambda.models import lambda_backends

    every: list[tuple[str, str, Any]] = list(lambda_backends.iter_backends())
    for account, region, backend in every:
        for one in backend._event_source_mappings.values():
            if one.enabled and not one.event_source_arn.startswith(_KAFKA):
                yield _read(one, Caller(account, region))


def _read(one: Any, caller: Caller) -> SourceMapping:
    failure = ((one.destination_config or {}).get("OnFailure") or {}).get("Destination") or ""
    filters = [entry.get("Pattern", "{}") for entry in (one.filter_criteria or {}).get("Filters") or ()]
    retries = one.max_retry_attempts
    return SourceMapping(
        uuid=one.uuid,
        source=one.event_source_arn,
        function=one.function_arn,
        caller=caller,
        batch_size=int(one.batch_size),
        window=min(float(one.max_batch_window or 0), _LONGEST_WINDOW),
        begins_at=one.starting_position or "TRIM_HORIZON",
        bisects=bool(one.bisect_on_error),
        retries=_FOREVER if retries is None else int(retries),
        max_age=float(_FOREVER if one.max_record_age is None else one.max_record_age),
        on_failure=failure,
        reports_items="ReportBatchItemFailures" in (one.function_response_types or ()),
        filters=tuple(one_filter for one_filter in filters if json.loads(one_filter)),
    )
