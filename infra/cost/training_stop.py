"""Training stop: what keeps a breached budget from being spent on further training?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pydantic import Field

from infra.foundation.alarm import Topics
from infra.foundation.foundation import Foundation
from infra.foundation.place import Place
from infra.foundation.policy import Statement
from infra.foundation.role import Role, RoleArgs
from infra.settings.block import Settings


class TrainingStopSettings(Settings):
    """`groundplan:budget.stopTraining`: the action of the stack's budget."""

    enabled: bool = Field(
        default=False,
        description=(
            "Whether new training, tuning, processing and pipelines are refused once the budget is spent, "
            "until somebody lifts it (runbook `budget-breached`)."
        ),
    )
    percent: int = Field(default=100, ge=1, le=1000, description="Share of actual cost at which they are.")


@dataclass(frozen=True, kw_only=True)
class TrainingStopArgs:
    """What the budgets hand to the action: the policy that denies, and ARNs of the roles that get it."""

    settings: TrainingStopSettings
    foundation: Foundation
    budget_name: pulumi.Input[str]
    policy_arn: pulumi.Input[str]
    roles: Sequence[pulumi.Input[str]]
    topics: Topics


class TrainingStop(pulumi.ComponentResource):
    """A budget action that attaches a denying policy to the roles that start training, by itself.

    What runs goes on, and what serves serves. The role that carries it out can attach this policy
    to roles of the platform and take it off again, and nothing else.
    """

    action_id: pulumi.Output[str]

    def __init__(self, name: str, args: TrainingStopArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:TrainingStop", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        place = args.foundation.place
        role = Role(
            f"{name}-role",
            RoleArgs(
                purpose="budget-action",
                description="Stops new training when the budget is spent",
                service="budgets.amazonaws.com",
                statements=pulumi.Output.from_input(args.policy_arn).apply(
                    lambda arn: [attaching(arn, place)]
                ),
                boundary_arn=args.foundation.boundary_arn,
                place=place,
            ),
            opts=child,
        )
        action = aws.budgets.BudgetAction(
            f"{name}-training",
            budget_name=args.budget_name,
            action_type="APPLY_IAM_POLICY",
            approval_model="AUTOMATIC",
            notification_type="ACTUAL",
            action_threshold={
                "action_threshold_type": "PERCENTAGE",
                "action_threshold_value": args.settings.percent,
            },
            definition={
                "iam_action_definition": {
                    "policy_arn": args.policy_arn,
                    "roles": [pulumi.Output.from_input(arn).apply(role_name) for arn in args.roles],
                }
            },
            execution_role_arn=role.arn,
            subscribers=[{"subscription_type": "SNS", "address": args.topics["critical"]}],
            opts=child,
        )
        self.action_id = action.action_id
        self.register_outputs({"action_id": self.action_id})


def role_name(arn: str) -> str:
    """The name of a role from its ARN."""
    return arn.rpartition("/")[2]


def attaching(policy_arn: str, place: Place) -> Statement:
    """What the action's role may do (AWS Budgets guide, "Configuring a role for budget actions")."""
    return Statement(
        sid="AttachTheStopAndTakeItOff",
        actions=["iam:AttachRolePolicy", "iam:DetachRolePolicy"],
        resources=[place.role_arn("*")],
        conditions={"ArnEquals": {"iam:PolicyARN": policy_arn}},
    )
