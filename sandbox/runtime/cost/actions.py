"""Budget actions: what a crossed threshold does to the account, by itself or once somebody approves.

An action stands by, is carried out once in a period of its budget, and can be taken back. Source:
https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-controls.html
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from sandbox.runtime.cost.budget import (
    Due,
    Spend,
    cost_of,
    crossed,
    limit_of,
    notification_key,
    period_of,
    runs,
    threshold_of,
)
from sandbox.runtime.overlay import Caller, Cloud, Params, ServiceError

_log = logging.getLogger(__name__)

Record = dict[str, Any]
_SHOWN: Final = (
    "NotificationType",
    "ActionType",
    "ActionThreshold",
    "Definition",
    "ExecutionRoleArn",
    "ApprovalModel",
    "Subscribers",
)
_ATTACH: Final = {
    "Roles": ("AttachRolePolicy", "DetachRolePolicy", "RoleName"),
    "Groups": ("AttachGroupPolicy", "DetachGroupPolicy", "GroupName"),
    "Users": ("AttachUserPolicy", "DetachUserPolicy", "UserName"),
}


def made(params: Params) -> Record:
    """A new action of a budget, as it is kept. Raises ServiceError where its parts do not fit."""
    wanted = {
        "APPLY_IAM_POLICY": "IamActionDefinition",
        "APPLY_SCP_POLICY": "ScpActionDefinition",
        "RUN_SSM_DOCUMENTS": "SsmActionDefinition",
    }[params["ActionType"]]
    if set(params["Definition"]) != {wanted}:
        message = f"An action of type {params['ActionType']} needs {wanted}, and nothing else."
        raise ServiceError("InvalidParameterException", message)
    return {
        "id": str(uuid.uuid4()),
        "action": {name: params[name] for name in _SHOWN},
        "status": "STANDBY",
        "period": "",
        "tags": {tag["Key"]: tag["Value"] for tag in params.get("ResourceTags", [])},
    }


def changed(action: Record, params: Params) -> None:
    """Lays an update over an action, which stands by again."""
    action["action"] |= {name: params[name] for name in _SHOWN if params.get(name) is not None}
    action["status"], action["period"] = "STANDBY", ""


def shown(record: Record, action: Record) -> Params:
    """The action as the service describes it."""
    return {
        "ActionId": action["id"],
        "BudgetName": record["budget"]["BudgetName"],
        "Status": action["status"],
        **action["action"],
    }


def notification_of(action: Mapping[str, Any]) -> Params:
    """The action's threshold in the terms of a notification."""
    threshold = action["ActionThreshold"]
    return {
        "NotificationType": action["NotificationType"],
        "ComparisonOperator": "GREATER_THAN",
        "Threshold": threshold["ActionThresholdValue"],
        "ThresholdType": threshold["ActionThresholdType"],
    }


def due_actions(record: Record, spend: Spend, now: datetime) -> list[tuple[Record, Due]]:
    """The actions whose threshold is crossed and that this period has not seen yet."""
    budget = record["budget"]
    if not runs(budget, now):
        return []
    limit, period = limit_of(budget, now), period_of(budget, now)
    found = []
    for action in record.get("actions", {}).values():
        notification = notification_of(action["action"])
        if action["period"] != period and crossed(notification, limit, spend):
            key = notification_key(notification)
            dollars = threshold_of(notification, limit)
            found.append((action, Due(key, notification, dollars, cost_of(notification, spend))))
    return found


class ActionRunner:
    """Carries actions out, and takes them back."""

    def __init__(self, cloud: Cloud, refuse: Callable[[str, str], None], region: str) -> None:
        self._cloud = cloud
        self._refuse = refuse
        self._region = region

    def begin(self, record: Record, action: Record) -> None:
        """What follows from a crossed threshold: the action itself, or the wait for an approval."""
        if action["action"]["ApprovalModel"] == "MANUAL":
            action["status"] = "PENDING"
        else:
            self.execute(record, action)

    def execute(self, record: Record, action: Record) -> None:
        """Carries the action out."""
        action["status"] = "EXECUTION_SUCCESS" if self._apply(record, action, 0) else "EXECUTION_FAILURE"

    def reverse(self, record: Record, action: Record) -> None:
        """Takes back what the action did."""
        action["status"] = "REVERSE_SUCCESS" if self._apply(record, action, 1) else "REVERSE_FAILURE"

    def _apply(self, record: Record, action: Record, direction: int) -> bool:
        name, definition = record["budget"]["BudgetName"], action["action"]["Definition"]
        policy = definition.get("IamActionDefinition")
        if policy is None:
            self._refuse(
                f"the action of budget {name}", f"the sandbox carries out no {action['action']['ActionType']}"
            )
            return False
        caller = Caller(record["account"], self._region)
        for group, operations in _ATTACH.items():
            for target in policy.get(group, []):
                request = {operations[2]: target, "PolicyArn": policy["PolicyArn"]}
                try:
                    self._cloud.emulate("iam", operations[direction], request, caller)
                except ServiceError as refused:
                    self._refuse(f"the action of budget {name} on {target}", refused.message)
                    return False
                _log.info("budget %s: %s on %s", name, operations[direction], target)
        return True
