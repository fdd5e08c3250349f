"""Budgets: what may be spent, and who hears of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sandbox.aws.rows import reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject, Tags
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_TIME = "%Y-%m-%d_%H:%M"
_ENUMS = {
    "comparisonOperator": ("GREATER_THAN", "LESS_THAN", "EQUAL_TO"),
    "notificationType": ("ACTUAL", "FORECASTED"),
    "thresholdType": ("PERCENTAGE", "ABSOLUTE_VALUE"),
}
"""Of Notification (AWS Budgets API Reference)."""
_UNSUPPORTED = ("billingViewArn", "filterExpression", "metrics", "plannedLimits", "autoAdjustData")


def _names(root: str) -> dict[str, str]:
    return {
        "budgetType": f"{root}.BudgetType",
        "costFilters": "",
        "costTypes": f"{root}.CostTypes",
        "limitAmount": f"{root}.BudgetLimit.Amount",
        "limitUnit": f"{root}.BudgetLimit.Unit",
        "name": f"{root}.BudgetName",
        "notifications": "",
        "timePeriodEnd": "",
        "timePeriodStart": "",
        "timeUnit": f"{root}.TimeUnit",
    }


def _account(subject: Subject) -> str:
    return str(subject.inputs.get("accountId") or subject.cloud.account_id)


def _rest(subject: Subject) -> Params:
    """What of the budget is not a plain input: filters by name, and times."""
    rest: Params = {}
    filters = subject.inputs.get("costFilters") or ()
    if filters:
        rest["CostFilters"] = {item["name"]: list(item["values"]) for item in filters}
    period = {
        member: datetime.strptime(subject.inputs[name], _TIME).replace(tzinfo=UTC)
        for name, member in (("timePeriodStart", "Start"), ("timePeriodEnd", "End"))
        if subject.inputs.get(name)
    }
    if period:
        rest["TimePeriod"] = period
    return rest


def _notification(item: PropertyMap) -> Params:
    return {
        "NotificationType": item["notificationType"],
        "ComparisonOperator": item["comparisonOperator"],
        "Threshold": float(item["threshold"]),
        "ThresholdType": item["thresholdType"],
    }


def _subscribers(item: PropertyMap) -> list[Params]:
    return [
        {"SubscriptionType": kind, "Address": address}
        for kind, name in (("EMAIL", "subscriberEmailAddresses"), ("SNS", "subscriberSnsTopicArns"))
        for address in item.get(name) or ()
    ]


def _create_extras(subject: Subject) -> Params:
    notifications = [
        {"Notification": _notification(item), "Subscribers": _subscribers(item)}
        for item in subject.inputs.get("notifications") or ()
    ]
    return {
        "AccountId": _account(subject),
        "Budget": _rest(subject),
        **({"NotificationsWithSubscribers": notifications} if notifications else {}),
    }


def _notify(subject: Subject) -> None:
    key = {"AccountId": _account(subject), "BudgetName": subject.inputs["name"]}
    wanted = list(subject.inputs.get("notifications") or ())
    held = list(subject.before.get("notifications") or ())
    for item in held:
        if item not in wanted:
            params = {**key, "Notification": _notification(item)}
            subject.cloud.call("budgets", "DeleteNotification", params)
    for item in wanted:
        if item not in held:
            params = {**key, "Notification": _notification(item), "Subscribers": _subscribers(item)}
            subject.cloud.call("budgets", "CreateNotification", params)


def _key(subject: Subject) -> Params:
    account, _, name = subject.id.partition(":")
    return {"AccountId": account, "BudgetName": name}


def _time_failures(inputs: PropertyMap) -> Iterable[CheckFailure]:
    for name in ("timePeriodStart", "timePeriodEnd"):
        value: Any = inputs.get(name)
        if isinstance(value, str):
            try:
                datetime.strptime(value, _TIME).replace(tzinfo=UTC)
            except ValueError:
                yield CheckFailure(name, f"{value!r} is no time such as 2026-01-01_00:00")


def _check(inputs: PropertyMap) -> Iterable[CheckFailure]:
    yield from _time_failures(inputs)
    amount = inputs.get("limitAmount")
    if isinstance(amount, str) and not amount.replace(".", "", 1).isdigit():
        yield CheckFailure("limitAmount", f"{amount!r} is no amount such as 100.0")
    notifications = inputs.get("notifications")
    for index, item in enumerate(notifications if isinstance(notifications, list) else ()):
        if not isinstance(item, dict):
            continue
        path = f"notifications[{index}]"
        for name, allowed in _ENUMS.items():
            if isinstance(item.get(name), str) and item[name] not in allowed:
                yield CheckFailure(f"{path}.{name}", f"{item[name]!r} is not one of {', '.join(allowed)}")
        if not item.get("subscriberEmailAddresses") and not item.get("subscriberSnsTopicArns"):
            yield CheckFailure(path, "needs a subscriber: subscriberEmailAddresses or subscriberSnsTopicArns")
        arns = item.get("subscriberSnsTopicArns")
        if isinstance(arns, list) and len(arns) > 1:
            yield CheckFailure(f"{path}.subscriberSnsTopicArns", "may name one topic, not more")


BUDGET = ResourceType(
    type="aws:budgets/budget:Budget",
    service="budgets",
    tier="run",
    create=Call(operation="CreateBudget", names=_names("Budget"), omits=_UNSUPPORTED, adds=_create_extras),
    id=lambda s: f"{_account(s)}:{s.inputs['name']}",
    read=reading("budgets", "DescribeBudget", _key, "Budget"),
    delete=Call(operation="DeleteBudget", sends=(), adds=_key),
    steps=(
        Step(
            on=(
                "budgetType",
                "costFilters",
                "costTypes",
                "limitAmount",
                "limitUnit",
                "timePeriodEnd",
                "timePeriodStart",
                "timeUnit",
            ),
            do=Call(
                operation="UpdateBudget",
                names=_names("NewBudget"),
                omits=_UNSUPPORTED,
                adds=lambda s: {"AccountId": _account(s), "NewBudget": _rest(s)},
            ),
            at_create=False,
        ),
        Step(on=("notifications",), do=_notify, at_create=False),
    ),
    outputs={
        "arn": lambda s: (
            f"arn:{s.cloud.partition}:budgets::{_key(s)['AccountId']}:budget/{_key(s)['BudgetName']}"
        ),
        "accountId": lambda s: _key(s)["AccountId"],
    },
    echoes={
        "name": "BudgetName",
        "budgetType": "BudgetType",
        "timeUnit": "TimeUnit",
        "limitUnit": "BudgetLimit.Unit",
    },
    known_id=lambda s: f"{_account(s)}:{s.inputs['name']}",
    auto_name=AutoName(limit=100),
    place=("accountId", "name"),
    tags=Tags(
        at_create="ResourceTags",
        set="TagResource",
        unset="UntagResource",
        target=lambda s: {
            "ResourceARN": f"arn:{s.cloud.partition}:budgets::{s.id.replace(':', ':budget/', 1)}"
        },
        member="ResourceTags",
        keys="ResourceTagKeys",
    ),
    unsupported=_UNSUPPORTED,
    checks=_check,
)

_ACTION_NAMES = {
    "actionThreshold.actionThresholdType": "ActionThresholdType",
    "actionThreshold.actionThresholdValue": "ActionThresholdValue",
    "subscribers.address": "Address",
    "subscribers.subscriptionType": "SubscriptionType",
}
_ACTION_CHANGES = (
    "actionThreshold",
    "approvalModel",
    "definition",
    "executionRoleArn",
    "notificationType",
    "subscribers",
)


def _action_key(subject: Subject) -> Params:
    """`account:action:budget`, as the real provider names it."""
    account, action, name = subject.id.split(":", 2)
    return {"AccountId": account, "ActionId": action, "BudgetName": name}


def _find_action(subject: Subject, taken: frozenset[str]) -> str | None:
    account, name = _account(subject), subject.inputs["budgetName"]
    answer = subject.cloud.call(
        "budgets", "DescribeBudgetActionsForBudget", {"AccountId": account, "BudgetName": name}
    )
    for action in answer["Actions"]:
        id = f"{account}:{action['ActionId']}:{name}"
        same = action["ActionType"] == subject.inputs["actionType"]
        if id not in taken and same and action["NotificationType"] == subject.inputs["notificationType"]:
            return id
    return None


def _action_arn(subject: Subject) -> str:
    key = _action_key(subject)
    place = f"budget/{key['BudgetName']}/action/{key['ActionId']}"
    return f"arn:{subject.cloud.partition}:budgets::{key['AccountId']}:{place}"


BUDGET_ACTION = ResourceType(
    type="aws:budgets/budgetAction:BudgetAction",
    service="budgets",
    tier="run",
    create=Call(
        operation="CreateBudgetAction",
        names=_ACTION_NAMES,
        adds=lambda s: {"AccountId": _account(s)},
    ),
    id=lambda s: f"{_account(s)}:{s.at('ActionId')}:{s.inputs['budgetName']}",
    read=reading("budgets", "DescribeBudgetAction", _action_key, "Action"),
    delete=Call(operation="DeleteBudgetAction", sends=(), adds=_action_key),
    steps=(
        Step(
            on=_ACTION_CHANGES,
            do=Call(
                operation="UpdateBudgetAction", sends=_ACTION_CHANGES, names=_ACTION_NAMES, adds=_action_key
            ),
            at_create=False,
        ),
    ),
    outputs={
        "accountId": lambda s: _action_key(s)["AccountId"],
        "actionId": "ActionId",
        "arn": _action_arn,
        "status": "Status",
    },
    echoes={
        "budgetName": "BudgetName",
        "actionType": "ActionType",
        "approvalModel": "ApprovalModel",
        "executionRoleArn": "ExecutionRoleArn",
        "notificationType": "NotificationType",
    },
    find=_find_action,
    tags=Tags(
        at_create="ResourceTags",
        set="TagResource",
        unset="UntagResource",
        target=lambda s: {"ResourceARN": _action_arn(s)},
        member="ResourceTags",
        keys="ResourceTagKeys",
        list="ListTagsForResource",
        listed="ResourceTags",
    ),
    unordered=("subscribers",),
    volatile=("status",),
)

TYPES = (BUDGET, BUDGET_ACTION)
