"""How a notification reaches a function or an address, and how often an event is sent to its target."""

from __future__ import annotations

import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from sandbox.runtime.delivery.hooks import EVENT_TARGET, SNS_FUNCTION, SNS_HTTP
from sandbox.runtime.delivery.outbox import Delivery, Outbox, RetryLater, UndeliverableError
from sandbox.runtime.delivery.reach import Enqueue, Reach, Shipment, TransientError, value_at
from sandbox.runtime.overlay import Cloud
from sandbox.runtime.policies.services import why_not_invoke

SCHEDULED = "scheduled"
"""The kind of a delivery that a schedule makes: `{"target", "schedule", "settings", "input", "begun"}`."""
_ATTEMPT = "<aws.scheduler.attempt-number>"
_ATTEMPTS = 185
_OLDEST_EVENT = 86400
"""Retries, and seconds in which they are made, where a target names none."""
_LONGEST_PAUSE = 60.0
_HTTP_ATTEMPTS = 4
"""SNS tries an HTTP endpoint at once and three times more before it begins to back off."""
_HTTP_SECONDS = 15.0


class Couriers:
    """Delivers what the hooks put into the outbox."""

    def __init__(self, cloud: Cloud, outbox: Outbox, enqueue: Enqueue, reach: Reach) -> None:
        self._cloud = cloud
        self._enqueue = enqueue
        self._reach = reach
        outbox.register(SNS_FUNCTION, self._notify_function)
        outbox.register(SNS_HTTP, self._notify_address)
        outbox.register(EVENT_TARGET, self._send_event)
        outbox.register(SCHEDULED, self._send_scheduled)

    def _notify_function(self, delivery: Delivery) -> None:
        content = delivery.content
        function, topic = str(content["endpoint"]), str(content["topic"])
        self._demand(
            why_not_invoke(self._cloud.emulate, "sns.amazonaws.com", function, topic, delivery.caller)
        )
        self._enqueue(function, sns_event(content), delivery.caller)

    def _notify_address(self, delivery: Delivery) -> None:
        content = delivery.content
        notification = content["notification"]
        body = notification["Message"] if content["raw"] else json.dumps(notification)
        request = urllib.request.Request(  # noqa: S310 - the subscription names http or https
            str(content["endpoint"]),
            body.encode(),
            {
                "content-type": "text/plain; charset=UTF-8",
                "x-amz-sns-message-type": "Notification",
                "x-amz-sns-message-id": notification["MessageId"],
                "x-amz-sns-topic-arn": content["topic"],
                "x-amz-sns-subscription-arn": content["subscription"],
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=_HTTP_SECONDS):  # noqa: S310
                return
        except (urllib.error.URLError, OSError) as failed:
            if delivery.attempt < _HTTP_ATTEMPTS:
                raise RetryLater(1.0) from failed
            raise UndeliverableError(f"{content['endpoint']}: {failed}") from failed

    def _send_event(self, delivery: Delivery) -> None:
        content = delivery.content
        payload = target_input(content["settings"], content["event"])
        # A text is sent as JSON too, with its quotation marks, as the service does.
        self._send(delivery, str(content["rule"]), payload, json.dumps(payload), "events.amazonaws.com")

    def _send_scheduled(self, delivery: Delivery) -> None:
        content = delivery.content
        text = str(content["input"]).replace(_ATTEMPT, str(delivery.attempt))
        self._send(delivery, str(content["schedule"]), parsed(text), text, "")

    def _send(self, delivery: Delivery, source: str, payload: Any, text: str, principal: str) -> None:
        target, settings = str(delivery.content["target"]), delivery.content["settings"]
        shipment = Shipment(target, payload, text, settings, source, principal, delivery.id)
        try:
            self._reach.send(shipment, delivery.caller)
        except TransientError as refused:
            policy = settings.get("RetryPolicy") or {}
            pause = min(2.0 ** (delivery.attempt - 1), _LONGEST_PAUSE)
            begun = float(delivery.content.get("begun") or time.time())
            late = time.time() + pause - begun > policy.get("MaximumEventAgeInSeconds", _OLDEST_EVENT)
            if delivery.attempt <= policy.get("MaximumRetryAttempts", _ATTEMPTS) and not late:
                raise RetryLater(pause) from refused
            self._bury(delivery, shipment, str(refused))
        except UndeliverableError as never:
            self._bury(delivery, shipment, str(never))

    def _bury(self, delivery: Delivery, sent: Shipment, reason: str) -> None:
        """Leaves what cannot arrive in the target's dead-letter queue, and has it told of.

        Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html"""
        queue = (sent.settings.get("DeadLetterConfig") or {}).get("Arn")
        if queue:
            code, _, message = reason.partition(": ")
            owner = "RULE_ARN" if sent.principal else "SCHEDULE_ARN"
            told = {
                owner: sent.source,
                "TARGET_ARN": sent.target,
                "ERROR_CODE": code if message else "NO_RESOURCE",
                "ERROR_MESSAGE": message or reason,
                "RETRY_ATTEMPTS": str(delivery.attempt - 1),
            }
            attributes = {
                name: {"DataType": "String", "StringValue": text[:1024]} for name, text in told.items()
            }
            body = json.dumps(delivery.content["event"]) if "event" in delivery.content else sent.text
            account, name = queue.split(":")[4:6]
            client = self._cloud.client("sqs", delivery.caller)
            try:
                url = client.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]
                client.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=attributes)
            except ClientError as refused:
                reason += f"; nor could its dead-letter queue take it: {refused}"
        raise UndeliverableError(reason)

    @staticmethod
    def _demand(reason: str) -> None:
        if reason:
            raise UndeliverableError(reason)


def sns_event(content: Mapping[str, Any]) -> dict[str, Any]:
    """A notification as a function gets it.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html"""
    given = content["notification"]
    notification = {
        "Type": "Notification",
        "MessageId": given["MessageId"],
        "TopicArn": content["topic"],
        "Subject": given.get("Subject"),
        "Message": given["Message"],
        "Timestamp": given["Timestamp"],
        "SignatureVersion": given.get("SignatureVersion", "1"),
        "Signature": given.get("Signature", ""),
        "SigningCertUrl": given.get("SigningCertURL", ""),
        "UnsubscribeUrl": given.get("UnsubscribeURL", ""),
        "MessageAttributes": given.get("MessageAttributes", {}),
    }
    record = {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": content["subscription"],
        "Sns": notification,
    }
    return {"Records": [record]}


def target_input(settings: Mapping[str, Any], event: Mapping[str, Any]) -> Any:
    """What a rule's target gets: the event, a part of it, a constant, or the transformer's text.

    Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html"""
    whole = {key: value for key, value in event.items() if key not in {"ingestion-time", "archive-arn"}}
    if isinstance(whole.get("time"), int | float):
        whole["time"] = datetime.fromtimestamp(whole["time"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if "Input" in settings:
        return parsed(settings["Input"])
    if "InputPath" in settings:
        return value_at(whole, settings["InputPath"])
    transformer = settings.get("InputTransformer")
    if not transformer:
        return whole
    values = {name: value_at(whole, path) for name, path in transformer.get("InputPathsMap", {}).items()}
    values["aws.events.event"] = whole
    values["aws.events.event.json"] = whole
    template: str = transformer["InputTemplate"]
    return parsed(re.sub(r"(\"?)<([\w.\-]+)>(\"?)", lambda found: _filled(found, values), template))


def _filled(found: re.Match[str], values: Mapping[str, Any]) -> str:
    before, name, after = found.groups()
    value = values.get(name)
    if isinstance(value, str):
        text = json.dumps(value)
        return text if before and after else before + text[1:-1] + after
    return f"{before}{json.dumps(value)}{after}"


def parsed(text: str) -> Any:
    """JSON where the text is JSON, else the text."""
    try:
        return json.loads(text)
    except ValueError:
        return text
