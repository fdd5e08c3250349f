"""CodeBuild: projects, whose builds the emulator has on its own copies, and what projects work with."""

from __future__ import annotations

from sandbox.runtime.overlay import Params
from sandbox.runtime.recorded.kind import Listing, RecordedKind, TagOperations

_SERVICE = "codebuild"
_ARN = "arn:{partition}:codebuild:{region}:{account}:"


def _visibility(params: Params, document: Params) -> tuple[Params, Params | None]:
    visible = {
        "projectVisibility": params["projectVisibility"],
        "resourceAccessRole": params.get("resourceAccessRole"),
        "publicProjectAlias": document["$alias"] if params["projectVisibility"] == "PUBLIC_READ" else None,
    }
    return {"projectArn": document["arn"], **visible}, {**document, **visible}


PROJECT = RecordedKind(
    service=_SERVICE,
    name="project",
    create="CreateProject",
    key=("name",),
    arn=_ARN + "project/{name}",
    arn_member="arn",
    made={"created": "{now}", "lastModified": "{now}", "$alias": "{short}"},
    defaults={
        "timeoutInMinutes": 60,
        "queuedTimeoutInMinutes": 480,
        "cache": {"type": "NO_CACHE"},
        "projectVisibility": "PRIVATE",
    },
    described="project",
    update="UpdateProject",
    touched={"lastModified": "{now}"},
    delete="DeleteProject",
    listings=(
        Listing(operation="BatchGetProjects", member="projects", chosen="names"),
        Listing(operation="ListProjects", member="projects", as_names=True),
    ),
    asks={"projectArn": "arn"},
    others={"UpdateProjectVisibility": _visibility},
    tags_in="tags",
    exists="ResourceAlreadyExistsException",
    copied=True,
    copy=lambda params: {**params, "source": {"location": "none", **params["source"]}},
)

REPORT_GROUP = RecordedKind(
    service=_SERVICE,
    name="report group",
    create="CreateReportGroup",
    key=("name",),
    arn=_ARN + "report-group/{name}",
    arn_member="arn",
    made={"created": "{now}", "lastModified": "{now}", "status": "ACTIVE"},
    described="reportGroup",
    asks={"arn": "arn"},
    update="UpdateReportGroup",
    touched={"lastModified": "{now}"},
    delete="DeleteReportGroup",
    listings=(Listing(operation="BatchGetReportGroups", member="reportGroups", chosen="reportGroupArns"),),
    tags_in="tags",
    exists="ResourceAlreadyExistsException",
)

SOURCE_CREDENTIAL = RecordedKind(
    service=_SERVICE,
    name="source credential",
    create="ImportSourceCredentials",
    key=("serverType", "authType"),
    made={
        "$place": "{region}:{account}",
        "arn": lambda document: (
            f"arn:aws:codebuild:{document['$place']}:token/{document['serverType'].lower().replace('_', '-')}"
        ),
        "$arn": "{arn}",
    },
    asks={"arn": "arn"},
    answer=("arn",),
    delete="DeleteSourceCredentials",
    listings=(Listing(operation="ListSourceCredentials", member="sourceCredentialsInfos"),),
    exists="ResourceAlreadyExistsException",
)

KINDS = (PROJECT, REPORT_GROUP, SOURCE_CREDENTIAL)

TAGGING = (TagOperations(service=_SERVICE, key_member="key", value_member="value"),)
