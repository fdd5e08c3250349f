"""Pipeline schedule: a pipeline of SageMaker runs by itself at set times."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.foundation.foundation import Foundation
from infra.foundation.policy import Statement
from infra.foundation.role import Role, RoleArgs

_MOMENT = "<aws.scheduler.scheduled-time>"
"""What the scheduler puts in its place: when the run was due, such as `2026-11-25T03:00:00Z`."""


@dataclass(frozen=True, kw_only=True)
class PipelineScheduleArgs:
    """What the rest of the platform hands over. `undelivered_arn` is a queue for starts that fail.

    With `fresh_inputs` the pipeline has the parameter `InputsFingerprint`, which every run gets anew.
    """

    purpose: str
    description: str
    expression: str
    timezone: str
    foundation: Foundation
    pipeline_name: pulumi.Input[str]
    undelivered_arn: pulumi.Input[str]
    fresh_inputs: bool = False


class PipelineSchedule(pulumi.ComponentResource):
    """A schedule that may start this one pipeline, and a queue for the starts that were refused."""

    schedule_name: pulumi.Output[str]

    def __init__(
        self, name: str, args: PipelineScheduleArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("groundplan:infra:PipelineSchedule", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        place, key = args.foundation.place, args.foundation.key_arns["messages"]
        known = pulumi.Output.all(pipeline=args.pipeline_name, queue=args.undelivered_arn, key=key)
        role = Role(
            f"{name}-role",
            RoleArgs(
                purpose=f"{args.purpose}-schedule",
                description=f"Starts the {args.purpose} pipeline at set times",
                service="scheduler.amazonaws.com",
                statements=known.apply(
                    lambda known: [
                        Statement(
                            sid="StartPipeline",
                            actions=["sagemaker:StartPipelineExecution"],
                            resources=[place.arn("sagemaker", f"pipeline/{known['pipeline']}")],
                        ),
                        Statement(
                            sid="KeepUndelivered", actions=["sqs:SendMessage"], resources=[known["queue"]]
                        ),
                        Statement(
                            sid="UseMessagesKey",
                            actions=["kms:Decrypt", "kms:GenerateDataKey*"],
                            resources=[known["key"]],
                        ),
                    ]
                ),
                boundary_arn=args.foundation.boundary_arn,
                place=place,
            ),
            opts=child,
        )
        schedule = aws.scheduler.Schedule(
            f"{name}-schedule",
            name=f"{place.prefix}-{args.purpose}",
            description=args.description,
            schedule_expression=args.expression,
            schedule_expression_timezone=args.timezone,
            flexible_time_window={"mode": "FLEXIBLE", "maximum_window_in_minutes": 15},
            kms_key_arn=key,
            target={
                # Universal: its input is completed by the scheduler; a templated target's parameters are not.
                "arn": f"arn:{place.partition}:scheduler:::aws-sdk:sagemaker:startPipelineExecution",
                "role_arn": role.arn,
                "input": pulumi.Output.from_input(args.pipeline_name).apply(
                    lambda pipeline: start_request(pipeline, args.fresh_inputs)
                ),
                "dead_letter_config": {"arn": args.undelivered_arn},
                "retry_policy": {"maximum_event_age_in_seconds": 3600, "maximum_retry_attempts": 10},
            },
            opts=child,
        )
        self.schedule_name = schedule.name
        self.register_outputs({"schedule_name": self.schedule_name})


def start_request(pipeline: str, fresh_inputs: bool) -> str:
    """What StartPipelineExecution is asked.

    The time that the run was due is in the token: however often the scheduler tries, one execution is
    started. It also stands for the fingerprint of the inputs: nobody has looked at the raw data, so nothing
    of an earlier run may be used again.
    """
    request: dict[str, object] = {
        "PipelineName": pipeline,
        "ClientRequestToken": f"{pipeline[:90]}-{_MOMENT}",
        "PipelineExecutionDescription": f"Started by its schedule, due {_MOMENT}",
    }
    if fresh_inputs:
        request["PipelineParameters"] = [{"Name": "InputsFingerprint", "Value": f"scheduled-{_MOMENT}"}]
    return json.dumps(request)
