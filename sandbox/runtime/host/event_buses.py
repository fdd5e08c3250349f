"""EventBridge's buses: what the emulator (moto 5.2) lacks on those that it has, added to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from sandbox.runtime.overlay import Caller

_NAMELESS: Final = "#"
"""How a name begins that no program gave."""


def install() -> None:
    """Adds it all. To be called once, before the first request."""
    _update_event_bus()
    _whole_event_policies()


def somebody_listens(event: Mapping[str, Any], caller: Caller) -> bool:
    """Whether a rule of the default bus matches an event. To be asked under the emulator's lock."""
    from moto.events.models import events_backends

    bus = events_backends[caller.account_id][caller.region].event_buses.get("default")
    rules = bus.rules.values() if bus is not None else ()
    return any(takes(rule, event) for rule in rules)


def takes(rule: Any, event: Mapping[str, Any]) -> bool:
    """Whether a rule is for an event: it is on, and by a pattern, or by none as an archive's."""
    if rule.state == "DISABLED" or (rule.scheduled_expression and not rule.event_pattern.dump()):
        return False
    return bool(rule.event_pattern.matches_event(event))


def _update_event_bus() -> None:
    from moto.events.responses import EventsHandler

    def update_event_bus(self: Any) -> tuple[str, dict[str, Any]]:
        bus = self.events_backend.describe_event_bus(self._get_param("Name") or "default")
        bus.description = self._get_param("Description")
        bus.kms_key_identifier = self._get_param("KmsKeyIdentifier")
        bus.dead_letter_config = self._get_param("DeadLetterConfig")
        answer = {
            "Arn": bus.arn,
            "Name": bus.name,
            "Description": bus.description,
            "KmsKeyIdentifier": bus.kms_key_identifier,
            "DeadLetterConfig": bus.dead_letter_config,
        }
        return json.dumps({name: value for name, value in answer.items() if value is not None}), {}

    EventsHandler.update_event_bus = update_event_bus  # type: ignore[attr-defined]


def _whole_event_policies() -> None:
    """A bus's policy replaces the one before it, and its statements may go without a name."""
    from moto.events.models import EventBus, EventBusPolicyStatement

    described = EventBusPolicyStatement.describe

    def add_policy(self: Any, policy: dict[str, Any]) -> None:
        self._statements.clear()
        statements = policy["Statement"]
        for number, statement in enumerate([statements] if isinstance(statements, dict) else statements):
            name = statement.get("Sid") or f"{_NAMELESS}{number}"
            self._statements[name] = EventBusPolicyStatement.from_dict({**statement, "Sid": name})

    def describe(self: Any) -> dict[str, Any]:
        statement = described(self)
        if self.sid.startswith(_NAMELESS):
            del statement["Sid"]
        return statement

    EventBus.add_policy = add_policy  # type: ignore[method-assign]
    EventBusPolicyStatement.describe = describe  # type: ignore[method-assign]
