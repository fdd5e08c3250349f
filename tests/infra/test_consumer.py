"""What does the consumer make of records? Features, once each; what is none is set apart with its reason."""

from __future__ import annotations

import base64
import importlib.util
import json
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.data.consumer import groups_document
from infra.data.declared import declared

_NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def consumer() -> ModuleType:
    path = Path("infra/functions/consumer/handler.py")
    spec = importlib.util.spec_from_file_location("consumer_handler", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def groups(consumer: ModuleType) -> dict[str, Any]:
    told = groups_document(declared("ml.flights").groups, ["airports-group", "outcomes-group"])
    return {kind: consumer.Group(**one) for kind, one in json.loads(told).items()}


def _event(**changed: Any) -> dict[str, Any]:
    event = {"type": "airport", "entity": "EWR", "time": "2026-01-31T09:30:00+01:00"}
    return {**event, "features": {"wind_speed": 7, "waiting": 3.0, "pressure": None}, **changed}


def test_an_event_is_the_record_of_its_group_in_utc_and_without_what_is_empty(
    consumer: ModuleType, groups: Any
) -> None:
    group, values = consumer.features_of(_event(), groups, _NOW)
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
        ({"features": {"gusts": 1}}, "features has 'gusts'. Allowed: arrival_delay_3h"),
        ({"features": {"wind_speed": "strong"}}, "features.wind_speed is 'strong'. Allowed: a number"),
        ({"features": {"wind_speed": float("nan")}}, "features.wind_speed is nan"),
        ({"features": {"wind_speed": True}}, "features.wind_speed is True"),
        ({"features": {"waiting": 1.5}}, "features.waiting is 1.5. Allowed: a whole number"),
        ({"type": "outcome", "features": {"subject": 7}}, "features.subject is 7. Allowed: a text"),
    ],
)
def test_what_is_no_event_is_told_by_what_is_wrong_and_what_is_allowed(
    consumer: ModuleType, groups: Any, changed: dict[str, Any], told: str
) -> None:
    with pytest.raises(consumer.NoEventError) as refused:
        consumer.features_of(_event(**changed), groups, _NOW)
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


@pytest.fixture
def store(consumer: ModuleType, monkeypatch: pytest.MonkeyPatch) -> _Store:
    store = _Store()
    monkeypatch.setattr(consumer.boto3, "client", lambda service: store)
    monkeypatch.setenv("GROUPS", groups_document(declared("ml.flights").groups, ["airports", "outcomes"]))
    monkeypatch.setenv("UNDELIVERED_URL", "https://queue")
    return store


def _data(content: Any) -> str:
    return base64.b64encode(content if isinstance(content, bytes) else json.dumps(content).encode()).decode()


_BATCH = [_event(), b"poison", _event(entity="BUSY"), _event(entity="ODD"), _event(entity="JFK")]


def test_a_batch_fails_by_the_records_that_another_try_may_mend_and_the_rest_goes_on(
    consumer: ModuleType, store: _Store
) -> None:
    records = [
        {"kinesis": {"sequenceNumber": str(place), "data": _data(one)}} for place, one in enumerate(_BATCH)
    ]
    assert consumer.handle({"Records": records}, None) == {"batchItemFailures": [{"itemIdentifier": "2"}]}
    assert store.put == ["EWR", "JFK"]
    assert [(one["record"], one["data"][:6]) for one in store.kept] == [("1", "poison"), ("3", '{"type')]


def test_a_batch_of_kafka_comes_again_whole(consumer: ModuleType, store: _Store) -> None:
    records = [
        {"topic": "events", "partition": 0, "offset": place, "value": _data(one)}
        for place, one in enumerate(_BATCH)
    ]
    with pytest.raises(consumer.NotWrittenError, match="1 events"):
        consumer.handle({"eventSource": "aws:kafka", "records": {"events-0": records}}, None)
    assert store.put == ["EWR", "JFK"]
    assert store.kept[0]["record"] == "events-0:1"
