"""X-Ray: groups."""

from __future__ import annotations

from sandbox.aws.rows import pages, reading
from sandbox.aws.table import Call, ResourceType, Step, Subject, Tags


def _find(subject: Subject, taken: frozenset[str]) -> str | None:
    for found in pages(subject, "xray", "GetGroups", "Groups"):
        if found["GroupName"] == subject.inputs["groupName"] and found["GroupARN"] not in taken:
            return str(found["GroupARN"])
    return None


_CHANGES = ("filterExpression", "insightsConfiguration")
GROUP = ResourceType(
    type="aws:xray/group:Group",
    service="xray",
    tier="recorded",
    create=Call(operation="CreateGroup"),
    id=lambda s: str(s.at("Group.GroupARN")),
    read=reading(
        "xray", "GetGroup", lambda s: {"GroupARN": s.id}, "Group", gone=("InvalidRequestException",)
    ),
    delete=Call(operation="DeleteGroup", sends=(), adds=lambda s: {"GroupARN": s.id}),
    steps=(
        Step(
            on=_CHANGES,
            do=Call(operation="UpdateGroup", sends=_CHANGES, adds=lambda s: {"GroupARN": s.id}),
            at_create=False,
        ),
    ),
    outputs={"arn": "GroupARN"},
    echoes={"groupName": "GroupName", "filterExpression": "FilterExpression"},
    find=_find,
    place=("groupName",),
    tags=Tags(
        set="TagResource",
        unset="UntagResource",
        target=lambda s: {"ResourceARN": s.id},
        list="ListTagsForResource",
    ),
)

TYPES = (GROUP,)
