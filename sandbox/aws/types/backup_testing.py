"""AWS Backup: restore testing plans and their selections."""

from __future__ import annotations

from sandbox.aws.rows import echoed, given, identified, reading
from sandbox.aws.table import Call, Params, ResourceType, Step, Subject
from sandbox.aws.types.backup import tags_of

_PLAN = "aws:backup/restoreTestingPlan:RestoreTestingPlan"
_PLAN_NAMES = {
    "name": "RestoreTestingPlan.RestoreTestingPlanName",
    "recoveryPointSelection": "RestoreTestingPlan.RecoveryPointSelection",
    "scheduleExpression": "RestoreTestingPlan.ScheduleExpression",
    "scheduleExpressionTimezone": "RestoreTestingPlan.ScheduleExpressionTimezone",
    "startWindowHours": "RestoreTestingPlan.StartWindowHours",
}
_PLAN_CHANGES = (
    "recoveryPointSelection",
    "scheduleExpression",
    "scheduleExpressionTimezone",
    "startWindowHours",
)

RESTORE_TESTING_PLAN = ResourceType(
    type=_PLAN,
    service="backup",
    tier="recorded",
    create=Call(operation="CreateRestoreTestingPlan", names=_PLAN_NAMES),
    id=given("name"),
    read=reading(
        "backup", "GetRestoreTestingPlan", identified("RestoreTestingPlanName"), "RestoreTestingPlan"
    ),
    delete=Call(operation="DeleteRestoreTestingPlan", sends=(), adds=identified("RestoreTestingPlanName")),
    steps=(
        Step(
            on=_PLAN_CHANGES,
            do=Call(
                operation="UpdateRestoreTestingPlan",
                sends=_PLAN_CHANGES,
                names=_PLAN_NAMES,
                adds=identified("RestoreTestingPlanName"),
            ),
            at_create=False,
        ),
    ),
    outputs={"arn": "RestoreTestingPlanArn"},
    echoes={
        "name": "RestoreTestingPlanName",
        "scheduleExpression": "ScheduleExpression",
        "recoveryPointSelection": echoed(_PLAN, "recoveryPointSelection", "RecoveryPointSelection"),
        "startWindowHours": "StartWindowHours",
    },
    known_id=given("name"),
    place=("name",),
    tags=tags_of("RestoreTestingPlanArn", "Tags"),
    unordered=(
        "recoveryPointSelection.includeVaults",
        "recoveryPointSelection.excludeVaults",
        "recoveryPointSelection.recoveryPointTypes",
    ),
)

_SELECTION_CHANGES = (
    "iamRoleArn",
    "protectedResourceArns",
    "protectedResourceConditions",
    "restoreMetadataOverrides",
    "validationWindowHours",
)
_SELECTION_NAMES = {
    "name": "RestoreTestingSelection.RestoreTestingSelectionName",
    "protectedResourceType": "RestoreTestingSelection.ProtectedResourceType",
    "iamRoleArn": "RestoreTestingSelection.IamRoleArn",
    "protectedResourceArns": "RestoreTestingSelection.ProtectedResourceArns",
    "protectedResourceConditions": "RestoreTestingSelection.ProtectedResourceConditions",
    "restoreMetadataOverrides": "RestoreTestingSelection.RestoreMetadataOverrides",
    "validationWindowHours": "RestoreTestingSelection.ValidationWindowHours",
}


def _selection_key(subject: Subject) -> Params:
    name, _, plan = subject.id.partition(":")
    return {"RestoreTestingPlanName": plan, "RestoreTestingSelectionName": name}


def _selection_id(subject: Subject) -> str:
    return f"{subject.inputs['name']}:{subject.inputs['restoreTestingPlanName']}"


RESTORE_TESTING_SELECTION = ResourceType(
    type="aws:backup/restoreTestingSelection:RestoreTestingSelection",
    service="backup",
    tier="recorded",
    create=Call(operation="CreateRestoreTestingSelection", names=_SELECTION_NAMES),
    id=_selection_id,
    read=reading("backup", "GetRestoreTestingSelection", _selection_key, "RestoreTestingSelection"),
    delete=Call(operation="DeleteRestoreTestingSelection", sends=(), adds=_selection_key),
    steps=(
        Step(
            on=_SELECTION_CHANGES,
            do=Call(
                operation="UpdateRestoreTestingSelection",
                sends=_SELECTION_CHANGES,
                names=_SELECTION_NAMES,
                adds=_selection_key,
            ),
            at_create=False,
        ),
    ),
    echoes={
        "name": "RestoreTestingSelectionName",
        "restoreTestingPlanName": "RestoreTestingPlanName",
        "protectedResourceType": "ProtectedResourceType",
        "iamRoleArn": "IamRoleArn",
        "protectedResourceArns": "ProtectedResourceArns",
    },
    known_id=_selection_id,
    place=("name", "restoreTestingPlanName"),
    unordered=("protectedResourceArns",),
)

TYPES = (RESTORE_TESTING_PLAN, RESTORE_TESTING_SELECTION)
