"""Transforms: the program's own callbacks that change a registration or a call before the engine takes it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from google.protobuf import struct_pb2
from pulumi.runtime.proto import alias_pb2, resource_pb2

from sandbox.engine import requests
from sandbox.engine.callbacks import CallbackFailed, Callbacks
from sandbox.engine.errors import EngineError
from sandbox.engine.goal import AliasSpec, Goal
from sandbox.engine.requests import Invocation, Registration
from sandbox.engine.values import OutputValue, PropertyMap
from sandbox.engine.wire import downgrade, from_struct, from_value, to_struct


class TransformFailed(EngineError):
    """A transform of the program raised."""


class Transforms:
    """A program's transforms, called in Pulumi's order: the resource's own, its parents', the stack's."""

    def __init__(self, folder: Path, callbacks: Callbacks) -> None:
        self._folder = folder
        self._callbacks = callbacks
        self._lock = threading.Lock()
        self._stack: list[Any] = []
        self._invokes: list[Any] = []
        self._resources: dict[str, list[Any]] = {}

    def add_for_stack(self, callback: Any) -> None:
        with self._lock:
            self._stack.append(callback)

    def add_for_invokes(self, callback: Any) -> None:
        with self._lock:
            self._invokes.append(callback)

    def remember(self, urn: str, request: resource_pb2.RegisterResourceRequest) -> None:
        """Keeps a resource's transforms for its children."""
        if request.transforms:
            with self._lock:
                self._resources[urn] = list(request.transforms)

    def apply(
        self,
        registration: Registration,
        request: resource_pb2.RegisterResourceRequest,
        ancestors: Sequence[str],
    ) -> Registration:
        """The registration after all its transforms."""
        with self._lock:
            inherited = [item for urn in ancestors for item in self._resources.get(urn, ())]
            callbacks = [*request.transforms, *inherited, *self._stack]
        if not callbacks:
            return registration
        goal = registration.goal
        properties = _with_dependencies(goal)
        options = _options(registration, request)
        for callback in callbacks:
            answer = resource_pb2.TransformResponse()
            answer.ParseFromString(
                self._call(
                    callback,
                    resource_pb2.TransformRequest(
                        type=goal.type,
                        name=goal.name,
                        custom=goal.custom,
                        parent=goal.parent,
                        properties=to_struct(properties),
                        options=options,
                    ),
                )
            )
            if answer.HasField("properties"):
                properties = from_struct(answer.properties, self._folder)
            if answer.HasField("options"):
                options = answer.options
        return _with_options(registration, properties, options, self._folder)

    def apply_to_invoke(self, call: Invocation) -> Invocation:
        """The call after all transforms of calls."""
        with self._lock:
            callbacks = list(self._invokes)
        for callback in callbacks:
            answer = resource_pb2.TransformInvokeResponse()
            answer.ParseFromString(
                self._call(
                    callback,
                    resource_pb2.TransformInvokeRequest(
                        token=call.token,
                        args=to_struct(call.arguments),
                        options=resource_pb2.TransformInvokeOptions(
                            provider=call.provider, version=call.version
                        ),
                    ),
                )
            )
            if answer.HasField("args"):
                arguments = requests.without_output_values(from_struct(answer.args, self._folder))
                call = replace(call, arguments=arguments)
            if answer.HasField("options"):
                call = replace(call, provider=answer.options.provider, version=answer.options.version)
        return call

    def _call(self, callback: Any, message: Any) -> bytes:
        try:
            return self._callbacks.call(callback, message)
        except CallbackFailed as error:
            raise TransformFailed(f"a transform failed: {error}") from error


def _with_dependencies(goal: Goal) -> PropertyMap:
    """The inputs as values with their dependencies, which a transform may move elsewhere."""
    return {
        key: OutputValue(value=value, dependencies=frozenset(goal.property_dependencies.get(key, ())))
        if goal.property_dependencies.get(key)
        else value
        for key, value in goal.inputs.items()
    }


def _options(registration: Registration, request: resource_pb2.RegisterResourceRequest) -> Any:
    goal = registration.goal
    options = resource_pb2.TransformResourceOptions(
        depends_on=goal.dependencies,
        protect=goal.protect,
        ignore_changes=goal.ignore_changes,
        replace_on_changes=goal.replace_on_changes,
        version=registration.version,
        aliases=[_alias_message(item) for item in goal.aliases],
        provider=goal.provider,
        custom_timeouts=request.customTimeouts,
        retain_on_delete=goal.retain_on_delete,
        deleted_with=goal.deleted_with,
        delete_before_replace=goal.delete_before_replace,
        additional_secret_outputs=goal.additional_secret_outputs,
        providers=registration.providers,
        replace_with=goal.replace_with,
        hide_diff=goal.hide_diffs,
        hooks=requests.hook_binding(goal.hooks),
    )
    setattr(options, "import", goal.import_id)
    if request.HasField("replacement_trigger"):
        options.replacement_trigger.CopyFrom(request.replacement_trigger)
    return options


def _alias_message(alias: str | AliasSpec) -> alias_pb2.Alias:
    if isinstance(alias, str):
        return alias_pb2.Alias(urn=alias)
    spec = alias_pb2.Alias.Spec(
        name=alias.name or "", type=alias.type or "", stack=alias.stack or "", project=alias.project or ""
    )
    if alias.parent is not None:
        spec.parentUrn = alias.parent
    elif alias.no_parent:
        spec.noParent = True
    return alias_pb2.Alias(spec=spec)


def _with_options(
    registration: Registration, properties: PropertyMap, options: Any, folder: Path
) -> Registration:
    dependencies = set(options.depends_on)
    inputs: PropertyMap = {}
    property_dependencies: dict[str, list[str]] = {}
    for key, value in properties.items():
        found: set[str] = set()
        inputs[key] = downgrade(value, found)
        property_dependencies[key] = sorted(found)
        dependencies |= found
    trigger: struct_pb2.Value | None = (
        options.replacement_trigger if options.HasField("replacement_trigger") else None
    )
    goal = replace(
        registration.goal,
        inputs=inputs,
        property_dependencies=property_dependencies,
        dependencies=sorted(dependencies),
        protect=options.protect if options.HasField("protect") else None,
        ignore_changes=list(options.ignore_changes),
        replace_on_changes=list(options.replace_on_changes),
        aliases=[requests.alias(item) for item in options.aliases],
        provider=options.provider,
        timeouts=requests.timeouts(options.custom_timeouts),
        retain_on_delete=options.retain_on_delete if options.HasField("retain_on_delete") else None,
        deleted_with=options.deleted_with,
        replace_with=list(options.replace_with),
        hide_diffs=list(options.hide_diff),
        hooks=requests.hooks(options.hooks),
        delete_before_replace=(
            options.delete_before_replace if options.HasField("delete_before_replace") else None
        ),
        additional_secret_outputs=list(options.additional_secret_outputs),
        import_id=getattr(options, "import"),
        replacement_trigger=downgrade(from_value(trigger, folder), set()) if trigger is not None else None,
    )
    return Registration(goal=goal, providers=dict(options.providers), version=options.version)
