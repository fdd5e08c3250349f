"""Which state a metric alarm is in, by the values of its last periods.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html (evaluating an
alarm, and its table of missing data).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

OK, ALARM, INSUFFICIENT_DATA = "OK", "ALARM", "INSUFFICIENT_DATA"

_COMPARISONS: Mapping[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}


@dataclass(frozen=True)
class Rule:
    """When an alarm is in ALARM: `to_alarm` of the last `periods` values compare so with the threshold.

    `missing` is `missing`, `ignore`, `breaching` or `notBreaching`."""

    comparison: str
    threshold: float
    periods: int
    to_alarm: int
    missing: str


@dataclass(frozen=True)
class Datum:
    """One value, or the statistics of several: at seconds since 1970."""

    at: float
    sum: float
    low: float
    high: float
    count: float


def can_be_judged(comparison: str, statistic: str) -> bool:
    """Whether alarms of that kind are evaluated here: no anomaly detection, no trimmed statistics."""
    return comparison in _COMPARISONS and (statistic in _STATISTICS or _percentile(statistic) is not None)


def values_of(
    data: Sequence[Datum], statistic: str, period: float, periods: int, now: float
) -> list[float | None]:
    """The statistic in each of the last periods, oldest first; None where nothing was measured. The last
    period ends now."""
    found: list[list[Datum]] = [[] for _ in range(periods)]
    for datum in data:
        age = int((now - datum.at) // period)
        if 0 <= age < periods:
            found[periods - 1 - age].append(datum)
    return [_statistic(part, statistic) if part else None for part in found]


def state_of(rule: Rule, values: Sequence[float | None], current: str) -> str:
    """The alarm's state, given its state until now."""
    breaches, _ = _COMPARISONS[rule.comparison]
    known = [value for value in values if value is not None]
    breaching = sum(breaches(value, rule.threshold) for value in known)
    missing = len(values) - len(known)
    if breaching >= rule.to_alarm:
        return ALARM
    if rule.missing == "breaching" and breaching + missing >= rule.to_alarm:
        return ALARM
    if rule.missing in {"breaching", "notBreaching"} or breaching + missing < rule.to_alarm:
        return OK
    if not known:
        return current if rule.missing == "ignore" else INSUFFICIENT_DATA
    # What is missing would decide, and all that is known is in breach, or something is not.
    if breaching and rule.missing == "ignore":
        return current
    return ALARM if breaching == len(known) else OK


def reason_of(rule: Rule, values: Sequence[float | None], state: str) -> str:
    """Why, in about the words of CloudWatch."""
    breaches, words = _COMPARISONS[rule.comparison]
    known = [value for value in values if value is not None]
    if not known:
        unknown = f"{len(values)} datapoint{'s were' if len(values) > 1 else ' was'} unknown"
        if state == INSUFFICIENT_DATA:
            return f"Insufficient Data: {unknown}."
        treated = "Breaching" if rule.missing == "breaching" else "NonBreaching"
        return f"Threshold Crossed: {unknown} and treated as [{treated}]."
    fitting = [value for value in known if breaches(value, rule.threshold) == (state == ALARM)]
    verb = "was" if len(fitting) == 1 else "were"
    sense = "" if state == ALARM else "not "
    return (
        f"Threshold Crossed: {len(fitting)} out of the last {rule.periods} datapoints {fitting} {verb} "
        f"{sense}{words} the threshold ({rule.threshold}) (minimum {rule.to_alarm} "
        f"datapoint{'' if rule.to_alarm == 1 else 's'} for ALARM)."
    )


def _statistic(data: Sequence[Datum], statistic: str) -> float | None:
    plain = _STATISTICS.get(statistic)
    if plain is not None:
        return plain(data)
    share = _percentile(statistic)
    # A percentile of a summary is only known where the summary has one value.
    single = sorted(datum.low for datum in data if datum.low == datum.high for _ in range(int(datum.count)))
    if share is None or not single:
        return None
    place = share * (len(single) - 1)
    below = int(place)
    above = min(below + 1, len(single) - 1)
    return single[below] + (single[above] - single[below]) * (place - below)


def _percentile(statistic: str) -> float | None:
    """The share that `p99.9` names, or None."""
    try:
        share = float(statistic.removeprefix("p")) / 100 if statistic.startswith("p") else -1.0
    except ValueError:
        return None
    return share if 0 <= share <= 1 else None


_STATISTICS: Mapping[str, Callable[[Sequence[Datum]], float]] = {
    "Average": lambda data: sum(datum.sum for datum in data) / (sum(datum.count for datum in data) or 1.0),
    "Sum": lambda data: sum(datum.sum for datum in data),
    "Minimum": lambda data: min(datum.low for datum in data),
    "Maximum": lambda data: max(datum.high for datum in data),
    "SampleCount": lambda data: sum(datum.count for datum in data),
}
