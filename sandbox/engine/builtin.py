"""The provider of the package `pulumi` itself: references to other stacks, and stashed values."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence

from sandbox.engine import urn as urns
from sandbox.engine.provider import (
    CheckFailure,
    CheckResult,
    DiffResult,
    InvokeResult,
    ProviderError,
    ReadResult,
)
from sandbox.engine.state import Resource
from sandbox.engine.values import PropertyMap, Secret, Unknown

_STACK = "pulumi:pulumi:StackReference"
_STASH = "pulumi:index:Stash"
_READ_OUTPUTS = "pulumi:pulumi:readStackOutputs"
_GET_RESOURCE = "pulumi:pulumi:getResource"
_ONLY_PROPERTY = {_STACK: "name", _STASH: "input"}


class BuiltinProvider:
    """Answers for `StackReference` and `Stash`, and for the functions of `pulumi:pulumi`."""

    def __init__(
        self,
        stack_outputs: Callable[[str], PropertyMap],
        find: Callable[[str], Resource | None],
    ) -> None:
        self._stack_outputs = stack_outputs
        self._find = find

    def check_config(self, urn: str, olds: PropertyMap, news: PropertyMap) -> CheckResult:
        return CheckResult(news)

    def diff_config(self, urn: str, olds: PropertyMap, news: PropertyMap) -> DiffResult:
        return DiffResult(changes=False)

    def configure(self, inputs: PropertyMap) -> None:
        pass

    def check(self, urn: str, olds: PropertyMap, news: PropertyMap, random_seed: bytes) -> CheckResult:
        name = _only_property(urn)
        failures = [CheckFailure(key, f'unknown property "{key}"') for key in news if key != name]
        if name not in news:
            failures.append(CheckFailure(name, f'missing required property "{name}"'))
        return CheckResult(news, failures)

    def diff(
        self,
        urn: str,
        id: str,
        olds: PropertyMap,
        old_inputs: PropertyMap,
        news: PropertyMap,
        ignore_changes: Sequence[str],
    ) -> DiffResult:
        name = _only_property(urn)
        if old_inputs.get(name) == news.get(name):
            return DiffResult(changes=False)
        if name == "name":
            return DiffResult(changes=True, replaces=("name",), detailed={"name": "update-replace"})
        return DiffResult(changes=True, detailed={name: "update"})

    def create(self, urn: str, inputs: PropertyMap, timeout: float, preview: bool) -> tuple[str, PropertyMap]:
        id = "" if preview else str(uuid.uuid4())
        if _only_property(urn) == "name":
            return id, self._reference(inputs)
        return id, {"input": inputs["input"], "output": inputs["input"]}

    def read(self, urn: str, id: str, inputs: PropertyMap, properties: PropertyMap) -> ReadResult:
        if _only_property(urn) == "name":
            return ReadResult(id, inputs, self._reference(inputs or properties))
        if not inputs:
            raise ProviderError("a stash cannot be imported")
        return ReadResult(id, inputs, properties)

    def update(
        self,
        urn: str,
        id: str,
        olds: PropertyMap,
        old_inputs: PropertyMap,
        news: PropertyMap,
        timeout: float,
        ignore_changes: Sequence[str],
        preview: bool,
    ) -> PropertyMap:
        return {"input": news["input"], "output": olds.get("output")}

    def delete(self, urn: str, id: str, inputs: PropertyMap, properties: PropertyMap, timeout: float) -> None:
        pass

    def invoke(self, token: str, arguments: PropertyMap) -> InvokeResult:
        if token == _READ_OUTPUTS:
            return InvokeResult(self._reference(arguments))
        if token == _GET_RESOURCE:
            resource = self._find(str(arguments["urn"]))
            if resource is None:
                raise ProviderError(f"unknown resource {arguments['urn']}")
            return InvokeResult(
                {
                    "urn": resource.urn,
                    "id": resource.id,
                    "provider": resource.provider,
                    "state": resource.outputs,
                }
            )
        raise ProviderError(f"unrecognized function name: '{token}'")

    def cancel(self) -> None:
        pass

    def close(self) -> None:
        pass

    def _reference(self, inputs: PropertyMap) -> PropertyMap:
        name = inputs.get("name")
        if not isinstance(name, str):
            raise ProviderError(
                "a stack reference needs the stack's name, such as 'organization/project/stack'"
            )
        outputs = self._stack_outputs(name)
        secrets = sorted(key for key, value in outputs.items() if contains_secret(value))
        return {"name": name, "outputs": outputs, "secretOutputNames": list(secrets)}


def contains_secret(value: object) -> bool:
    """Whether a secret stands anywhere in the value."""
    if isinstance(value, dict):
        return any(contains_secret(item) for item in value.values())
    if isinstance(value, list):
        return any(contains_secret(item) for item in value)
    return isinstance(value, Secret)


def contains_unknown(value: object) -> bool:
    """Whether an unknown stands anywhere in the value."""
    if isinstance(value, dict):
        return any(contains_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(contains_unknown(item) for item in value)
    if isinstance(value, Secret):
        return contains_unknown(value.value)
    return isinstance(value, Unknown)


def _only_property(urn: str) -> str:
    type = urns.type_of(urn)
    if type not in _ONLY_PROPERTY:
        raise ProviderError(f"unrecognized resource type '{type}'")
    return _ONLY_PROPERTY[type]
