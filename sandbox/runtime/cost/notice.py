"""What AWS Budgets writes to a topic: subject and message as its subscribers get them.

The wording follows messages that AWS sent (they are plain text, no JSON)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

_SIGNS = {"GREATER_THAN": ">", "LESS_THAN": "<", "EQUAL_TO": "="}
_WORDS = {"GREATER_THAN": "greater than", "LESS_THAN": "less than", "EQUAL_TO": "equal to"}
_PERIODS = {"DAILY": "day", "MONTHLY": "month", "QUARTERLY": "quarter", "ANNUALLY": "year"}


def subject(budget: str) -> str:
    """The subject, whichever way the threshold is crossed; SNS takes at most 100 characters."""
    return f"AWS Budgets: {budget} has exceeded your alert threshold"[:100]


def message(
    budget: Mapping[str, Any],
    notification: Mapping[str, Any],
    *,
    limit: float,
    threshold: float,
    cost: float,
    account_id: str,
    now: datetime,
) -> str:
    """The text of one notification; sums in dollars."""
    kind = "Forecasted" if notification["NotificationType"] == "FORECASTED" else "Actual"
    operator = notification["ComparisonOperator"]
    period = _PERIODS.get(budget.get("TimeUnit", "MONTHLY"), "month")
    name = budget["BudgetName"]
    return (
        f"AWS Budget Notification {now:%B %d, %Y}\n"
        f"AWS Account {account_id}\n"
        "\n"
        "Dear AWS Customer,\n"
        "\n"
        f"You requested that we alert you when the {kind} Cost associated with your {name} budget is "
        f"{_WORDS[operator]} {_dollars(threshold)} for the current {period}. The {kind} Cost associated with "
        f"this budget is {_dollars(cost)}. You can find additional details below and by accessing the "
        "AWS Budgets dashboard [1].\n"
        "\n"
        f"Budget Name: {name}\n"
        f"Budget Type: {str(budget.get('BudgetType', 'COST')).capitalize()}\n"
        f"Budgeted Amount: {_dollars(limit)}\n"
        f"Alert Type: {kind}\n"
        f"Alert Threshold: {_SIGNS[operator]} {_dollars(threshold)}\n"
        f"{kind} Amount: {_dollars(cost)}\n"
        "\n"
        "[1] https://console.aws.amazon.com/billing/home#/budgets\n"
    )


def _dollars(amount: float) -> str:
    return f"${amount:,.2f}"
