"""Pseudonyms: the secret with the keys that identifiers are replaced by, and what renews them."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pydantic import Field

from infra.foundation.alarm import Topics
from infra.foundation.dead_letters import DeadLetters, DeadLettersArgs
from infra.foundation.foundation import Foundation
from infra.foundation.function import Function, FunctionArgs
from infra.foundation.place import Place
from infra.foundation.policy import Statement, document
from infra.foundation.role import Role, RoleArgs
from infra.settings.block import Settings

PURPOSE = "pseudonyms"
_MOMENT = "<aws.scheduler.scheduled-time>"


class PrivacySettings(Settings):
    """`groundplan:privacy`: whether identifiers are replaced, and how often by another key."""

    pseudonyms: bool = Field(
        default=False,
        description="Whether there are keys for pseudonyms; a use case with identifiers needs them.",
    )
    rotate_days: int = Field(default=90, ge=1, le=365, description="Days until a new key is the current one.")
    kept_keys: int = Field(
        default=2, ge=1, le=10, description="Keys that are kept, the current one among them: the overlap."
    )


@dataclass(frozen=True, kw_only=True)
class PseudonymsArgs:
    """What the rest of the platform hands over. `reader_arn` is the one role that may read the keys."""

    settings: PrivacySettings
    foundation: Foundation
    topics: Topics
    reader_arn: pulumi.Input[str]


class Pseudonyms(pulumi.ComponentResource):
    """A secret on the data's key that the processing role alone reads, and a function that renews it.

    The first key is made at once: a schedule by rate begins when it is made. Decision 0116.

    Controls: SecretsManager.1 and .4 in spirit; least privilege by the secret's own policy.
    """

    secret_name: pulumi.Output[str]

    def __init__(self, name: str, args: PseudonymsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Pseudonyms", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        foundation, place = args.foundation, args.foundation.place
        secret = aws.secretsmanager.Secret(
            f"{name}-keys",
            name=secret_name(place),
            description="Keys that identifiers are replaced by; made and renewed by a function",
            kms_key_id=foundation.key_arns["data"],
            recovery_window_in_days=30 if foundation.protected else 0,
            opts=child,
        )
        undelivered = DeadLetters(
            f"{name}-undelivered",
            DeadLettersArgs(
                purpose=PURPOSE,
                runbook="pseudonyms-not-renewed",
                foundation=foundation,
                topics=args.topics,
            ),
            opts=child,
        )
        function = Function(
            f"{name}-function",
            FunctionArgs(
                purpose=PURPOSE,
                description="Renews the keys of the pseudonyms",
                foundation=foundation,
                statements=pulumi.Output.all(secret.arn, foundation.key_arns["data"]).apply(
                    lambda known: renewing_statements(*known)
                ),
                environment={"SECRET": secret.name, "KEPT": str(args.settings.kept_keys)},
                undelivered_arn=undelivered.queue_arn,
            ),
            opts=child,
        )
        aws.secretsmanager.SecretPolicy(
            f"{name}-readers",
            secret_arn=secret.arn,
            block_public_policy=True,
            policy=pulumi.Output.all(args.reader_arn, function.role_arn).apply(readers_policy),
            opts=child,
        )
        role = Role(
            f"{name}-schedule-role",
            RoleArgs(
                purpose=f"{PURPOSE}-schedule",
                description="Has the keys of the pseudonyms renewed",
                service="scheduler.amazonaws.com",
                statements=pulumi.Output.all(
                    function.arn, undelivered.queue_arn, foundation.key_arns["messages"]
                ).apply(lambda known: schedule_statements(*known)),
                boundary_arn=foundation.boundary_arn,
                place=place,
            ),
            opts=child,
        )
        days = args.settings.rotate_days
        aws.scheduler.Schedule(
            f"{name}-schedule",
            name=secret_name(place),
            description="Renews the keys of the pseudonyms",
            schedule_expression=f"rate({days} day{'s' * (days > 1)})",
            flexible_time_window={"mode": "OFF"},
            kms_key_arn=foundation.key_arns["messages"],
            target={
                "arn": function.arn,
                "role_arn": role.arn,
                "input": json.dumps({"due": _MOMENT}),
                "dead_letter_config": {"arn": undelivered.queue_arn},
                "retry_policy": {"maximum_event_age_in_seconds": 86400, "maximum_retry_attempts": 20},
            },
            opts=child,
        )
        self.secret_name = secret.name
        self.register_outputs({"secret_name": self.secret_name})


def secret_name(place: Place) -> str:
    """The secret's name, which jobs are told."""
    return f"{place.prefix}-{PURPOSE}"


def reading_statement(place: Place) -> Statement:
    """What lets a job read the keys, by the secret's name: its ARN ends in six characters of AWS's choice."""
    return Statement(
        sid="ReadPseudonymKeys",
        actions=["secretsmanager:GetSecretValue"],
        resources=[place.arn("secretsmanager", f"secret:{secret_name(place)}-??????")],
    )


def renewing_statements(secret_arn: str, data_key: str) -> list[Statement]:
    """What the function may do beside writing its log."""
    return [
        Statement(
            sid="RenewKeys",
            actions=["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"],
            resources=[secret_arn],
        ),
        Statement(sid="UseDataKey", actions=["kms:Decrypt", "kms:GenerateDataKey*"], resources=[data_key]),
    ]


def readers_policy(readers: list[str]) -> str:
    """Nobody but these roles reads the secret, whatever their own policies allow."""
    return document(
        Statement(
            sid="DenyOtherReaders",
            effect="Deny",
            principals="*",
            actions=["secretsmanager:GetSecretValue"],
            resources=["*"],
            conditions={"ArnNotEquals": {"aws:PrincipalArn": sorted(readers)}},
        )
    )


def schedule_statements(function_arn: str, queue_arn: str, messages_key: str) -> list[Statement]:
    """What the schedule may do."""
    return [
        Statement(sid="RenewKeys", actions=["lambda:InvokeFunction"], resources=[function_arn]),
        Statement(sid="KeepUndelivered", actions=["sqs:SendMessage"], resources=[queue_arn]),
        Statement(
            sid="UseMessagesKey", actions=["kms:Decrypt", "kms:GenerateDataKey*"], resources=[messages_key]
        ),
    ]
