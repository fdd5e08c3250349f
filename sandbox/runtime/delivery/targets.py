"""How a notification reaches a function or an address, and an event its rule's target."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from sandbox.runtime.delivery.hooks import EVENT_TARGET, SNS_FUNCTION, SNS_HTTP
from sandbox.runtime.delivery.outbox import Delivery, Outbox, RetryLater, UndeliverableError
from sandbox.runtime.overlay import Caller, Cloud
from sandbox.runtime.policies.services import why_not_invoke, why_not_publish

Enqueue = Callable[[str, Any, Caller], None]
"""Has a function invoked with an event, on whose behalf."""

_HTTP_ATTEMPTS = 4
"""SNS tries an HTTP endpoint at once and three times more before it begins to back off."""
_HTTP_SECONDS = 15.0


class Couriers:
    """Delivers what the hooks put into the outbox."""

    def __init__(self, cloud: Cloud, outbox: Outbox, enqueue: Enqueue) -> None:
        self._cloud = cloud
        self._enqueue = enqueue
        outbox.register(SNS_FUNCTION, self._notify_function)
        outbox.register(SNS_HTTP, self._notify_address)
        outbox.register(EVENT_TARGET, self._reach_target)

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

    def _reach_target(self, delivery: Delivery) -> None:
        content, caller = delivery.content, delivery.caller
        target, rule, settings = str(content["target"]), str(content["rule"]), content["settings"]
        event = target_input(settings, content["event"])
        service = target.split(":")[2]
        if service == "lambda":
            self._demand(why_not_invoke(self._cloud.emulate, "events.amazonaws.com", target, rule, caller))
            self._enqueue(target, event, caller)
        elif service == "sns":
            self._demand(why_not_publish(self._cloud.emulate, "events.amazonaws.com", target, rule, caller))
            message = event if isinstance(event, str) else json.dumps(event)
            self._cloud.emulate("sns", "Publish", {"TopicArn": target, "Message": message}, caller)
        elif service == "sagemaker" and ":pipeline/" in target:
            given = settings.get("SageMakerPipelineParameters", {}).get("PipelineParameterList", [])
            name = target.rpartition("/")[2]
            self._cloud.client("sagemaker", caller).start_pipeline_execution(
                PipelineName=name, PipelineParameters=given, ClientRequestToken=delivery.id
            )
        elif service == "states":
            sent = {"stateMachineArn": target, "input": json.dumps(event)}
            self._cloud.emulate("stepfunctions", "StartExecution", sent, caller)
        else:
            raise UndeliverableError(f"the sandbox delivers events to no {service} target yet")

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
        return _parsed(settings["Input"])
    if "InputPath" in settings:
        return _at(whole, settings["InputPath"])
    transformer = settings.get("InputTransformer")
    if not transformer:
        return whole
    values = {name: _at(whole, path) for name, path in transformer.get("InputPathsMap", {}).items()}
    values["aws.events.event"] = whole
    values["aws.events.event.json"] = whole
    template: str = transformer["InputTemplate"]
    return _parsed(re.sub(r"(\"?)<([\w.\-]+)>(\"?)", lambda found: _filled(found, values), template))


def _filled(found: re.Match[str], values: Mapping[str, Any]) -> str:
    before, name, after = found.groups()
    value = values.get(name)
    if isinstance(value, str):
        text = json.dumps(value)
        return text if before and after else before + text[1:-1] + after
    return f"{before}{json.dumps(value)}{after}"


def _at(event: Mapping[str, Any], path: str) -> Any:
    found: Any = event
    for part in re.findall(r"[\w\-]+|\[\d+\]", path.removeprefix("$")):
        if part.startswith("["):
            place = int(part[1:-1])
            found = found[place] if isinstance(found, list) and place < len(found) else None
        else:
            found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
