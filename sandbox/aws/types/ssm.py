"""Systems Manager: parameters."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.aws.rows import given, reading
from sandbox.aws.table import AutoName, Call, Params, ResourceType, Step, Subject, Tags
from sandbox.engine.provider import CheckFailure
from sandbox.engine.values import PropertyMap

_VALUES = ("value", "insecureValue", "valueWo")


def _value(subject: Subject) -> Params:
    value = next(str(subject.inputs[name]) for name in _VALUES if subject.inputs.get(name) is not None)
    return {"Value": value, "Overwrite": bool(subject.before) or bool(subject.inputs.get("overwrite"))}


_PUT = Call(
    operation="PutParameter",
    names={"insecureValue": "", "valueWo": "", "overwrite": ""},
    omits=("arn",),
    adds=_value,
)


def _check(inputs: PropertyMap) -> Iterable[CheckFailure]:
    if sum(inputs.get(name) is not None for name in _VALUES) != 1:
        yield CheckFailure("value", f"exactly one of {', '.join(_VALUES)} is needed")
    name = inputs.get("name")
    if isinstance(name, str) and name.strip("/").lower().startswith(("aws", "ssm")):
        yield CheckFailure("name", f"{name!r}: names that begin with aws or ssm are AWS's own")


PARAMETER = ResourceType(
    type="aws:ssm/parameter:Parameter",
    service="ssm",
    tier="native",
    create=_PUT,
    id=given("name"),
    read=reading("ssm", "GetParameter", lambda s: {"Name": s.id, "WithDecryption": True}, "Parameter"),
    delete=Call(operation="DeleteParameter", sends=(), adds=lambda s: {"Name": s.id}),
    steps=(
        Step(
            on=(*_VALUES, "valueWoVersion", "type", "description", "allowedPattern", "keyId", "tier"),
            do=_PUT,
            at_create=False,
        ),
    ),
    local=("overwrite", "arn"),
    outputs={
        "arn": lambda s: s.cloud.arn("ssm", f"parameter/{s.id.lstrip('/')}"),
        "version": "Version",
        "tier": lambda s: s.inputs.get("tier") or "Standard",
        "dataType": lambda s: s.at("DataType") or "text",
        "hasValueWo": lambda s: s.inputs.get("valueWo") is not None,
    },
    echoes={"name": "Name", "type": "Type", "value": "Value"},
    known_id=given("name"),
    auto_name=AutoName(limit=1011, prefix_property=None),
    volatile=("version",),
    secrets=("value", "valueWo"),
    tags=Tags(
        set="AddTagsToResource",
        unset="RemoveTagsFromResource",
        target=lambda s: {"ResourceType": "Parameter", "ResourceId": s.id},
        list="ListTagsForResource",
        listed="TagList",
    ),
    checks=_check,
)

TYPES = (PARAMETER,)
