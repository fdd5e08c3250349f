"""When a budget's notifications are due: the rules of AWS Budgets as functions of values.

A notification is due when its threshold is crossed, once in a period of its budget: again in the next period,
and after the budget or the notification was changed. Source: https://docs.aws.amazon.com/cost-
management/latest/userguide/budgets-best-practices.html
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any


@dataclass(frozen=True)
class Spend:
    """A month's cost in dollars: what it is by now, and what the month is heading for."""

    actual: float
    forecast: float


@dataclass(frozen=True)
class Due:
    """A notification that is to be sent: `key` of the notification, its threshold in dollars, the cost that
    crossed it."""

    key: str
    notification: Mapping[str, Any]
    threshold: float
    cost: float


def forecast(actual: float, now: datetime) -> float:
    """The month's cost if it goes on as it has since the month's first moment: linear, at least one day
    counted.

    AWS forecasts from five weeks of history, which an emulated account does not have.
    """
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    days = calendar.monthrange(now.year, now.month)[1]
    elapsed = max(timedelta(days=1), now - first)
    return actual * (timedelta(days=days) / elapsed)


def period_of(budget: Mapping[str, Any], now: datetime) -> str:
    """The budget's period that `now` lies in, such as `2026-11`."""
    unit = budget.get("TimeUnit", "MONTHLY")
    if unit == "DAILY":
        return f"{now:%Y-%m-%d}"
    if unit == "QUARTERLY":
        return f"{now.year}-Q{(now.month - 1) // 3 + 1}"
    if unit == "ANNUALLY":
        return str(now.year)
    return f"{now:%Y-%m}"


def runs(budget: Mapping[str, Any], now: datetime) -> bool:
    """Whether `now` lies within the budget's time period (seconds since 1970; the end may be missing)."""
    period = budget.get("TimePeriod") or {}
    start, end = period.get("Start", 0.0), period.get("End")
    return bool(start <= now.timestamp() and (end is None or now.timestamp() < end))


def notification_key(notification: Mapping[str, Any]) -> str:
    """What tells a budget's notifications apart: type, operator, threshold and its kind."""
    kind = notification.get("ThresholdType", "PERCENTAGE")
    parts = (
        notification["NotificationType"],
        notification["ComparisonOperator"],
        notification["Threshold"],
        kind,
    )
    return "/".join(str(float(part)) if isinstance(part, int) else str(part) for part in parts)


def limit_of(budget: Mapping[str, Any], now: datetime) -> float:
    """The budget's limit in dollars, of the month where limits are planned by month."""
    planned = budget.get("PlannedBudgetLimits") or {}
    due = [key for key in planned if float(key) <= now.timestamp()]
    if due:
        return float(planned[max(due, key=float)]["Amount"])
    return float((budget.get("BudgetLimit") or {"Amount": 0})["Amount"])


def threshold_of(notification: Mapping[str, Any], limit: float) -> float:
    """The threshold in dollars."""
    given = float(notification["Threshold"])
    return given if notification.get("ThresholdType") == "ABSOLUTE_VALUE" else limit * given / 100


def crossed(notification: Mapping[str, Any], limit: float, spend: Spend) -> bool:
    """Whether the cost stands on the alarming side of the threshold."""
    cost = cost_of(notification, spend)
    threshold = threshold_of(notification, limit)
    operator = notification["ComparisonOperator"]
    if operator == "LESS_THAN":
        return cost < threshold
    return cost == threshold if operator == "EQUAL_TO" else cost > threshold


def cost_of(notification: Mapping[str, Any], spend: Spend) -> float:
    """The cost that a notification looks at."""
    return spend.forecast if notification["NotificationType"] == "FORECASTED" else spend.actual


def due(budget: Mapping[str, Any], kept: Mapping[str, Any], spend: Spend, now: datetime) -> Iterator[Due]:
    """The notifications that are crossed and were not yet sent in this period.

    `kept` holds them by key: `{"notification", "subscribers", "sent": period or ""}`."""
    if not runs(budget, now):
        return
    limit, period = limit_of(budget, now), period_of(budget, now)
    for key, entry in kept.items():
        notification = entry["notification"]
        if entry["sent"] != period and crossed(notification, limit, spend):
            yield Due(key, notification, threshold_of(notification, limit), cost_of(notification, spend))


def month_of(now: datetime) -> str:
    """The month that a spend is for."""
    return f"{now.astimezone(UTC):%Y-%m}"
