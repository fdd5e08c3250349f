"""What stands between the engine and a provider: values in plain form there, and the engine's form back.

Providers get no `OutputValue`, and a `Secret` or a `ResourceReference` only where they take them; the paths
of assets are absolute, since a provider here has no folder of its own. With a provider that takes no secrets,
an output is secret where the input of the same name is (`plugin.annotateSecrets`). A provider whose own
configuration is not known yet is not asked at all.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sandbox.engine.builtin import contains_secret
from sandbox.engine.provider import (
    Accepted,
    CheckResult,
    DiffResult,
    InitializationError,
    InvokeResult,
    Provider,
    ReadResult,
    Recovers,
    RemoteProvider,
)
from sandbox.engine.state import Resource
from sandbox.engine.values import UNKNOWN, Archive, Asset, OutputValue, PropertyMap, ResourceReference, Secret


class Adapter:
    """A provider as the engine calls it. `known` is False while its configuration holds unknowns.

    `folder` is where the relative paths of assets begin.
    """

    def __init__(
        self, provider: Provider, folder: Path, *, known: bool = True, builtin: bool = False
    ) -> None:
        self.provider = provider
        self.known = known
        self._folder = folder
        # The built-in provider is part of the engine and knows secrets.
        self._builtin = builtin
        self._remote = provider if isinstance(provider, RemoteProvider) else None

    def check(self, urn: str, olds: PropertyMap, news: PropertyMap, random_seed: bytes) -> CheckResult:
        """The checked inputs, or why they are refused."""
        if not self.known:
            return CheckResult(news)
        crossing = self._crossing()
        result = self.provider.check(urn, crossing.over(olds), crossing.over(news), random_seed)
        return CheckResult(crossing.back(result.inputs, news), result.failures)

    def diff(self, old: Resource, news: PropertyMap, ignore_changes: Sequence[str]) -> DiffResult:
        """What changed from the old resource to the new inputs; something, where nobody can be asked."""
        if not self.known:
            return DiffResult(changes=True)
        crossing = self._crossing()
        return self.provider.diff(
            old.urn,
            old.id,
            crossing.over(old.outputs),
            crossing.over(old.inputs),
            crossing.over(news),
            ignore_changes,
        )

    def create(self, urn: str, inputs: PropertyMap, timeout: float, preview: bool) -> tuple[str, PropertyMap]:
        """The new resource's id and outputs."""
        if not self.known:
            return "", {}
        crossing = self._crossing()
        try:
            id, outputs = self.provider.create(urn, crossing.over(inputs), timeout, preview)
        except InitializationError as error:
            error.properties = crossing.back(error.properties, inputs)
            raise
        return id, crossing.back(outputs, inputs)

    def update(
        self, old: Resource, news: PropertyMap, timeout: float, ignore_changes: Sequence[str], preview: bool
    ) -> PropertyMap:
        """The changed resource's outputs."""
        if not self.known:
            return dict.fromkeys(old.outputs, UNKNOWN)
        crossing = self._crossing()
        try:
            outputs = self.provider.update(
                old.urn,
                old.id,
                crossing.over(old.outputs),
                crossing.over(old.inputs),
                crossing.over(news),
                timeout,
                ignore_changes,
                preview,
            )
        except InitializationError as error:
            error.properties = crossing.back(error.properties, news)
            raise
        return crossing.back(outputs, news)

    def read(self, urn: str, id: str, inputs: PropertyMap, properties: PropertyMap) -> ReadResult:
        """The resource as it stands."""
        crossing = self._crossing()
        try:
            result = self.provider.read(urn, id, crossing.over(inputs), crossing.over(properties))
        except InitializationError as error:
            error.inputs = crossing.back(error.inputs, inputs)
            error.properties = crossing.back(error.properties, {**properties, **inputs})
            raise
        return ReadResult(
            result.id,
            crossing.back(result.inputs, inputs),
            crossing.back(result.properties, {**properties, **inputs}),
        )

    def delete(self, resource: Resource, timeout: float) -> None:
        """Deletes the resource."""
        crossing = self._crossing()
        self.provider.delete(
            resource.urn,
            resource.id,
            crossing.over(resource.inputs),
            crossing.over(resource.outputs),
            timeout,
        )

    def invoke(self, token: str, arguments: PropertyMap) -> InvokeResult:
        """A data function's answer."""
        return self.provider.invoke(token, self._crossing().over(arguments))

    def recover(
        self, urn: str, inputs: PropertyMap, taken: Collection[str]
    ) -> tuple[bool, ReadResult | None]:
        """Whether the provider can tell, and what it found of an interrupted create."""
        if not isinstance(self.provider, Recovers):
            return False, None
        crossing = self._crossing()
        found = self.provider.recover(urn, crossing.over(inputs), taken)
        if found is None or not found.id:
            return True, None
        return True, ReadResult(found.id, inputs, crossing.back(found.properties, inputs))

    def _crossing(self) -> Crossing:
        accepted = self._remote.accepted if self._remote is not None else Accepted()
        return Crossing(None if self._builtin else self._folder, accepted)


class Crossing:
    """One call's way to the provider and back. With no folder, values cross as they are.

    `folder` is where the relative paths of assets begin.
    """

    def __init__(self, folder: Path | None, accepted: Accepted) -> None:
        self._folder = folder
        self._accepted = accepted
        self._paths: dict[str, str] = {}
        """The paths of assets as the program wrote them, by what the provider saw."""

    def over(self, properties: PropertyMap) -> PropertyMap:
        """The properties as the provider sees them."""
        if self._folder is None:
            return properties
        return {key: self._located(plain(value, self._accepted)) for key, value in properties.items()}

    def back(self, properties: PropertyMap, given: PropertyMap) -> PropertyMap:
        """The provider's answer as the engine keeps it: secret where `given` is, or where it says so."""
        if self._paths:
            properties = {key: self._as_written(value) for key, value in properties.items()}
        return properties if self._accepted.secrets else annotated(properties, given)

    def _located(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._located(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._located(item) for item in value]
        if isinstance(value, Secret):
            return Secret(self._located(value.value))
        if not isinstance(value, Asset | Archive) or self._folder is None:
            return value
        if isinstance(value, Archive) and value.assets is not None:
            return replace(value, assets={name: self._located(item) for name, item in value.assets.items()})
        if value.path is None:
            return value
        path = str(self._folder / value.path)
        self._paths[path] = value.path
        return replace(value, path=path)

    def _as_written(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._as_written(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._as_written(item) for item in value]
        if isinstance(value, Secret):
            return Secret(self._as_written(value.value))
        if isinstance(value, Archive) and value.assets is not None:
            return replace(
                value, assets={name: self._as_written(item) for name, item in value.assets.items()}
            )
        if isinstance(value, Asset | Archive) and value.path in self._paths:
            return replace(value, path=self._paths[value.path])
        return value


def plain(value: Any, accepted: Accepted = Accepted()) -> Any:  # noqa: B008 - it is frozen
    """The value as a provider sees it: without dependencies, and without what it does not take."""
    if isinstance(value, dict):
        return {key: plain(item, accepted) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item, accepted) for item in value]
    if isinstance(value, Secret | OutputValue):
        inner = plain(value.value, accepted)
        hidden = accepted.secrets and (isinstance(value, Secret) or value.secret)
        return Secret(inner) if hidden and not isinstance(inner, Secret) else inner
    if isinstance(value, ResourceReference) and not accepted.references:
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
