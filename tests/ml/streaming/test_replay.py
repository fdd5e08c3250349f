"""Does a replay keep its pace, put again what a busy stream refuses, and disturb the order only as asked?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest

from ml.streaming.happening import Happening
from ml.streaming.replay import (
    LATER,
    LATEST,
    NotPutError,
    arrivals,
    play,
    weeks_to,
    without,
)
from ml.streaming.state import Clock
from ml.streaming.through import NotThroughError, wait
from tests.ml.streaming.conftest import Days


class _Stream:
    """A stream that is busy for the first tries of some records, and a clock that sleeping moves."""

    def __init__(self, busy: int = 0) -> None:
        self.now = 0.0
        self.came: list[tuple[float, Any]] = []
        self._busy = busy

    def put_records(self, StreamName: str, Records: Sequence[Any]) -> Any:  # noqa: N803
        answers = []
        for one in Records:
            if self._busy > 0:
                self._busy -= 1
                answers.append(
                    {"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "busy"}
                )
                continue
            self.came.append((self.now, json.loads(one["Data"])["id"]))
            answers.append({"SequenceNumber": "1"})
        return {"FailedRecordCount": 0, "Records": answers}

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def play(self, happened: Sequence[Happening], speed: float, begin: float = 0.0) -> Any:
        coming = arrivals(happened)
        return play(
            self,
            "events",
            coming,
            speed=speed,
            begin=begin,
            say=print,
            clock=lambda: self.now,
            sleep=self.sleep,
        )


def _minutes(*moments: float) -> list[Happening]:
    return [Happening(at, "JFK", {"id": str(place), "type": "tick"}) for place, at in enumerate(moments)]


def test_events_come_at_the_asked_multiple_of_their_speed() -> None:
    stream = _Stream()
    stream.play(_minutes(0, 10, 60), speed=60)
    assert [at for at, _ in stream.came] == pytest.approx([0, 10, 60])


def test_what_only_warms_up_and_a_replay_without_speed_wait_for_nothing() -> None:
    stream = _Stream()
    stream.play(_minutes(*range(1200)), speed=0)
    assert stream.now == 0
    stream.play(_minutes(*range(600)), speed=1, begin=600)
    assert stream.now == 0
    assert len(stream.came) == 1800


def test_what_a_busy_stream_refuses_is_put_again_and_nothing_is_lost() -> None:
    stream = _Stream(busy=700)
    played = stream.play(_minutes(*range(1200)), speed=0)
    assert (played.put, played.retried) == (1200, 700)
    assert sorted(int(one) for _, one in stream.came) == list(range(1200))


def test_a_stream_that_stays_busy_is_told_with_what_to_do() -> None:
    with pytest.raises(NotPutError, match="events does not take 3 records after 12 tries.*lower --speed"):
        _Stream(busy=10_000).play(_minutes(0, 1, 2), speed=0)


def test_disorder_and_duplicates_are_the_share_asked_within_bounds_and_the_same_for_a_seed(
    stormy: Days,
) -> None:
    happened = stormy.happenings
    coming = list(arrivals(happened, disorder=0.1, duplicates=0.05, seed=4))
    assert [one.at for one in coming] == sorted(one.at for one in coming)
    late = [one.at - one.happening.at for one in coming if one.at > one.happening.at]
    assert max(late) <= LATEST + LATER
    assert 0.02 < (len(coming) - len(happened)) / len(happened) < 0.08
    assert coming == list(arrivals(happened, disorder=0.1, duplicates=0.05, seed=4))
    assert coming != list(arrivals(happened, disorder=0.1, duplicates=0.05, seed=5))
    assert [one.happening for one in arrivals(happened)] == list(happened)


def test_days_move_by_whole_weeks_and_are_over_by_the_day() -> None:
    first = date(2013, 7, 9)
    for until in (date(2026, 11, 25), date(2026, 11, 24), date(2013, 7, 12), date(2013, 7, 1)):
        moved = first + timedelta(weeks=weeks_to(first, 2, until))
        assert moved.weekday() == first.weekday()
        assert timedelta(0) <= until - (moved + timedelta(days=3)) < timedelta(days=7)


def test_days_that_warm_up_ask_nothing(stormy: Days) -> None:
    middle = stormy.happenings[len(stormy.happenings) // 2].at
    left = list(without(stormy.happenings, frozenset({"ask"}), middle))
    asks = [one.at for one in left if one.event["type"] == "ask"]
    assert asks
    assert min(asks) >= middle
    assert len([one for one in left if one.event["type"] == "departed"]) == len(
        [one for one in stormy.happenings if one.event["type"] == "departed"]
    )


class _Clocks:
    """Clocks of shards that come on with time, as told: (second, shard, minute of event time, waiting)."""

    def __init__(self, *steps: tuple[float, str, float, int]) -> None:
        self.now = 0.0
        self.said: list[str] = []
        self._steps = steps

    def __call__(self) -> dict[str, Clock]:
        found: dict[str, Clock] = {}
        for version, (second, shard, minute, waiting) in enumerate(self._steps):
            if second <= self.now:
                pending: dict[str, Any] = {str(number): {} for number in range(waiting)}
                found[shard] = Clock(minute, pending, {}, 0.0, version + 1)
        return found

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def wait(self, *shards: str, until: float) -> int:
        return wait(
            self,
            shards,
            until,
            patience=30,
            say=self.said.append,
            clock=lambda: self.now,
            sleep=self.sleep,
        )


def test_a_replay_is_through_when_every_shard_that_got_events_has_come_to_the_last() -> None:
    clocks = _Clocks(
        (1, "a", 50, 3), (2, "closed", 10, 9), (20, "a", 100, 0), (25, "b", 99, 5), (40, "b", 101, 2)
    )
    assert clocks.wait("a", "b", until=100) == 2
    assert 40 <= clocks.now < 41
    assert len(clocks.said) == 7
    assert "nothing yet" in clocks.said[0]
    assert clocks.said[-1] == "1970-01-01 01:39  is through, 5 questions and outcomes wait"


def test_a_consumer_that_stands_still_is_told_of_with_where_it_stands() -> None:
    clocks = _Clocks((1, "a", 50, 3), (20, "a", 60, 3))
    with pytest.raises(NotThroughError, match="nothing for 30 s and stands at 1970-01-01T01:00"):
        clocks.wait("a", until=100)
    assert 50 <= clocks.now < 51


def test_a_replay_knows_the_shards_that_took_its_events() -> None:
    class Sharded(_Stream):
        def put_records(self, StreamName: str, Records: Sequence[Any]) -> Any:  # noqa: N803
            answers = super().put_records(StreamName, Records)["Records"]
            for record, answer in zip(Records, answers, strict=True):
                if "ErrorCode" not in answer:
                    answer["ShardId"] = f"shard of {record['PartitionKey']}"
            return {"Records": answers}

    happened = [Happening(minute, place, {"id": place}) for minute, place in enumerate(("JFK", "EWR", "JFK"))]
    assert Sharded(busy=2).play(happened, speed=0).shards == {"shard of JFK", "shard of EWR"}
