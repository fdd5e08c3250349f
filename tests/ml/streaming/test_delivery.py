"""Does it matter how events come? Twice, out of order, by two shards, with kills between any two writes."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from ml.flights.stream import STREAM
from ml.streaming.consumer import Consumer
from ml.streaming.happening import Happening
from ml.streaming.replay import arrivals
from ml.streaming.state import Memory
from ml.streaming.table import Table
from tests.ml.streaming.conftest import GROUPS, NOW, Days, Feed, Kept, data_of


def _same(kept: Kept, other: Kept) -> bool:
    return (kept.asked, kept.records) == (other.asked, other.records)


def _hours(days: Days, first: int, last: int) -> list[Happening]:
    begin = days.happenings[0].at
    return [one for one in days.happenings if first <= (one.at - begin) / 60 < last]


@pytest.fixture
def dynamodb() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("dynamodb", "us-east-1", aws_access_key_id="any", aws_secret_access_key="any")
        client.create_table(
            TableName="states",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[
                {"AttributeName": "part", "KeyType": "HASH"},
                {"AttributeName": "name", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": "part", "AttributeType": "S"},
                {"AttributeName": "name", "AttributeType": "S"},
            ],
        )
        yield client


def test_disorder_and_duplicates_give_the_same_features(stormy: Days, feed: Feed) -> None:
    plain = feed(data_of(stormy.happenings))
    disturbed = arrivals(stormy.happenings, disorder=0.2, duplicates=0.1, seed=7)
    coming = [one.happening for one in disturbed]
    assert len(coming) > len(stormy.happenings)
    assert [one.at for one in coming] != sorted(one.at for one in coming)
    assert _same(feed(data_of(coming), batch=37), plain)


def test_a_batch_that_spans_a_day_forgets_nothing_that_its_own_questions_look_for(
    stormy: Days, feed: Feed
) -> None:
    events = data_of(stormy.happenings)
    assert feed(events, batch=3000).asked == feed(events, batch=50).asked


def test_a_whole_stream_that_comes_again_changes_nothing_and_asks_nobody(stormy: Days, feed: Feed) -> None:
    events = data_of(stormy.happenings)
    store = Memory(STREAM.kinds)
    kept = feed(events, store=store)
    records, asked = dict(kept.records), kept.invocations
    feed(events, store=store, kept=kept)
    assert (kept.records, kept.invocations) == (records, asked)


def test_an_event_that_is_later_than_the_tolerance_is_counted_and_known_to_later_questions(
    stormy: Days, feed: Feed
) -> None:
    left = [one for one in stormy.happenings if one.event["type"] == "departed"][200]
    others = [one for one in stormy.happenings if one is not left]
    later = next(place for place, one in enumerate(others) if one.at > left.at + 45)
    plain = feed(data_of(stormy.happenings))
    late = feed(data_of([*others[:later], left, *others[later:]]), batch=10)
    assert late.counts["Late"] == 1
    asked = [one for one in others if one.event["type"] == "ask"]
    differ = {
        one.at - left.at
        for one in asked
        if late.asked[one.event["entity"]] != plain.asked[one.event["entity"]]
    }
    assert differ
    assert min(differ) >= 0
    assert max(differ) <= 45


@pytest.mark.parametrize("first", ["a", "b"])
def test_two_shards_give_the_same_whichever_is_ahead(
    stormy: Days, feed: Feed, dynamodb: Any, first: str
) -> None:
    happened = _hours(stormy, 38, 42)
    plain = feed(data_of(happened))
    # By what no two events of a flight share: the shards know nothing of each other's.
    shards: dict[str, list[bytes]] = {"a": [], "b": []}
    for place, data in enumerate(data_of(happened)):
        is_tick = happened[place].event["type"] == "tick"
        for shard in shards if is_tick else [min(shards, key=lambda one: len(shards[one]))]:
            shards[shard].append(data)
    kept = Kept()
    consumer = Consumer(GROUPS, kept, STREAM, Table(dynamodb, "states", STREAM.kinds, 400, 1))
    # Both are known before either goes ahead.
    left = {shard: events[1:] for shard, events in shards.items()}
    for shard, events in shards.items():
        consumer.take(shard, [("first", events[0])], NOW)
    second = "b" if first == "a" else "a"
    chance = random.Random(3)  # noqa: S311 - the same turns each time
    while left[first] or left[second]:
        is_ahead = chance.random() < 0.8
        shard = first if left[first] and (is_ahead or not left[second]) else second
        batch, left[shard] = left[shard][:60], left[shard][60:]
        consumer.take(shard, [("any", one) for one in batch], NOW)
    for shard, events in shards.items():
        consumer.take(shard, [("last", events[-1])], NOW)
    assert kept.asked == {key: plain.asked[key] for key in kept.asked}
    assert len(kept.asked) > 0.9 * len(plain.asked)


@pytest.mark.parametrize("together_from", [1, 1000], ids=["in transactions", "one by one"])
def test_a_consumer_that_another_overtakes_reads_again_and_loses_nothing(
    stormy: Days, feed: Feed, dynamodb: Any, together_from: int
) -> None:
    happened = _hours(stormy, 38, 41)
    plain = feed(data_of(happened))
    kept = Kept()
    shards = {"a": data_of(happened[0::2]), "b": data_of(happened[1::2])}
    overtaking = Consumer(GROUPS, kept, STREAM, Table(dynamodb, "states", STREAM.kinds, 400, 1))

    class Overtaken(_Client):
        """A write of its states comes after all of the other's."""

        def put_item(self, **given: Any) -> Any:
            return self._overtaken(self._client.put_item, given, at=2)

        def transact_write_items(self, **given: Any) -> Any:
            return self._overtaken(self._client.transact_write_items, given, at=1)

        def _overtaken(self, write: Callable[..., Any], given: Any, at: int) -> Any:
            self._killing.effects += 1
            if self._killing.effects == at:
                overtaking.take("b", [("any", one) for one in shards["b"]], NOW)
            return write(**given)

    client = Overtaken(dynamodb, _Killing())
    slow = Table(client, "states", STREAM.kinds, 400, threads=1, together_from=together_from)
    Consumer(GROUPS, kept, STREAM, slow).take("a", [("any", one) for one in shards["a"]], NOW)
    held = Table(dynamodb, "states", STREAM.kinds, 400).load(["airport/JFK", "airline/B6"])
    # What both wrote into the same states is all there: every question from now on sees it.
    memory = Memory(STREAM.kinds)
    feed(data_of(happened), store=memory)
    for key, one in memory.load(held).items():
        ours, theirs = held[key].state["departures"].dump(), one.state["departures"].dump()
        assert ours.keys() == theirs.keys()
    assert plain.asked


class Killed(Exception):
    """The consumer's process ends here."""


class _Killing:
    """Ends the process at an effect: before it, or after it but before anyone hears of it."""

    def __init__(self) -> None:
        self.at = 0
        self.before = False
        self.effects = 0

    def pass_by(self, effect: Callable[[], Any]) -> Any:
        self.effects += 1
        if self.effects == self.at and self.before:
            raise Killed
        done = effect()
        if self.effects == self.at:
            raise Killed
        return done


class _Client:
    """A client of DynamoDB whose writes may be the last thing that happens."""

    def __init__(self, client: Any, killing: _Killing) -> None:
        self._client = client
        self._killing = killing

    def put_item(self, **given: Any) -> Any:
        return self._killing.pass_by(lambda: self._client.put_item(**given))

    def transact_write_items(self, **given: Any) -> Any:
        return self._killing.pass_by(lambda: self._client.transact_write_items(**given))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


class _KillingKept(Kept):
    """Outputs whose effects may be the last thing that happens."""

    def __init__(self, killing: _Killing) -> None:
        super().__init__()
        self._killing = killing

    def put(self, records: Any) -> Any:
        return self._killing.pass_by(lambda: super(_KillingKept, self).put(records))

    def predict(self, questions: Any) -> Any:
        return self._killing.pass_by(lambda: super(_KillingKept, self).predict(questions))


@pytest.mark.parametrize("together_from", [8, 1000], ids=["in transactions", "one by one"])
@pytest.mark.parametrize("before", [False, True], ids=["after the write", "before the write"])
def test_a_kill_at_any_write_loses_nothing_and_counts_nothing_twice(
    stormy: Days, feed: Feed, dynamodb: Any, before: bool, together_from: int
) -> None:
    events = data_of(_hours(stormy, 38, 40))
    plain = feed(events, batch=60)
    killing = _Killing()
    kept = _KillingKept(killing)
    client = _Client(dynamodb, killing)
    table = Table(client, "states", STREAM.kinds, 400, threads=1, together_from=together_from)
    kills = 0
    for start in range(0, len(events), 60):
        batch = [(str(start), one) for one in events[start : start + 60]]
        killing.at = 1
        while True:
            killing.before, killing.effects = before, 0
            try:
                # A new process each time: nothing is remembered but what was written.
                Consumer(GROUPS, kept, STREAM, table).take("shard", batch, NOW)
            except Killed:
                kills += 1
                killing.at += 1
            else:
                break
    assert kills > 12
    assert _same(kept, plain)
