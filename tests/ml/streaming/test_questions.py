"""What becomes of a question where the endpoint is busy, absent, or refuses it? The shard goes on."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from ml.flights.stream import STREAM
from ml.streaming.aws import Aws
from ml.streaming.consumer import Consumer, Rules
from ml.streaming.marks import minutes
from ml.streaming.state import Clock, Memory
from tests.ml.streaming.conftest import GROUPS, NOW

_BEGIN = datetime(2026, 1, 20, 10, tzinfo=UTC)


class _Cloud:
    """Every service: an endpoint that answers as told, a feature store, a queue, metrics."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.invoked: list[Mapping[str, Any]] = []
        self.records: dict[tuple[str, str], Sequence[Mapping[str, str]]] = {}
        self.letters: list[Mapping[str, Any]] = []
        self.metrics: dict[str, float] = {}

    def invoke_endpoint(self, **asked: Any) -> Any:
        self.invoked.append(asked)
        answer = self.answers.pop(0) if self.answers else 0.25
        if isinstance(answer, Exception):
            raise answer
        body = answer if isinstance(answer, bytes) else _said(answer)
        return {"Body": io.BytesIO(body), "InvokedProductionVariant": "champion"}

    def put_record(self, FeatureGroupName: str, Record: list[dict[str, str]]) -> None:  # noqa: N803
        self.records[FeatureGroupName, Record[0]["ValueAsString"]] = Record

    def batch_get_record(self, Identifiers: Any) -> Any:  # noqa: N803
        (one,) = Identifiers
        found = {
            key: self.records.get((one["FeatureGroupName"], key))
            for key in one["RecordIdentifiersValueAsString"]
        }
        return {
            "Records": [
                {"RecordIdentifierValueAsString": key, "Record": record}
                for key, record in found.items()
                if record
            ]
        }

    def send_message(self, QueueUrl: str, MessageBody: str) -> None:  # noqa: N803
        self.letters.append(json.loads(MessageBody))

    def put_metric_data(self, Namespace: str, MetricData: Any) -> None:  # noqa: N803
        for one in MetricData:
            self.metrics[one["MetricName"]] = self.metrics.get(one["MetricName"], 0) + one["Value"]

    def record(self, group: str, key: str) -> dict[str, str]:
        return {one["FeatureName"]: one["ValueAsString"] for one in self.records[group, key]}


def _said(probability: float) -> bytes:
    return json.dumps({"predictions": [{"probability": probability}]}).encode()


def _refused(code: str, message: str = "no", **more: Any) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}, **more}, "InvokeEndpoint")


def _ask(key: str = "2026-01-20/B6/1103/JFK/0800", **changed: Any) -> bytes:
    features = {
        "carrier": "B6",
        "flight": 1103,
        "origin": "JFK",
        "dest": "SJU",
        "tailnum": None,
        "scheduled": "2026-01-20T08:00:00-05:00",
        "distance": 1598,
        "planned_minutes": 230,
        "aircraft_age": None,
        "aircraft_seats": None,
    }
    at = changed.pop("at", _BEGIN + timedelta(hours=1))
    told = {"type": "ask", "entity": key, "time": at.isoformat(), "features": {**features, **changed}}
    return json.dumps(told).encode()


def _tick(later: float) -> bytes:
    at = _BEGIN + timedelta(minutes=60 + later)
    return json.dumps({"type": "tick", "entity": "airport/JFK", "time": at.isoformat()}).encode()


def _outcome(key: str, later: timedelta) -> bytes:
    at = (_BEGIN + later).isoformat()
    return json.dumps({"type": "outcome", "entity": key, "time": at, "features": {"outcome": 1}}).encode()


class _Shard:
    """A consumer of one shard."""

    def __init__(self, cloud: _Cloud, endpoint: str = "flights", tries: int = 3) -> None:
        outputs = Aws(
            lambda service: cloud,
            undelivered_url="https://queue",
            endpoint=endpoint,
            namespace="groundplan/dev/Streaming",
            threads=1,
        )
        self.store = Memory(STREAM.kinds)
        self.consumer = Consumer(GROUPS, outputs, STREAM, self.store, Rules(tries=tries))

    def take(self, *events: bytes) -> None:
        assert self.consumer.take("shard", [(str(at), one) for at, one in enumerate(events)], NOW) == []


def test_a_question_is_asked_once_its_time_is_over_with_its_id_and_the_time_of_the_event() -> None:
    cloud = _Cloud(0.75)
    shard = _Shard(cloud)
    shard.take(_ask())
    shard.take(_tick(5))
    assert cloud.invoked == []
    shard.take(_tick(6))
    (asked,) = cloud.invoked
    assert asked["EndpointName"] == "flights"
    assert asked["InferenceId"] == "2026-01-20/B6/1103/JFK/0800"
    assert asked["CustomAttributes"] == "event-time=2026-01-20T11:00:00+00:00"
    (row,) = json.loads(asked["Body"])["instances"]
    assert (row["carrier"], row["hour_of_day"], row["airport_waiting"]) == ("B6", 8.0, 0)
    assert cloud.record("predictions", asked["InferenceId"]) == {
        "inference_id": "2026-01-20/B6/1103/JFK/0800",
        "happened_at": "2026-01-20T11:00:00.000Z",
        "probability": "0.75",
        "subject": "B6 1103",
        "variant": "champion",
    }


@pytest.mark.parametrize(
    "busy",
    [
        _refused("ThrottlingException"),
        _refused("ServiceUnavailable"),
        _refused("ModelError", "out of memory", OriginalStatusCode=500),
        EndpointConnectionError(endpoint_url="https://runtime"),
    ],
)
def test_what_the_endpoint_cannot_answer_for_the_moment_is_asked_with_the_next_batch(busy: Exception) -> None:
    cloud = _Cloud(busy, 0.5)
    shard = _Shard(cloud)
    shard.take(_ask(), _tick(6))
    assert ("predictions", "2026-01-20/B6/1103/JFK/0800") not in cloud.records
    shard.take(_tick(7))
    assert cloud.record("predictions", "2026-01-20/B6/1103/JFK/0800")["probability"] == "0.5"
    shard.take(_tick(8), _ask())
    assert len(cloud.invoked) == 2


def test_a_question_that_never_is_answered_is_set_apart_and_the_shard_goes_on() -> None:
    cloud = _Cloud(*[_refused("ServiceUnavailable")] * 3)
    shard = _Shard(cloud, tries=3)
    shard.take(_ask(), _tick(6))
    shard.take(_tick(7))
    assert cloud.letters == []
    shard.take(_tick(8))
    (letter,) = cloud.letters
    assert "ServiceUnavailable (3 tries)" in letter["reason"]
    assert json.loads(letter["data"])["entity"] == "2026-01-20/B6/1103/JFK/0800"
    shard.take(_ask("2026-01-20/B6/1/JFK/0800", flight=1), _tick(9))
    assert cloud.record("predictions", "2026-01-20/B6/1/JFK/0800")["probability"] == "0.25"


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (_refused("ModelError", "'XX' is no known value", OriginalStatusCode=400), "answers 400: 'XX' is no"),
        (_refused("ValidationError", "inferenceId too long"), "refuses it: inferenceId too long"),
        (b"<html>", "answer is none"),
        (b"{}", "answer is none"),
        (b'{"predictions": []}', "answer is none"),
    ],
)
def test_what_the_model_will_never_answer_is_set_apart_at_once(answer: Any, told: str) -> None:
    cloud = _Cloud(answer)
    _Shard(cloud).take(_ask(), _tick(6))
    (letter,) = cloud.letters
    assert told in letter["reason"]
    assert len(cloud.invoked) == 1
    assert cloud.metrics == {"SetApart": 1}


@pytest.mark.parametrize("endpoint", ["", "flights"])
def test_without_an_endpoint_features_are_kept_and_the_question_is_counted(endpoint: str) -> None:
    cloud = _Cloud(_refused("ValidationError", "Endpoint flights of account 123456789012 not found."))
    shard = _Shard(cloud, endpoint)
    shard.take(_ask(), _tick(6))
    assert cloud.metrics == {"Unasked": 1}
    assert cloud.letters == []
    assert cloud.record("airports", "JFK")["departures_3h"] == "0"
    shard.take(_ask(), _tick(7))
    assert cloud.metrics == {"Unasked": 1}


def test_an_outcome_joins_its_prediction_days_later_and_stands_alone_without_one() -> None:
    cloud = _Cloud(0.75)
    shard = _Shard(cloud)
    key = "2026-01-20/B6/1103/JFK/0800"
    shard.take(_ask(), _tick(6))
    shard.take(_outcome(key, timedelta(days=4)), _outcome("unknown", timedelta(days=4)))
    shard.take(json.dumps({"type": "tick", "entity": "any", "time": "2026-01-24T11:00:00Z"}).encode())
    told = cloud.record("outcomes", key)
    assert (told["outcome"], told["predicted"], told["subject"]) == ("1.0", "0.75", "B6 1103")
    assert cloud.record("outcomes", "unknown").keys() == {"inference_id", "happened_at", "outcome"}
    # An outcome of long ago is no question of the watermark.
    shard.take(_outcome("late", timedelta(days=-3)))
    assert cloud.record("outcomes", "late")["outcome"] == "1.0"


def test_a_question_of_long_ago_is_counted_and_not_asked_for_its_states_are_gone() -> None:
    cloud = _Cloud()
    shard = _Shard(cloud)
    shard.take(_tick(24 * 60))
    shard.take(_ask())
    shard.take(_tick(25 * 60))
    assert cloud.invoked == []
    assert cloud.metrics == {"TooLate": 1}


def test_a_clock_that_is_ahead_makes_nothing_after_it_late() -> None:
    cloud = _Cloud()
    shard = _Shard(cloud)
    ahead = (NOW + timedelta(minutes=50)).isoformat()
    shard.take(json.dumps({"type": "tick", "entity": "any", "time": ahead}).encode())
    assert shard.store.clocks()["shard"].newest == minutes(NOW)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"scheduled": "2026-01-20T08:00:00"}, "features.scheduled is '2026-01-20T08:00:00', without a zone"),
        ({"flight": "B6"}, "features.flight is 'B6'. Allowed: a whole number"),
        ({"origin": None}, "features.origin is none. Allowed: a text"),
        ({"distance": float("inf")}, "features.distance is inf. Allowed: a number"),
        ({"mood": 1}, "features has 'mood'"),
    ],
)
def test_a_question_that_is_none_is_set_apart_with_what_is_wrong(changed: dict[str, Any], told: str) -> None:
    cloud = _Cloud()
    _Shard(cloud).take(_ask(**changed))
    (letter,) = cloud.letters
    assert told in letter["reason"]


def test_two_invocations_on_a_shard_keep_what_both_know() -> None:
    ours = Clock(newest=10, pending={"ask a": {"at": 1}, "ask b": {"at": 2}}, done={"ask c": 3}, version=1)
    theirs = Clock(newest=12, pending={"ask c": {"at": 3}, "ask d": {"at": 4}}, done={"ask a": 1}, version=5)
    joined = ours.joined(theirs)
    assert joined.newest == 12
    assert joined.pending.keys() == {"ask b", "ask d"}
    assert joined.done == {"ask a": 1, "ask c": 3}
    assert joined.version == 5
