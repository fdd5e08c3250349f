"""Retraining: a drift alarm starts the training pipeline, unless one runs or has just run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pydantic import Field

from infra.foundation.alarm import Topics
from infra.foundation.foundation import Foundation
from infra.foundation.function import Function, FunctionArgs
from infra.foundation.policy import Statement
from infra.settings.block import Settings


class RetrainingSettings(Settings):
    """`groundplan:retraining`: what follows from a drift alarm."""

    on_drift: bool = Field(default=True, description="Whether a drift alarm trains a model anew.")
    cool_down_hours: int = Field(
        default=24,
        ge=1,
        le=720,
        description="Hours after the start of any training in which drift starts no other.",
    )


@dataclass(frozen=True, kw_only=True)
class RetrainingArgs:
    """What the rest of the platform hands over. `alarm_names` are plain; `undelivered_arn` admits events."""

    settings: RetrainingSettings
    foundation: Foundation
    topics: Topics
    pipeline_name: str
    alarm_names: Sequence[str]
    undelivered_arn: pulumi.Input[str]


class Retraining(pulumi.ComponentResource):
    """A rule on the alarms' change to ALARM, and the function that decides and tells the topic `info`.

    What it makes is a model package that waits for approval: nothing is served by it.
    """

    function_name: pulumi.Output[str]
    rule_name: pulumi.Output[str]

    def __init__(self, name: str, args: RetrainingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Retraining", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        place = args.foundation.place
        pipeline = place.arn("sagemaker", f"pipeline/{args.pipeline_name}")
        topic = pulumi.Output.from_input(args.topics["info"])
        function = Function(
            f"{name}-function",
            FunctionArgs(
                purpose="retraining",
                description="Trains anew on drift, unless a training runs or has just run",
                foundation=args.foundation,
                statements=topic.apply(
                    lambda topic: [
                        Statement(
                            sid="StartTraining",
                            actions=["sagemaker:ListPipelineExecutions", "sagemaker:StartPipelineExecution"],
                            resources=[pipeline],
                        ),
                        Statement(sid="TellTheTeam", actions=["sns:Publish"], resources=[topic]),
                    ]
                ),
                environment={
                    "PIPELINE": args.pipeline_name,
                    "COOL_DOWN_HOURS": str(args.settings.cool_down_hours),
                    "TOPIC": topic,
                },
                undelivered_arn=args.undelivered_arn,
                timeout_seconds=30,
            ),
            opts=child,
        )
        rule = aws.cloudwatch.EventRule(
            f"{name}-rule",
            name=f"{place.prefix}-retraining",
            description="Drift was found",
            event_pattern=json.dumps(
                {
                    "source": ["aws.cloudwatch"],
                    "detail-type": ["CloudWatch Alarm State Change"],
                    "resources": sorted(place.arn("cloudwatch", f"alarm:{one}") for one in args.alarm_names),
                    "detail": {"state": {"value": ["ALARM"]}},
                }
            ),
            opts=child,
        )
        allowed = aws.lambda_.Permission(
            f"{name}-permission",
            statement_id="drift",
            action="lambda:InvokeFunction",
            function=function.function_name,
            principal="events.amazonaws.com",
            source_arn=rule.arn,
            opts=child,
        )
        aws.cloudwatch.EventTarget(
            f"{name}-target",
            rule=rule.name,
            target_id="retraining",
            arn=function.arn,
            dead_letter_config={"arn": args.undelivered_arn},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[allowed]),
        )
        self.function_name = function.function_name
        self.rule_name = rule.name
        self.register_outputs({"function_name": self.function_name, "rule_name": self.rule_name})
