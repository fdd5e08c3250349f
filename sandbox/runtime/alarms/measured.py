"""What was measured for an alarm in its last periods? One metric, or an expression over several."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sandbox.runtime.alarms.evaluation import Datum, can_be_judged, values_of
from sandbox.runtime.alarms.mathematics import MathError, Surroundings, is_band, names_in, work_out

_EARLIER = 1
"""Periods before the first that count, so that a rate has something to begin from."""


@dataclass(frozen=True)
class MetricKey:
    """Which metric: data of other units are left out where one is named."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]]
    unit: str


Measured = dict[MetricKey, list[Datum]]


def can_be_measured(alarm: Any) -> bool:
    """Whether alarms of that kind are evaluated here: no composite ones, no bands, no trimmed statistics."""
    if alarm.rule is not None or alarm.threshold is None or alarm.threshold_metric_id:
        return False
    queries = alarm.metric_data_queries
    if not queries:
        return bool(alarm.metric_name) and can_be_judged(alarm.comparison_operator, statistic_of(alarm))
    return all(
        not is_band(query.expression)
        and (query.metric_stat is None or can_be_judged(alarm.comparison_operator, query.metric_stat.stat))
        for query in queries
    )


def statistic_of(alarm: Any) -> str:
    """The statistic of an alarm on one metric; the expression of one on several."""
    if alarm.metric_data_queries:
        return str(_watched(alarm.metric_data_queries).expression or "expression")
    return str(alarm.extended_statistic or alarm.statistic)


def period_of(alarm: Any) -> float:
    """Seconds of its period: of several queries the longest."""
    queries = alarm.metric_data_queries
    if not queries:
        return float(alarm.period)
    given = [query.metric_stat.period if query.metric_stat else query.period for query in queries]
    return float(max((int(one) for one in given if one), default=60))


def data_of(alarms: Sequence[Any], metrics: Iterable[Any], now: float) -> Measured:
    """All that was measured for these alarms in their periods, in one pass."""
    wanted: dict[tuple[str, str, frozenset[tuple[str, str]]], set[MetricKey]] = {}
    for alarm in alarms:
        for key in keys_of(alarm):
            wanted.setdefault((key.namespace, key.name, key.dimensions), set()).add(key)
    names = {name for _, name, _ in wanted}
    oldest = now - max(period_of(alarm) * (int(alarm.evaluation_periods) + _EARLIER) for alarm in alarms)
    found: Measured = {}
    for metric in metrics:
        if metric.name not in names or (at := seconds(metric.timestamp)) < oldest:
            continue
        for key in wanted.get((metric.namespace, metric.name, _dimensions(metric)), ()):
            if not key.unit or key.unit == metric.unit:
                found.setdefault(key, []).append(_datum(metric, at))
    return found


def measured(alarm: Any, data: Measured, now: float) -> list[float | None]:
    """The values of an alarm's periods, oldest first. Raises MathError."""
    periods, period = int(alarm.evaluation_periods), period_of(alarm)
    if not alarm.metric_data_queries:
        (key,) = keys_of(alarm)
        return values_of(data.get(key, ()), statistic_of(alarm), period, periods, now)
    length = periods + _EARLIER
    series: dict[str, tuple[float | None, ...]] = {}
    waiting = []
    for query in alarm.metric_data_queries:
        if query.metric_stat is None:
            waiting.append(query)
            continue
        found = data.get(_key_of(query.metric_stat), ())
        series[query.id] = tuple(values_of(found, query.metric_stat.stat, period, length, now))
    metrics = frozenset(series)
    while waiting:
        ready = [query for query in waiting if names_in(query.expression) <= series.keys()]
        if not ready:
            raise MathError(f"these expressions read each other: {', '.join(one.id for one in waiting)}")
        for query in ready:
            series[query.id] = work_out(query.expression, Surroundings(series, metrics, period), length)
        waiting = [query for query in waiting if query.id not in series]
    values = series[_watched(alarm.metric_data_queries).id][-periods:]
    return [None if one is None or math.isnan(one) else one for one in values]


def seconds(moment: datetime) -> float:
    """The emulator's times are in UTC, and some do not say so."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _watched(queries: Sequence[Any]) -> Any:
    """The query whose data the alarm watches: the one that returns them, else the only one."""
    returned = [query for query in queries if str(query.return_data).lower() != "false"]
    return returned[0] if returned else queries[-1]


def keys_of(alarm: Any) -> list[MetricKey]:
    """The metrics that an alarm looks at."""
    stats = [query.metric_stat for query in alarm.metric_data_queries if query.metric_stat is not None]
    if alarm.metric_data_queries:
        return [_key_of(stat) for stat in stats]
    return [MetricKey(alarm.namespace, alarm.metric_name, _dimensions(alarm), alarm.unit or "")]


def _key_of(stat: Any) -> MetricKey:
    return MetricKey(
        stat.metric.namespace, stat.metric.metric_name, _dimensions(stat.metric), stat.unit or ""
    )


def _dimensions(owner: Any) -> frozenset[tuple[str, str]]:
    return frozenset((dimension.name, dimension.value) for dimension in owner.dimensions)


def _datum(metric: Any, at: float) -> Datum:
    if hasattr(metric, "value"):
        return Datum(at, metric.value, metric.value, metric.value, 1.0)
    return Datum(at, metric.sum, metric.min, metric.max, metric.sample_count)
