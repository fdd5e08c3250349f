"""CodeBuild: projects, report groups, webhooks and source credentials."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sandbox.aws.rows import answered, echoing, moment, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject, Tags
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_SERVICE = "codebuild"
_PROJECT = "aws:codebuild/project:Project"
_PROJECT_NAMES = {"buildTimeout": "timeoutInMinutes", "queuedTimeout": "queuedTimeoutInMinutes"}
_SETTINGS = (
    "artifacts",
    "autoRetryLimit",
    "badgeEnabled",
    "buildBatchConfig",
    "buildTimeout",
    "cache",
    "concurrentBuildLimit",
    "description",
    "encryptionKey",
    "environment",
    "fileSystemLocations",
    "logsConfig",
    "queuedTimeout",
    "secondaryArtifacts",
    "secondarySourceVersions",
    "secondarySources",
    "serviceRole",
    "source",
    "sourceVersion",
    "vpcConfig",
)


def _logs(subject: Subject) -> Params:
    """Where a program leaves it out: logs go to CloudWatch, and not to S3."""
    held = subject.inputs.get("logsConfig") or {}
    found = {
        member: {"status": status}
        for name, member, status in (
            ("cloudwatchLogs", "cloudWatchLogs", "ENABLED"),
            ("s3Logs", "s3Logs", "DISABLED"),
        )
        if held.get(name) and not held[name].get("status")
    }
    return {"logsConfig": found} if found else {}


_CREATE = Call(operation="CreateProject", names=_PROJECT_NAMES, fills=("status",), adds=_logs)


def _tag_project(subject: Subject, tags: Mapping[str, str]) -> None:
    listed = [{"key": key, "value": value} for key, value in tags.items()]
    subject.cloud.call(_SERVICE, "UpdateProject", {"name": subject.id, "tags": listed})


def _show(subject: Subject) -> None:
    """Whether everybody sees the builds has an operation of its own."""
    wanted = subject.inputs.get("projectVisibility") or "PRIVATE"
    if not subject.before and wanted == "PRIVATE":
        return
    role = subject.inputs.get("resourceAccessRole")
    params: Params = {
        "projectArn": subject.cloud.arn(_SERVICE, f"project/{subject.id}"),
        "projectVisibility": wanted,
    }
    subject.cloud.call(
        _SERVICE, "UpdateProjectVisibility", {**params, **({"resourceAccessRole": role} if role else {})}
    )


def _check_project(inputs: PropertyMap) -> Iterable[CheckFailure]:
    source = inputs.get("source")
    if isinstance(source, dict):
        kind = source.get("type")
        if kind == "NO_SOURCE" and source.get("buildspec") is None:
            yield CheckFailure("source.buildspec", "is required for the source type NO_SOURCE")
        elsewhere = ("CODEPIPELINE", "NO_SOURCE")
        if isinstance(kind, str) and kind not in elsewhere and source.get("location") is None:
            yield CheckFailure("source.location", f"is required for the source type {kind}")
    artifacts = inputs.get("artifacts")
    if isinstance(artifacts, dict) and artifacts.get("type") == "S3" and artifacts.get("location") is None:
        yield CheckFailure("artifacts.location", "is required for the artifact type S3")
    environment = inputs.get("environment")
    if isinstance(environment, dict) and "LAMBDA" in str(environment.get("type")):
        size = environment.get("computeType")
        if isinstance(size, str) and not size.startswith("BUILD_LAMBDA"):
            yield CheckFailure("environment.computeType", f"{size!r} is no BUILD_LAMBDA_... size")


PROJECT = ResourceType(
    type=_PROJECT,
    service=_SERVICE,
    tier="overlay",
    create=_CREATE,
    id=answered("project.arn"),
    read=reading(
        _SERVICE,
        "BatchGetProjects",
        lambda s: {"names": [s.id.rpartition("/")[2]]},
        "projects.0",
    ),
    delete=Call(operation="DeleteProject", sends=(), adds=lambda s: {"name": s.id.rpartition("/")[2]}),
    steps=(
        Step(
            on=_SETTINGS,
            do=Call(operation="UpdateProject", names=_PROJECT_NAMES, fills=("status",), adds=_logs),
            at_create=False,
        ),
        Step(on=("projectVisibility", "resourceAccessRole"), do=_show),
    ),
    outputs={
        "arn": "arn",
        "badgeUrl": lambda s: s.at("badge.badgeRequestUrl") or "",
        "encryptionKey": lambda s: s.at("encryptionKey") or f"arn:aws:kms:{s.cloud.region}:alias/aws/s3",
        "publicProjectAlias": lambda s: s.at("publicProjectAlias") or "",
    },
    echoes=echoing(
        _PROJECT,
        "name projectVisibility "
        + " ".join(name for name in _SETTINGS if name not in ("badgeEnabled", "encryptionKey")),
        names=_PROJECT_NAMES,
    ),
    known_id=lambda s: s.cloud.arn(_SERVICE, f"project/{s.inputs['name']}"),
    exclusive=True,
    auto_name=AutoName(limit=150, prefix_property=None),
    defaults={
        "badgeEnabled": False,
        "buildTimeout": 60,
        "projectVisibility": "PRIVATE",
        "queuedTimeout": 480,
    },
    unordered=("vpcConfig.subnets", "vpcConfig.securityGroupIds"),
    tags=Tags(
        style="lower",
        at_create="tags",
        listed="tags",
        replaces_all=lambda s, tags: _tag_project(_by_name(s), tags),
    ),
    checks=_check_project,
)


def _by_name(subject: Subject) -> Subject:
    return subject.with_found(subject.found, subject.id.rpartition("/")[2])


_REPORTS = "aws:codebuild/reportGroup:ReportGroup"
_REPORT_NAMES = {"exportConfig.type": "exportConfigType"}


def _tag_reports(subject: Subject, tags: Mapping[str, str]) -> None:
    listed = [{"key": key, "value": value} for key, value in tags.items()]
    subject.cloud.call(_SERVICE, "UpdateReportGroup", {"arn": subject.id, "tags": listed})


REPORT_GROUP = ResourceType(
    type=_REPORTS,
    service=_SERVICE,
    tier="recorded",
    create=Call(operation="CreateReportGroup", names=_REPORT_NAMES),
    id=answered("reportGroup.arn"),
    read=reading(_SERVICE, "BatchGetReportGroups", lambda s: {"reportGroupArns": [s.id]}, "reportGroups.0"),
    delete=Call(
        operation="DeleteReportGroup",
        sends=(),
        adds=lambda s: {"arn": s.id, "deleteReports": bool(s.inputs.get("deleteReports"))},
    ),
    steps=(
        Step(
            on=("exportConfig",),
            do=Call(
                operation="UpdateReportGroup",
                sends=("exportConfig",),
                names=_REPORT_NAMES,
                adds=lambda s: {"arn": s.id},
            ),
            at_create=False,
        ),
    ),
    local=("deleteReports",),
    outputs={"arn": "arn", "created": moment("created")},
    echoes=echoing(_REPORTS, "exportConfig name type", names=_REPORT_NAMES),
    known_id=lambda s: s.cloud.arn(_SERVICE, f"report-group/{s.inputs['name']}"),
    exclusive=True,
    auto_name=AutoName(limit=128, prefix_property=None),
    tags=Tags(style="lower", at_create="tags", listed="tags", replaces_all=_tag_reports),
)


def _read_credential(subject: Subject) -> Params | None:
    found = subject.cloud.call(_SERVICE, "ListSourceCredentials")["sourceCredentialsInfos"]
    return next((item for item in found if item["arn"] == subject.id), None)


SOURCE_CREDENTIAL = ResourceType(
    type="aws:codebuild/sourceCredential:SourceCredential",
    service=_SERVICE,
    tier="recorded",
    create=Call(operation="ImportSourceCredentials", names={"userName": "username"}),
    id=answered("arn"),
    read=_read_credential,
    delete=Call(operation="DeleteSourceCredentials", sends=(), adds=lambda s: {"arn": s.id}),
    outputs={"arn": "arn"},
    echoes={"authType": "authType", "serverType": "serverType"},
    known_id=lambda s: s.cloud.arn(
        _SERVICE, f"token/{str(s.inputs['serverType']).lower().replace('_', '-')}"
    ),
    place=("serverType",),
    secrets=("token",),
    checks=lambda inputs: (
        [CheckFailure("userName", "is required for the authorization type BASIC_AUTH")]
        if inputs.get("authType") == "BASIC_AUTH" and inputs.get("userName") is None
        else []
    ),
)

TYPES = (PROJECT, REPORT_GROUP, SOURCE_CREDENTIAL)
