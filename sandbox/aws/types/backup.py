"""AWS Backup: vaults with their locks, policies and notices, plans and selections."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.aws.documents import policy_failures
from sandbox.aws.rows import answered, echoed, given, identified, pages, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject, Tags
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_DAYS_IN_COLD_STORAGE = 90
"""What a recovery point stays in cold storage at least (AWS Backup Developer Guide, Lifecycle)."""


def tags_of(arn: str, at_create: str) -> Tags:
    """How Backup's resources are tagged: by the ARN that the read's answer holds under `arn`."""
    return Tags(
        style="map",
        at_create=at_create,
        set="TagResource",
        unset="UntagResource",
        target=lambda s: {"ResourceArn": s.at(arn) or s.outputs["arn"]},
        keys="TagKeyList",
        list="ListTags",
    )


VAULT = ResourceType(
    type="aws:backup/vault:Vault",
    service="backup",
    tier="native",
    create=Call(
        operation="CreateBackupVault", names={"name": "BackupVaultName", "kmsKeyArn": "EncryptionKeyArn"}
    ),
    id=given("name"),
    read=reading("backup", "DescribeBackupVault", identified("BackupVaultName")),
    delete=Call(operation="DeleteBackupVault", sends=(), adds=identified("BackupVaultName")),
    local=("forceDestroy",),
    outputs={
        "arn": "BackupVaultArn",
        "kmsKeyArn": "EncryptionKeyArn",
        "recoveryPoints": lambda s: int(s.at("NumberOfRecoveryPoints") or 0),
    },
    echoes={"name": "BackupVaultName", "kmsKeyArn": "EncryptionKeyArn"},
    known_id=given("name"),
    exclusive=True,
    auto_name=AutoName(limit=50, prefix_property=None),
    tags=tags_of("BackupVaultArn", "BackupVaultTags"),
)


def _locked(subject: Subject) -> Params | None:
    found = reading("backup", "DescribeBackupVault", identified("BackupVaultName"))(subject)
    return found if found is not None and found.get("Locked") else None


def _check_lock(inputs: PropertyMap) -> Iterable[CheckFailure]:
    low, high = inputs.get("minRetentionDays"), inputs.get("maxRetentionDays")
    if isinstance(low, (int, float)) and isinstance(high, (int, float)) and low > high:
        yield CheckFailure("minRetentionDays", f"{low:g} is more than maxRetentionDays, {high:g}")
    grace = inputs.get("changeableForDays")
    if isinstance(grace, (int, float)) and grace < 3:
        yield CheckFailure("changeableForDays", f"{grace:g} is fewer than the 3 days that AWS asks for")


VAULT_LOCK = ResourceType(
    type="aws:backup/vaultLockConfiguration:VaultLockConfiguration",
    service="backup",
    tier="native",
    create=Call(operation="PutBackupVaultLockConfiguration"),
    id=given("backupVaultName"),
    read=_locked,
    delete=Call(operation="DeleteBackupVaultLockConfiguration", sends=(), adds=identified("BackupVaultName")),
    outputs={"backupVaultArn": "BackupVaultArn"},
    echoes={
        "backupVaultName": "BackupVaultName",
        "minRetentionDays": "MinRetentionDays",
        "maxRetentionDays": "MaxRetentionDays",
    },
    known_id=given("backupVaultName"),
    place=("backupVaultName",),
    checks=_check_lock,
)

_PUT_POLICY = Call(operation="PutBackupVaultAccessPolicy")
VAULT_POLICY = ResourceType(
    type="aws:backup/vaultPolicy:VaultPolicy",
    service="backup",
    tier="recorded",
    create=_PUT_POLICY,
    id=given("backupVaultName"),
    read=reading("backup", "GetBackupVaultAccessPolicy", identified("BackupVaultName")),
    delete=Call(operation="DeleteBackupVaultAccessPolicy", sends=(), adds=identified("BackupVaultName")),
    steps=(Step(on=("policy",), do=_PUT_POLICY, at_create=False),),
    outputs={"backupVaultArn": "BackupVaultArn"},
    echoes={"backupVaultName": "BackupVaultName", "policy": "Policy"},
    known_id=given("backupVaultName"),
    place=("backupVaultName",),
    documents=("policy",),
    checks=lambda inputs: policy_failures(inputs, "policy", principals=True),
)

VAULT_NOTIFICATIONS = ResourceType(
    type="aws:backup/vaultNotifications:VaultNotifications",
    service="backup",
    tier="recorded",
    create=Call(operation="PutBackupVaultNotifications"),
    id=given("backupVaultName"),
    read=reading("backup", "GetBackupVaultNotifications", identified("BackupVaultName")),
    delete=Call(operation="DeleteBackupVaultNotifications", sends=(), adds=identified("BackupVaultName")),
    outputs={"backupVaultArn": "BackupVaultArn"},
    echoes={
        "backupVaultName": "BackupVaultName",
        "snsTopicArn": "SNSTopicArn",
        "backupVaultEvents": "BackupVaultEvents",
    },
    known_id=given("backupVaultName"),
    place=("backupVaultName",),
    unordered=("backupVaultEvents",),
)

_PLAN = "aws:backup/plan:Plan"
_LIFECYCLE = {
    "coldStorageAfter": "MoveToColdStorageAfterDays",
    "deleteAfter": "DeleteAfterDays",
    "optInToArchiveForSupportedResources": "OptInToArchiveForSupportedResources",
}
_PLAN_NAMES = {
    "name": "BackupPlan.BackupPlanName",
    "rules": "BackupPlan.Rules",
    "advancedBackupSettings": "BackupPlan.AdvancedBackupSettings",
    "scanSettings": "BackupPlan.ScanSettings",
    "rules.targetVaultName": "TargetBackupVaultName",
    "rules.schedule": "ScheduleExpression",
    "rules.startWindow": "StartWindowMinutes",
    "rules.completionWindow": "CompletionWindowMinutes",
    "rules.copyActions.destinationVaultArn": "DestinationBackupVaultArn",
    **{f"rules.lifecycle.{name}": member for name, member in _LIFECYCLE.items()},
    **{f"rules.copyActions.lifecycle.{name}": member for name, member in _LIFECYCLE.items()},
}


def _check_plan(inputs: PropertyMap) -> Iterable[CheckFailure]:
    rules = inputs.get("rules")
    for index, rule in enumerate(rules if isinstance(rules, list) else ()):
        if not isinstance(rule, dict):
            continue
        path = f"rules[{index}]"
        copies = rule.get("copyActions")
        places = [(f"{path}.lifecycle", rule.get("lifecycle"))]
        for number, copy in enumerate(copies if isinstance(copies, list) else ()):
            if isinstance(copy, dict):
                places.append((f"{path}.copyActions[{number}].lifecycle", copy.get("lifecycle")))
        for place, lifecycle in places:
            yield from _check_lifecycle(place, lifecycle)


def _check_lifecycle(path: str, lifecycle: object) -> Iterable[CheckFailure]:
    if not isinstance(lifecycle, dict):
        return
    cold, end = lifecycle.get("coldStorageAfter"), lifecycle.get("deleteAfter")
    if not isinstance(cold, (int, float)) or not isinstance(end, (int, float)):
        return
    if end < cold + _DAYS_IN_COLD_STORAGE:
        yield CheckFailure(
            f"{path}.deleteAfter",
            f"{end:g} is fewer than {_DAYS_IN_COLD_STORAGE} days after coldStorageAfter ({cold:g})",
        )


def _find_plan(subject: Subject, taken: frozenset[str]) -> str | None:
    for plan in pages(subject, "backup", "ListBackupPlans", "BackupPlansList"):
        if plan["BackupPlanName"] == subject.inputs["name"] and plan["BackupPlanId"] not in taken:
            return str(plan["BackupPlanId"])
    return None


PLAN = ResourceType(
    type=_PLAN,
    service="backup",
    tier="recorded",
    create=Call(operation="CreateBackupPlan", names=_PLAN_NAMES),
    id=answered("BackupPlanId"),
    read=reading("backup", "GetBackupPlan", identified("BackupPlanId")),
    delete=Call(operation="DeleteBackupPlan", sends=(), adds=identified("BackupPlanId")),
    steps=(
        Step(
            on=("rules", "advancedBackupSettings", "scanSettings"),
            do=Call(operation="UpdateBackupPlan", names=_PLAN_NAMES, adds=identified("BackupPlanId")),
            at_create=False,
        ),
    ),
    outputs={"arn": "BackupPlanArn", "version": "VersionId"},
    echoes={
        "name": "BackupPlan.BackupPlanName",
        "rules": echoed(_PLAN, "rules", "BackupPlan.Rules", _PLAN_NAMES),
    },
    find=_find_plan,
    auto_name=AutoName(limit=50, prefix_property=None),
    place=(),
    tags=tags_of("BackupPlanArn", "BackupPlanTags"),
    unordered=("rules",),
    volatile=("version",),
    checks=_check_plan,
)

_SELECTION_NAMES = {
    "name": "BackupSelection.SelectionName",
    "iamRoleArn": "BackupSelection.IamRoleArn",
    "planId": "BackupPlanId",
    "resources": "BackupSelection.Resources",
    "notResources": "BackupSelection.NotResources",
    "selectionTags": "BackupSelection.ListOfTags",
    "selectionTags.key": "ConditionKey",
    "selectionTags.type": "ConditionType",
    "selectionTags.value": "ConditionValue",
    "conditions": "",
}
_CONDITIONS = {
    "stringEquals": "StringEquals",
    "stringLikes": "StringLike",
    "stringNotEquals": "StringNotEquals",
    "stringNotLikes": "StringNotLike",
}


def _selected_when(subject: Subject) -> Params:
    """The conditions as the service has them; the keys of tags begin with `aws:ResourceTag/`."""
    found: Params = {}
    for group in subject.inputs.get("conditions") or ():
        for name, member in _CONDITIONS.items():
            for item in group.get(name) or ():
                found.setdefault(member, []).append(
                    {"ConditionKey": item["key"], "ConditionValue": item["value"]}
                )
    return {"BackupSelection": {"Conditions": found}} if found else {}


def _selection_key(subject: Subject) -> Params:
    plan, _, selection = subject.id.partition("|")
    return {"BackupPlanId": plan, "SelectionId": selection}


def _find_selection(subject: Subject, taken: frozenset[str]) -> str | None:
    plan = str(subject.inputs["planId"])
    listed = pages(subject, "backup", "ListBackupSelections", "BackupSelectionsList", {"BackupPlanId": plan})
    for found in listed:
        id = f"{plan}|{found['SelectionId']}"
        if found["SelectionName"] == subject.inputs["name"] and id not in taken:
            return id
    return None


SELECTION = ResourceType(
    type="aws:backup/selection:Selection",
    service="backup",
    tier="recorded",
    create=Call(operation="CreateBackupSelection", names=_SELECTION_NAMES, adds=_selected_when),
    id=lambda s: f"{s.at('BackupPlanId')}|{s.at('SelectionId')}",
    read=reading("backup", "GetBackupSelection", _selection_key),
    delete=Call(operation="DeleteBackupSelection", sends=(), adds=_selection_key),
    echoes={
        "name": "BackupSelection.SelectionName",
        "iamRoleArn": "BackupSelection.IamRoleArn",
        "planId": "BackupPlanId",
        "resources": "BackupSelection.Resources",
        "notResources": "BackupSelection.NotResources",
    },
    find=_find_selection,
    auto_name=AutoName(limit=50, prefix_property=None),
    place=(),
    unordered=("resources", "notResources", "selectionTags"),
)

TYPES = (VAULT, VAULT_LOCK, VAULT_POLICY, VAULT_NOTIFICATIONS, PLAN, SELECTION)
