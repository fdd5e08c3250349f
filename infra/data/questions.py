"""Questions: what a consumer needs that keeps states by the events' own time and asks the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
from pydantic import Field

from infra.data.declared import PREDICTIONS
from infra.foundation.alarm import Topics, alarm
from infra.foundation.foundation import Foundation
from infra.foundation.place import Place
from infra.foundation.policy import Statement
from infra.settings.block import Settings


class QuestionSettings(Settings):
    """`groundplan:streaming.consumer.questions`: what a question waits for, where the use case asks one."""

    tolerance_minutes: int = Field(
        default=5,
        ge=1,
        le=360,
        description="Minutes of event time that an event may be late and still count for every question.",
    )
    idle_seconds: int = Field(
        default=120, ge=10, le=3600, description="Seconds after which a quiet shard is waited for no more."
    )
    state_days: int = Field(
        default=400, ge=2, le=3650, description="Days until the state of what no event touches is forgotten."
    )
    late_alarm: int = Field(
        default=100,
        ge=1,
        le=1_000_000,
        description="Events an hour, later than the tolerance, that are told of.",
    )


@dataclass(frozen=True, kw_only=True)
class Asking:
    """How a consumer asks a model: of which use case, by which files of `ml/`, and which endpoint.

    `endpoint_name` is empty where none answers while one waits; questions are then counted as unasked.
    """

    use_case: str
    case: str
    files: Sequence[str]
    endpoint_name: str
    is_released: bool


@dataclass(frozen=True, kw_only=True)
class QuestionsArgs:
    """What the consumer hands on."""

    asking: Asking
    settings: QuestionSettings
    foundation: Foundation
    topics: Topics


class Questions(pulumi.ComponentResource):
    """The table of what is known by key, and the alarms on events and questions that came to nothing.

    Controls: DynamoDB.1, DynamoDB.2, DynamoDB.6; encrypted with the data's key, recoverable to the second.
    """

    statements: pulumi.Output[list[Statement]]
    """What the function may do for it."""
    environment: Mapping[str, pulumi.Input[str]]
    """What the function is told of it."""

    def __init__(self, name: str, args: QuestionsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Questions", name, opts=opts)
        foundation, settings, asking = args.foundation, args.settings, args.asking
        place = foundation.place
        table = aws.dynamodb.Table(
            f"{name}-states",
            name=f"{place.prefix}-stream-states",
            billing_mode="PAY_PER_REQUEST",
            hash_key="part",
            range_key="name",
            attributes=[{"name": "name", "type": "S"}, {"name": "part", "type": "S"}],
            ttl={"attribute_name": "expires", "enabled": True},
            server_side_encryption={"enabled": True, "kms_key_arn": foundation.key_arns["data"]},
            point_in_time_recovery={"enabled": True},
            deletion_protection_enabled=foundation.protected,
            opts=foundation.holding_data(self),
        )
        watched: dict[str, Any] = {
            "topics": args.topics,
            "foundation": foundation,
            "namespace": namespace_of(place),
            "statistic": "Sum",
            "comparison_operator": "GreaterThanThreshold",
            "period": 3600,
            "evaluation_periods": 1,
            "opts": pulumi.ResourceOptions(parent=self),
        }
        alarm(
            f"{name}-late",
            name=f"{place.prefix}-events-late",
            says=f"More than {settings.late_alarm} events an hour come later than "
            f"{settings.tolerance_minutes} minutes: what was predicted meanwhile does not know them.",
            runbook="events-late",
            severity="warning",
            metric_name="Late",
            threshold=settings.late_alarm,
            **watched,
        )
        # Before the first release there is nobody to ask, which is no fault.
        if asking.is_released:
            alarm(
                f"{name}-unasked",
                name=f"{place.prefix}-questions-unasked",
                says=f"Questions found no endpoint {asking.endpoint_name}: nothing was predicted.",
                runbook="questions-unasked",
                severity="warning",
                metric_name="Unasked",
                threshold=0,
                **watched,
            )
        self.statements = table.arn.apply(lambda arn: asking_statements(place, asking, arn))
        self.environment = {
            "CASE": asking.use_case,
            "ENDPOINT": asking.endpoint_name,
            "STATE_TABLE": table.name,
            "STATE_DAYS": str(settings.state_days),
            "TOLERANCE_MINUTES": str(settings.tolerance_minutes),
            "IDLE_SECONDS": str(settings.idle_seconds),
        }
        self.register_outputs({})


def namespace_of(place: Place) -> str:
    """Where the consumer's own metrics stand."""
    return f"{place.project}/{place.stack}/Streaming"


def code_of(asking: Asking | None) -> dict[str, Path]:
    """The function's files: the consumer, and what the use case says of its stream."""
    files = [Path("ml/__init__.py"), *sorted(Path("ml/streaming").glob("*.py"))]
    files += [] if asking is None else [Path("ml") / one for one in asking.files]
    return {file.as_posix(): file for file in files}


def asking_statements(place: Place, asking: Asking, state_arn: str) -> list[Statement]:
    """What the function may do where it keeps states, asks the model and finds what that said."""
    predictions = f"feature-group/{place.prefix}-{asking.case}-{PREDICTIONS.name}"
    asked = Statement(
        sid="AskModel",
        actions=["sagemaker:InvokeEndpoint"],
        resources=[place.arn("sagemaker", f"endpoint/{asking.endpoint_name}")],
    )
    return [
        Statement(
            sid="KeepStates",
            actions=["dynamodb:BatchGetItem", "dynamodb:PutItem", "dynamodb:Query"],
            resources=[state_arn],
        ),
        Statement(
            sid="FindPredictions",
            actions=["sagemaker:BatchGetRecord"],
            resources=[place.arn("sagemaker", predictions)],
        ),
        *([asked] if asking.endpoint_name else []),
    ]
