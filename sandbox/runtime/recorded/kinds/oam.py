"""Observability across accounts: sinks, their policies, and links to them."""

from __future__ import annotations

from sandbox.runtime.recorded.kind import Listing, Owner, RecordedKind, TagOperations

_IDENTIFIED = {"Identifier": "arn", "ResourceArn": "arn", "Arn": "arn"}

SINK = RecordedKind(
    service="oam",
    name="sink",
    create="CreateSink",
    key=("Id",),
    made={
        "Id": "{id}",
        "$arn": "arn:{partition}:oam:{region}:{account}:sink/{Id}",
        "Arn": "{arn}",
    },
    describe="GetSink",
    delete="DeleteSink",
    listings=(Listing(operation="ListSinks", member="Items"),),
    asks=_IDENTIFIED,
    missing_status=404,
)

SINK_POLICY = RecordedKind(
    service="oam",
    name="sink policy",
    create="PutSinkPolicy",
    update="PutSinkPolicy",
    key=("SinkIdentifier",),
    made={
        "SinkArn": "{SinkIdentifier}",
        "SinkId": lambda document: document["SinkIdentifier"].rpartition("/")[2],
    },
    describe="GetSinkPolicy",
    missing_status=404,
    within=Owner(name="sink", key={"Arn": "SinkIdentifier"}),
    counts=lambda _: False,
)

LINK = RecordedKind(
    service="oam",
    name="link",
    create="CreateLink",
    key=("Id",),
    made={
        "Id": "{id}",
        "$arn": "arn:{partition}:oam:{region}:{account}:link/{Id}",
        "Arn": "{arn}",
        "Label": lambda document: document["LabelTemplate"].replace(
            "$AccountName", document["$arn"].split(":")[4]
        ),
        "SinkArn": "{SinkIdentifier}",
    },
    describe="GetLink",
    update="UpdateLink",
    delete="DeleteLink",
    listings=(Listing(operation="ListLinks", member="Items"),),
    asks=_IDENTIFIED,
    missing_status=404,
)

KINDS = (SINK, SINK_POLICY, LINK)

TAGGING = (TagOperations(service="oam", as_map=True),)
