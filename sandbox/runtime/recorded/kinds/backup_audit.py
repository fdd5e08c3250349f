"""AWS Backup Audit Manager and the account's settings."""

from __future__ import annotations

from sandbox.runtime.recorded.kind import Listing, RecordedKind

FRAMEWORK = RecordedKind(
    service="backup",
    name="framework",
    create="CreateFramework",
    key=("FrameworkName",),
    arn="arn:{partition}:backup:{region}:{account}:framework:{FrameworkName}-{id}",
    arn_member="FrameworkArn",
    made={"CreationTime": "{now}", "DeploymentStatus": "COMPLETED", "FrameworkStatus": "ACTIVE"},
    describe="DescribeFramework",
    update="UpdateFramework",
    delete="DeleteFramework",
    listings=(Listing(operation="ListFrameworks", member="Frameworks"),),
    tags_in="FrameworkTags",
    exists="AlreadyExistsException",
)

REPORT_PLAN = RecordedKind(
    service="backup",
    name="report plan",
    create="CreateReportPlan",
    key=("ReportPlanName",),
    arn="arn:{partition}:backup:{region}:{account}:report-plan:{ReportPlanName}-{id}",
    arn_member="ReportPlanArn",
    made={"CreationTime": "{now}", "DeploymentStatus": "COMPLETED"},
    describe="DescribeReportPlan",
    described="ReportPlan",
    update="UpdateReportPlan",
    delete="DeleteReportPlan",
    listings=(Listing(operation="ListReportPlans", member="ReportPlans"),),
    tags_in="ReportPlanTags",
    exists="AlreadyExistsException",
)


def _settings(word: str) -> RecordedKind:
    """Settings that are always there on AWS; nothing deletes them, so they are no remainder."""
    return RecordedKind(
        service="backup",
        name=f"{word} settings",
        create=f"Update{word}Settings",
        update=f"Update{word}Settings",
        describe=f"Describe{word}Settings",
        counts=lambda _: False,
    )


KINDS = (FRAMEWORK, REPORT_PLAN, _settings("Global"), _settings("Region"))
