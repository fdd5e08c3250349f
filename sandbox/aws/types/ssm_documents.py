"""Systems Manager: documents."""

from __future__ import annotations

import json
from collections.abc import Iterable

from sandbox.aws.documents import json_failures
from sandbox.aws.rows import given, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject, Tags
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap, PropertyValue

_NAMES = {"attachmentsSources": "Attachments"}
_CHANGES = ("attachmentsSources", "content", "documentFormat", "targetType", "versionName")


def _latest(subject: Subject) -> Params:
    return {"Name": subject.id, "DocumentVersion": "$LATEST"}


def _change(subject: Subject) -> None:
    """A new version, which becomes the default one."""
    inputs = subject.inputs
    members = {
        "Content": inputs["content"],
        "DocumentFormat": inputs.get("documentFormat"),
        "TargetType": inputs.get("targetType"),
        "VersionName": inputs.get("versionName"),
    }
    params = {name: value for name, value in members.items() if value is not None}
    made = subject.cloud.call("ssm", "UpdateDocument", {**_latest(subject), **params})
    version = made["DocumentDescription"]["DocumentVersion"]
    params = {"Name": subject.id, "DocumentVersion": version}
    subject.cloud.call("ssm", "UpdateDocumentDefaultVersion", params)


def _arn(subject: Subject) -> str:
    kind = "automation-definition" if subject.at("DocumentType") == "Automation" else "document"
    return subject.cloud.arn("ssm", f"{kind}/{subject.id}")


def _parameters(subject: Subject) -> PropertyValue:
    return [
        {
            "name": one.get("Name"),
            "type": one.get("Type"),
            "description": one.get("Description") or "",
            "defaultValue": one.get("DefaultValue") or "",
        }
        for one in subject.at("Parameters") or ()
    ]


def _check(inputs: PropertyMap) -> Iterable[CheckFailure]:
    name = inputs.get("name")
    if isinstance(name, str) and name.lower().startswith(("aws", "amazon", "amzn")):
        yield CheckFailure("name", f"{name!r}: names that begin with aws, amazon or amzn are AWS's own")
    if inputs.get("documentFormat", "JSON") == "JSON":
        yield from json_failures(inputs, "content")


def _replaced(old: PropertyMap, new: PropertyMap) -> Iterable[str]:
    """Documents before schema version 2.0 cannot be changed (UpdateDocument, API reference)."""
    try:
        before = json.loads(str(old.get("content")))
    except ValueError:
        return
    if str(before.get("schemaVersion", "")) < "2.0" and old.get("content") != new.get("content"):
        yield "content"


DOCUMENT = ResourceType(
    type="aws:ssm/document:Document",
    service="ssm",
    tier="native",
    create=Call(operation="CreateDocument", names=_NAMES),
    id=given("name"),
    read=reading("ssm", "DescribeDocument", lambda s: {"Name": s.id}, "Document", gone=("InvalidDocument",)),
    delete=Call(operation="DeleteDocument", sends=(), adds=lambda s: {"Name": s.id}),
    steps=(Step(on=_CHANGES, do=_change, at_create=False),),
    outputs={
        "arn": _arn,
        "createdDate": lambda s: s.at("CreatedDate").isoformat(),
        "defaultVersion": "DefaultVersion",
        "description": lambda s: s.at("Description") or "",
        "documentVersion": "DocumentVersion",
        "hash": "Hash",
        "hashType": "HashType",
        "latestVersion": "LatestVersion",
        "owner": "Owner",
        "parameters": _parameters,
        "platformTypes": lambda s: s.at("PlatformTypes") or [],
        "schemaVersion": "SchemaVersion",
        "status": "Status",
    },
    echoes={"name": "Name", "documentType": "DocumentType", "documentFormat": "DocumentFormat"},
    known_id=given("name"),
    auto_name=AutoName(limit=128, prefix_property=None),
    place=("name",),
    defaults={"documentFormat": "JSON"},
    documents=("content",),
    volatile=(
        "defaultVersion",
        "description",
        "documentVersion",
        "hash",
        "latestVersion",
        "parameters",
        "platformTypes",
        "schemaVersion",
        "createdDate",
    ),
    unsupported=("permissions",),
    tags=Tags(
        set="AddTagsToResource",
        unset="RemoveTagsFromResource",
        target=lambda s: {"ResourceType": "Document", "ResourceId": s.id},
        list="ListTagsForResource",
        listed="TagList",
    ),
    checks=_check,
    replaced_by=_replaced,
)

TYPES = (DOCUMENT,)
