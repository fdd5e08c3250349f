"""Vault: where recovery points are kept, who can delete them, and whether the vault can be deleted at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.backup.settings import LockSettings
from infra.foundation.foundation import Foundation
from infra.foundation.policy import Statement, document


@dataclass(frozen=True, kw_only=True)
class VaultArgs:
    """Whose vault it is. `region` is another one than the platform's, for copies."""

    foundation: Foundation
    key_arn: pulumi.Input[str]
    lock: LockSettings
    break_glass: Sequence[str]
    region: str | None = None


class BackupVault(pulumi.ComponentResource):
    """A vault on its own key, with a policy against deletion by hand, and a lock by setting.

    Without a compliance lock a `destroy` deletes what the vault holds. With one it leaves the vault where it
    is, lock and all: after the days of grace nobody can delete it, and a destroy would fail at it for ever.

    Controls: Backup.1, checkov 166, NIST CP-9, HIPAA 164.308(a)(7).
    """

    vault_name: pulumi.Output[str]
    """Known once the policy protects it."""
    vault_arn: pulumi.Output[str]

    def __init__(self, name: str, args: VaultArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:BackupVault", name, opts=opts)
        for_ever = args.lock.mode == "compliance"
        child = pulumi.ResourceOptions(parent=self, retain_on_delete=for_ever or None)
        vault = aws.backup.Vault(
            f"{name}-vault",
            name=args.foundation.place.prefix,
            kms_key_arn=args.key_arn,
            force_destroy=not for_ever,
            region=args.region,
            opts=args.foundation.holding_data(self, retain_on_delete=for_ever or None),
        )
        policy = aws.backup.VaultPolicy(
            f"{name}-policy",
            backup_vault_name=vault.name,
            policy=document(*vault_statements(args.break_glass)),
            region=args.region,
            opts=child,
        )
        if args.lock.mode != "none":
            aws.backup.VaultLockConfiguration(
                f"{name}-lock",
                backup_vault_name=vault.name,
                changeable_for_days=args.lock.changeable_days if for_ever else None,
                min_retention_days=args.lock.least_days,
                max_retention_days=args.lock.most_days,
                region=args.region,
                # A vault has one lock: the end of the old one must not take the new one with it.
                opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(delete_before_replace=True)),
            )
        self.vault_name = pulumi.Output.all(vault.name, policy.id).apply(lambda made: str(made[0]))
        self.vault_arn = pulumi.Output.all(vault.arn, policy.id).apply(lambda made: str(made[0]))
        self.register_outputs({"vault_name": self.vault_name, "vault_arn": self.vault_arn})


def vault_statements(break_glass: Sequence[str]) -> list[Statement]:
    """Nobody deletes recovery points or shortens their life by hand, but who is named for the emergency.

    What AWS Backup deletes at the end of its lifecycle it deletes by itself, past this policy.
    """
    return [
        Statement(
            sid="NobodyDeletesByHand",
            effect="Deny",
            principals="*",
            actions=["backup:DeleteRecoveryPoint", "backup:UpdateRecoveryPointLifecycle"],
            resources=["*"],
            conditions={"ArnNotEquals": {"aws:PrincipalArn": sorted(break_glass)}} if break_glass else {},
        )
    ]
