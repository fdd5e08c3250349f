"""What watches the spend: sets it, compares every budget with it, and sends the notices that are due."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sandbox.runtime.cost import notice
from sandbox.runtime.cost.actions import ActionRunner, due_actions
from sandbox.runtime.cost.budget import Due, Spend, due, forecast, limit_of, month_of, period_of
from sandbox.runtime.overlay import Caller, Cloud
from sandbox.runtime.policies.services import why_not_publish

_log = logging.getLogger(__name__)
_BUDGET, _SPEND = "budget", "spend"
_PRINCIPAL = "budgets.amazonaws.com"

Record = dict[str, Any]
"""A budget as it is kept: `account`, `budget` (times as seconds since 1970), `notifications` by key,
`actions` by id, `tags`."""

Refuse = Callable[[str, str], None]
"""Keeps what could not arrive, and why."""


@dataclass(frozen=True)
class Fired:
    """A notification that was due, and whether it reached all its subscribers."""

    budget: str
    kind: str
    threshold: float
    delivered: bool
    reason: str


class SpendWatch:
    """The budgets as they are kept, and the spend that they are compared with."""

    def __init__(self, cloud: Cloud, refuse: Refuse, account_id: str, region: str) -> None:
        self._cloud = cloud
        self._refuse = refuse
        self._account_id = account_id
        self._region = region
        self.actions = ActionRunner(cloud, refuse, region)
        self.lock = threading.RLock()
        """Held from the reading of a budget to its keeping."""

    def find(self, account: str, name: str) -> Record | None:
        """One budget, or none."""
        return self._cloud.documents.get(_BUDGET, f"{account}/{name}")

    def all(self) -> list[Record]:
        """Every budget, oldest first."""
        return self._cloud.documents.all(_BUDGET)

    def keep(self, record: Record) -> None:
        """Keeps a budget; it is on disk when this returns."""
        self._cloud.documents.put(_BUDGET, f"{record['account']}/{record['budget']['BudgetName']}", record)

    def forget(self, account: str, name: str) -> None:
        """Forgets a budget."""
        self._cloud.documents.delete(_BUDGET, f"{account}/{name}")

    def set_spend(self, amount: float, account: str | None = None) -> list[Fired]:
        """Makes this month's actual cost of an account `amount` dollars, and sends what that makes due."""
        with self.lock:
            spend = {"month": month_of(datetime.now(UTC)), "amount": amount}
            self._cloud.documents.put(_SPEND, account or self._account_id, spend)
            return self.evaluate()

    def spent(self, record: Record, now: datetime) -> Spend:
        """What the budget's account has spent, and is heading for."""
        kept = self._cloud.documents.get(_SPEND, record["account"]) or {}
        actual = float(kept["amount"]) if kept.get("month") == month_of(now) else 0.0
        return Spend(actual, forecast(actual, now))

    def evaluate(self) -> list[Fired]:
        """Sends every notification that is due now."""
        now = datetime.now(UTC)
        fired = []
        for record in self.all():
            for one in due(record["budget"], record["notifications"], self.spent(record, now), now):
                entry = record["notifications"][one.key]
                # Kept first: a notice that comes twice is worse than one that a crash swallows.
                entry["sent"] = period_of(record["budget"], now)
                self.keep(record)
                reasons = [r for s in entry["subscribers"] if (r := self._notify(record, one, s, now))]
                name, kind = record["budget"]["BudgetName"], one.notification["NotificationType"]
                fired.append(Fired(name, kind, one.threshold, not reasons, "; ".join(reasons)))
            self._act(record, now)
        return fired

    def _act(self, record: Record, now: datetime) -> None:
        """Begins the actions that are due, and tells their subscribers."""
        for action, crossed in due_actions(record, self.spent(record, now), now):
            action["period"] = period_of(record["budget"], now)
            self.actions.begin(record, action)
            self.keep(record)
            for subscriber in action["action"]["Subscribers"]:
                self._notify(record, crossed, subscriber, now)

    def _notify(self, record: Record, one: Due, subscriber: Mapping[str, Any], now: datetime) -> str:
        """Sends one notice; returns why it could not, or the empty string."""
        budget, account = record["budget"], record["account"]
        if subscriber["SubscriptionType"] == "EMAIL":
            _log.info("budget %s: an e-mail to %s would be sent", budget["BudgetName"], subscriber["Address"])
            return ""
        topic = subscriber["Address"]
        caller = Caller(account, topic.split(":")[3] if topic.count(":") > 4 else self._region)
        source = f"arn:aws:budgets::{account}:budget/{budget['BudgetName']}"
        reason = why_not_publish(self._cloud.emulate, _PRINCIPAL, topic, source, caller)
        if reason:
            self._refuse(f"the notice of budget {budget['BudgetName']}", reason)
            return reason
        text = notice.message(
            budget,
            one.notification,
            limit=limit_of(budget, now),
            threshold=one.threshold,
            cost=one.cost,
            account_id=account,
            now=now,
        )
        sent = {"TopicArn": topic, "Subject": notice.subject(budget["BudgetName"]), "Message": text}
        self._cloud.emulate("sns", "Publish", sent, caller)
        return ""
