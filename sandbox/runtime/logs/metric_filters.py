"""What do log events tell CloudWatch? The metric filters of their group make data of those that match.

Within the emulator's lock, as a part of the PutLogEvents that brings them: so a replay of the journal makes
the same data again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sandbox.runtime.logs.patterns import Fields, Pattern, PatternError, read

_read = lru_cache(maxsize=256)(read)


def install() -> None:
    """Installs every hook. To be called once, before the first request."""
    _check_and_replace()
    _measure()


def _check_and_replace() -> None:
    """A filter's name stands once in a group, and its pattern must be understood (CloudWatch Logs API)."""
    from moto.logs.exceptions import InvalidParameterException
    from moto.logs.models import LogsBackend

    put = LogsBackend.put_metric_filter

    def put_checked(
        self: Any, filter_name: str, filter_pattern: str, log_group_name: str, *given: Any, **named: Any
    ) -> None:
        try:
            _read(filter_pattern)
        except PatternError as wrong:
            raise InvalidParameterException(f"Invalid metric filter pattern: {wrong}") from wrong
        self.filters.delete_filter(filter_name, log_group_name)
        put(self, filter_name, filter_pattern, log_group_name, *given, **named)

    LogsBackend.put_metric_filter = put_checked  # type: ignore[method-assign]


def _measure() -> None:
    from moto.cloudwatch.models import cloudwatch_backends
    from moto.logs.models import LogsBackend

    put = LogsBackend.put_log_events

    def put_and_measure(
        self: Any, log_group_name: str, log_stream_name: str, log_events: list[dict[str, Any]]
    ) -> Any:
        answer = put(self, log_group_name, log_stream_name, log_events)
        filters = self.filters.get_matching_filters(log_group_name=log_group_name)
        for one in filters:
            pattern = _read(one["filterPattern"])
            for transformation in one["metricTransformations"]:
                data = data_of(pattern, transformation, log_events)
                if data:
                    backend = cloudwatch_backends[self.account_id][self.region_name]
                    backend.put_metric_data(transformation["metricNamespace"], data)
        return answer

    LogsBackend.put_log_events = put_and_measure  # type: ignore[method-assign]


def data_of(
    pattern: Pattern, transformation: Mapping[str, Any], events: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The data that a transformation makes of events: of each that matches its value, of none its default.

    An event without a number where the value is looked for, or without one of the dimensions, makes none.
    """
    matched = [(event, fields) for event in events if (fields := pattern.match(event["message"])) is not None]
    default = transformation.get("defaultValue")
    if not matched and default is not None and events:
        return [_datum(transformation, float(default), [], events[-1]["timestamp"])]
    return list(_data(transformation, matched))


def _data(
    transformation: Mapping[str, Any], matched: Iterable[tuple[Mapping[str, Any], Fields]]
) -> Iterable[dict[str, Any]]:
    for event, fields in matched:
        value = _value(str(transformation["metricValue"]), fields)
        wanted = transformation.get("dimensions") or {}
        given = {name: fields.value(selector) for name, selector in wanted.items()}
        if value is None or any(found is None for found in given.values()):
            continue
        dimensions = [{"Name": name, "Value": str(found)} for name, found in given.items()]
        yield _datum(transformation, value, dimensions, event["timestamp"])


def _value(named: str, fields: Fields) -> float | None:
    found = fields.value(named) if named.startswith("$") else named
    try:
        return float(found) if isinstance(found, (int, float, str)) else None
    except ValueError:
        return None


def _datum(
    transformation: Mapping[str, Any], value: float, dimensions: list[dict[str, str]], timestamp: int
) -> dict[str, Any]:
    return {
        "MetricName": transformation["metricName"],
        "Value": value,
        "Unit": transformation.get("unit") or "None",
        "Dimensions": dimensions,
        "Timestamp": datetime.fromtimestamp(timestamp / 1000, UTC),
    }
