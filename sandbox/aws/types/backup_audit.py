"""AWS Backup: frameworks, reports, and what an account and a region have switched on."""

from __future__ import annotations

from sandbox.aws.rows import echoed, given, identified, reading
from sandbox.aws.table import AutoName, Call, ResourceType, Step
from sandbox.aws.types.backup import tags_of

_FRAMEWORK = "aws:backup/framework:Framework"
_FRAMEWORK_NAMES = {
    "name": "FrameworkName",
    "description": "FrameworkDescription",
    "controls": "FrameworkControls",
    "controls.name": "ControlName",
    "controls.inputParameters": "ControlInputParameters",
    "controls.inputParameters.name": "ParameterName",
    "controls.inputParameters.value": "ParameterValue",
    "controls.scope": "ControlScope",
}
_CHANGES = ("controls", "description")
_CHANGED_NAMES = {name: member for name, member in _FRAMEWORK_NAMES.items() if name != "name"}

FRAMEWORK = ResourceType(
    type=_FRAMEWORK,
    service="backup",
    tier="recorded",
    create=Call(operation="CreateFramework", names=_FRAMEWORK_NAMES),
    id=given("name"),
    read=reading("backup", "DescribeFramework", identified("FrameworkName")),
    delete=Call(operation="DeleteFramework", sends=(), adds=identified("FrameworkName")),
    steps=(
        Step(
            on=_CHANGES,
            do=Call(
                operation="UpdateFramework",
                sends=_CHANGES,
                names=_CHANGED_NAMES,
                adds=identified("FrameworkName"),
            ),
            at_create=False,
        ),
    ),
    outputs={
        "arn": "FrameworkArn",
        "creationTime": lambda s: s.at("CreationTime").isoformat(),
        "deploymentStatus": "DeploymentStatus",
        "status": "FrameworkStatus",
    },
    echoes={"name": "FrameworkName", "description": "FrameworkDescription"},
    known_id=given("name"),
    exclusive=True,
    auto_name=AutoName(limit=256, prefix_property=None),
    place=("name",),
    tags=tags_of("FrameworkArn", "FrameworkTags"),
    unordered=("controls",),
)

_REPORT = "aws:backup/reportPlan:ReportPlan"
_REPORT_NAMES = {"name": "ReportPlanName", "description": "ReportPlanDescription"}
_REPORT_CHANGES = ("description", "reportDeliveryChannel", "reportSetting")
REPORT_PLAN = ResourceType(
    type=_REPORT,
    service="backup",
    tier="recorded",
    create=Call(operation="CreateReportPlan", names=_REPORT_NAMES),
    id=given("name"),
    read=reading("backup", "DescribeReportPlan", identified("ReportPlanName"), "ReportPlan"),
    delete=Call(operation="DeleteReportPlan", sends=(), adds=identified("ReportPlanName")),
    steps=(
        Step(
            on=_REPORT_CHANGES,
            do=Call(
                operation="UpdateReportPlan",
                sends=_REPORT_CHANGES,
                names={"description": "ReportPlanDescription"},
                adds=identified("ReportPlanName"),
            ),
            at_create=False,
        ),
    ),
    outputs={
        "arn": "ReportPlanArn",
        "creationTime": lambda s: s.at("CreationTime").isoformat(),
        "deploymentStatus": "DeploymentStatus",
    },
    echoes={
        "name": "ReportPlanName",
        "description": "ReportPlanDescription",
        "reportSetting": echoed(_REPORT, "reportSetting", "ReportSetting"),
        "reportDeliveryChannel": echoed(_REPORT, "reportDeliveryChannel", "ReportDeliveryChannel"),
    },
    known_id=given("name"),
    exclusive=True,
    auto_name=AutoName(limit=256, prefix_property=None),
    place=("name",),
    tags=tags_of("ReportPlanArn", "ReportPlanTags"),
)

_PUT_GLOBAL = Call(operation="UpdateGlobalSettings")
GLOBAL_SETTINGS = ResourceType(
    type="aws:backup/globalSettings:GlobalSettings",
    service="backup",
    tier="recorded",
    create=_PUT_GLOBAL,
    id=lambda s: s.cloud.account_id,
    read=reading("backup", "DescribeGlobalSettings", lambda _: {}),
    delete=None,
    steps=(Step(on=("globalSettings",), do=_PUT_GLOBAL, at_create=False),),
    echoes={"globalSettings": "GlobalSettings"},
    known_id=lambda s: s.cloud.account_id,
)

_PUT_REGION = Call(operation="UpdateRegionSettings")
_REGION = ("resourceTypeManagementPreference", "resourceTypeOptInPreference")
REGION_SETTINGS = ResourceType(
    type="aws:backup/regionSettings:RegionSettings",
    service="backup",
    tier="recorded",
    create=_PUT_REGION,
    id=lambda s: s.cloud.region,
    read=reading("backup", "DescribeRegionSettings", lambda _: {}),
    delete=None,
    steps=(Step(on=_REGION, do=_PUT_REGION, at_create=False),),
    echoes={
        "resourceTypeOptInPreference": "ResourceTypeOptInPreference",
        "resourceTypeManagementPreference": "ResourceTypeManagementPreference",
    },
    known_id=lambda s: s.cloud.region,
)

TYPES = (FRAMEWORK, REPORT_PLAN, GLOBAL_SETTINGS, REGION_SETTINGS)
