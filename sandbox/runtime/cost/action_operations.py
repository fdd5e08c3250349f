"""The operations of the Budgets service on budget actions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.runtime.cost import actions
from sandbox.runtime.cost.watch import Record, SpendWatch
from sandbox.runtime.overlay import Params, ServiceError


class ActionOperations:
    """Answers for a budget's actions; `record_of` finds the budget that a request names."""

    def __init__(self, watch: SpendWatch, record_of: Callable[[Params, str], Record]) -> None:
        self._watch = watch
        self._record = record_of

    def answers(self) -> dict[str, Callable[[Params, str], Params]]:
        """By operation: the request and the account to the answer."""
        return {
            "CreateBudgetAction": self._create,
            "DescribeBudgetAction": self._describe,
            "DescribeBudgetActionsForBudget": self._describe_all,
            "UpdateBudgetAction": self._update,
            "DeleteBudgetAction": self._delete,
            "ExecuteBudgetAction": self._execute,
        }

    def _create(self, params: Params, account: str) -> Params:
        record = self._record(params, account)
        action = actions.made(params)
        record.setdefault("actions", {})[action["id"]] = action
        self._watch.keep(record)
        return _of(record, ActionId=action["id"])

    def _describe(self, params: Params, account: str) -> Params:
        record = self._record(params, account)
        return _of(record, Action=actions.shown(record, action_of(record, params["ActionId"])))

    def _describe_all(self, params: Params, account: str) -> Params:
        record = self._record(params, account)
        return {"Actions": [actions.shown(record, one) for one in record.get("actions", {}).values()]}

    def _update(self, params: Params, account: str) -> Params:
        record = self._record(params, account)
        action = action_of(record, params["ActionId"])
        old = actions.shown(record, action)
        actions.changed(action, params)
        self._watch.keep(record)
        return _of(record, OldAction=old, NewAction=actions.shown(record, action))

    def _delete(self, params: Params, account: str) -> Params:
        record = self._record(params, account)
        action = action_of(record, params["ActionId"])
        del record["actions"][action["id"]]
        self._watch.keep(record)
        return _of(record, Action=actions.shown(record, action))

    def _execute(self, params: Params, account: str) -> Params:
        record = self._record(params, account)
        action = action_of(record, params["ActionId"])
        kind = params["ExecutionType"]
        if kind in {"APPROVE_BUDGET_ACTION", "RETRY_BUDGET_ACTION"}:
            self._watch.actions.execute(record, action)
        elif kind in {"REVERSE_BUDGET_ACTION", "RETRY_REVERSE_BUDGET_ACTION"}:
            self._watch.actions.reverse(record, action)
        else:
            action["status"] = "STANDBY"
        self._watch.keep(record)
        return _of(record, ActionId=action["id"], ExecutionType=kind)


def action_of(record: Record, id: str) -> Record:
    """One action of a budget. Raises ServiceError where there is none."""
    action: Record | None = record.get("actions", {}).get(id)
    if action is None:
        raise ServiceError("NotFoundException", "Unable to find the action of that budget.", 404)
    return action


def _of(record: Record, **more: Any) -> Params:
    return {"AccountId": record["account"], "BudgetName": record["budget"]["BudgetName"], **more}
