"""How a command or a test talks to the sandbox's administration. Standard library only."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from sandbox.runtime.host.faults import Fault, FaultKind
from sandbox.runtime.overlay import Remaining


class SandboxUnreachableError(Exception):
    """Nothing answers at the sandbox's address."""

    def __init__(self, endpoint_url: str, reason: object) -> None:
        super().__init__(
            f"The sandbox does not answer at {endpoint_url} ({reason}). Start it: groundplan sandbox start"
        )
        self.endpoint_url = endpoint_url


class SandboxRefusedError(Exception):
    """The sandbox refused a request, and says why."""

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(f"{what}: {reason}")
        self.reason = reason


@dataclass(frozen=True)
class RemainingReport:
    """What exists beyond a fresh account, and what is scheduled to go (keys that wait for their deletion)."""

    remaining: tuple[Remaining, ...]
    scheduled: tuple[Remaining, ...]


@dataclass(frozen=True)
class FiredNotification:
    """A budget's notification that a new spend has set off; its threshold in dollars."""

    budget: str
    kind: str
    threshold: float
    delivered: bool
    reason: str


@dataclass(frozen=True)
class ToldSubscription:
    """An anomaly subscription that heard of an anomaly."""

    subscription: str
    delivered: bool
    reason: str


@dataclass(frozen=True)
class ChannelMessage:
    """A message as the team's chat shows it."""

    received: str
    channel: str
    text: str
    body: dict[str, Any]


@dataclass(frozen=True)
class FiredTimer:
    """A rule or a schedule that was fired by hand, and the ARNs of its targets."""

    arn: str
    targets: tuple[str, ...]


@dataclass(frozen=True)
class ListedTimer:
    """A rule or a schedule that fires by the clock; `next` is a time in ISO 8601, None after the last."""

    name: str
    arn: str
    expression: str
    timezone: str
    next: str | None
    targets: tuple[str, ...]


class SandboxClient:
    """The administration API under `<endpoint_url>/_sandbox/`."""

    def __init__(self, endpoint_url: str, timeout: float = 60.0) -> None:
        self._base = endpoint_url.rstrip("/") + "/_sandbox/"
        self._endpoint_url = endpoint_url
        self._timeout = timeout

    def status(self) -> dict[str, Any]:
        """Identity and figures: `instance`, `ready`, `pid`, `root`, `accountId`, `region`, `services`, …"""
        return dict(self._ask("GET", "status"))

    def remaining(self, account: str = "") -> RemainingReport:
        """Every resource that exists and is no part of a fresh account; of one account, where it is named."""
        answer = self._ask("GET", f"remaining/{account}" if account else "remaining")
        return RemainingReport(
            tuple(Remaining(**one) for one in answer["remaining"]),
            tuple(Remaining(**one) for one in answer["scheduled"]),
        )

    def spend(self, amount: float, account: str = "") -> tuple[FiredNotification, ...]:
        """Makes this month's actual cost `amount` dollars, and returns what budgets sent for it.

        It is the cost of the sandbox's default account, unless another is named.
        """
        answer = self._ask("POST", "spend", {"amount": amount, **({"account": account} if account else {})})
        return tuple(FiredNotification(**one) for one in answer["fired"])

    def anomaly(
        self, amount: float, *, expected: float = 100.0, service: str = "Amazon SageMaker", account: str = ""
    ) -> tuple[ToldSubscription, ...]:
        """Has every monitor of the account find a service `amount` dollars above what was expected, and
        returns the subscriptions whose thresholds it passes."""
        asked = {"amount": amount, "expected": expected, "service": service}
        answer = self._ask("POST", "anomaly", {**asked, **({"account": account} if account else {})})
        return tuple(ToldSubscription(**one) for one in answer["told"])

    def channel(self) -> tuple[ChannelMessage, ...]:
        """The messages of the local chat channel, oldest first."""
        return tuple(ChannelMessage(**one) for one in self._ask("GET", "channel")["messages"])

    def fault(self, name: str, target: str, times: int = 1) -> None:
        """Asks for one of the faults that `faults` lists. Raises SandboxRefusedError for any other."""
        self._ask("POST", "faults", {"name": name, "target": target, "times": times})

    def faults(self) -> tuple[tuple[FaultKind, ...], tuple[Fault, ...]]:
        """The faults that can be asked for, and those that wait for what they strike."""
        answer = self._ask("GET", "faults")
        known = tuple(FaultKind(**one) for one in answer["known"])
        return known, tuple(Fault(**one) for one in answer["waiting"])

    def fire(self, name: str) -> tuple[FiredTimer, ...]:
        """Fires the rules and schedules of that name or ARN now. Raises SandboxRefusedError for none."""
        fired = self._ask("POST", "fire", {"name": name})["fired"]
        return tuple(FiredTimer(one["arn"], tuple(one["targets"])) for one in fired)

    def schedules(self) -> tuple[ListedTimer, ...]:
        """The enabled rules and schedules that fire by the clock, and when each is due next."""
        listed = self._ask("GET", "schedules")["schedules"]
        return tuple(ListedTimer(**{**one, "targets": tuple(one["targets"])}) for one in listed)

    def reset(self) -> None:
        """Empties the emulated cloud: every resource, job and message."""
        self._ask("POST", "reset", {})

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 - the address is the sandbox's own
            self._base + path, data, {"content-type": "application/json"}, method=method
        )
        # A proxy of the user's environment must not stand between this machine and itself.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=self._timeout) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as refused:
            text = refused.read().decode(errors="replace")
            try:
                reason = str(json.loads(text)["error"])
            except (ValueError, KeyError, TypeError):
                reason = text[:400]
            raise SandboxRefusedError(f"{method} /_sandbox/{path}", reason) from refused
        except (OSError, ValueError) as gone:
            raise SandboxUnreachableError(self._endpoint_url, gone) from gone
