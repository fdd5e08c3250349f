"""Backup: what is backed up, when, for how long, with which copies, and who hears that it failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.backup.failures import tell_failures
from infra.backup.permissions import backup_statements
from infra.backup.plans import plan_rules, selected
from infra.backup.restore_tests import RestoreTests, RestoreTestsArgs
from infra.backup.settings import BackupSettings
from infra.backup.tag import Plan
from infra.backup.vault import BackupVault, VaultArgs
from infra.backup.verification import Verification, VerificationArgs
from infra.foundation.alarm import Topics
from infra.foundation.foundation import Foundation
from infra.foundation.role import Role, RoleArgs

_OPTED_IN = ("DynamoDB", "S3")


@dataclass(frozen=True, kw_only=True)
class BackupArgs:
    """What the rest of the platform hands to the backups.

    `undelivered_arn` is a queue that admits `events.amazonaws.com`.
    """

    settings: BackupSettings
    foundation: Foundation
    topics: Topics
    undelivered_arn: pulumi.Input[str] | None = None


class Backup(pulumi.ComponentResource):
    """Vaults here and in the second region, plans that select by tag, and tests of restoring.

    Controls: Backup.1 to Backup.5, checkov 166, NIST CP-9 and CP-10,
    HIPAA 164.308(a)(7), SOC 2 A1.2 and A1.3.
    """

    vault_name: pulumi.Output[str]
    plan_ids: Mapping[Plan, pulumi.Output[str]]

    def __init__(self, name: str, args: BackupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:Backup", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        settings, foundation, place = args.settings, args.foundation, args.foundation.place
        vault = BackupVault(
            f"{name}-local",
            VaultArgs(
                foundation=foundation,
                key_arn=foundation.key_arns["backup"],
                lock=settings.lock,
                break_glass=settings.break_glass,
            ),
            opts=child,
        )
        second = foundation.recovery_region
        copies: pulumi.Output[str] | None = None
        keys: list[pulumi.Input[str]] = [foundation.key_arns[one] for one in ("data", "model", "backup")]
        if second is not None:
            key = foundation.replica_key_arns["backup"]
            keys.append(key)
            copies = BackupVault(
                f"{name}-copies-{second}",
                VaultArgs(
                    foundation=foundation,
                    key_arn=key,
                    lock=settings.lock,
                    break_glass=settings.break_glass,
                    region=second,
                ),
                opts=child,
            ).vault_arn
        role = Role(
            f"{name}-role",
            RoleArgs(
                purpose="backup",
                description="Makes recovery points, copies them, restores them",
                service="backup.amazonaws.com",
                statements=pulumi.Output.all(*keys).apply(
                    lambda keys: backup_statements(place, list(map(str, keys)), second)
                ),
                boundary_arn=foundation.boundary_arn,
                place=place,
            ),
            opts=child,
        )
        # Whoever takes the backups back keeps what is there: the vaults, and the role that lets it age.
        self.plan_ids = self._plans(name, args, vault, copies, role.arn) if settings.enabled else {}
        self.vault_name = vault.vault_name
        self.register_outputs({"vault_name": self.vault_name, "plan_ids": dict(self.plan_ids)})

    def _plans(
        self,
        name: str,
        args: BackupArgs,
        vault: BackupVault,
        copies: pulumi.Output[str] | None,
        role_arn: pulumi.Input[str],
    ) -> Mapping[Plan, pulumi.Output[str]]:
        """What makes recovery points, tries them, and tells of those that were not made; the plans' ids."""
        child = pulumi.ResourceOptions(parent=self)
        settings, foundation, place = args.settings, args.foundation, args.foundation.place
        if settings.opt_in:
            aws.backup.RegionSettings(
                f"{name}-opted-in",
                resource_type_opt_in_preference=dict.fromkeys(_OPTED_IN, True),
                # AWS answers with every kind there is; the account may have chosen others besides.
                opts=pulumi.ResourceOptions(parent=self, ignore_changes=["resourceTypeOptInPreference"]),
            )
        ids: dict[Plan, pulumi.Output[str]] = {}
        for plan, chosen in settings.plans().items():
            made = aws.backup.Plan(
                f"{name}-{plan}",
                name=f"{place.prefix}-{plan}",
                rules=plan_rules(plan, chosen, settings.continuous_days, vault.vault_name, copies),
                opts=child,
            )
            aws.backup.Selection(
                f"{name}-{plan}-tagged",
                name=f"{place.prefix}-{plan}",
                plan_id=made.id,
                iam_role_arn=role_arn,
                resources=["*"],
                conditions=selected(plan),
                opts=child,
            )
            ids[plan] = made.id
        if settings.restore_tests.enabled:
            RestoreTests(
                f"{name}-restore",
                RestoreTestsArgs(
                    settings=settings.restore_tests,
                    place=place,
                    vault_arn=vault.vault_arn,
                    role_arn=role_arn,
                ),
                opts=child,
            )
        if settings.framework or settings.reports_bucket:
            Verification(f"{name}-verified", VerificationArgs(settings=settings, place=place), opts=child)
        tell_failures(name, foundation, args.topics, args.undelivered_arn, child)
        return ids
