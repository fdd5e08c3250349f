"""Amazon Managed Grafana: workspaces."""

from __future__ import annotations

from sandbox.aws.rows import identified, pages, reading
from sandbox.aws.table import AutoName, Call, ResourceType, Step, Subject, Tags

_NAMES = {
    "name": "workspaceName",
    "description": "workspaceDescription",
    "dataSources": "workspaceDataSources",
    "notificationDestinations": "workspaceNotificationDestinations",
    "organizationalUnits": "workspaceOrganizationalUnits",
    "roleArn": "workspaceRoleArn",
}
_CHANGES = (
    "accountAccessType",
    "dataSources",
    "description",
    "name",
    "networkAccessControl",
    "notificationDestinations",
    "organizationRoleName",
    "organizationalUnits",
    "permissionType",
    "roleArn",
    "stackSetName",
    "vpcConfiguration",
)
_KEY = identified("workspaceId")


def _arn(subject: Subject) -> str:
    return subject.cloud.arn("grafana", f"/workspaces/{subject.id}")


def _removed(subject: Subject) -> dict[str, bool]:
    """What is gone has a member of its own in the request."""
    gone = {
        "vpcConfiguration": "removeVpcConfiguration",
        "networkAccessControl": "removeNetworkAccessConfiguration",
    }
    return {
        member: True
        for name, member in gone.items()
        if subject.before.get(name) and not subject.inputs.get(name)
    }


def _find(subject: Subject, taken: frozenset[str]) -> str | None:
    for found in pages(subject, "grafana", "ListWorkspaces", "workspaces"):
        if found.get("name") == subject.inputs["name"] and found["id"] not in taken:
            return str(found["id"])
    return None


WORKSPACE = ResourceType(
    type="aws:grafana/workspace:Workspace",
    service="grafana",
    tier="recorded",
    create=Call(operation="CreateWorkspace", names=_NAMES),
    id=lambda s: str(s.at("workspace.id")),
    read=reading("grafana", "DescribeWorkspace", _KEY, "workspace"),
    delete=Call(operation="DeleteWorkspace", sends=(), adds=_KEY),
    steps=(
        Step(
            on=_CHANGES,
            do=Call(
                operation="UpdateWorkspace",
                sends=_CHANGES,
                names=_NAMES,
                adds=lambda s: {**_KEY(s), **_removed(s)},
            ),
            at_create=False,
        ),
        Step(
            on=("configuration", "grafanaVersion"),
            do=Call(
                operation="UpdateWorkspaceConfiguration", sends=("configuration", "grafanaVersion"), adds=_KEY
            ),
            at_create=False,
        ),
    ),
    outputs={
        "arn": _arn,
        "endpoint": "endpoint",
        "grafanaVersion": "grafanaVersion",
        "samlConfigurationStatus": "authentication.samlConfigurationStatus",
    },
    echoes={
        "name": "name",
        "description": "description",
        "accountAccessType": "accountAccessType",
        "permissionType": "permissionType",
        "roleArn": "workspaceRoleArn",
        "dataSources": "dataSources",
    },
    find=_find,
    auto_name=AutoName(limit=255, prefix_property=None),
    tags=Tags(
        style="map",
        at_create="tags",
        set="TagResource",
        unset="UntagResource",
        target=lambda s: {"resourceArn": _arn(s)},
        member="tags",
        keys="tagKeys",
        listed="tags",
    ),
    documents=("configuration",),
    unordered=("dataSources", "notificationDestinations", "organizationalUnits", "authenticationProviders"),
)

TYPES = (WORKSPACE,)
