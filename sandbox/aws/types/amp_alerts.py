"""Amazon Managed Prometheus: a workspace's alert manager."""

from __future__ import annotations

from sandbox.aws.rows import given, identified, reading
from sandbox.aws.table import Call, ResourceType, Step, Subject
from sandbox.engine.values import PropertyValue


def _definition(subject: Subject) -> PropertyValue:
    data = subject.at("data")
    return data.decode() if isinstance(data, bytes) else data


_NAMES = {"definition": "data"}
ALERT_MANAGER = ResourceType(
    type="aws:amp/alertManagerDefinition:AlertManagerDefinition",
    service="amp",
    tier="recorded",
    create=Call(operation="CreateAlertManagerDefinition", names=_NAMES),
    id=given("workspaceId"),
    read=reading(
        "amp", "DescribeAlertManagerDefinition", identified("workspaceId"), "alertManagerDefinition"
    ),
    delete=Call(operation="DeleteAlertManagerDefinition", sends=(), adds=identified("workspaceId")),
    steps=(
        Step(
            on=("definition",),
            do=Call(operation="PutAlertManagerDefinition", names=_NAMES),
            at_create=False,
        ),
    ),
    echoes={"definition": _definition, "workspaceId": lambda s: s.id},
    known_id=given("workspaceId"),
    exclusive=True,
    place=("workspaceId",),
)

TYPES = (ALERT_MANAGER,)
