"""What stands between the engine and a provider: secrets and references in plain form, and back.

Providers get no `Secret`, no `OutputValue` and no `ResourceReference`. An output is secret where the input of
the same name is (`plugin.annotateSecrets`). A provider whose own configuration is not known yet is not asked
at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sandbox.engine.builtin import contains_secret
from sandbox.engine.provider import (
    CheckResult,
    DiffResult,
    InitializationError,
    InvokeResult,
    Provider,
    ReadResult,
    Recovers,
)
from sandbox.engine.state import Resource
from sandbox.engine.values import UNKNOWN, OutputValue, PropertyMap, ResourceReference, Secret


class Adapter:
    """A provider as the engine calls it. `known` is False while its configuration holds unknowns."""

    def __init__(self, provider: Provider, *, known: bool = True, builtin: bool = False) -> None:
        self.provider = provider
        self.known = known
        # The built-in provider is part of the engine and knows secrets.
        self._builtin = builtin

    def check(self, urn: str, olds: PropertyMap, news: PropertyMap, random_seed: bytes) -> CheckResult:
        if not self.known:
            return CheckResult(news)
        result = self.provider.check(urn, self._plain(olds), self._plain(news), random_seed)
        return CheckResult(annotated(result.inputs, news), result.failures)

    def diff(
        self,
        old: Resource,
        news: PropertyMap,
        ignore_changes: Sequence[str],
        old_inputs: PropertyMap | None = None,
    ) -> DiffResult:
        if not self.known:
            return DiffResult(changes=None)
        return self.provider.diff(
            old.urn,
            old.id,
            self._plain(old.outputs),
            self._plain(old.inputs if old_inputs is None else old_inputs),
            self._plain(news),
            ignore_changes,
        )

    def create(self, urn: str, inputs: PropertyMap, timeout: float, preview: bool) -> tuple[str, PropertyMap]:
        if not self.known:
            return "", {}
        try:
            id, outputs = self.provider.create(urn, self._plain(inputs), timeout, preview)
        except InitializationError as error:
            error.properties = annotated(error.properties, inputs)
            raise
        return id, annotated(outputs, inputs)

    def update(
        self, old: Resource, news: PropertyMap, timeout: float, ignore_changes: Sequence[str], preview: bool
    ) -> PropertyMap:
        if not self.known:
            return dict.fromkeys(old.outputs, UNKNOWN)
        try:
            outputs = self.provider.update(
                old.urn,
                old.id,
                self._plain(old.outputs),
                self._plain(old.inputs),
                self._plain(news),
                timeout,
                ignore_changes,
                preview,
            )
        except InitializationError as error:
            error.properties = annotated(error.properties, news)
            raise
        return annotated(outputs, news)

    def read(self, urn: str, id: str, inputs: PropertyMap, properties: PropertyMap) -> ReadResult:
        result = self.provider.read(urn, id, self._plain(inputs), self._plain(properties))
        return ReadResult(
            result.id,
            annotated(result.inputs, inputs),
            annotated(result.properties, {**properties, **inputs}),
        )

    def delete(self, resource: Resource, timeout: float) -> None:
        self.provider.delete(
            resource.urn, resource.id, self._plain(resource.inputs), self._plain(resource.outputs), timeout
        )

    def invoke(self, token: str, arguments: PropertyMap) -> InvokeResult:
        return self.provider.invoke(token, self._plain(arguments))

    def recover(self, urn: str, inputs: PropertyMap) -> tuple[bool, ReadResult | None]:
        """Whether the provider can tell, and what it found of an interrupted create."""
        if not isinstance(self.provider, Recovers):
            return False, None
        found = self.provider.recover(urn, self._plain(inputs))
        if found is None or not found.id:
            return True, None
        return True, ReadResult(found.id, inputs, annotated(found.properties, inputs))

    def _plain(self, properties: PropertyMap) -> PropertyMap:
        return properties if self._builtin else {key: plain(value) for key, value in properties.items()}


def plain(value: Any) -> Any:
    """The value without secrets, dependencies and references, as a provider sees it."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, Secret | OutputValue):
        return plain(value.value)
    if isinstance(value, ResourceReference):
        return value.urn if value.id is None else value.id
    return value


def annotated(outputs: PropertyMap, inputs: PropertyMap) -> PropertyMap:
    """The outputs, secret where the inputs of the same name are."""
    if not contains_secret(inputs):
        return outputs
    result = dict(outputs)
    for key, given in inputs.items():
        if key not in result or isinstance(result[key], Secret):
            continue
        if isinstance(given, Secret):
            result[key] = Secret(plain(result[key]))
        elif isinstance(given, dict) and isinstance(result[key], dict):
            result[key] = annotated(result[key], given)
        elif contains_secret(given):
            result[key] = Secret(plain(result[key]))
    return result
