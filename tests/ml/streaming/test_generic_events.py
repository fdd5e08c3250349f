"""What does the consumer make of records? Features, once each; what is none is set apart with its reason."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ml.streaming.aws import Aws
from ml.streaming.consumer import Consumer
from ml.streaming.event import NoEventError
from ml.streaming.groups import Group, features_of
from ml.streaming.handler import NotWrittenError, work_off
from ml.streaming.outputs import Refusal

_NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


_GROUPS = {
    kind: Group(name, entity, "happened_at", features)
    for kind, name, entity, features in (
        (
            "airport",
            "airports-group",
            "airport",
            {"wind_speed": "Fractional", "pressure": "Fractional", "waiting": "Integral"},
        ),
        ("outcome", "outcomes-group", "inference_id", {"outcome": "Fractional", "subject": "String"}),
    )
}


def _event(**changed: Any) -> dict[str, Any]:
    event = {"type": "airport", "entity": "EWR", "time": "2026-01-31T09:30:00+01:00"}
    return {**event, "features": {"wind_speed": 7, "waiting": 3.0, "pressure": None}, **changed}


def test_an_event_is_the_record_of_its_group_in_utc_and_without_what_is_empty() -> None:
    group, values = features_of(_event(), _GROUPS, _NOW)
    assert group.name == "airports-group"
    assert values == {
        "airport": "EWR",
        "happened_at": "2026-01-31T08:30:00.000Z",
        "wind_speed": "7.0",
        "waiting": "3",
    }


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"type": "weather"}, "type is 'weather'. Allowed: airport, outcome"),
        ({"entity": " "}, "entity is ' '"),
        ({"entity": 7}, "entity is 7"),
        ({"time": "yesterday"}, "time is 'yesterday'"),
        ({"time": "2026-01-31T09:30:00"}, "without a zone"),
        ({"time": None}, "time is None"),
        ({"time": "2026-01-31T13:30:00Z"}, "ahead of the present"),
        ({"features": {}}, "features is none"),
        ({"features": {"gusts": 1}}, "features has 'gusts'. Allowed: pressure, waiting, wind_speed"),
        ({"features": {"wind_speed": "strong"}}, "features.wind_speed is 'strong'. Allowed: a number"),
        ({"features": {"wind_speed": float("nan")}}, "features.wind_speed is nan"),
        ({"features": {"wind_speed": True}}, "features.wind_speed is True"),
        ({"features": {"waiting": 1.5}}, "features.waiting is 1.5. Allowed: a whole number"),
        ({"type": "outcome", "features": {"subject": 7}}, "features.subject is 7. Allowed: a text"),
    ],
)
def test_what_is_no_event_is_told_by_what_is_wrong_and_what_is_allowed(
    changed: dict[str, Any], told: str
) -> None:
    with pytest.raises(NoEventError) as refused:
        features_of(_event(**changed), _GROUPS, _NOW)
    assert told in str(refused.value)


class _Store:
    """A feature store that is busy for one entity and refuses another, and a queue."""

    def __init__(self) -> None:
        self.put: list[str] = []
        self.kept: list[dict[str, Any]] = []

    def put_record(self, FeatureGroupName: str, Record: list[dict[str, str]]) -> None:  # noqa: N803
        entity = Record[0]["ValueAsString"]
        codes = {"BUSY": "ThrottlingException", "ODD": "ValidationError"}
        if entity in codes:
            raise ClientError({"Error": {"Code": codes[entity], "Message": "no"}}, "PutRecord")
        self.put.append(entity)

    def send_message(self, QueueUrl: str, MessageBody: str) -> None:  # noqa: N803
        self.kept.append(json.loads(MessageBody))


class _BatchStore(_Store):
    """The same, of today: it takes batches too, and tells what it makes of each record in them."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []
        self.unprocessed: list[str] = []
        self.refuses_batches = ""

    def batch_write_record(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        if self.refuses_batches:
            raise ClientError({"Error": {"Code": self.refuses_batches, "Message": "no"}}, "BatchWriteRecord")
        self.sizes.append(len(Entries))
        errors, unprocessed = [], []
        for entry in Entries:
            # The service names features in an order of its own.
            echoed = {**entry, "Record": entry["Record"][::-1]}
            if entry["Record"][0]["ValueAsString"] in self.unprocessed:
                unprocessed.append(echoed)
                continue
            try:
                self.put_record(entry["FeatureGroupName"], entry["Record"])
            except ClientError as refused:
                code = refused.response["Error"]["Code"]
                errors.append({"Entry": echoed, "ErrorCode": code, "ErrorMessage": "no"})
        return {"Errors": errors, "UnprocessedEntries": unprocessed}


@pytest.fixture(params=[_Store, _BatchStore], ids=["one by one", "in batches"])
def store(request: pytest.FixtureRequest) -> _Store:
    made = request.param()
    assert isinstance(made, _Store)
    return made


def _finality(store: _Store, entities: Sequence[str]) -> list[bool | None]:
    """For a record of each entity whether its refusal is final; none where it was written."""
    group = _GROUPS["airport"]
    outputs = Aws(lambda service: store, undelivered_url="https://queue", threads=1)
    refused: list[Refusal | None] = outputs.put(
        [(group, group.record(one, 0, {"waiting": 1})) for one in entities]
    )
    return [None if one is None else one.final for one in refused]


def test_more_records_than_a_batch_takes_are_written_in_several_and_told_of_in_order() -> None:
    store = _BatchStore()
    store.unprocessed = ["e30", "e59"]
    entities = [f"e{number}" for number in range(58)] + ["ODD", "e59", "BUSY"]
    found = dict(zip(entities, _finality(store, entities), strict=True))
    assert store.sizes == [25, 25, 11]
    refused = {entity: final for entity, final in found.items() if final is not None}
    assert refused == {"e30": False, "ODD": True, "e59": False, "BUSY": False}
    assert store.put == [one for one in entities if one not in refused]


@pytest.mark.parametrize("code", ["ValidationError", "AccessDeniedException", "UnknownOperationException"])
def test_a_batch_that_is_refused_as_such_is_written_one_by_one(code: str) -> None:
    store = _BatchStore()
    store.refuses_batches = code
    assert _finality(store, ["EWR", "ODD", "JFK"]) == [None, True, None]
    assert store.put == ["EWR", "JFK"]


def test_of_a_batch_that_a_busy_store_refuses_everything_comes_again() -> None:
    store = _BatchStore()
    store.refuses_batches = "ThrottlingException"
    assert _finality(store, ["EWR", "JFK"]) == [False, False]
    assert store.put == []


def test_an_answer_that_tells_of_another_record_lets_all_of_its_batch_come_again() -> None:
    class Strange(_BatchStore):
        def batch_write_record(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
            entry = {**Entries[0], "Record": Entries[0]["Record"][1:]}
            return {"Errors": [{"Entry": entry, "ErrorCode": "ValidationError", "ErrorMessage": "no"}]}

    assert _finality(Strange(), ["EWR", "JFK"]) == [False, False]


def _consumer(store: _Store) -> Consumer:
    return Consumer(_GROUPS, Aws(lambda service: store, undelivered_url="https://queue", threads=1))


def _data(content: Any) -> str:
    return base64.b64encode(content if isinstance(content, bytes) else json.dumps(content).encode()).decode()


_BATCH = [_event(), b"poison", _event(entity="BUSY"), _event(entity="ODD"), _event(entity="JFK")]


def test_a_batch_fails_by_the_records_that_another_try_may_mend_and_the_rest_goes_on(
    store: _Store,
) -> None:
    records = [
        {"kinesis": {"sequenceNumber": str(place), "data": _data(one)}} for place, one in enumerate(_BATCH)
    ]
    answer = work_off({"Records": records}, _consumer(store), _NOW)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "2"}]}
    assert store.put == ["EWR", "JFK"]
    assert [(one["record"], one["data"][:6]) for one in store.kept] == [("1", "poison"), ("3", '{"type')]


def test_a_batch_of_kafka_comes_again_whole(store: _Store) -> None:
    records = [
        {"topic": "events", "partition": 0, "offset": place, "value": _data(one)}
        for place, one in enumerate(_BATCH)
    ]
    with pytest.raises(NotWrittenError, match="1 events"):
        work_off({"eventSource": "aws:kafka", "records": {"events-0": records}}, _consumer(store), _NOW)
    assert store.put == ["EWR", "JFK"]
    assert store.kept[0]["record"] == "events-0:1"
