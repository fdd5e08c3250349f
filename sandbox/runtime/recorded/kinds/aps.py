"""Amazon Managed Prometheus: what a workspace's alert manager does."""

from __future__ import annotations

from sandbox.runtime.overlay import Params
from sandbox.runtime.recorded.kind import RecordedKind


def _active(_: Params) -> Params:
    return {"statusCode": "ACTIVE"}


ALERT_MANAGER = RecordedKind(
    service="aps",
    name="alert manager definition",
    create="CreateAlertManagerDefinition",
    key=("workspaceId",),
    made={"createdAt": "{now}", "modifiedAt": "{now}", "status": _active},
    describe="DescribeAlertManagerDefinition",
    described="alertManagerDefinition",
    update="PutAlertManagerDefinition",
    touched={"modifiedAt": "{now}"},
    delete="DeleteAlertManagerDefinition",
    missing_status=404,
)

KINDS = (ALERT_MANAGER,)
