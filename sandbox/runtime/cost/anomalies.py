"""What tells of unusual cost: anomalies that are asked for, kept, and told to the subscriptions of their
monitors."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from sandbox.runtime.cost.anomaly import Anomaly, is_told, today
from sandbox.runtime.host.administration import Administration, body_of
from sandbox.runtime.host.http import HttpRequest
from sandbox.runtime.overlay import Caller, Cloud, Params, Remaining, ServiceError
from sandbox.runtime.policies.services import why_not_publish
from sandbox.runtime.recorded.kinds.ce import MONITOR, SUBSCRIPTION
from sandbox.runtime.recorded.shelf import Shelf

_KIND = "anomaly"
_ACCOUNT = re.compile(r"\d{12}")
_PRINCIPAL = "costalerts.amazonaws.com"
_SUBJECT = "AWS Cost Management: Cost anomaly detected"

Refuse = Callable[[str, str], None]
"""Keeps what could not arrive, and why."""


@dataclass(frozen=True)
class Told:
    """A subscription that an anomaly was told to, and whether it reached all its topics."""

    subscription: str
    delivered: bool
    reason: str


class AnomaliesOverlay:
    """Answers GetAnomalies, and takes `POST /_sandbox/anomaly`; monitors and subscriptions are recorded."""

    service = "ce"
    operations = frozenset({"GetAnomalies"})

    def __init__(self, cloud: Cloud, refuse: Refuse, account_id: str, region: str) -> None:
        self._cloud = cloud
        self._refuse = refuse
        self._account_id = account_id
        self._region = region
        self._monitors = Shelf(MONITOR, cloud.documents)
        self._subscriptions = Shelf(SUBSCRIPTION, cloud.documents)

    def call(self, operation: str, params: Params, caller: Caller) -> Params:
        """The account's anomalies, of one monitor where it is named, between the days that are asked for."""
        between = params.get("DateInterval") or {}
        first, last = between.get("StartDate", ""), between.get("EndDate", "9999")
        wanted = params.get("MonitorArn")
        found = [Anomaly(**kept) for kept in self._cloud.documents.all(_KIND)]
        shown = [
            one.described()
            for one in found
            if one.account == caller.account_id
            and first <= one.day <= last
            and wanted in (None, one.monitor_arn)
        ]
        return {"Anomalies": shown}

    def add_routes(self, administration: Administration) -> None:
        """Adds `POST /_sandbox/anomaly {"amount", "expected", "service", "account"}`; the last three may be
        left out."""
        administration.add("POST", "anomaly", self._receive)

    def remaining(self) -> list[Remaining]:
        """None: an anomaly is no resource."""
        return []

    def start(self) -> None:
        """Nothing waits."""

    def stop(self) -> None:
        """Nothing runs."""

    def _receive(self, request: HttpRequest, _: str) -> Any:
        asked = body_of(request)
        amount, expected = _dollars(asked, "amount", None), _dollars(asked, "expected", 100.0)
        account, service = asked.get("account") or self._account_id, asked.get("service", "Amazon SageMaker")
        if not isinstance(account, str) or not _ACCOUNT.fullmatch(account):
            message = f"account: given {account!r}, wanted the 12 digits of an account."
            raise ServiceError("InvalidRequest", message)
        if not isinstance(service, str) or not service:
            raise ServiceError("InvalidRequest", f"service: given {service!r}, wanted a service's name.")
        monitors = [one for one in self._monitors.everywhere() if str(one["$at"]).startswith(f"{account}/")]
        told: list[Told] = []
        for monitor in monitors:
            anomaly = Anomaly(
                id=str(uuid.uuid4()),
                account=account,
                service=service,
                region=self._region,
                expected=expected,
                actual=expected + amount,
                day=today(),
                monitor_arn=str(monitor["MonitorArn"]),
                monitor_name=str(monitor["MonitorName"]),
            )
            # Kept first, as budgets are: what a crash swallows is better than what comes twice.
            self._cloud.documents.put(_KIND, anomaly.id, asdict(anomaly))
            told += self._tell(anomaly)
        return {"monitors": len(monitors), "told": [asdict(one) for one in told]}

    def _tell(self, anomaly: Anomaly) -> list[Told]:
        told = []
        for subscription in self._subscriptions.everywhere():
            if is_told(subscription, anomaly):
                topics = [one["Address"] for one in subscription["Subscribers"] if one["Type"] == "SNS"]
                reasons = [
                    reason for topic in topics if (reason := self._publish(anomaly, subscription, topic))
                ]
                told.append(Told(str(subscription["SubscriptionName"]), not reasons, "; ".join(reasons)))
        return told

    def _publish(self, anomaly: Anomaly, subscription: Params, topic: str) -> str:
        """Why the topic could not be told, or the empty string."""
        caller = Caller(anomaly.account, topic.split(":")[3] if topic.count(":") > 4 else self._region)
        source = str(subscription["SubscriptionArn"])
        reason = why_not_publish(self._cloud.emulate, _PRINCIPAL, topic, source, caller)
        if reason:
            self._refuse(f"the anomaly of {anomaly.monitor_name}", reason)
            return reason
        text = json.dumps(anomaly.message(subscription))
        sent = {"TopicArn": topic, "Subject": _SUBJECT, "Message": text}
        self._cloud.emulate("sns", "Publish", sent, caller)
        return ""


def _dollars(asked: Any, name: str, default: float | None) -> float:
    given = asked.get(name, default)
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given < 1e15:
        raise ServiceError("InvalidRequest", f"{name}: given {given!r}, wanted US dollars, 0 or more.")
    return float(given)
