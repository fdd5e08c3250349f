"""Workflow: the state machine that prepares the data, judges it, and publishes what is good enough."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.data.workflow_definition import WorkflowSite, workflow_definition
from infra.data.workflow_permissions import (
    WorkflowGrants,
    quality_statements,
    schedule_statements,
    workflow_statements,
)
from infra.foundation.alarm import Topics, alarm
from infra.foundation.dead_letters import DeadLetters, DeadLettersArgs
from infra.foundation.foundation import Foundation
from infra.foundation.log_group import log_group
from infra.foundation.role import Role, RoleArgs
from infra.notifications.event_alert import EventAlert, EventAlertArgs

_PURPOSE = "data"


@dataclass(frozen=True, kw_only=True)
class WorkflowArgs:
    """What the data pipeline hands to the workflow. `fixed` are members of its site by their names.

    `known` are those that resources tell.
    """

    foundation: Foundation
    topics: Topics
    fixed: Mapping[str, object]
    known: Mapping[str, pulumi.Input[object]]
    schedule: str | None


class Workflow(pulumi.ComponentResource):
    """A state machine on the data's key: retries with backoff, what fails in a queue, alarms, a schedule.

    Controls: StepFunctions.1 (logging); least privilege, encrypted log that ends.
    """

    machine_arn: pulumi.Output[str]

    def __init__(self, name: str, args: WorkflowArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Workflow", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        foundation, place = args.foundation, args.foundation.place
        keys = foundation.key_arns
        machine_name = f"{place.prefix}-{_PURPOSE}"
        undelivered = DeadLetters(
            f"{name}-undelivered",
            DeadLettersArgs(
                purpose=_PURPOSE,
                runbook="data-workflow-failed",
                foundation=foundation,
                topics=args.topics,
                senders=["events.amazonaws.com"],
            ),
            opts=child,
        )
        quality = Role(
            f"{name}-quality",
            RoleArgs(
                purpose="quality",
                description="Judges tables by their rules",
                service="glue.amazonaws.com",
                statements=keys["data"].apply(lambda key: quality_statements(place, key)),
                boundary_arn=foundation.boundary_arn,
                place=place,
            ),
            opts=child,
        )
        log = log_group(
            f"{name}-log",
            # Below this prefix the policy of deliveries does not grow by each group (Step Functions guide).
            name=f"/aws/vendedlogs/states/{machine_name}",
            foundation=foundation,
            opts=child,
        )
        site = pulumi.Output.all(
            **args.known, quality_role=quality.arn, undelivered_url=undelivered.queue_url
        ).apply(lambda known: WorkflowSite(**args.fixed, **known))  # type: ignore[arg-type]
        role = Role(
            f"{name}-role",
            RoleArgs(
                purpose="workflow",
                description="Runs the states of the data workflow",
                service="states.amazonaws.com",
                statements=pulumi.Output.all(
                    site, undelivered.queue_arn, keys["data"], keys["messages"]
                ).apply(
                    lambda known: workflow_statements(
                        WorkflowGrants(
                            place=place,
                            site=known[0],
                            undelivered=known[1],
                            data_key=known[2],
                            messages_key=known[3],
                        )
                    )
                ),
                boundary_arn=foundation.boundary_arn,
                place=place,
            ),
            opts=child,
        )
        machine = aws.sfn.StateMachine(
            f"{name}-machine",
            name=machine_name,
            role_arn=role.arn,
            definition=site.apply(workflow_definition),
            type="STANDARD",
            encryption_configuration={
                "type": "CUSTOMER_MANAGED_KMS_KEY",
                "kms_key_id": keys["data"],
                "kms_data_key_reuse_period_seconds": 300,
            },
            logging_configuration={
                "level": "ALL",
                # Inputs and outputs hold names and scores, no data.
                "include_execution_data": True,
                "log_destination": log.arn.apply(lambda arn: f"{arn}:*"),
            },
            tracing_configuration={"enabled": True},
            opts=child,
        )
        if args.schedule is not None:
            self._schedule(name, args, args.schedule, machine, undelivered)
        alarm(
            f"{name}-failed",
            name=f"{machine_name}-failed",
            says="The data workflow has failed: what models learn from is not renewed.",
            runbook="data-workflow-failed",
            severity="warning",
            topics=args.topics,
            foundation=foundation,
            namespace="AWS/States",
            metric_name="ExecutionsFailed",
            dimensions={"StateMachineArn": place.arn("states", f"stateMachine:{machine_name}")},
            statistic="Sum",
            comparison_operator="GreaterThanThreshold",
            threshold=0,
            period=300,
            evaluation_periods=1,
            opts=child,
        )
        EventAlert(
            f"{name}-alert",
            EventAlertArgs(
                purpose="data-failed",
                pattern={
                    "source": ["aws.states"],
                    "detail-type": ["Step Functions Execution Status Change"],
                    "detail": {
                        "stateMachineArn": [place.arn("states", f"stateMachine:{machine_name}")],
                        "status": ["ABORTED", "FAILED", "TIMED_OUT"],
                    },
                },
                says="A run of the data workflow did not come to its end.",
                runbook="data-workflow-failed",
                severity="warning",
                topics=args.topics,
                foundation=foundation,
                undelivered_arn=undelivered.queue_arn,
            ),
            opts=child,
        )
        self.machine_arn = machine.arn
        self.register_outputs({"machine_arn": self.machine_arn})

    def _schedule(
        self,
        name: str,
        args: WorkflowArgs,
        expression: str,
        machine: aws.sfn.StateMachine,
        undelivered: DeadLetters,
    ) -> None:
        """Starts the workflow by the clock, with a role that can do nothing else."""
        child = pulumi.ResourceOptions(parent=self)
        foundation, place = args.foundation, args.foundation.place
        role = Role(
            f"{name}-schedule-role",
            RoleArgs(
                purpose="data-schedule",
                description="Starts the data workflow by the clock",
                service="scheduler.amazonaws.com",
                statements=pulumi.Output.all(
                    machine.arn,
                    undelivered.queue_arn,
                    foundation.key_arns["messages"],
                    foundation.key_arns["data"],
                ).apply(lambda known: schedule_statements(*known)),
                boundary_arn=foundation.boundary_arn,
                place=place,
            ),
            opts=child,
        )
        aws.scheduler.Schedule(
            f"{name}-schedule",
            name=f"{place.prefix}-{_PURPOSE}",
            description="Starts the data workflow",
            schedule_expression=expression,
            schedule_expression_timezone="UTC",
            flexible_time_window={"mode": "FLEXIBLE", "maximum_window_in_minutes": 15},
            kms_key_arn=foundation.key_arns["data"],
            target={
                "arn": machine.arn,
                "role_arn": role.arn,
                "input": "{}",
                "dead_letter_config": {"arn": undelivered.queue_arn},
                "retry_policy": {"maximum_event_age_in_seconds": 3600, "maximum_retry_attempts": 3},
            },
            opts=child,
        )
