"""The lives of the types of `backup`."""

from __future__ import annotations

from lives.life import Life, Make, a_key, a_role, a_topic, policy
from sandbox.engine.values import PropertyMap


def _vault(make: Make) -> PropertyMap:
    return make("aws:backup/vault:Vault", "vault", {"kmsKeyArn": a_key(make)["arn"]})


def _vault_policy(make: Make) -> PropertyMap:
    vault = _vault(make)
    statement = {"Principal": {"AWS": "*"}, "Action": "backup:CopyIntoBackupVault", "Resource": vault["arn"]}
    return {"backupVaultName": vault["name"], "policy": policy(statement)}


def _rule(make: Make, **more: object) -> PropertyMap:
    return {
        "ruleName": "daily",
        "targetVaultName": _vault(make)["name"],
        "schedule": "cron(0 5 * * ? *)",
        "lifecycle": {"deleteAfter": 35},
        "copyActions": [
            {
                "destinationVaultArn": "arn:aws:backup:eu-central-1:123456789012:backup-vault:copies",
                "lifecycle": {"deleteAfter": 35},
            }
        ],
        **more,
    }


def _selection(make: Make) -> PropertyMap:
    return {
        "planId": make("aws:backup/plan:Plan", "plan", {"rules": [_rule(make)]})["id"],
        "iamRoleArn": a_role(make, "backup")["arn"],
        "selectionTags": [{"type": "STRINGEQUALS", "key": "Backup", "value": "daily"}],
        "conditions": [{"stringEquals": [{"key": "aws:ResourceTag/Environment", "value": "dev"}]}],
    }


_TESTING_PLAN: PropertyMap = {
    "name": "monthly",
    "recoveryPointSelection": {
        "algorithm": "LATEST_WITHIN_WINDOW",
        "includeVaults": ["*"],
        "recoveryPointTypes": ["SNAPSHOT"],
    },
    "scheduleExpression": "cron(0 12 1 * ? *)",
}


def _testing_selection(make: Make) -> PropertyMap:
    return {
        "name": "buckets",
        "restoreTestingPlanName": make(
            "aws:backup/restoreTestingPlan:RestoreTestingPlan", "plan", {**_TESTING_PLAN, "name": "for_it"}
        )["name"],
        "protectedResourceType": "S3",
        "iamRoleArn": a_role(make, "backup")["arn"],
        "protectedResourceArns": ["*"],
    }


LIVES = [
    Life(
        "aws:backup/vault:Vault",
        lambda make: {"kmsKeyArn": a_key(make)["arn"]},
        {"tags": {"a": "b"}},
        {"name": "other"},
    ),
    Life(
        "aws:backup/vaultLockConfiguration:VaultLockConfiguration",
        lambda make: {
            "backupVaultName": _vault(make)["name"],
            "minRetentionDays": 7,
            "maxRetentionDays": 400,
        },
        None,
        {"minRetentionDays": 8},
    ),
    Life("aws:backup/vaultPolicy:VaultPolicy", _vault_policy, None, {"backupVaultName": "other"}),
    Life(
        "aws:backup/vaultNotifications:VaultNotifications",
        lambda make: {
            "backupVaultName": _vault(make)["name"],
            "snsTopicArn": a_topic(make),
            "backupVaultEvents": ["BACKUP_JOB_FAILED", "RESTORE_JOB_FAILED"],
        },
        None,
        {"backupVaultEvents": ["BACKUP_JOB_FAILED"]},
    ),
    Life(
        "aws:backup/plan:Plan",
        lambda make: {"rules": [_rule(make)]},
        {
            "rules": [{"ruleName": "weekly", "targetVaultName": "Default", "schedule": "cron(0 5 ? * 1 *)"}],
            "tags": {"a": "b"},
        },
        {"name": "other"},
    ),
    Life(
        "aws:backup/selection:Selection",
        _selection,
        None,
        {"resources": ["arn:aws:s3:::other"]},
        by_code=frozenset({"conditions"}),
    ),
    Life(
        "aws:backup/restoreTestingPlan:RestoreTestingPlan",
        lambda _: dict(_TESTING_PLAN),
        {"scheduleExpression": "cron(0 12 2 * ? *)", "tags": {"a": "b"}},
        {"name": "other"},
    ),
    Life(
        "aws:backup/restoreTestingSelection:RestoreTestingSelection",
        _testing_selection,
        {"validationWindowHours": 4},
        {"protectedResourceType": "DynamoDB"},
    ),
]
