"""Role: an IAM role of a service, or of people, with the boundary above it and one policy of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.foundation.place import Place
from infra.foundation.policy import Statement, document, from_account


@dataclass(frozen=True, kw_only=True)
class RoleArgs:
    """Who a role is for and what it may do. `purpose` ends its name: `groundplan-dev-training`.

    It is a service's (`lambda.amazonaws.com`), or of those whom the statement `trusted` lets in.
    """

    purpose: str
    description: str
    statements: pulumi.Input[Sequence[Statement]]
    boundary_arn: pulumi.Input[str]
    place: Place
    service: str = ""
    trusted: pulumi.Input[Statement] | None = None
    session_hours: int = 1


class Role(pulumi.ComponentResource):
    """A role that one service may take on, for this account only, or those whom its trust names.

    `arn` is known once the role's policy is attached: who waits for it can use it.
    """

    arn: pulumi.Output[str]
    role_name: pulumi.Output[str]

    def __init__(self, name: str, args: RoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Role", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(
            f"{name}-role",
            name=f"{args.place.prefix}-{args.purpose}",
            description=args.description,
            assume_role_policy=pulumi.Output.from_input(
                args.trusted or trust(args.service, args.place.account)
            ).apply(document),
            max_session_duration=args.session_hours * 3600,
            permissions_boundary=args.boundary_arn,
            # A breached budget attaches a policy that no `up` knows of; a destroy has to get past it.
            force_detach_policies=True,
            opts=child,
        )
        policy = aws.iam.RolePolicy(
            f"{name}-policy",
            name=args.purpose,
            role=role.name,
            policy=pulumi.Output.from_input(args.statements).apply(lambda given: document(*given)),
            opts=child,
        )
        self.arn = pulumi.Output.all(role.arn, policy.id).apply(lambda made: str(made[0]))
        self.role_name = role.name
        self.register_outputs({"arn": self.arn, "role_name": self.role_name})


def trust(service: str, account: str) -> Statement:
    """Who may take on the role: the service, on behalf of this account only."""
    return Statement(
        sid="ServiceOfThisAccount",
        principals={"Service": [service]},
        actions=["sts:AssumeRole"],
        conditions=from_account(account),
    )
