"""X-Ray: groups."""

from __future__ import annotations

from sandbox.runtime.recorded.kind import Listing, RecordedKind, TagOperations

GROUP = RecordedKind(
    service="xray",
    name="group",
    create="CreateGroup",
    key=("GroupName",),
    arn="arn:{partition}:xray:{region}:{account}:group/{GroupName}/{short}",
    arn_member="GroupARN",
    describe="GetGroup",
    described="Group",
    update="UpdateGroup",
    delete="DeleteGroup",
    listings=(Listing(operation="GetGroups", member="Groups"),),
    asks={"GroupARN": "arn"},
    exists="InvalidRequestException",
    missing="InvalidRequestException",
)

KINDS = (GROUP,)

TAGGING = (TagOperations(service="xray", resource="ResourceARN"),)
