"""How a payload comes to a target: what EventBridge, its scheduler and pipes send, and to which services."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError, ParamValidationError, UnknownServiceError

from sandbox.runtime.delivery.outbox import UndeliverableError
from sandbox.runtime.overlay import Caller, Cloud
from sandbox.runtime.policies.services import why_not_invoke, why_not_publish

Enqueue = Callable[[str, Any, Caller], None]
"""Has a function invoked with an event, on whose behalf."""

_TRANSIENT = re.compile(r"Throttl|TooManyRequests|InternalFailure|InternalServer|ServiceUnavailable")


class TransientError(Exception):
    """The target refused for now: it may take the same payload later."""


@dataclass(frozen=True)
class Shipment:
    """What is to arrive, as a value and as the text that stands for it.

    `source` is the ARN of the rule or schedule; a `principal` is judged by the target's own policy, and
    without one the source acts by a role of its own. `id` is the same in every attempt."""

    target: str
    payload: Any
    text: str
    settings: Mapping[str, Any]
    source: str
    principal: str
    id: str


class Reach:
    """Sends shipments by the operations that any client would call, so that overlays and faults apply."""

    def __init__(self, cloud: Cloud, enqueue: Enqueue) -> None:
        self._cloud = cloud
        self._enqueue = enqueue

    def send(self, sent: Shipment, caller: Caller) -> None:
        """Raises UndeliverableError for what can never arrive, TransientError for what may later."""
        parts = sent.target.split(":")
        service = parts[2] if len(parts) > 5 else ""
        by_service: Mapping[str, Callable[[Shipment, Caller], None]] = {
            "lambda": self._function,
            "sns": self._topic,
            "sqs": self._queue,
            "sagemaker": self._pipeline,
            "states": self._state_machine,
            "kinesis": self._stream,
            "firehose": self._delivery_stream,
            "events": self._bus,
            "logs": self._log_group,
            "scheduler": self._operation,
        }
        send = by_service.get(service)
        if send is None:
            raise UndeliverableError(f"the sandbox delivers to no {service or 'such'} target: {sent.target}")
        try:
            send(sent, caller)
        except ClientError as refused:
            error = refused.response["Error"]
            reason = f"{error['Code']}: {error['Message']}"
            if _TRANSIENT.search(error["Code"]):
                raise TransientError(reason) from refused
            raise UndeliverableError(reason) from refused
        except ParamValidationError as wrong:
            raise UndeliverableError(str(wrong)) from wrong

    def _function(self, sent: Shipment, caller: Caller) -> None:
        if sent.principal:
            self._demand(
                why_not_invoke(self._cloud.emulate, sent.principal, sent.target, sent.source, caller)
            )
        client = self._cloud.client("lambda", caller)
        # Asks whether it is there and may run, before the event is kept for it.
        client.invoke(FunctionName=sent.target, InvocationType="DryRun")
        self._enqueue(sent.target, sent.payload, caller)

    def _topic(self, sent: Shipment, caller: Caller) -> None:
        if sent.principal:
            self._demand(
                why_not_publish(self._cloud.emulate, sent.principal, sent.target, sent.source, caller)
            )
        self._cloud.client("sns", caller).publish(TopicArn=sent.target, Message=sent.text)

    def _queue(self, sent: Shipment, caller: Caller) -> None:
        account, name = sent.target.split(":")[4:6]
        client = self._cloud.client("sqs", caller)
        url = client.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]
        more: dict[str, Any] = {}
        if group := (sent.settings.get("SqsParameters") or {}).get("MessageGroupId"):
            more = {"MessageGroupId": group, "MessageDeduplicationId": sent.id}
        client.send_message(QueueUrl=url, MessageBody=sent.text, **more)

    def _pipeline(self, sent: Shipment, caller: Caller) -> None:
        if ":pipeline/" not in sent.target:
            raise UndeliverableError(f"of SageMaker, a pipeline alone can be a target: {sent.target}")
        given = (sent.settings.get("SageMakerPipelineParameters") or {}).get("PipelineParameterList", [])
        self._cloud.client("sagemaker", caller).start_pipeline_execution(
            PipelineName=sent.target.rpartition("/")[2],
            PipelineParameters=given,
            ClientRequestToken=sent.id,
        )

    def _state_machine(self, sent: Shipment, caller: Caller) -> None:
        self._cloud.client("stepfunctions", caller).start_execution(
            stateMachineArn=sent.target, name=sent.id, input=json.dumps(sent.payload)
        )

    def _stream(self, sent: Shipment, caller: Caller) -> None:
        settings = sent.settings.get("KinesisParameters") or {}
        key = settings.get("PartitionKey") or sent.id
        if path := settings.get("PartitionKeyPath"):
            key = str(value_at(sent.payload, path) or sent.id)
        self._cloud.client("kinesis", caller).put_record(
            StreamName=sent.target.rpartition("/")[2],
            Data=sent.text.encode(),
            PartitionKey=key[:256],
        )

    def _delivery_stream(self, sent: Shipment, caller: Caller) -> None:
        self._cloud.client("firehose", caller).put_record(
            DeliveryStreamName=sent.target.rpartition("/")[2], Record={"Data": sent.text.encode()}
        )

    def _bus(self, sent: Shipment, caller: Caller) -> None:
        if ":event-bus/" not in sent.target:
            raise UndeliverableError(f"the sandbox calls no addresses outside: {sent.target}")
        settings = sent.settings.get("EventBridgeParameters") or {}
        entry = {
            "EventBusName": sent.target,
            "Source": settings.get("Source", "aws.scheduler"),
            "DetailType": settings.get("DetailType", "Scheduled Event"),
            "Detail": sent.text,
        }
        self._cloud.client("events", caller).put_events(Entries=[entry])

    def _log_group(self, sent: Shipment, caller: Caller) -> None:
        group = sent.target.split(":")[6]
        self._cloud.log(group, f"{datetime.now(UTC):%Y/%m/%d}", [sent.text], caller)

    def _operation(self, sent: Shipment, caller: Caller) -> None:
        """A universal target: `arn:aws:scheduler:::aws-sdk:service:operation`, the payload its parameters."""
        parts = sent.target.split(":")
        if len(parts) != 8 or parts[5] != "aws-sdk":
            raise UndeliverableError(f"{sent.target} is no arn:aws:scheduler:::aws-sdk:SERVICE:OPERATION")
        service, operation = _CLIENT_NAMES.get(parts[6], parts[6]), xform_name(parts[7])
        try:
            client = self._cloud.client(service, caller)
            call = getattr(client, operation)
        except (UnknownServiceError, AttributeError) as unknown:
            raise UndeliverableError(f"no AWS service has that operation: {sent.target}") from unknown
        if not isinstance(sent.payload, Mapping):
            raise UndeliverableError(f"the input of {sent.target} is no JSON object of parameters")
        call(**sent.payload)

    @staticmethod
    def _demand(reason: str) -> None:
        if reason:
            raise UndeliverableError(reason)


_CLIENT_NAMES = {"sfn": "stepfunctions", "eventbridge": "events", "cloudwatchlogs": "logs"}
"""Where boto3 names a service otherwise than the ARN of a universal target."""


def value_at(event: Any, path: str) -> Any:
    """What stands at a JSON path such as `$.detail.list[1].name`; None where nothing does."""
    found: Any = event
    for part in re.findall(r"[\w\-]+|\[\d+\]", path.removeprefix("$")):
        if part.startswith("["):
            place = int(part[1:-1])
            found = found[place] if isinstance(found, list) and place < len(found) else None
        else:
            found = found.get(part) if isinstance(found, Mapping) else None
    return found
