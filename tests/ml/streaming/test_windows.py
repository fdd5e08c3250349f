"""Do windows, spans and latest values take an event once, answer as of a moment, and forget what is over?"""

from __future__ import annotations

import json

import ibis
import pytest

from ml.features import rolling
from ml.streaming.marks import RESOLUTION, asked_at, iso, known_from
from ml.streaming.windows import Latest, Spans, Window


def test_marks_are_those_of_the_preparation() -> None:
    connection = ibis.duckdb.connect()
    moments = [0, 1, 9, 10, 11, 22_887_359, 22_887_360]
    table = ibis.memtable({"moment": moments})
    found = connection.execute(
        table.select(known=rolling.known_from(table.moment), asked=rolling.asked_at(table.moment))
    )
    assert list(found.known) == [known_from(one) for one in moments]
    assert list(found.asked) == [asked_at(one) for one in moments]
    assert RESOLUTION == rolling.RESOLUTION
    connection.disconnect()


def test_a_window_counts_once_takes_back_and_leaves_its_far_end_out() -> None:
    window = Window()
    assert window.add("a", 100, 5)
    assert not window.add("a", 100, 5)
    assert window.add("b", 110, 7)
    assert window.over(110, 10) == (1, 7)
    assert window.over(110, 20) == (2, 12)
    assert window.over(100, 20) == (1, 5)
    assert window.take_back("b")
    assert not window.take_back("b")
    assert window.over(110, 20) == (1, 5)
    assert Window(json.loads(json.dumps(window.dump()))).over(110, 20) == (1, 5)
    window.expire(101)
    assert window.dump() == {}
    assert window.over(110, 20) == (0, 0)


@pytest.mark.parametrize("turned", [False, True], ids=["in order", "the end first"])
def test_a_span_ends_at_the_earliest_whichever_end_is_told_first(turned: bool) -> None:
    spans = Spans()
    steps = [lambda: spans.begin("a", 100, 300, 7), lambda: spans.end("a", 200)]
    assert all(step() for step in (reversed(steps) if turned else steps))
    assert not any(step() for step in steps)
    assert [spans.over(mark) for mark in (90, 100, 190, 200)] == [(0, 0), (1, 7), (1, 7), (0, 0)]
    assert Spans(json.loads(json.dumps(spans.dump()))).over(100) == (1, 7)
    spans.expire(201)
    assert spans.dump() == {}


def test_what_never_was_told_to_begin_does_not_count() -> None:
    spans = Spans()
    assert spans.end("a", 200)
    assert spans.over(100) == (0, 0)


def test_a_span_that_ends_before_it_begins_never_was() -> None:
    spans = Spans()
    spans.begin("a", 100, 300, 7)
    spans.end("a", 50)
    assert [spans.over(mark) for mark in (40, 60, 100, 200)] == [(0, 0)] * 4


def test_the_latest_is_as_of_a_moment_whole_by_all_that_was_told_and_kept_until_a_later_one() -> None:
    legs = Latest()
    assert legs.put("b", 10, "B", planned=60)
    assert legs.put("a", 10, "A", planned=70)
    assert legs.put("c", 50, "C", departed=55)
    assert not legs.put("c", 50, "C", departed=99)
    found = legs.as_of(30)
    assert found is not None
    assert found["planned"] == 70
    assert legs.as_of(5) is None
    # Of `c` only the departure was told: it is not known as a plan.
    planned = legs.as_of(60, needs="planned")
    assert planned is not None
    assert planned["rank"] == "A"
    legs.put("c", 50, "C", planned=80)
    whole = legs.as_of(60, needs="planned")
    assert whole is not None
    assert (whole["departed"], whole["planned"]) == (55, 80)
    legs.expire(40)
    assert legs.dump().keys() == {"a", "b", "c"}
    legs.expire(60)
    assert legs.dump().keys() == {"c"}


def test_moments_are_told_to_the_millisecond() -> None:
    assert iso(22_887_360) == "2013-07-08T00:00:00.000Z"
    assert iso(22_887_360 + 0.123 / 60) == "2013-07-08T00:00:00.123Z"
