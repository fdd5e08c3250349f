"""Amazon Managed Grafana: workspaces."""

from __future__ import annotations

from sandbox.runtime.overlay import Params
from sandbox.runtime.recorded.kind import Compute, Listing, RecordedKind, TagOperations


def _given(member: str) -> Compute:
    return lambda document: document.get(member)


_SHOWN: dict[str, str | Compute] = {
    "name": _given("workspaceName"),
    "description": _given("workspaceDescription"),
    "dataSources": lambda document: document.get("workspaceDataSources") or [],
    "notificationDestinations": lambda document: document.get("workspaceNotificationDestinations") or [],
    "organizationalUnits": lambda document: document.get("workspaceOrganizationalUnits") or [],
    "modified": "{now}",
}
"""The requests say `workspaceName` where the answers say `name`."""


def _configure(params: Params, document: Params) -> tuple[Params, Params]:
    changed = {name: params[name] for name in ("configuration", "grafanaVersion") if params.get(name)}
    return {}, {**document, **changed}


WORKSPACE = RecordedKind(
    service="grafana",
    name="workspace",
    create="CreateWorkspace",
    key=("id",),
    made={
        "id": "g-{short}",
        "$arn": "arn:{partition}:grafana:{region}:{account}:/workspaces/{id}",
        "endpoint": "{id}.grafana-workspace.{region}.amazonaws.com",
        "created": "{now}",
        "status": "ACTIVE",
        "authentication": lambda document: {"providers": document["authenticationProviders"]},
        **_SHOWN,
    },
    defaults={"grafanaVersion": "10.4"},
    describe="DescribeWorkspace",
    described="workspace",
    update="UpdateWorkspace",
    touched=_SHOWN,
    delete="DeleteWorkspace",
    listings=(Listing(operation="ListWorkspaces", member="workspaces"),),
    others={"UpdateWorkspaceConfiguration": _configure},
    asks={"workspaceId": "id"},
    tags_in="tags",
    missing_status=404,
)

KINDS = (WORKSPACE,)

TAGGING = (
    TagOperations(service="grafana", resource="resourceArn", tags="tags", keys="tagKeys", as_map=True),
)
