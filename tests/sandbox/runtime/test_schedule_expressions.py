"""At which times rate, cron and at expressions fire, and what is made up for."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sandbox.runtime.overlay import Caller
from sandbox.runtime.schedules.clock import Due, first_time, has_come, moment_of
from sandbox.runtime.schedules.expressions import ExpressionError, next_after, parse, zone_of
from sandbox.runtime.schedules.known import Timed

_NEW_YORK = "America/New_York"


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def _next(expression: str, after: str, zone: str = "UTC") -> str | None:
    found = next_after(parse(expression), _seconds(after), _seconds(after), zone_of(zone))
    return None if found is None else datetime.fromtimestamp(found, UTC).strftime("%Y-%m-%dT%H:%M")


@pytest.mark.parametrize(
    ("expression", "after", "expected"),
    [
        ("rate(1 minute)", "2026-01-01T00:00", "2026-01-01T00:01"),
        ("rate(7 days)", "2026-01-01T00:00", "2026-01-08T00:00"),
        ("cron(0 10 * * ? *)", "2026-01-01T10:00", "2026-01-02T10:00"),
        ("cron(15 12 * * ? *)", "2026-01-01T10:00", "2026-01-01T12:15"),
        ("cron(0 18 ? * MON-FRI *)", "2026-01-02T18:00", "2026-01-05T18:00"),
        ("cron(0 8 1 * ? *)", "2026-01-15T00:00", "2026-02-01T08:00"),
        ("cron(0/15 * * * ? *)", "2026-01-01T00:46", "2026-01-01T01:00"),
        ("cron(0/5 8-17 ? * MON-FRI *)", "2026-01-02T17:55", "2026-01-05T08:00"),
        ("cron(0 9 ? * 2#1 *)", "2026-01-01T00:00", "2026-01-05T09:00"),
        ("cron(0 9 ? * FRI#3 *)", "2026-01-01T00:00", "2026-01-16T09:00"),
        ("cron(0 9 ? * 6L *)", "2026-01-01T00:00", "2026-01-30T09:00"),
        ("cron(0 9 L * ? *)", "2026-02-01T00:00", "2026-02-28T09:00"),
        ("cron(0 9 15W * ? *)", "2026-02-01T00:00", "2026-02-16T09:00"),
        ("cron(0 9 ? JAN,JUL SAT-SUN 2027)", "2026-01-01T00:00", "2027-01-02T09:00"),
        ("cron(0 0 29 2 ? *)", "2026-01-01T00:00", "2028-02-29T00:00"),
        ("cron(0 0 1 1 ? 2020)", "2026-01-01T00:00", None),
        ("at(2026-06-01T12:00:00)", "2026-01-01T00:00", "2026-06-01T12:00"),
        ("at(2026-06-01T12:00:00)", "2026-06-01T12:00", None),
    ],
)
def test_an_expression_names_its_next_time(expression: str, after: str, expected: str | None) -> None:
    assert _next(expression, after) == expected


def test_a_time_zone_moves_with_its_daylight_saving() -> None:
    assert _next("cron(0 9 * * ? *)", "2026-03-07T15:00", _NEW_YORK) == "2026-03-08T13:00"
    assert _next("cron(0 9 * * ? *)", "2026-03-07T00:00", _NEW_YORK) == "2026-03-07T14:00"
    assert _next("at(2026-07-01T09:00:00)", "2026-03-07T00:00", _NEW_YORK) == "2026-07-01T13:00"


def test_a_time_that_daylight_saving_skips_is_skipped_and_one_that_comes_twice_fires_once() -> None:
    assert _next("cron(30 2 * * ? *)", "2026-03-08T00:00", _NEW_YORK) == "2026-03-09T06:30"
    assert _next("cron(30 1 * * ? *)", "2026-11-01T00:00", _NEW_YORK) == "2026-11-01T05:30"
    assert _next("cron(30 1 * * ? *)", "2026-11-01T05:30", _NEW_YORK) == "2026-11-02T06:30"


@pytest.mark.parametrize(
    "expression",
    [
        "rate(1 minutes)",
        "rate(2 minute)",
        "rate(0 minutes)",
        "rate(5 weeks)",
        "cron(0 10 * * *)",
        "cron(0 10 * * * *)",
        "cron(0 10 ? * ? *)",
        "cron(60 10 * * ? *)",
        "cron(0 10 * FOO ? *)",
        "at(2026-02-30T00:00:00)",
        "every day",
    ],
)
def test_what_is_no_expression_is_refused_with_what_is_allowed(expression: str) -> None:
    with pytest.raises(ExpressionError, match=r"Allowed: rate\(5 minutes\)"):
        parse(expression)


def _timed(expression: str, **more: object) -> Timed:
    target = {"Arn": "arn:aws:sqs:us-east-1:123456789012:q"}
    settings = {"is_rule": True, **more}
    return Timed("arn", "n", Caller("1", "us-east-1"), expression, "UTC", (target,), **settings)  # type: ignore[arg-type]


def test_a_rule_waits_for_its_first_period_and_a_schedule_begins_at_once() -> None:
    assert first_time(_timed("rate(5 minutes)"), 1000.0) == 1300.0
    assert first_time(_timed("rate(5 minutes)", is_rule=False, begin=1000.0), 1000.5) == 1000.0


def test_of_the_times_that_nobody_was_there_for_the_last_is_made_up_for() -> None:
    rule = _timed("rate(5 minutes)")
    assert has_come(rule, 1300.0, 1299.0) is None
    assert has_come(rule, 1300.0, 1300.0) == Due(1300.0, 1600.0)
    assert has_come(rule, 1300.0, 2000.0) == Due(1900.0, 2200.0)
    month = 30 * 86400.0
    assert has_come(rule, 1300.0, 1300.0 + month + 10) == Due(1300.0 + month, 1600.0 + month)


def test_what_is_older_than_its_target_allows_is_not_made_up_for() -> None:
    once = _timed("at(2026-01-01T00:00:00)", is_rule=False, begin=0.0)
    due = _seconds("2026-01-01T00:00")
    assert has_come(once, due, due + 3600) == Due(due, None)
    assert has_come(once, due, due + 86401) == Due(None, None)


def test_nothing_fires_after_the_end() -> None:
    ended = _timed("rate(5 minutes)", is_rule=False, begin=1000.0, end=1400.0)
    assert has_come(ended, 1000.0, 1000.0) == Due(1000.0, 1300.0)
    assert has_come(ended, 1300.0, 9000.0) == Due(1300.0, None)


def test_a_flexible_window_is_kept_and_is_the_same_each_time() -> None:
    loose = _timed("rate(60 minutes)", window=600.0)
    moments = {moment_of(loose, due) - due for due in range(0, 36000, 3600)}
    assert len(moments) > 3
    assert all(0 <= moment < 600 for moment in moments)
    assert moment_of(loose, 3600.0) == moment_of(loose, 3600.0)
