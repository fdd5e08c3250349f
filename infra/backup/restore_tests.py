"""Restore tests: can what is kept be brought back? AWS Backup tries each week."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.backup.settings import RestoreTestSettings
from infra.foundation.place import Place

_WINDOW_DAYS = 8
"""A week, and a day for a recovery point that came late."""


@dataclass(frozen=True, kw_only=True)
class RestoreTestsArgs:
    """What the backups hand to their tests."""

    settings: RestoreTestSettings
    place: Place
    vault_arn: pulumi.Input[str]
    role_arn: pulumi.Input[str]


class RestoreTests(pulumi.ComponentResource):
    """A plan that restores the latest recovery point of every data store of a kind, and deletes it again.

    Controls: NIST CP-4 and CP-9(1), SOC 2 A1.3, HIPAA 164.308(a)(7)(ii)(D).
    """

    plan_arn: pulumi.Output[str]

    def __init__(self, name: str, args: RestoreTestsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("groundplan:infra:RestoreTests", name, opts=opts)
        child = pulumi.ResourceOptions(parent=self)
        # The service takes no hyphen in these names.
        prefix = args.place.prefix.replace("-", "_")
        plan = aws.backup.RestoreTestingPlan(
            f"{name}-weekly",
            name=f"{prefix}_weekly",
            schedule_expression="cron(0 9 ? * SUN *)",
            start_window_hours=4,
            recovery_point_selection={
                "algorithm": "LATEST_WITHIN_WINDOW",
                "include_vaults": [args.vault_arn],
                "recovery_point_types": ["CONTINUOUS", "SNAPSHOT"],
                "selection_window_days": _WINDOW_DAYS,
            },
            opts=child,
        )
        for kind in args.settings.kinds:
            aws.backup.RestoreTestingSelection(
                f"{name}-{kind.lower()}",
                name=f"{prefix}_{kind.lower()}",
                restore_testing_plan_name=plan.name,
                protected_resource_type=kind,
                protected_resource_arns=["*"],
                iam_role_arn=args.role_arn,
                validation_window_hours=args.settings.validation_hours,
                opts=child,
            )
        self.plan_arn = plan.arn
        self.register_outputs({"plan_arn": self.plan_arn})
