"""People: a role for each persona, its boundary, and who may take it on: after MFA, for their own team."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Self

import pulumi
import pulumi_aws as aws
from pydantic import Field, model_validator

from infra.foundation.foundation import Foundation
from infra.foundation.place import Place
from infra.foundation.policy import Statement, document
from infra.foundation.role import Role, RoleArgs
from infra.identity.people_boundary import people_boundary
from infra.identity.persona_parts import Territory
from infra.identity.persona_permissions import Persona, statements_of
from infra.identity.personas import PERSONAS
from infra.settings.block import Settings

Team = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,30}$")]
_PRINCIPAL = r"^arn:aws[a-z-]*:iam::[0-9]{12}:(root|(role|user)/[A-Za-z0-9_+=,.@/-]+)$"
_SAML = r"^arn:aws[a-z-]*:iam::[0-9]{12}:saml-provider/[A-Za-z0-9_._-]+$"
_SIGN_IN = "https://signin.aws.amazon.com/saml"


class IdentitySettings(Settings):
    """`groundplan:identity`: the people. That they need MFA is not a choice."""

    personas: bool = Field(default=True, description="Whether this stack makes the roles of the personas.")
    teams: tuple[Team, ...] = Field(
        default=("platform",), min_length=1, max_length=20, description="Teams that people can act for."
    )
    trusted_principals: tuple[Annotated[str, Field(pattern=_PRINCIPAL)], ...] = Field(
        default=(),
        max_length=20,
        description="ARNs of who may take on the personas; none means users and roles of this account that "
        "their own policies let.",
    )
    saml_provider: str | None = Field(
        default=None,
        pattern=_SAML,
        description="ARN of the SAML provider that people come from instead; it must send the session tags "
        "`Team` and, after MFA, `Mfa` = `true`.",
    )
    session_hours: int = Field(default=4, ge=1, le=12, description="Hours until people sign in anew.")
    password_policy: bool = Field(
        default=True, description="Whether this stack keeps the account's password policy: one an account."
    )

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        if self.saml_provider and self.trusted_principals:
            raise ValueError("either samlProvider or trustedPrincipals, for there is one way in")
        return self


@dataclass(frozen=True, kw_only=True)
class PeopleArgs:
    """What the rest of the platform hands to the personas."""

    settings: IdentitySettings
    foundation: Foundation
    endpoint_name: str


class People(pulumi.ComponentResource):
    """Seven roles under one ceiling of their own, and the account's password policy.

    Controls: IAM.1, IAM.7, IAM.15, IAM.16, IAM.21, CIS AWS 1.7, 1.8 and 1.15; MFA, sessions tagged by team.
    """

    role_arns: Mapping[Persona, pulumi.Output[str]]

    def __init__(self, name: str, args: PeopleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:People", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        settings, place, keys = args.settings, args.foundation.place, args.foundation.key_arns
        if settings.password_policy:
            aws.iam.AccountPasswordPolicy(
                f"{name}-passwords",
                minimum_password_length=14,
                password_reuse_prevention=24,
                max_password_age=90,
                require_lowercase_characters=True,
                require_uppercase_characters=True,
                require_numbers=True,
                require_symbols=True,
                allow_users_to_change_password=True,
                opts=child,
            )
        self.role_arns = {}
        if settings.personas:
            ceiling = aws.iam.Policy(
                f"{name}-boundary",
                name=f"{place.prefix}-people-boundary",
                description="The most that a person can ever do on the platform",
                policy=document(*people_boundary(place)),
                opts=child,
            )
            territory = pulumi.Output.all(data=keys["data"], model=keys["model"], logs=keys["logs"]).apply(
                lambda known: Territory(
                    place=place,
                    data_key=known["data"],
                    model_key=known["model"],
                    logs_key=known["logs"],
                    endpoint=args.endpoint_name,
                )
            )
            self.role_arns = {
                persona: Role(
                    f"{name}-{persona}",
                    RoleArgs(
                        purpose=persona,
                        description=f"A {persona.replace('-', ' ')} {does}",
                        trusted=who_may_take_on(settings, place),
                        statements=territory.apply(partial(statements_of, persona)),
                        boundary_arn=ceiling.arn,
                        place=place,
                        session_hours=settings.session_hours,
                    ),
                    opts=child,
                ).arn
                for persona, does in PERSONAS.items()
            }
        self.register_outputs({"role_arns": dict(self.role_arns)})


def who_may_take_on(settings: IdentitySettings, place: Place) -> Statement:
    """Who may take on a persona: known people, after MFA, tagging the session with a team that is theirs.

    A user or role of the account acts for the team that its own tag `Team` names, and for no other. Where a
    SAML provider vouches for people, it vouches for team and MFA too, by session tags, since AWS sees no MFA
    that happened elsewhere (IAM guide, "Pass session tags in AWS STS").
    """
    teams = list(settings.teams)
    if settings.saml_provider:
        return Statement(
            sid="PeopleOfTheDirectoryAfterMfa",
            principals={"Federated": [settings.saml_provider]},
            actions=["sts:AssumeRoleWithSAML", "sts:TagSession"],
            conditions={
                "StringEquals": {
                    "SAML:aud": _SIGN_IN,
                    "aws:RequestTag/Mfa": "true",
                    "aws:RequestTag/Team": teams,
                },
                "ForAllValues:StringEquals": {"aws:TagKeys": ["Mfa", "Team"]},
            },
        )
    return Statement(
        sid="PeopleOfATeamAfterMfa",
        principals={"AWS": list(settings.trusted_principals) or [place.root]},
        actions=["sts:AssumeRole", "sts:TagSession"],
        conditions={
            "Bool": {"aws:MultiFactorAuthPresent": "true"},
            "StringEquals": {
                "aws:PrincipalTag/Team": teams,
                "aws:RequestTag/Team": "${aws:PrincipalTag/Team}",
            },
            "ForAllValues:StringEquals": {"aws:TagKeys": ["Team"]},
        },
    )
