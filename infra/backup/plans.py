"""What does a backup plan do, and which data stores does it take?"""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from infra.backup.settings import PlanSettings
from infra.backup.tag import TAG, Plan

_SCHEDULES: Mapping[Plan, str] = {
    "daily": "cron(0 3 * * ? *)",
    "weekly": "cron(0 4 ? * SUN *)",
    "monthly": "cron(0 5 1 * ? *)",
}
"""UTC, one after the other: AWS Backup makes one recovery point of a bucket at a time."""
_START_WITHIN_MINUTES = 60
_DONE_WITHIN_MINUTES = 12 * 60


def plan_rules(
    plan: Plan,
    settings: PlanSettings,
    continuous_days: int | None,
    vault: pulumi.Input[str],
    copies_to: pulumi.Input[str] | None,
) -> list[aws.backup.PlanRuleArgsDict]:
    """The rules of a plan: a snapshot by its schedule; of the daily one, every moment besides, by setting."""
    rules: list[aws.backup.PlanRuleArgsDict] = [
        {
            "rule_name": plan,
            "target_vault_name": vault,
            "schedule": _SCHEDULES[plan],
            "start_window": _START_WITHIN_MINUTES,
            "completion_window": _DONE_WITHIN_MINUTES,
            "lifecycle": _lifecycle(settings.keep_days, settings.cold_after_days),
            "copy_actions": _copies(settings, copies_to),
        }
    ]
    if plan == "daily" and continuous_days is not None:
        rules.append(
            {
                "rule_name": "continuous",
                "target_vault_name": vault,
                "schedule": "cron(0 1 * * ? *)",
                "start_window": _START_WITHIN_MINUTES,
                "completion_window": _DONE_WITHIN_MINUTES,
                "enable_continuous_backup": True,
                "lifecycle": {"delete_after": continuous_days},
            }
        )
    return rules


def _copies(
    settings: PlanSettings, copies_to: pulumi.Input[str] | None
) -> list[aws.backup.PlanRuleCopyActionArgsDict] | None:
    if copies_to is None or settings.copy_keep_days is None:
        return None
    return [{"destination_vault_arn": copies_to, "lifecycle": {"delete_after": settings.copy_keep_days}}]


def _lifecycle(keep_days: int, cold_after_days: int | None) -> aws.backup.PlanRuleLifecycleArgsDict:
    if cold_after_days is None:
        return {"delete_after": keep_days}
    return {"cold_storage_after": cold_after_days, "delete_after": keep_days}


def selected(plan: Plan) -> list[aws.backup.SelectionConditionArgsDict]:
    """Whatever carries the plan's name in its tag `Backup`."""
    return [{"string_likes": [{"key": f"aws:ResourceTag/{TAG}", "value": f"*{plan}*"}]}]
