"""AWS Backup: plans, selections, vault policies and notices, and restore testing."""

from __future__ import annotations

from sandbox.runtime.recorded.kind import Listing, RecordedKind, TagOperations

PLAN = RecordedKind(
    service="backup",
    name="backup plan",
    create="CreateBackupPlan",
    body="BackupPlan",
    key=("BackupPlanId",),
    made={
        "BackupPlanId": "{id}",
        "BackupPlanArn": "arn:{partition}:backup:{region}:{account}:backup-plan:{BackupPlanId}",
        "VersionId": "{short}",
        "CreationDate": "{now}",
    },
    arn="arn:{partition}:backup:{region}:{account}:backup-plan:{id}",
    describe="GetBackupPlan",
    described="BackupPlan",
    update="UpdateBackupPlan",
    replaces=True,
    touched={"VersionId": "{short}"},
    delete="DeleteBackupPlan",
    listings=(Listing(operation="ListBackupPlans", member="BackupPlansList"),),
    tags_in="BackupPlanTags",
)

SELECTION = RecordedKind(
    service="backup",
    name="backup selection",
    create="CreateBackupSelection",
    body="BackupSelection",
    key=("BackupPlanId", "SelectionId"),
    made={"SelectionId": "{id}", "CreationDate": "{now}"},
    describe="GetBackupSelection",
    described="BackupSelection",
    delete="DeleteBackupSelection",
    listings=(
        Listing(operation="ListBackupSelections", member="BackupSelectionsList", where=("BackupPlanId",)),
    ),
)

VAULT_POLICY = RecordedKind(
    service="backup",
    name="vault policy",
    create="PutBackupVaultAccessPolicy",
    update="PutBackupVaultAccessPolicy",
    key=("BackupVaultName",),
    made={"BackupVaultArn": "arn:{partition}:backup:{region}:{account}:backup-vault:{BackupVaultName}"},
    describe="GetBackupVaultAccessPolicy",
    delete="DeleteBackupVaultAccessPolicy",
)

VAULT_NOTIFICATIONS = RecordedKind(
    service="backup",
    name="vault notifications",
    create="PutBackupVaultNotifications",
    update="PutBackupVaultNotifications",
    key=("BackupVaultName",),
    made={"BackupVaultArn": "arn:{partition}:backup:{region}:{account}:backup-vault:{BackupVaultName}"},
    describe="GetBackupVaultNotifications",
    delete="DeleteBackupVaultNotifications",
)

RESTORE_TESTING_PLAN = RecordedKind(
    service="backup",
    name="restore testing plan",
    create="CreateRestoreTestingPlan",
    body="RestoreTestingPlan",
    key=("RestoreTestingPlanName",),
    arn="arn:{partition}:backup:{region}:{account}:restore-testing-plan:{RestoreTestingPlanName}-{id}",
    arn_member="RestoreTestingPlanArn",
    made={"CreationTime": "{now}"},
    describe="GetRestoreTestingPlan",
    described="RestoreTestingPlan",
    update="UpdateRestoreTestingPlan",
    touched={"UpdateTime": "{now}", "LastUpdateTime": "{now}"},
    delete="DeleteRestoreTestingPlan",
    listings=(Listing(operation="ListRestoreTestingPlans", member="RestoreTestingPlans"),),
)

RESTORE_TESTING_SELECTION = RecordedKind(
    service="backup",
    name="restore testing selection",
    create="CreateRestoreTestingSelection",
    body="RestoreTestingSelection",
    key=("RestoreTestingPlanName", "RestoreTestingSelectionName"),
    made={"CreationTime": "{now}"},
    describe="GetRestoreTestingSelection",
    described="RestoreTestingSelection",
    update="UpdateRestoreTestingSelection",
    touched={"UpdateTime": "{now}"},
    delete="DeleteRestoreTestingSelection",
    listings=(
        Listing(
            operation="ListRestoreTestingSelections",
            member="RestoreTestingSelections",
            where=("RestoreTestingPlanName",),
        ),
    ),
)

KINDS = (
    PLAN,
    SELECTION,
    VAULT_POLICY,
    VAULT_NOTIFICATIONS,
    RESTORE_TESTING_PLAN,
    RESTORE_TESTING_SELECTION,
)

TAGGING = (TagOperations(service="backup", list="ListTags", keys="TagKeyList", as_map=True, emulated=True),)
