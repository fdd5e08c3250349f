"""Consumer: writes the events of a stream to the feature groups, once each, and keeps apart what is none.

An event is a JSON object: `{"type", "entity", "time", "features": {name: value}}`, with an `id` of one's own
if wanted. `time` is ISO 8601 with its zone. What is no event goes to the dead-letter queue with its reason,
at once, since another try would not mend it. What the feature store does not take for the moment is reported
as a failure of its batch, so that the service tries it again. Writing twice, or out of order, does no harm:
the store keeps the latest by the event's time.
"""

import base64
import json
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

_LATEST = timedelta(hours=1)
"""How far ahead of our clock an event's time may be: a wrong clock must not win over all that follows."""
_MOST_RECORDS = 400
"""Records that Firehose is handed at a time: 500 at most, 4 MiB together (API reference, PutRecordBatch)."""


class NotWrittenError(Exception):
    """Records of Kafka that the feature store did not take: their batch has to come again, whole."""

    def __init__(self, failed: list[str]) -> None:
        super().__init__(f"{len(failed)} events are not written for the moment, the first is {failed[0]}")


class NoEventError(ValueError):
    """A record that is no event: what is wrong, and what is allowed."""


@dataclass(frozen=True)
class Group:
    """Where the events of one type are written. `features`: name → `String`, `Integral` or `Fractional`."""

    name: str
    entity: str
    event_time: str
    features: Mapping[str, str]


def handle(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Deals with a batch; answers which records have to come again. Raises NotWrittenError for Kafka's."""
    groups = {kind: Group(**told) for kind, told in json.loads(os.environ["GROUPS"]).items()}
    store = boto3.client("sagemaker-featurestore-runtime")
    failed: list[str] = []
    good: list[bytes] = []
    for identity, data in records(event):
        try:
            told = parsed(data)
            group, values = features_of(told, groups, datetime.now(UTC))
        except NoEventError as wrong:
            _set_apart(identity, data, str(wrong))
            continue
        try:
            store.put_record(FeatureGroupName=group.name, Record=_record(values))
        except ClientError as refused:
            code = refused.response["Error"]["Code"]
            if code in {"ValidationError", "ValidationException"}:
                _set_apart(identity, data, f"The feature store refuses it: {refused}")
                continue
            print(f"{identity} is not written for the moment: {code}")
            failed.append(identity)
        except BotoCoreError as unreachable:
            print(f"{identity} is not written for the moment: {unreachable}")
            failed.append(identity)
        else:
            good.append(data)
    _archive(good)
    if failed and "Records" not in event:
        raise NotWrittenError(failed)
    return {"batchItemFailures": [{"itemIdentifier": identity} for identity in failed]}


def records(event: Mapping[str, Any]) -> Iterator[tuple[str, bytes]]:
    """Identity and content of each record of Kinesis or of Kafka, in order."""
    given = (
        event["Records"]
        if "Records" in event
        else [one for part in event["records"].values() for one in part]
    )
    for record in given:
        if "kinesis" in record:
            yield record["kinesis"]["sequenceNumber"], base64.b64decode(record["kinesis"]["data"])
        else:
            identity = f"{record['topic']}-{record['partition']}:{record['offset']}"
            yield identity, base64.b64decode(record["value"])


def parsed(data: bytes) -> Mapping[str, Any]:
    """The object that a record holds. Raises NoEventError."""
    try:
        told = json.loads(data)
    except ValueError:
        raise NoEventError("It is no JSON. Allowed: one JSON object in UTF-8") from None
    if not isinstance(told, dict):
        raise NoEventError(f"It is {type(told).__name__}. Allowed: a JSON object")
    return told


def features_of(
    told: Mapping[str, Any], groups: Mapping[str, Group], now: datetime
) -> tuple[Group, dict[str, str]]:
    """The group that an event belongs to, and its features as the store takes them. Raises NoEventError."""
    group = groups.get(str(told.get("type")))
    if group is None:
        raise NoEventError(f"type is {told.get('type')!r}. Allowed: {', '.join(sorted(groups))}")
    entity = told.get("entity")
    if not isinstance(entity, str) or not entity.strip():
        raise NoEventError(
            f"entity is {entity!r}. Allowed: a text, the {group.entity} that the event is about"
        )
    features = told.get("features")
    if not isinstance(features, dict) or not features:
        raise NoEventError("features is none. Allowed: an object of names and values")
    values = {group.entity: entity, group.event_time: _moment(told.get("time"), now)}
    for name, value in features.items():
        kind = group.features.get(name)
        if kind is None:
            raise NoEventError(f"features has {name!r}. Allowed: {', '.join(sorted(group.features))}")
        if value is not None:
            values[name] = _text(name, kind, value)
    return group, values


def _moment(given: Any, now: datetime) -> str:
    allowed = "Allowed: ISO 8601 with a zone, such as 2026-01-31T09:30:00Z"
    try:
        moment = datetime.fromisoformat(given)
    except (TypeError, ValueError):
        raise NoEventError(f"time is {given!r}. {allowed}") from None
    if moment.tzinfo is None:
        raise NoEventError(f"time is {given!r}, without a zone. {allowed}")
    if moment > now + _LATEST:
        raise NoEventError(f"time is {given!r}, ahead of the present. Allowed: an hour ahead at most")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _text(name: str, kind: str, value: Any) -> str:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    if kind == "String" and isinstance(value, str):
        return value
    if kind == "Fractional" and is_number:
        return repr(float(value))
    if kind == "Integral" and is_number and float(value).is_integer():
        return str(int(value))
    wanted = {"String": "a text", "Fractional": "a number", "Integral": "a whole number"}[kind]
    raise NoEventError(f"features.{name} is {value!r}. Allowed: {wanted}")


def _record(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"FeatureName": name, "ValueAsString": value} for name, value in values.items()]


def _set_apart(identity: str, data: bytes, reason: str) -> None:
    """Keeps a record that no further try would mend, whole, where an alarm tells of it."""
    body = {"record": identity, "reason": reason, "data": data.decode("utf-8", "replace")[:200_000]}
    boto3.client("sqs").send_message(QueueUrl=os.environ["UNDELIVERED_URL"], MessageBody=json.dumps(body))


def _archive(events: list[bytes]) -> None:
    """Hands events to the archive, where it does not read the stream itself."""
    stream = os.environ.get("ARCHIVE")
    for start in range(0, len(events) if stream else 0, _MOST_RECORDS):
        answer = boto3.client("firehose").put_record_batch(
            DeliveryStreamName=stream,
            Records=[{"Data": one} for one in events[start : start + _MOST_RECORDS]],
        )
        if answer["FailedPutCount"]:
            # The whole batch comes again, which does no harm to the features.
            raise RuntimeError(f"{answer['FailedPutCount']} events did not reach the archive {stream}")
