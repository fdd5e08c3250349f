"""Encryption: a customer-managed key for each domain of data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws
from pydantic import Field

from infra.foundation.place import Place
from infra.foundation.policy import Statement, document, from_account
from infra.settings.block import Settings

Domain = Literal["data", "model", "logs", "messages", "backup"]

DOMAINS: Mapping[Domain, str] = {
    "data": "Data of the zones raw, curated and captures",
    "model": "Models, checkpoints, the packaged source and the volumes that hold them",
    "logs": "Log groups",
    "messages": "Notifications, queues, functions and the chat webhook",
    "backup": "Recovery points",
}

PUBLISHERS = (
    "aps.amazonaws.com",
    "backup.amazonaws.com",
    "budgets.amazonaws.com",
    "cloudwatch.amazonaws.com",
    "costalerts.amazonaws.com",
    "events.amazonaws.com",
)
"""The services that publish to the topics by themselves: they need the topics' policies and their key."""

_OWN_KEY = "in a key's own policy, every resource is that key"
_USE = ("kms:Decrypt", "kms:GenerateDataKey*")


class EncryptionSettings(Settings):
    """`groundplan:encryption`: the keys. That there are keys is not a choice."""

    deletion_window_days: int = Field(
        default=30, ge=7, le=30, description="Days in which a deleted key can still be restored."
    )
    rotation_period_days: int = Field(default=365, ge=90, le=2560, description="Days until a key is rotated.")


@dataclass(frozen=True, kw_only=True)
class EncryptionArgs:
    """What the rest of the platform hands to the keys."""

    settings: EncryptionSettings
    place: Place
    protected: bool
    recovery_region: str | None = None


class Encryption(pulumi.ComponentResource):
    """A key with rotation and an alias for each domain.

    Controls: KMS.1, KMS.4, KMS.5, CIS AWS 3.6, PCI DSS 3.7.4.
    """

    key_arns: Mapping[Domain, pulumi.Output[str]]

    def __init__(self, name: str, args: EncryptionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Encryption", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)

        arns: dict[Domain, pulumi.Output[str]] = {}
        for domain, description in DOMAINS.items():
            key = aws.kms.Key(
                f"{name}-{domain}",
                description=f"{args.place.prefix}: {description}",
                policy=document(*key_statements(domain, args.place)),
                enable_key_rotation=True,
                rotation_period_in_days=args.settings.rotation_period_days,
                deletion_window_in_days=args.settings.deletion_window_days,
                opts=pulumi.ResourceOptions(parent=self, protect=args.protected or None),
            )
            aws.kms.Alias(
                f"{name}-{domain}-alias",
                name=f"alias/{args.place.prefix}-{domain}",
                target_key_id=key.key_id,
                opts=child,
            )
            arns[domain] = key.arn

        self.key_arns = arns
        self.register_outputs({"key_arns": dict(arns)})


def key_statements(domain: Domain, place: Place) -> list[Statement]:
    """Who may use a key.

    The account keeps the key from being locked out and lets the policies of its roles grant the use (KMS
    guide, "Default key policy"). Services that act without a role of ours are named, each with the condition
    that its guide asks for.
    """
    statements = [
        Statement(
            sid="AccountDelegatesToIam",
            principals={"AWS": [place.root]},
            actions=["kms:*"],
            resources=["*"],
            any_resource_because=_OWN_KEY,
        )
    ]
    if domain == "logs":
        statements.append(
            Statement(
                sid="LogGroupsOfThisAccount",
                principals={"Service": [f"logs.{place.region}.amazonaws.com"]},
                actions=["kms:DescribeKey", "kms:Encrypt", "kms:ReEncrypt*", *_USE],
                resources=["*"],
                any_resource_because=_OWN_KEY,
                conditions={
                    "ArnLike": {"kms:EncryptionContext:aws:logs:arn": place.arn("logs", "log-group:*")}
                },
            )
        )
        # CloudTrail guide, "Configure AWS KMS key policies for CloudTrail".
        statements.append(
            Statement(
                sid="TrailsOfThisAccount",
                principals={"Service": ["cloudtrail.amazonaws.com"]},
                actions=["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*"],
                resources=["*"],
                any_resource_because=_OWN_KEY,
                conditions={
                    "ArnLike": {"aws:SourceArn": place.arn("cloudtrail", f"trail/{place.prefix}-*")},
                    **from_account(place.account),
                },
            )
        )
    if domain == "messages":
        statements.append(
            Statement(
                sid="PublishersOfThisAccount",
                principals={"Service": [*PUBLISHERS, "sns.amazonaws.com"]},
                actions=_USE,
                resources=["*"],
                any_resource_because=_OWN_KEY,
                conditions=from_account(place.account),
            )
        )
    return statements
