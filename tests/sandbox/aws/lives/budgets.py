"""The lives of the types of `budgets`."""

from __future__ import annotations

from lives.life import Life

_NOTIFICATION = {
    "comparisonOperator": "GREATER_THAN",
    "notificationType": "ACTUAL",
    "threshold": 80,
    "thresholdType": "PERCENTAGE",
    "subscriberEmailAddresses": ["owner@example.com"],
}


LIVES = [
    Life(
        "aws:budgets/budget:Budget",
        lambda _: {
            "budgetType": "COST",
            "limitAmount": "100",
            "limitUnit": "USD",
            "timeUnit": "MONTHLY",
            "costFilters": [{"name": "TagKeyValue", "values": ["user:Project$groundplan"]}],
            "notifications": [_NOTIFICATION],
        },
        None,
        {"name": "other"},
    ),
]
