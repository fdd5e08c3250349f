"""Deployment access: how GitHub's workflows preview and deploy one stack, without a secret."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import pulumi
import pulumi_aws as aws
from pydantic import Field, model_validator

from infra.foundation.foundation import Foundation
from infra.foundation.policy import Statement, document
from infra.foundation.role import Role, RoleArgs
from infra.identity import deployment_permissions as permissions
from infra.settings.block import Settings

GITHUB = "token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"


class DeploymentSettings(Settings):
    """`groundplan:deployment`: who deploys this stack."""

    enabled: bool = Field(
        default=False, description="Whether GitHub's workflows may preview and deploy this stack."
    )
    repository: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9-]{1,39}/[A-Za-z0-9._-]{1,100}$",
        description="The repository, `organisation/name`.",
    )
    environment: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9._-]{1,255}$",
        description="GitHub's environment whose workflows may deploy; none means the stack's name.",
    )
    provider: str | None = Field(
        default=None,
        pattern=rf"^arn:aws[a-z-]*:iam::[0-9]{{12}}:oidc-provider/{GITHUB.replace('.', chr(92) + '.')}$",
        description="ARN of the account's provider for GitHub, where it has one: an account holds one.",
    )
    state_bucket: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
        description="Bucket of the Pulumi state, where it is kept in one.",
    )
    state_key: str | None = Field(
        default=None,
        pattern=r"^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9_-]+$",
        description="ARN of the key of the state's secrets, where they are encrypted with one.",
    )

    @model_validator(mode="after")
    def _of_a_repository(self) -> Self:
        if self.enabled and self.repository is None:
            raise ValueError("with enabled, a repository, such as company/groundplan")
        return self


@dataclass(frozen=True, kw_only=True)
class DeploymentAccessArgs:
    """What the rest of the platform hands to the deployments' roles."""

    settings: DeploymentSettings
    foundation: Foundation


class DeploymentAccess(pulumi.ComponentResource):
    """A role to preview, for pull requests, and one to deploy, for the stack's environment of GitHub.

    Both stand under a boundary that they cannot change, and that denies data, users and roles without one.

    Controls: IAM.1, IAM.3 and IAM.4 by having no keys at all, CIS AWS 1.14 and 1.15; subject claims bound.
    """

    role_arns: pulumi.Output[dict[str, str]]

    def __init__(
        self, name: str, args: DeploymentAccessArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("groundplan:infra:DeploymentAccess", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        settings, foundation = args.settings, args.foundation
        place, second = foundation.place, foundation.recovery_region
        iam = f"arn:{place.partition}:iam::{place.account}"
        provider: pulumi.Input[str]
        if settings.provider is None:
            provider = aws.iam.OpenIdConnectProvider(
                f"{name}-github", url=f"https://{GITHUB}", client_id_lists=[AUDIENCE], opts=child
            ).arn
        else:
            provider = settings.provider
        boundaries = [f"{iam}:policy/{place.prefix}-{one}" for one in ("boundary", "people-boundary")]

        def policy(ending: str, description: str, statements: list[Statement]) -> aws.iam.Policy:
            return aws.iam.Policy(
                f"{name}-{ending}",
                name=f"{place.prefix}-{ending}",
                description=description,
                policy=document(*statements),
                opts=child,
            )

        ceiling = policy(
            "deployment-boundary",
            "The most that a deployment can ever do",
            permissions.deployment_boundary(
                place, second, boundaries, settings.provider or f"{iam}:oidc-provider/{GITHUB}"
            ),
        )
        look = policy("deploy-reading", "What a preview looks at", permissions.reading(place, second))
        writes = [
            policy("deploy-named", "What a deployment writes, by name", permissions.named(place, second)),
            policy("deploy-unnamed", "What a deployment writes", permissions.unnamed(place, second)),
        ]

        def role(purpose: str, description: str, subject: str, own: list[Statement]) -> Role:
            return Role(
                f"{name}-{purpose}",
                RoleArgs(
                    purpose=purpose,
                    description=description,
                    trusted=pulumi.Output.from_input(provider).apply(
                        lambda arn: workflows(arn, f"repo:{settings.repository}:{subject}")
                    ),
                    statements=own,
                    boundary_arn=ceiling.arn,
                    place=place,
                ),
                opts=child,
            )

        environment = settings.environment or place.stack
        preview = role(
            "preview",
            "Previews this stack, for pull requests",
            "pull_request",
            [*permissions.previews(place), *self._state(args, writes=False)],
        )
        deploy = role(
            "deploy",
            f"Deploys this stack, for the environment {environment}",
            f"environment:{environment}",
            [*permissions.roles(place, boundaries), *self._state(args, writes=True)],
        )
        attached = [
            aws.iam.RolePolicyAttachment(
                f"{name}-{purpose}-{ending}", role=holder.role_name, policy_arn=held.arn, opts=child
            ).id
            for purpose, holder, policies in (
                ("preview", preview, {"reading": look}),
                ("deploy", deploy, {"reading": look, "named": writes[0], "unnamed": writes[1]}),
            )
            for ending, held in policies.items()
        ]
        self.role_arns = pulumi.Output.all(preview.arn, deploy.arn, *attached).apply(
            lambda made: {"preview": str(made[0]), "deploy": str(made[1])}
        )
        self.register_outputs({"role_arns": self.role_arns})

    @staticmethod
    def _state(args: DeploymentAccessArgs, *, writes: bool) -> list[Statement]:
        settings = args.settings
        if settings.state_bucket is None:
            return []
        place = args.foundation.place
        return permissions.state(settings.state_bucket, settings.state_key, place, writes=writes)


def workflows(provider_arn: str, subject: str) -> Statement:
    """Who may take on a deployment's role: workflows with exactly this subject, and a token made for AWS."""
    return Statement(
        sid="WorkflowsOfGitHub",
        principals={"Federated": [provider_arn]},
        actions=["sts:AssumeRoleWithWebIdentity"],
        conditions={"StringEquals": {f"{GITHUB}:aud": AUDIENCE, f"{GITHUB}:sub": subject}},
    )
