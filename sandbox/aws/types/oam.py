"""Observability across accounts: sinks, their policies, and links to them."""

from __future__ import annotations

from sandbox.aws.documents import policy_failures
from sandbox.aws.rows import answered, given, identified, pages, reading
from sandbox.aws.table import AutoName, Call, ResourceType, Step, Subject, Tags

_KEY = identified("Identifier")
_TAGS = Tags(
    style="map",
    set="TagResource",
    unset="UntagResource",
    target=lambda s: {"ResourceArn": s.id},
    list="ListTagsForResource",
)


def _find_sink(subject: Subject, taken: frozenset[str]) -> str | None:
    for found in pages(subject, "oam", "ListSinks", "Items"):
        if found["Name"] == subject.inputs["name"] and found["Arn"] not in taken:
            return str(found["Arn"])
    return None


SINK = ResourceType(
    type="aws:oam/sink:Sink",
    service="oam",
    tier="recorded",
    create=Call(operation="CreateSink"),
    id=answered("Arn"),
    read=reading("oam", "GetSink", _KEY),
    delete=Call(operation="DeleteSink", sends=(), adds=_KEY),
    outputs={"arn": "Arn", "sinkId": "Id"},
    echoes={"name": "Name"},
    find=_find_sink,
    auto_name=AutoName(limit=255, prefix_property=None),
    tags=_TAGS,
)

_PUT_POLICY = Call(operation="PutSinkPolicy")
SINK_POLICY = ResourceType(
    type="aws:oam/sinkPolicy:SinkPolicy",
    service="oam",
    tier="recorded",
    create=_PUT_POLICY,
    id=given("sinkIdentifier"),
    read=reading("oam", "GetSinkPolicy", identified("SinkIdentifier")),
    delete=None,
    steps=(Step(on=("policy",), do=_PUT_POLICY, at_create=False),),
    outputs={"arn": "SinkArn", "sinkId": "SinkId"},
    echoes={"policy": "Policy"},
    known_id=given("sinkIdentifier"),
    place=("sinkIdentifier",),
    documents=("policy",),
    checks=lambda inputs: policy_failures(inputs, "policy", principals=True),
)


def _find_link(subject: Subject, taken: frozenset[str]) -> str | None:
    for found in pages(subject, "oam", "ListLinks", "Items"):
        if found["SinkArn"] == subject.inputs["sinkIdentifier"] and found["Arn"] not in taken:
            return str(found["Arn"])
    return None


_CHANGES = ("linkConfiguration", "resourceTypes")
LINK = ResourceType(
    type="aws:oam/link:Link",
    service="oam",
    tier="recorded",
    create=Call(operation="CreateLink"),
    id=answered("Arn"),
    read=reading("oam", "GetLink", _KEY),
    delete=Call(operation="DeleteLink", sends=(), adds=_KEY),
    steps=(Step(on=_CHANGES, do=Call(operation="UpdateLink", sends=_CHANGES, adds=_KEY), at_create=False),),
    outputs={"arn": "Arn", "label": "Label", "linkId": "Id", "sinkArn": "SinkArn"},
    echoes={
        "labelTemplate": "LabelTemplate",
        "resourceTypes": "ResourceTypes",
        "sinkIdentifier": "SinkArn",
    },
    find=_find_link,
    place=("sinkIdentifier",),
    unordered=("resourceTypes",),
    tags=_TAGS,
)

TYPES = (SINK, SINK_POLICY, LINK)
