"""Encryption: a customer-managed key for each domain of data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import pulumi
import pulumi_aws as aws
from pydantic import Field

from infra.foundation.place import Place
from infra.foundation.policy import Statement, document, from_account
from infra.settings.block import Settings

Domain = Literal["data", "model", "logs", "messages", "backup"]

DOMAINS: Mapping[Domain, str] = {
    "data": "Data of the zones raw, curated, features, captures and archive",
    "model": "Models, checkpoints, the packaged source and the volumes that hold them",
    "logs": "Log groups and audit logs",
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

REPLICATED: tuple[Domain, ...] = ("data", "model", "logs", "backup")
"""The domains whose keys can have a replica in a second region; messages are of one region."""

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
    retained: frozenset[Domain] = field(default_factory=frozenset)
    """The domains whose keys outlive a destroy, as what they encrypt does."""


class Encryption(pulumi.ComponentResource):
    """A key with rotation and an alias for each domain, and its replica where there is a second region.

    Controls: KMS.1, KMS.4, KMS.5, CIS AWS 3.6, PCI DSS 3.7.4.
    """

    key_arns: Mapping[Domain, pulumi.Output[str]]
    replica_key_arns: Mapping[Domain, pulumi.Output[str]]
    """The keys of `REPLICATED` in the second region; empty without one."""

    def __init__(self, name: str, args: EncryptionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Encryption", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)

        arns: dict[Domain, pulumi.Output[str]] = {}
        replicas: dict[Domain, pulumi.Output[str]] = {}
        second = args.recovery_region
        for domain in DOMAINS:
            key = aws.kms.Key(
                f"{name}-{domain}",
                description=_description(domain, args.place),
                policy=document(*key_statements(domain, args.place)),
                enable_key_rotation=True,
                rotation_period_in_days=args.settings.rotation_period_days,
                deletion_window_in_days=args.settings.deletion_window_days,
                multi_region=True if domain in REPLICATED else None,
                # A key cannot become one of several regions: it would be replaced (decision 80).
                opts=self._keeping(domain, args, ignore_changes=["multi_region"]),
            )
            aws.kms.Alias(
                f"{name}-{domain}-alias",
                name=alias_name(domain, args.place),
                target_key_id=key.key_id,
                opts=child,
            )
            arns[domain] = key.arn
            if second is not None and domain in REPLICATED:
                replicas[domain] = self._replica(f"{name}-{domain}-{second}", domain, key, second, args)

        self.key_arns = arns
        self.replica_key_arns = replicas
        self.register_outputs({"key_arns": dict(arns), "replica_key_arns": dict(replicas)})

    def _replica(
        self, name: str, domain: Domain, key: aws.kms.Key, region: str, args: EncryptionArgs
    ) -> pulumi.Output[str]:
        """The key's replica in the second region, with its own policy and alias; rotation is shared."""
        there = replace(args.place, region=region)
        replica = aws.kms.ReplicaKey(
            name,
            region=region,
            description=_description(domain, there),
            primary_key_arn=key.arn,
            policy=document(*key_statements(domain, there)),
            deletion_window_in_days=args.settings.deletion_window_days,
            opts=self._keeping(domain, args),
        )
        aws.kms.Alias(
            f"{name}-alias",
            region=region,
            name=alias_name(domain, there),
            target_key_id=replica.key_id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return replica.arn

    def _keeping(
        self, domain: Domain, args: EncryptionArgs, ignore_changes: list[str] | None = None
    ) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(
            parent=self,
            protect=args.protected or None,
            retain_on_delete=domain in args.retained or None,
            ignore_changes=ignore_changes,
        )


def alias_name(domain: Domain, place: Place) -> str:
    """What people call a key."""
    return f"alias/{place.prefix}-{domain}"


def _description(domain: Domain, place: Place) -> str:
    return f"{place.prefix}: {DOMAINS[domain]}"


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
        statements.append(trail_statement(place))
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


def trail_statement(place: Place) -> Statement:
    """CloudTrail encrypts what it delivers to the zone `audit`; its ARN holds the account.

    Source: CloudTrail guide, "Configure AWS KMS key policies for CloudTrail".
    """
    trails = f"arn:{place.partition}:cloudtrail:*:{place.account}:trail/{place.prefix}-*"
    return Statement(
        sid="TrailsOfThisAccount",
        principals={"Service": ["cloudtrail.amazonaws.com"]},
        actions=["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*"],
        resources=["*"],
        any_resource_because=_OWN_KEY,
        conditions={"ArnLike": {"aws:SourceArn": trails}},
    )
