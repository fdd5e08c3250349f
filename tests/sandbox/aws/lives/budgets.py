"""The lives of the types of `budgets`."""

from __future__ import annotations

from lives.life import LISTS, Life, Make, a_role
from sandbox.engine.values import PropertyMap

_NOTIFICATION = {
    "comparisonOperator": "GREATER_THAN",
    "notificationType": "ACTUAL",
    "threshold": 80,
    "thresholdType": "PERCENTAGE",
    "subscriberEmailAddresses": ["owner@example.com"],
}


_BUDGET = {
    "budgetType": "COST",
    "limitAmount": "100",
    "limitUnit": "USD",
    "timeUnit": "MONTHLY",
    "costFilters": [{"name": "TagKeyValue", "values": ["user:Project$groundplan"]}],
    "notifications": [_NOTIFICATION],
}


def _action(make: Make) -> PropertyMap:
    policy = make("aws:iam/policy:Policy", "no-training", {"policy": LISTS})
    return {
        "budgetName": make("aws:budgets/budget:Budget", "budget", dict(_BUDGET))["name"],
        "actionType": "APPLY_IAM_POLICY",
        "approvalModel": "AUTOMATIC",
        "notificationType": "ACTUAL",
        "actionThreshold": {"actionThresholdType": "PERCENTAGE", "actionThresholdValue": 100},
        "executionRoleArn": a_role(make, "budgets")["arn"],
        "definition": {"iamActionDefinition": {"policyArn": policy["arn"], "roles": [a_role(make)["name"]]}},
        "subscribers": [{"address": "owner@example.com", "subscriptionType": "EMAIL"}],
    }


LIVES = [
    Life(
        "aws:budgets/budget:Budget",
        lambda _: dict(_BUDGET),
        None,
        {"name": "other"},
    ),
    Life(
        "aws:budgets/budgetAction:BudgetAction",
        _action,
        {"approvalModel": "MANUAL", "tags": {"a": "b"}},
        {"actionType": "RUN_SSM_DOCUMENTS"},
    ),
]
