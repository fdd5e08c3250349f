"""The table agrees with the SDK and with the services' models; no property is dropped in silence."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import botocore.session
import pytest
from lives import LIVES

from sandbox.aws.catalog import TYPES
from sandbox.aws.provider import types
from sandbox.aws.requests import build, member_for
from sandbox.aws.schema import SCHEMA_FOLDER, object_schema, type_schema
from sandbox.aws.schema_source import describe
from sandbox.aws.table import Call, ResourceType

ROWS = [pytest.param(row, id=token.split(":")[1]) for token, row in sorted(TYPES.items())]
SESSION = botocore.session.get_session()
MODELS: dict[str, Any] = {}


def model(service: str) -> Any:
    if service not in MODELS:
        MODELS[service] = SESSION.get_service_model(service)
    return MODELS[service]


def test_the_written_schema_is_the_sdks() -> None:
    written = {file.stem: json.loads(file.read_text()) for file in SCHEMA_FOLDER.glob("*.json")}
    assert describe(TYPES) == written


@pytest.mark.parametrize("row", ROWS)
def test_every_named_property_is_one_of_the_sdk(row: ResourceType) -> None:
    known = type_schema(row.type).inputs
    named = {
        *(name for step in row.steps for name in step.on),
        *row.local,
        *row.unsupported,
        *row.defaults,
        *row.documents,
        *row.echoes,
        *row.place,
        *(name.split(".")[0] for name in row.unordered),
        *(name for call in row.calls() for name in (*(call.sends or ()), *call.omits)),
        *(name.split(".")[0] for call in row.calls() for name in call.names),
    }
    assert named <= set(known)
    assert set(row.outputs) <= {*type_schema(row.type).outputs}


@pytest.mark.parametrize("row", ROWS)
def test_every_request_is_one_of_the_service(row: ResourceType) -> None:
    operations = set(model(row.service).operation_names)
    named = {call.operation for call in row.calls()}
    if row.tags is not None:
        named |= {name for name in (row.tags.set, row.tags.unset, row.tags.list) if name is not None}
    assert named <= operations


def _nested(kind: str, seen: tuple[str, ...] = ()) -> Mapping[str, Any]:
    kind = kind.removeprefix("[]").removeprefix("[]")
    if not kind.startswith("@") or kind in seen:
        return {}
    return {name: _nested(inner, (*seen, kind)) for name, inner in object_schema(kind).inputs.items()}


def _unmatched(call: Call, shape: Any, kinds: Mapping[str, Any], path: str) -> Iterable[str]:
    """Nested properties that no member of the request would take."""
    while shape.type_name == "list":
        shape = shape.member
    if shape.type_name != "structure":
        return
    for name, nested in kinds.items():
        inner = f"{path}.{name}" if path else name
        target = call.names.get(inner)
        members = target.split(".") if target else [member_for(name, shape)]
        if target == "":
            continue
        if members == [None]:
            if path:
                yield inner
            continue
        found = shape
        for member in members:
            found = found.member if found.type_name == "list" else found
            found = found.members[member]
        yield from _unmatched(call, found, nested, inner)


def _unsent(row: ResourceType) -> Iterable[str]:
    kinds = type_schema(row.type).inputs
    for call in row.calls():
        shape = model(row.service).operation_model(call.operation).input_shape
        sent = {
            name: _nested(kind)
            for name, kind in kinds.items()
            if (call.sends is None or name in call.sends) and name not in call.omits and name != "tags"
        }
        yield from _unmatched(call, shape, sent, "")


@pytest.mark.parametrize("row", ROWS)
def test_no_nested_property_is_dropped_in_silence(row: ResourceType) -> None:
    assert sorted(set(_unsent(row))) == []


BY_CODE = {life.type: life.by_code for life in LIVES}


def _sent(row: ResourceType) -> Iterable[str]:
    for call in row.calls():
        shape = model(row.service).operation_model(call.operation).input_shape
        for name in type_schema(row.type).inputs:
            chosen = (call.sends is None or name in call.sends) and name not in call.omits
            if chosen and (call.names.get(name) or (name not in call.names and member_for(name, shape))):
                yield name


@pytest.mark.parametrize("row", ROWS)
def test_no_property_is_dropped_in_silence(row: ResourceType) -> None:
    covered = {"tags", "region", *_sent(row), *row.local, *row.unsupported}
    covered |= {name for step in row.steps for name in step.on} | BY_CODE[row.type]
    if row.auto_name is not None:
        covered.add(str(row.auto_name.prefix_property))
    assert set(type_schema(row.type).inputs) - covered == set()


def test_members_are_found_by_case_and_plural() -> None:
    shape = model("s3").operation_model("PutBucketLifecycleConfiguration").input_shape
    rule = shape.members["LifecycleConfiguration"].members["Rules"].member
    assert member_for("noncurrentVersionTransitions", rule) == "NoncurrentVersionTransitions"
    assert member_for("id", rule) == "ID"
    assert member_for("nothing", rule) is None


def test_a_boolean_becomes_the_services_own_word() -> None:
    shape = model("events").operation_model("PutTargets").input_shape
    ecs = {"taskDefinitionArn": "arn", "networkConfiguration": {"subnets": ["s"], "assignPublicIp": True}}
    inputs = {"rule": "r", "targetId": "t", "arn": "arn", "ecsTarget": ecs}
    built = build(TYPES["aws:cloudwatch/eventTarget:EventTarget"].create, shape, inputs)  # type: ignore[arg-type]
    network = built.params["Targets"][0]["EcsParameters"]["NetworkConfiguration"]["awsvpcConfiguration"]
    assert network == {"Subnets": ["s"], "AssignPublicIp": "ENABLED"}


def test_the_listing_has_every_type_once() -> None:
    listed = [item.token for item in types()]
    assert listed == sorted(TYPES)
    assert {item.tier for item in types()} <= {"native", "overlay", "recorded", "run"}
