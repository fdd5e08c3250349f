"""What does CloudWatch refuse of an alarm that its service model says nothing of? Windows and metric math.

Sources: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html (Period) and
the user guide's "Creating a CloudWatch alarm based on a metric math expression".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_HOUR, _DAY, _WEEK = 3600, 86_400, 604_800
_MOST_METRICS = 10
_ID = re.compile(r"[a-z][a-zA-Z0-9_]*")


def limit_failures(inputs: PropertyMap) -> Iterable[CheckFailure]:
    """What is wrong with an alarm's window and its metric queries; unknown values are passed over."""
    found = inputs.get("metricQueries")
    queries = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    metrics = [one["metric"] for one in queries if isinstance(one.get("metric"), dict)]
    known = [one for one in (metric.get("period") for metric in metrics) if isinstance(one, int | float)]
    periods = [inputs.get("period")] if not queries else known
    yield from _window(periods, inputs.get("evaluationPeriods"))
    if queries:
        yield from _queries(queries, metrics, known)


def _window(periods: Sequence[Any], count: Any) -> Iterable[CheckFailure]:
    for period in periods:
        if isinstance(period, int | float) and isinstance(count, int | float):
            most, by = (_WEEK, "of an hour or more") if period >= _HOUR else (_DAY, "below an hour")
            if period * count > most:
                yield CheckFailure(
                    "evaluationPeriods",
                    f"{count:g} periods of {period:g} s are {period * count:g} s; by periods {by} an alarm "
                    f"looks back {most} s at most",
                )


def _queries(
    queries: Sequence[Mapping[str, Any]], metrics: Sequence[Mapping[str, Any]], periods: Sequence[float]
) -> Iterable[CheckFailure]:
    returned = [query for query in queries if query.get("returnData") is True]
    settled = all(isinstance(query.get("returnData"), bool | None) for query in queries)
    if settled and len(returned) != 1 and len(queries) > 1:
        yield CheckFailure(
            "metricQueries", f"exactly one query returns data, the one that is watched, not {len(returned)}"
        )
    if len(metrics) > _MOST_METRICS:
        yield CheckFailure("metricQueries", f"reads {len(metrics)} metrics; an alarm reads {_MOST_METRICS}")
    if len(set(periods)) > 1:
        told = ", ".join(f"{one:g}" for one in sorted(set(periods)))
        yield CheckFailure("metricQueries", f"all metrics of an alarm have the same period, not {told} s")
    for number, query in enumerate(queries):
        id = query.get("id")
        if isinstance(id, str) and not _ID.fullmatch(id):
            yield CheckFailure(
                f"metricQueries[{number}].id",
                f"{id!r} does not begin with a small letter and go on in a-zA-Z0-9_",
            )
        if (query.get("expression") is None) == (query.get("metric") is None):
            yield CheckFailure(f"metricQueries[{number}]", "exactly one of expression and metric is needed")
    ids = [query["id"] for query in queries if isinstance(query.get("id"), str)]
    for id in sorted({one for one in ids if ids.count(one) > 1}):
        yield CheckFailure("metricQueries", f"the id {id!r} stands there twice")
    for number, metric in enumerate(metrics):
        period = metric.get("period")
        if isinstance(period, int | float) and period not in (1, 5, 10, 20, 30) and period % 60:
            yield CheckFailure(
                f"metricQueries[{number}].metric.period",
                f"{period:g} is not 1, 5, 10, 20, 30 or a multiple of 60 (seconds)",
            )
