"""The requests of a program as the engine's own values, and its answers as protobuf."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from pulumi.runtime.proto import alias_pb2, resource_pb2

from sandbox.engine import urn as urns
from sandbox.engine.goal import AliasSpec, Goal, ReadGoal, Registered
from sandbox.engine.hooks import MOMENTS
from sandbox.engine.signatures import UNKNOWN_STRING
from sandbox.engine.state import Timeouts
from sandbox.engine.values import UNKNOWN, PropertyMap
from sandbox.engine.wire import downgrade, from_struct, from_value, to_struct

_UNITS: Final = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s|us|µs|ns)")


class Refused(Exception):
    """A request that makes no sense; the program is told, and ends."""


@dataclass(frozen=True)
class Registration:
    """A registration as it was asked for."""

    goal: Goal
    providers: dict[str, str]
    version: str


@dataclass(frozen=True)
class Invocation:
    """A data function's call as it was asked for."""

    token: str
    arguments: PropertyMap
    provider: str
    version: str


def refuse_unsupported(request: resource_pb2.RegisterResourceRequest) -> None:
    """Refuses what this engine does not do, rather than leave it undone in silence."""
    if request.remote:
        raise Refused(f"{request.type}: packaged (remote) components are not supported here")


def registration(request: resource_pb2.RegisterResourceRequest, folder: Path, root: Path) -> Registration:
    """A RegisterResource request; asset paths begin at `folder`, source positions at the project's `root`."""
    for what, urn in (("parent", request.parent), *(("dependency", item) for item in request.dependencies)):
        if urn and not urns.is_valid(urn):
            raise Refused(f"invalid {what} URN: {urn!r}")
    if request.custom and request.type.count(":") != 2:
        raise Refused(f"'{request.type}' is not a type token such as 'package:module:Type'")
    dependencies = set(request.dependencies)
    properties: PropertyMap = {}
    property_dependencies: dict[str, list[str]] = {}
    for key, value in from_struct(request.object, folder).items():
        found = (
            set(request.propertyDependencies[key].urns)
            if key in request.propertyDependencies
            else (set() if request.propertyDependencies else set(dependencies))
        )
        properties[key] = downgrade(value, found)
        property_dependencies[key] = sorted(found)
    goal = Goal(
        type=request.type,
        name=request.name,
        custom=request.custom,
        inputs=properties,
        parent=request.parent,
        provider=request.provider,
        protect=request.protect if request.HasField("protect") else None,
        dependencies=sorted(dependencies),
        property_dependencies=property_dependencies,
        delete_before_replace=(
            request.deleteBeforeReplace
            if request.deleteBeforeReplaceDefined or request.deleteBeforeReplace
            else None
        ),
        ignore_changes=list(request.ignoreChanges),
        replace_on_changes=list(request.replaceOnChanges),
        additional_secret_outputs=list(request.additionalSecretOutputs),
        aliases=[*request.aliasURNs, *(alias(item) for item in request.aliases)],
        import_id=request.importId,
        timeouts=timeouts(request.customTimeouts),
        retain_on_delete=request.retainOnDelete if request.HasField("retainOnDelete") else None,
        deleted_with=request.deletedWith,
        replace_with=list(request.replace_with),
        replacement_trigger=(
            downgrade(from_value(request.replacement_trigger, folder), set())
            if request.HasField("replacement_trigger")
            else None
        ),
        hide_diffs=list(request.hideDiffs),
        hooks=hooks(request.hooks),
        source_position=source_position(request.sourcePosition, root),
    )
    if urns.is_provider_type(request.type):
        if request.version:
            goal.inputs["version"] = request.version
        goal.inputs.setdefault("__internal", {})
    return Registration(goal=goal, providers=dict(request.providers), version=request.version)


def read(request: resource_pb2.ReadResourceRequest, folder: Path, root: Path) -> ReadGoal:
    """A ReadResource request; `folder` and `root` as for a registration."""
    if request.type.count(":") != 2:
        raise Refused(f"'{request.type}' is not a type token such as 'package:module:Type'")
    return ReadGoal(
        type=request.type,
        name=request.name,
        id=UNKNOWN if request.id == UNKNOWN_STRING else request.id,
        inputs=without_output_values(from_struct(request.properties, folder)),
        parent=request.parent,
        provider=request.provider,
        dependencies=sorted(request.dependencies),
        additional_secret_outputs=list(request.additionalSecretOutputs),
        source_position=source_position(request.sourcePosition, root),
    )


def hooks(binding: Any) -> dict[str, list[str]]:
    """The names of a resource's hooks, by their moment."""
    found = {moment: list(getattr(binding, name)) for name, moment in MOMENTS.items()}
    return {moment: names for moment, names in found.items() if names}


def hook_binding(named: Mapping[str, Sequence[str]]) -> Any:
    """The same as a message."""
    return resource_pb2.RegisterResourceRequest.ResourceHooksBinding(
        **{name: named.get(moment, ()) for name, moment in MOMENTS.items()}
    )


def response(
    registered: Registered, request: resource_pb2.RegisterResourceRequest
) -> resource_pb2.RegisterResourceResponse:
    """The answer to a registration. A component's own outputs are the program's already."""
    resource = registered.resource
    if registered.result in ("failed", "skipped"):
        # Result.SKIP is newer than the SDK that programs bring; to it both are the same.
        if not request.supportsResultReporting:
            raise Refused("resource registration failed")
        return resource_pb2.RegisterResourceResponse(urn=resource.urn, result=resource_pb2.Result.FAIL)
    outputs = resource.outputs if resource.custom else {}
    return resource_pb2.RegisterResourceResponse(
        urn=resource.urn,
        id=resource.id,
        object=to_struct(outputs, secrets=request.acceptSecrets, references=request.acceptResources),
        unknown=registered.result == "left out",
    )


def without_output_values(properties: PropertyMap) -> PropertyMap:
    """The properties with every `OutputValue` in plain form."""
    return {key: downgrade(value, set()) for key, value in properties.items()}


def alias(message: alias_pb2.Alias) -> str | AliasSpec:
    """An alias as it was given: a URN or what has changed of it."""
    if message.WhichOneof("alias") != "spec":
        return str(message.urn)
    spec = message.spec
    return AliasSpec(
        name=spec.name or None,
        type=spec.type or None,
        stack=spec.stack or None,
        project=spec.project or None,
        parent=spec.parentUrn if spec.WhichOneof("parent") == "parentUrn" else None,
        no_parent=spec.noParent,
    )


def timeouts(message: Any) -> Timeouts:
    """Custom timeouts in seconds, from texts such as `1h30m`."""
    return Timeouts(
        **{name: _seconds(getattr(message, name)) for name in ("create", "update", "delete", "read")}
    )


def _seconds(text: str) -> float:
    if not text:
        return 0.0
    parts = _DURATION.findall(text)
    if "".join(number + unit for number, unit in parts) != text:
        raise Refused(f"unable to parse customTimeout value {text!r}: durations are like 5m or 1h30m")
    seconds = sum((float(number) * _UNITS[unit] for number, unit in parts), 0.0)
    return int(seconds) if seconds.is_integer() else seconds


def source_position(message: Any, folder: Path) -> str:
    """Where in the project a resource was registered: `project:///infra/network.py#12`."""
    parts = urlsplit(message.uri)
    if parts.scheme != "file" or not message.line:
        return ""
    relative = Path(os.path.relpath(unquote(parts.path), folder)).as_posix()
    column = f",{message.column}" if message.column else ""
    return f"project:///{relative}#{message.line}{column}"
