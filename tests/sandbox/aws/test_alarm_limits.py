"""Does a preview refuse the alarms that CloudWatch would?"""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.aws.alarm_limits import limit_failures


def _metric(id: str, period: int = 300, **more: Any) -> dict[str, Any]:
    return {"id": id, "metric": {"metricName": "m", "period": period}, "returnData": False, **more}


_SHARE = {"id": "share", "expression": "a / b", "returnData": True}


def _told(**inputs: Any) -> str:
    return "; ".join(f"{one.property}: {one.reason}" for one in limit_failures(inputs))


@pytest.mark.parametrize(
    ("period", "count"), [(60, 1440), (3600, 168), (86_400, 7), (259_200, 1), (300, 288), (None, 3)]
)
def test_windows_within_the_limits_pass(period: int | None, count: int) -> None:
    assert _told(period=period, evaluationPeriods=count) == ""


@pytest.mark.parametrize(("period", "count"), [(60, 1441), (1800, 49), (3600, 169), (259_200, 3)])
def test_a_window_beyond_the_limits_is_refused(period: int, count: int) -> None:
    assert "looks back" in _told(period=period, evaluationPeriods=count)
    queries = [_metric("a", period), _metric("b", period), _SHARE]
    assert "looks back" in _told(metricQueries=queries, evaluationPeriods=count)


@pytest.mark.parametrize(
    ("queries", "told"),
    [
        ([_metric("a"), _metric("b"), _SHARE], ""),
        ([_metric("a"), _metric("b", 600), _SHARE], "the same period, not 300, 600 s"),
        ([_metric("a"), _metric("b"), {**_SHARE, "returnData": False}], "exactly one query returns data"),
        ([_metric("a", returnData=True), _metric("b"), _SHARE], "exactly one query returns data"),
        ([*(_metric(f"m{number}") for number in range(11)), _SHARE], "reads 11 metrics"),
        ([_metric("A"), _metric("b"), _SHARE], "does not begin with a small letter"),
        ([_metric("a"), _metric("a"), _SHARE], "the id 'a' stands there twice"),
        ([_metric("a", 90), _metric("b", 90), _SHARE], "not 1, 5, 10, 20, 30 or a multiple of 60"),
        ([_metric("a"), {"id": "b", "returnData": False}, _SHARE], "exactly one of expression and metric"),
    ],
)
def test_metric_math_is_held_to_what_an_alarm_takes(queries: list[dict[str, Any]], told: str) -> None:
    found = _told(metricQueries=queries, evaluationPeriods=1)
    assert told in found
    assert bool(found) == bool(told)
