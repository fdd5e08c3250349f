"""The providers of a run: which there are, how they are configured, and the resources that stand for them.

A provider is itself a resource (`pulumi:providers:<package>`); the engine's own "provider of providers" is
here.
"""

from __future__ import annotations

import threading
import uuid
from pathlib import Path
from typing import Final

from sandbox.engine import urn as urns
from sandbox.engine.adapter import Adapter, annotated, plain
from sandbox.engine.builtin import BuiltinProvider, contains_unknown
from sandbox.engine.packages import Packages
from sandbox.engine.provider import CheckResult, DiffResult, Provider, RemoteProvider
from sandbox.engine.signatures import UNKNOWN_STRING
from sandbox.engine.state import Resource
from sandbox.engine.values import PropertyMap

_INTERNAL: Final = "__internal"
_VERSION: Final = "version"


class Registry:
    """Makes, configures and keeps the providers of one run."""

    def __init__(
        self,
        packages: Packages,
        builtin: BuiltinProvider,
        folder: Path,
        preview: bool,
    ) -> None:
        self._packages = packages
        self._builtin = builtin
        self._folder = folder
        self._preview = preview
        self._configured: dict[str, Adapter] = {}
        self._checked: dict[str, Provider] = {}
        self._made: list[Provider] = []
        self._lock = threading.RLock()

    def get(self, reference: str) -> Adapter | None:
        """The configured provider that a reference (`<urn>::<id>`) names."""
        return self._configured.get(reference)

    def check(self, urn: str, olds: PropertyMap, news: PropertyMap) -> CheckResult:
        """Checks the configuration of a provider resource."""
        provider = self._new(urn, news)
        result = provider.check_config(urn, _config(provider, olds), _config(provider, news))
        if result.failures:
            provider.close()
            return CheckResult(result.inputs, result.failures)
        with self._lock:
            self._checked[urn] = provider
        inputs = annotated(dict(result.inputs), news)
        for key in (_VERSION, _INTERNAL):
            if key in news:
                inputs[key] = news[key]
        return CheckResult(inputs)

    def diff(self, old: Resource, news: PropertyMap) -> DiffResult:
        """Compares the configurations of a provider resource."""
        provider = self._checked.get(old.urn)
        if provider is None:
            configured = self._configured.get(old.reference)
            provider = configured.provider if configured else self._new(old.urn, news)
        result = provider.diff_config(old.urn, _config(provider, old.inputs), _config(provider, news))
        same = _outputs(old.outputs) == _outputs(news)
        if result.changes is None:
            return DiffResult(changes=not same)
        if not result.changes and old.inputs.get(_VERSION) != news.get(_VERSION):
            # The provider does not see its version, but the state must follow it.
            return DiffResult(changes=True, detailed={_VERSION: "update"})
        return result

    def same(self, resource: Resource) -> None:
        """Configures a provider resource that has not changed, once."""
        if resource.reference in self._configured:
            return
        with self._lock:
            provider = self._checked.pop(resource.urn, None)
        self._configure(
            resource.reference, provider or self._new(resource.urn, resource.inputs), resource.inputs
        )

    def create(self, urn: str, inputs: PropertyMap) -> tuple[str, PropertyMap]:
        """Configures a new provider resource: its id and outputs."""
        id = UNKNOWN_STRING if self._preview else str(uuid.uuid4())
        with self._lock:
            provider = self._checked.pop(urn, None)
        self._configure(f"{urn}::{id}", provider or self._new(urn, inputs), inputs)
        return id, _outputs(inputs)

    def update(self, urn: str, id: str, inputs: PropertyMap) -> PropertyMap:
        """Configures a provider resource anew."""
        with self._lock:
            provider = self._checked.pop(urn, None)
            former = self._configured.pop(f"{urn}::{id}", None)
        self._configure(f"{urn}::{id}", provider or self._new(urn, inputs), inputs)
        if former is not None:
            former.provider.close()
        return _outputs(inputs)

    def delete(self, resource: Resource) -> None:
        """Lets go of a provider resource's provider."""
        with self._lock:
            adapter = self._configured.pop(resource.reference, None)
        if adapter is not None:
            adapter.provider.close()

    def differs(self, old: Resource, new: Resource) -> bool:
        """Whether resources that move from one provider resource to the other must be replaced."""
        adapter = self._configured.get(new.reference)
        provider = adapter.provider if adapter else self._new(new.urn, new.inputs)
        olds, news = _config(provider, old.inputs), _config(provider, new.inputs)
        return bool(provider.diff_config(new.urn, olds, news).replaces)

    def cancel(self) -> None:
        """Asks every provider to end its calls soon."""
        for adapter in list(self._configured.values()):
            adapter.provider.cancel()

    def close(self) -> None:
        """Closes every provider."""
        with self._lock:
            providers, self._made = self._made, []
            self._configured.clear()
            self._checked.clear()
        for provider in providers:
            provider.close()

    def _new(self, urn: str, inputs: PropertyMap) -> Provider:
        package = urns.package_of(urns.type_of(urn))
        if package == "pulumi":
            return self._builtin
        version = inputs.get(_VERSION)
        provider = self._packages.provider(package, version if isinstance(version, str) else "")
        with self._lock:
            self._made.append(provider)
        return provider

    def _configure(self, reference: str, provider: Provider, inputs: PropertyMap) -> None:
        config = _config(provider, inputs)
        known = not contains_unknown(config)
        if known and isinstance(provider, RemoteProvider):
            urn, id = urns.split_reference(reference)
            provider.configure_as(urn, id, {key: inputs[key] for key in config})
        elif known:
            provider.configure(config)
        with self._lock:
            self._configured[reference] = Adapter(
                provider, self._folder, known=known, builtin=provider is self._builtin
            )


def _config(provider: Provider, inputs: PropertyMap) -> PropertyMap:
    """The configuration that a provider sees: without what only the engine needs.

    A plugin sees its version, as under the official engine (`FilterProviderConfig`).
    """
    hidden = (_INTERNAL,) if isinstance(provider, RemoteProvider) else (_INTERNAL, _VERSION)
    return {key: plain(value) for key, value in inputs.items() if key not in hidden}


def _outputs(inputs: PropertyMap) -> PropertyMap:
    return {key: value for key, value in inputs.items() if key != _INTERNAL}
