"""Are recovery points made, copied, locked and tried as the settings say, and told of when they are not?"""

from fnmatch import fnmatchcase
from typing import Any

import pytest
from mocked import Build, build, foundation, topics

from infra.backup.backup import Backup, BackupArgs
from infra.backup.failures import PATTERNS
from infra.backup.permissions import backup_statements
from infra.backup.tag import TAG, backed_up
from infra.backup.vault import vault_statements
from infra.foundation.boundary import boundary_statements
from infra.settings.loading import SettingsError, read_settings

VAULT = "aws:backup/vault:Vault"
LOCK = "aws:backup/vaultLockConfiguration:VaultLockConfiguration"
PLAN = "aws:backup/plan:Plan"
SELECTION = "aws:backup/selection:Selection"


def _built(
    environment: str,
    backup: dict[str, Any] | None = None,
    *,
    region: str | None = None,
    preview: bool = False,
) -> Build:
    settings = read_settings(environment, {"backup": backup or {}}).backup

    def program() -> dict[str, Any]:
        made = Backup(
            "backup",
            BackupArgs(settings=settings, foundation=foundation(recovery_region=region), topics=topics()),
        )
        return {"vault": made.vault_name, "plans": dict(made.plan_ids)}

    return build(program, preview=preview)


def test_development_keeps_a_week_and_locks_nothing() -> None:
    found = _built("dev")
    assert list(found.outputs["plans"]) == ["daily"]
    (plan,) = found.of(PLAN).values()
    (rule,) = plan["rules"]
    assert rule["lifecycle"] == {"deleteAfter": 7}
    assert not found.of(LOCK)
    assert found.of(VAULT)["backup-local-vault"]["forceDestroy"] is True


def test_production_copies_to_the_second_region_and_locks_both_vaults_for_ever() -> None:
    found = _built("prod", region="us-west-2")
    vaults = found.of(VAULT)
    assert {name: (one.get("region"), one["forceDestroy"]) for name, one in vaults.items()} == {
        "backup-local-vault": (None, False),
        "backup-copies-us-west-2-vault": ("us-west-2", False),
    }
    assert {one["changeableForDays"] for one in found.of(LOCK).values()} == {14}
    rules = {rule["ruleName"]: rule for plan in found.of(PLAN).values() for rule in plan["rules"]}
    assert set(rules) == {"daily", "continuous", "weekly", "monthly"}
    assert rules["continuous"]["enableContinuousBackup"] is True
    assert rules["monthly"]["lifecycle"] == {"coldStorageAfter": 30, "deleteAfter": 730}
    copies = {name: rule.get("copyActions") for name, rule in rules.items()}
    arn = "arn:aws:backup:us-west-2:123456789012:backup-vault:groundplan-dev"
    assert copies["monthly"] == [{"destinationVaultArn": arn, "lifecycle": {"deleteAfter": 365}}]
    assert copies["continuous"] is None


def test_without_a_second_region_nothing_is_copied() -> None:
    found = _built("prod")
    assert list(found.of(VAULT)) == ["backup-local-vault"]
    assert not [rule for plan in found.of(PLAN).values() for rule in plan["rules"] if rule.get("copyActions")]


def test_staging_locks_so_that_it_can_be_taken_back() -> None:
    (lock,) = _built("staging").of(LOCK).values()
    assert "changeableForDays" not in lock
    assert (lock["minRetentionDays"], lock["maxRetentionDays"]) == (7, 3653)


def test_a_data_store_is_selected_by_each_plan_that_its_tag_names() -> None:
    assert backed_up(["daily", "monthly"]) == {"Backup": "daily+monthly"}
    conditions = {
        name: one["conditions"][0]["stringLikes"][0] for name, one in _built("prod").of(SELECTION).items()
    }
    assert conditions["backup-monthly-tagged"] == {"key": f"aws:ResourceTag/{TAG}", "value": "*monthly*"}


def test_switched_off_backups_leave_the_vaults_and_the_role_that_ages_what_they_hold() -> None:
    found = _built("prod", {"enabled": False}, region="us-west-2")
    assert len(found.of(VAULT)) == len(found.of(LOCK)) == 2
    assert found.of("aws:iam/role:Role")
    assert not found.of(PLAN)
    assert found.outputs["plans"] == {}


def test_restoring_is_tried_each_week() -> None:
    found = _built("staging", {"restoreTests": {"enabled": True, "kinds": ["S3", "DynamoDB"]}})
    (plan,) = found.of("aws:backup/restoreTestingPlan:RestoreTestingPlan").values()
    assert plan["scheduleExpression"] == "cron(0 9 ? * SUN *)"
    selections = found.of("aws:backup/restoreTestingSelection:RestoreTestingSelection").values()
    assert {one["protectedResourceType"] for one in selections} == {"S3", "DynamoDB"}


def test_nobody_deletes_by_hand_but_who_is_named() -> None:
    (nobody,) = vault_statements([])
    assert nobody.effect == "Deny"
    assert nobody.conditions == {}
    (some,) = vault_statements(["arn:aws:iam::123456789012:role/break-glass"])
    assert some.conditions == {
        "ArnNotEquals": {"aws:PrincipalArn": ["arn:aws:iam::123456789012:role/break-glass"]}
    }


def test_the_role_reads_the_stacks_stores_and_no_others() -> None:
    (statements,) = _built("prod", region="us-west-2").policies().values()
    everywhere = {one["Sid"] for one in statements if one["Resource"] == "*"}
    assert everywhere == {"FindStores"}
    (vaults,) = [one["Resource"] for one in statements if one["Sid"] == "KeepAndCopy"]
    assert [arn.split(":")[3] for arn in vaults] == ["us-east-1", "us-west-2"]


def test_every_failure_is_told() -> None:
    rules = _built("dev").of("aws:cloudwatch/eventRule:EventRule").values()
    assert {one["name"] for one in rules} == {f"groundplan-dev-{purpose}" for purpose in PATTERNS}


def test_verification_by_setting() -> None:
    found = _built("dev", {"framework": True, "reportsBucket": "reports-of-all"})
    assert found.of("aws:backup/framework:Framework")
    assert found.of("aws:backup/reportPlan:ReportPlan")
    assert not _built("dev").of("aws:backup/framework:Framework")


def test_a_preview_of_it_composes() -> None:
    assert _built("prod", region="us-west-2", preview=True).of(PLAN)


@pytest.mark.parametrize(
    ("backup", "told"),
    [
        ({"monthly": {"keepDays": 100, "coldAfterDays": 30}}, "keepDays of coldAfterDays"),
        ({"daily": {"keepDays": 3}}, "7 to 3653 days.*daily.keepDays"),
        ({"lock": {"leastDays": 20, "mostDays": 10}}, "leastDays up to mostDays"),
        ({"lock": {"mode": "compliance", "changeableDays": 2}}, "changeableDays"),
        ({"continuousDays": 36}, "continuousDays"),
        ({"breakGlass": ["somebody"]}, "breakGlass"),
        ({"restoreTests": {"kinds": []}}, "kinds"),
    ],
)
def test_backups_that_cannot_be_are_named(backup: dict[str, Any], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        read_settings("prod", {"backup": backup})


def test_the_boundary_lets_the_role_do_all_that_its_policy_grants() -> None:
    place = foundation().place
    keys = ["arn:aws:kms:us-east-1:123456789012:key/data"]
    (ceiling,) = [one for one in boundary_statements(place, "us-west-2") if one.sid == "BackupAndRestore"]
    granted = {action for one in backup_statements(place, keys, "us-west-2") for action in one.actions}
    assert {
        action for action in granted if not any(fnmatchcase(action, each) for each in ceiling.actions)
    } == set()
    assert ceiling.conditions["StringEquals"]["aws:RequestedRegion"] == ["us-east-1", "us-west-2"]
