"""Where the emulator would reach outward in the middle of a request, and is led to the outbox instead.

Each hook replaces one method of the emulator's (moto 5.2): a subscriber that is down, a function that needs
Docker or a target that is not emulated then never makes the request itself fail. Effects wait until the
change is on disk.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from datetime import UTC
from typing import Any

from sandbox.runtime.host.determinism import now
from sandbox.runtime.host.emulator import Emulator
from sandbox.runtime.host.event_buses import takes
from sandbox.runtime.overlay import Caller
from sandbox.runtime.policies.services import may_deliver_access_logs

_log = logging.getLogger(__name__)

Put = Callable[[str, Mapping[str, Any], Caller], None]
"""Takes a delivery: its kind, its content, on whose behalf."""

SNS_FUNCTION = "sns-function"
SNS_HTTP = "sns-http"
EVENT_TARGET = "event-target"
FUNCTION_EVENT = "function-event"


def install(emulator: Emulator, put: Put) -> None:
    """Installs every hook. To be called once, before the first request."""

    def later(kind: str, content: Mapping[str, Any], account: str, region: str) -> None:
        emulator.after(lambda: put(kind, content, Caller(account, region)))

    _hook_functions(later)
    _hook_topics(later)
    _hook_rules(later)
    _hook_buckets()


Later = Callable[[str, Mapping[str, Any], str, str], None]


def _hook_functions(later: Later) -> None:
    from moto.awslambda.models import LambdaFunction

    made, configured, shown = (
        LambdaFunction.__init__,
        LambdaFunction.update_configuration,
        LambdaFunction.get_configuration,
    )

    def make(self: Any, account_id: str, spec: dict[str, Any], region: str, version: Any = 1) -> None:
        self.dead_letter_config = spec.get("DeadLetterConfig")
        made(self, account_id, spec, region, version)

    def configure(self: Any, updates: dict[str, Any]) -> Any:
        if "DeadLetterConfig" in updates:
            self.dead_letter_config = updates["DeadLetterConfig"]
        return configured(self, updates)

    def show(self: Any, on_create: bool = False) -> dict[str, Any]:
        found = shown(self, on_create)
        if getattr(self, "dead_letter_config", None):
            found["DeadLetterConfig"] = self.dead_letter_config
        return found

    def invoke(self: Any, body: str, request_headers: Any, response_headers: Any) -> str:
        event = json.loads(body) if body else {}
        later(FUNCTION_EVENT, {"function": self.function_arn, "event": event}, self.account_id, self.region)
        return ""

    LambdaFunction.__init__ = make  # type: ignore[method-assign]
    LambdaFunction.update_configuration = configure  # type: ignore[method-assign, assignment]
    LambdaFunction.get_configuration = show  # type: ignore[method-assign]
    LambdaFunction.invoke = invoke  # type: ignore[method-assign]


def _hook_topics(later: Later) -> None:
    from moto.sns.models import Subscription
    from moto.sqs.exceptions import QueueDoesNotExist

    published = Subscription.publish

    def publish(
        self: Any,
        message: str,
        message_id: str,
        subject: str | None = None,
        message_attributes: dict[str, Any] | None = None,
        message_structure: str | None = None,
        **others: Any,
    ) -> None:
        if self.protocol not in {"lambda", "http", "https"}:
            try:
                published(
                    self,
                    message,
                    message_id,
                    subject=subject,
                    message_attributes=message_attributes,
                    message_structure=message_structure,
                    **others,
                )
            except QueueDoesNotExist:
                _log.warning("%s: its queue %s does not exist", self.arn, self.endpoint)
            return
        matcher = self._filter_policy_matcher
        if matcher is not None and not matcher.matches(message_attributes, message):
            return
        if message_structure == "json":
            message = self._parse_message_structure(message, self.protocol)
        content = {
            "endpoint": self.endpoint,
            "subscription": self.arn,
            "topic": self.topic.arn,
            "raw": str(self.attributes.get("RawMessageDelivery", "")).lower() == "true",
            "notification": self.get_post_data(message, message_id, subject, message_attributes),
        }
        kind = SNS_FUNCTION if self.protocol == "lambda" else SNS_HTTP
        later(kind, content, self.account_id, self.topic.arn.split(":")[3])

    Subscription.publish = publish  # type: ignore[method-assign, assignment]


def _hook_rules(later: Later) -> None:
    from moto.events.models import Rule

    sent = Rule.send_to_targets

    def send(self: Any, original_event: Any, transform_input: bool = True) -> None:
        if not takes(self, original_event):
            return
        every = self.targets
        for target in every:
            if _stays_inside(target["Arn"]):
                self.targets = [target]
                try:
                    sent(self, original_event, transform_input)
                finally:
                    self.targets = every
                continue
            content = {
                "target": target["Arn"],
                "rule": self.arn,
                "settings": target,
                "event": original_event,
                "begun": now().replace(tzinfo=UTC).timestamp(),
            }
            content = json.loads(json.dumps(content, default=str))
            later(EVENT_TARGET, content, self.account_id, self.region_name)

    Rule.send_to_targets = send  # type: ignore[method-assign]


def _stays_inside(target: str) -> bool:
    """Whether the emulator itself passes the event on: to another bus, or to an archive."""
    parts = target.split(":")
    return parts[2] == "events" and not parts[5].startswith("api-destination/")


def _hook_buckets() -> None:
    """Bucket policies are judged before a request comes to the emulator (`policies.buckets`)."""
    from moto.iam.access_control import PermissionResult
    from moto.s3.models import FakeBucket

    def permit(self: Any, action: str, resource: str) -> Any:
        return PermissionResult.NEUTRAL

    def may_deliver_logs(self: Any, target_bucket: Any, target_prefix: str | None) -> bool:
        return may_deliver_access_logs(
            target_bucket.policy, self.account_id, self.arn, f"{target_bucket.arn}/{target_prefix or ''}any"
        )

    FakeBucket.get_permission = permit  # type: ignore[method-assign]
    FakeBucket._log_permissions_enabled_policy = may_deliver_logs  # type: ignore[assignment, method-assign]
