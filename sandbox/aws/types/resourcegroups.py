"""Resource Groups: groups by a query over tags."""

from __future__ import annotations

from sandbox.aws.rows import given, identified, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject, Tags


def _arn(subject: Subject) -> Params:
    return {"Arn": subject.at("GroupArn") or subject.at("Group.GroupArn") or subject.outputs["arn"]}


GROUP = ResourceType(
    type="aws:resourcegroups/group:Group",
    service="resource-groups",
    tier="native",
    create=Call(operation="CreateGroup"),
    id=given("name"),
    read=reading("resource-groups", "GetGroup", identified("GroupName"), "Group"),
    delete=Call(operation="DeleteGroup", sends=(), adds=identified("GroupName")),
    steps=(
        Step(
            on=("description",),
            do=Call(operation="UpdateGroup", sends=("description",), adds=identified("GroupName")),
            at_create=False,
        ),
        Step(
            on=("resourceQuery",),
            do=Call(
                operation="UpdateGroupQuery",
                sends=("resourceQuery",),
                adds=identified("GroupName"),
            ),
            at_create=False,
        ),
    ),
    outputs={"arn": "GroupArn"},
    echoes={"name": "Name", "description": "Description"},
    known_id=given("name"),
    auto_name=AutoName(limit=128, prefix_property=None),
    place=("name",),
    tags=Tags(
        style="map",
        at_create="Tags",
        set="Tag",
        unset="Untag",
        target=_arn,
        keys="Keys",
        list="GetTags",
    ),
)

TYPES = (GROUP,)
