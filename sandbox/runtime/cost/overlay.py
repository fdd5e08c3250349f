"""The Budgets service: budgets with their notifications and subscribers, compared with the spend that is
set."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from sandbox.runtime.cost.action_operations import ActionOperations, action_of
from sandbox.runtime.cost.budget import crossed, forecast, limit_of, notification_key
from sandbox.runtime.cost.watch import Record, SpendWatch
from sandbox.runtime.host.administration import Administration, body_of
from sandbox.runtime.host.http import HttpRequest
from sandbox.runtime.overlay import Caller, Params, Remaining, ServiceError

_ACCOUNT = re.compile(r"\d{12}")
_MOST_NOTIFICATIONS = 10
_MOST_ADDRESSES = 10
_MAKES_DUE = frozenset(
    {
        "CreateBudget",
        "UpdateBudget",
        "CreateNotification",
        "UpdateNotification",
        "CreateBudgetAction",
        "UpdateBudgetAction",
    }
)


class BudgetsOverlay:
    """Answers the Budgets service, which the emulator keeps only in part."""

    service = "budgets"

    def __init__(self, watch: SpendWatch) -> None:
        self._watch = watch
        self._answers: dict[str, Callable[[Params, str], Params]] = {
            "CreateBudget": self._create,
            "DescribeBudget": self._describe,
            "DescribeBudgets": self._describe_all,
            "UpdateBudget": self._update,
            "DeleteBudget": self._delete,
            "CreateNotification": self._create_notification,
            "DescribeNotificationsForBudget": self._describe_notifications,
            "UpdateNotification": self._update_notification,
            "DeleteNotification": self._delete_notification,
            "CreateSubscriber": self._create_subscriber,
            "DescribeSubscribersForNotification": self._describe_subscribers,
            "UpdateSubscriber": self._update_subscriber,
            "DeleteSubscriber": self._delete_subscriber,
            **ActionOperations(watch, self._record).answers(),
            "ListTagsForResource": self._list_tags,
            "TagResource": self._tag,
            "UntagResource": self._untag,
        }
        self.operations = frozenset(self._answers)

    def call(self, operation: str, params: Params, caller: Caller) -> Params:
        """Answers one operation, then sends what it made due."""
        account = str(params.get("AccountId") or caller.account_id)
        with self._watch.lock:
            answer = self._answers[operation](params, account)
            if operation in _MAKES_DUE:
                self._watch.evaluate()
        return answer

    def add_routes(self, administration: Administration) -> None:
        """Adds `POST /_sandbox/spend {"amount", "account"}`; without an account, the default's."""
        administration.add("POST", "spend", self._spend)

    def remaining(self) -> list[Remaining]:
        """Every budget."""
        return [
            Remaining("budgets", "budget", record["budget"]["BudgetName"], record["account"])
            for record in self._watch.all()
        ]

    def start(self) -> None:
        """Compares once: a month may have begun since the last run."""
        with self._watch.lock:
            self._watch.evaluate()

    def stop(self) -> None:
        """Nothing runs."""

    def _spend(self, request: HttpRequest, _: str) -> Any:
        asked = body_of(request)
        amount, account = asked.get("amount"), asked.get("account")
        if isinstance(amount, bool) or not isinstance(amount, int | float) or not 0 <= amount < 1e15:
            message = f"amount: given {amount!r}, wanted the month's cost in dollars, 0 or more."
            raise ServiceError("InvalidRequest", message)
        if account is not None and not (isinstance(account, str) and _ACCOUNT.fullmatch(account)):
            message = f"account: given {account!r}, wanted the 12 digits of an account."
            raise ServiceError("InvalidRequest", message)
        fired = self._watch.set_spend(float(amount), account)
        heading = forecast(float(amount), datetime.now(UTC))
        return {"amount": amount, "forecast": heading, "fired": [asdict(one) for one in fired]}

    def _create(self, params: Params, account: str) -> Params:
        budget = _kept(params["Budget"])
        name = budget["BudgetName"]
        if self._watch.find(account, name):
            message = f"Error creating budget: {name} - the budget already exists."
            raise ServiceError("DuplicateRecordException", message)
        budget.setdefault("TimePeriod", {}).setdefault("Start", _month_start())
        record: Record = {"account": account, "budget": budget, "notifications": {}, "tags": {}}
        for given in params.get("NotificationsWithSubscribers", []):
            _add_notification(record, given["Notification"], given["Subscribers"])
        record["tags"] = {tag["Key"]: tag["Value"] for tag in params.get("ResourceTags", [])}
        self._watch.keep(record)
        return {}

    def _describe(self, params: Params, account: str) -> Params:
        return {"Budget": self._shown(self._record(params, account))}

    def _describe_all(self, params: Params, account: str) -> Params:
        records = self._watch.all()
        return {"Budgets": [self._shown(record) for record in records if record["account"] == account]}

    def _update(self, params: Params, account: str) -> Params:
        budget = _kept(params["NewBudget"])
        record = self._record({"BudgetName": budget["BudgetName"]}, account)
        budget.setdefault("TimePeriod", record["budget"]["TimePeriod"])
        if budget != record["budget"]:
            for entry in record["notifications"].values():
                entry["sent"] = ""
        record["budget"] = budget
        self._watch.keep(record)
        return {}

    def _delete(self, params: Params, account: str) -> Params:
        self._record(params, account)
        self._watch.forget(account, params["BudgetName"])
        return {}

    def _create_notification(self, params: Params, account: str) -> Params:
        record = self._record(params, account)
        _add_notification(record, params["Notification"], params["Subscribers"])
        self._watch.keep(record)
        return {}

    def _describe_notifications(self, params: Params, account: str) -> Params:
        record = self._record(params, account)
        now = datetime.now(UTC)
        limit, spend = limit_of(record["budget"], now), self._watch.spent(record, now)
        shown = [
            {
                **entry["notification"],
                "NotificationState": "ALARM" if crossed(entry["notification"], limit, spend) else "OK",
            }
            for entry in record["notifications"].values()
        ]
        return {"Notifications": shown}

    def _update_notification(self, params: Params, account: str) -> Params:
        record = self._record(params, account)
        entry = _entry(record, params["OldNotification"])
        key = notification_key(params["NewNotification"])
        if key != notification_key(params["OldNotification"]) and key in record["notifications"]:
            raise ServiceError("DuplicateRecordException", "The new notification is there already.")
        del record["notifications"][notification_key(params["OldNotification"])]
        record["notifications"][key] = {**entry, "notification": params["NewNotification"], "sent": ""}
        self._watch.keep(record)
        return {}

    def _delete_notification(self, params: Params, account: str) -> Params:
        record = self._record(params, account)
        _entry(record, params["Notification"])
        del record["notifications"][notification_key(params["Notification"])]
        self._watch.keep(record)
        return {}

    def _create_subscriber(self, params: Params, account: str) -> Params:
        record = self._record(params, account)
        entry = _entry(record, params["Notification"])
        _check_subscribers([*entry["subscribers"], params["Subscriber"]])
        entry["subscribers"].append(params["Subscriber"])
        self._watch.keep(record)
        return {}

    def _describe_subscribers(self, params: Params, account: str) -> Params:
        return {"Subscribers": _entry(self._record(params, account), params["Notification"])["subscribers"]}

    def _update_subscriber(self, params: Params, account: str) -> Params:
        record = self._record(params, account)
        entry = _entry(record, params["Notification"])
        place = _place(entry, params["OldSubscriber"])
        entry["subscribers"][place] = params["NewSubscriber"]
        _check_subscribers(entry["subscribers"])
        self._watch.keep(record)
        return {}

    def _delete_subscriber(self, params: Params, account: str) -> Params:
        record = self._record(params, account)
        entry = _entry(record, params["Notification"])
        del entry["subscribers"][_place(entry, params["Subscriber"])]
        if not entry["subscribers"]:
            # A notification without a subscriber cannot be.
            del record["notifications"][notification_key(params["Notification"])]
        self._watch.keep(record)
        return {}

    def _list_tags(self, params: Params, _: str) -> Params:
        tags = self._by_arn(params)[1]
        return {"ResourceTags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def _tag(self, params: Params, _: str) -> Params:
        record, tags = self._by_arn(params)
        tags.update({tag["Key"]: tag["Value"] for tag in params["ResourceTags"]})
        self._watch.keep(record)
        return {}

    def _untag(self, params: Params, _: str) -> Params:
        record, tags = self._by_arn(params)
        for key in params["ResourceTagKeys"]:
            tags.pop(key, None)
        self._watch.keep(record)
        return {}

    def _by_arn(self, params: Params) -> tuple[Record, dict[str, str]]:
        """The budget that an ARN leads to, and the tags of it or of its action."""
        arn: str = params["ResourceARN"]
        account, _, place = arn.removeprefix("arn:aws:budgets::").partition(":budget/")
        name, _, action = place.partition("/action/")
        record = self._record({"BudgetName": name}, account)
        return record, (action_of(record, action) if action else record)["tags"]

    def _record(self, params: Params, account: str) -> Record:
        name = params["BudgetName"]
        record = self._watch.find(account, name)
        if record is None:
            message = f"Unable to get budget: {name} - the budget doesn't exist."
            raise ServiceError("NotFoundException", message, 404)
        return record

    def _shown(self, record: Record) -> Params:
        spend = self._watch.spent(record, datetime.now(UTC))
        budget = dict(record["budget"])
        period = budget["TimePeriod"]
        budget["TimePeriod"] = {
            name: datetime.fromtimestamp(seconds, UTC) for name, seconds in period.items()
        } | ({} if "End" in period else {"End": datetime(2087, 6, 15, tzinfo=UTC)})
        if "LastUpdatedTime" in budget:
            budget["LastUpdatedTime"] = datetime.fromtimestamp(budget["LastUpdatedTime"], UTC)
        unit = (budget.get("BudgetLimit") or {}).get("Unit", "USD")
        budget["CalculatedSpend"] = {
            "ActualSpend": {"Amount": f"{spend.actual:.2f}", "Unit": unit},
            "ForecastedSpend": {"Amount": f"{spend.forecast:.2f}", "Unit": unit},
        }
        return budget


def _kept(budget: Params) -> Record:
    """A budget as it is kept: without what is worked out, times as seconds."""
    kept = {key: value for key, value in budget.items() if key != "CalculatedSpend"}
    if (
        budget.get("BudgetType") == "COST"
        and not (budget.get("BudgetLimit") or budget.get("PlannedBudgetLimits"))
        and not budget.get("AutoAdjustData")
    ):
        raise ServiceError("InvalidParameterException", "A cost budget needs a BudgetLimit.")
    if "TimePeriod" in kept:
        kept["TimePeriod"] = {name: moment.timestamp() for name, moment in kept["TimePeriod"].items()}
    kept["LastUpdatedTime"] = datetime.now(UTC).timestamp()
    return kept


def _month_start() -> float:
    return datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0).timestamp()


def _add_notification(record: Record, notification: Params, subscribers: list[Params]) -> None:
    key = notification_key(notification)
    if key in record["notifications"]:
        raise ServiceError("DuplicateRecordException", f"Duplicate notification {key}.")
    if len(record["notifications"]) >= _MOST_NOTIFICATIONS:
        message = f"A budget has at most {_MOST_NOTIFICATIONS} notifications."
        raise ServiceError("CreationLimitExceededException", message)
    _check_subscribers(subscribers)
    record["notifications"][key] = {"notification": notification, "subscribers": subscribers, "sent": ""}


def _check_subscribers(subscribers: list[Params]) -> None:
    topics = [one for one in subscribers if one["SubscriptionType"] == "SNS"]
    if not subscribers or len(topics) > 1 or len(subscribers) - len(topics) > _MOST_ADDRESSES:
        message = (
            f"A notification has at least one subscriber, at most one topic and {_MOST_ADDRESSES} addresses."
        )
        raise ServiceError("InvalidParameterException", message)


def _entry(record: Record, notification: Params) -> Record:
    entry: Record | None = record["notifications"].get(notification_key(notification))
    if entry is None:
        raise ServiceError("NotFoundException", "Unable to find the notification of that budget.", 404)
    return entry


def _place(entry: Record, subscriber: Params) -> int:
    for place, one in enumerate(entry["subscribers"]):
        if one["Address"] == subscriber["Address"]:
            return place
    raise ServiceError("NotFoundException", "Unable to find the subscriber of that notification.", 404)
