"""A provider in a process of its own: the engine's calls as Pulumi's `ResourceProvider` service.

What is sent and how an answer is read follows the official engine (`provider_plugin.go`): which calls may
be left unimplemented, when secrets and references are kept, that a provider sees of an old asset no more than
its hash, and that one which knows no previews answers them with the inputs.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from google.protobuf.empty_pb2 import Empty
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import plugin_pb2, provider_pb2

from sandbox.engine import urn as urns
from sandbox.engine.adapter import plain
from sandbox.engine.builtin import contains_unknown
from sandbox.engine.calls import Calls, Unimplemented
from sandbox.engine.elision import elided, restored
from sandbox.engine.plugins import PluginProcess
from sandbox.engine.provider import (
    Accepted,
    CheckFailure,
    CheckResult,
    DiffKind,
    DiffResult,
    InvokeResult,
    ProviderError,
    ReadResult,
)
from sandbox.engine.values import PropertyMap
from sandbox.engine.wire import from_struct, to_struct

_CANCEL_SECONDS: Final = 2.0
_KINDS: Final[dict[int, DiffKind]] = {
    provider_pb2.PropertyDiff.ADD: "add",
    provider_pb2.PropertyDiff.ADD_REPLACE: "add-replace",
    provider_pb2.PropertyDiff.DELETE: "delete",
    provider_pb2.PropertyDiff.DELETE_REPLACE: "delete-replace",
    provider_pb2.PropertyDiff.UPDATE: "update",
    provider_pb2.PropertyDiff.UPDATE_REPLACE: "update-replace",
}
_CHANGES: Final = {
    provider_pb2.DiffResponse.DIFF_NONE: False,
    provider_pb2.DiffResponse.DIFF_SOME: True,
}


class GrpcProvider:
    """A `Provider` over gRPC. `process` is a plugin's; None where the engine attached to a running one.

    `folder` is where relative paths of assets in answers begin. Every call raises `ProviderError` with what
    the provider says, or that its process has ended.
    """

    def __init__(
        self, package: str, process: PluginProcess | None, address: str, engine: str, folder: Path, home: Path
    ) -> None:
        self._package = package
        self._process = process
        self._folder = folder
        self._calls = Calls(package, process, address)
        self._answer: Any = None
        """How the provider speaks: its answer to Handshake, or to Configure where it knows no Handshake."""
        self._previews = True
        try:
            self._shake_hands(engine, home)
        except BaseException:
            self.close()
            raise

    @property
    def accepted(self) -> Accepted:
        """Whether secrets and references reach it."""
        answer = self._answer
        return Accepted() if answer is None else Accepted(_secrets(answer), _references(answer))

    def check_config(self, urn: str, olds: PropertyMap, news: PropertyMap) -> CheckResult:
        """Checks the configuration; one that does not check takes it as it is."""
        try:
            answer = self._calls.CheckConfig(
                provider_pb2.CheckRequest(**_named(urn), olds=to_struct(olds), news=to_struct(news))
            )
        except Unimplemented:
            return CheckResult(news)
        return CheckResult(self._properties(answer.inputs), _failures(answer))

    def diff_config(self, urn: str, olds: PropertyMap, news: PropertyMap) -> DiffResult:
        """Compares two configurations; one that does not compare never asks for replacement."""
        try:
            answer = self._calls.DiffConfig(
                provider_pb2.DiffRequest(
                    **_named(urn), old_inputs=to_struct(olds), olds=to_struct(olds), news=to_struct(news)
                )
            )
        except Unimplemented:
            return DiffResult(changes=None)
        return _difference(answer)

    def configure(self, inputs: PropertyMap) -> None:
        """Configures a provider that stands for no resource."""
        self._configure(inputs)

    def configure_as(self, urn: str, id: str, inputs: PropertyMap) -> None:
        """Configures the provider of a provider resource."""
        self._configure(inputs, id=id, **_named(urn))

    def check(self, urn: str, olds: PropertyMap, news: PropertyMap, random_seed: bytes) -> CheckResult:
        """Validates the inputs and fills defaults."""
        answer = self._calls.Check(
            provider_pb2.CheckRequest(
                **_named(urn), olds=to_struct(olds), news=to_struct(news), randomSeed=random_seed
            )
        )
        return CheckResult(self._properties(answer.inputs), _failures(answer))

    def diff(
        self,
        urn: str,
        id: str,
        olds: PropertyMap,
        old_inputs: PropertyMap,
        news: PropertyMap,
        ignore_changes: Sequence[str],
    ) -> DiffResult:
        """What an update would change."""
        answer = self._calls.Diff(
            provider_pb2.DiffRequest(
                **_named(urn),
                id=id,
                olds=to_struct(elided(olds)),
                old_inputs=to_struct(elided(old_inputs)),
                news=to_struct(elided(news)),
                ignoreChanges=ignore_changes,
            )
        )
        return _difference(answer)

    def create(self, urn: str, inputs: PropertyMap, timeout: float, preview: bool) -> tuple[str, PropertyMap]:
        """Makes the resource; what it has made in part is an `InitializationError`."""
        if preview and not self._previews:
            return "", dict(inputs)
        request = provider_pb2.CreateRequest(
            **_named(urn), properties=to_struct(inputs), timeout=timeout, preview=preview
        )
        with self._calls.making(urn, "", inputs, self._properties):
            answer = self._calls.Create(request)
        return answer.id, self._known(answer.properties, preview)

    def read(self, urn: str, id: str, inputs: PropertyMap, properties: PropertyMap) -> ReadResult:
        """The resource as it stands."""
        request = provider_pb2.ReadRequest(**_named(urn), id=id, properties=to_struct(elided(properties)))
        if inputs or properties:
            request.inputs.CopyFrom(to_struct(elided(inputs)))
        with self._calls.making(urn, id, inputs, self._properties):
            answer = self._calls.Read(request)
        return ReadResult(
            answer.id,
            restored(self._known(answer.inputs, preview=False), inputs),
            restored(self._known(answer.properties, preview=False), inputs),
        )

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
        """Changes the resource."""
        if preview and not self._previews:
            return dict(news)
        request = provider_pb2.UpdateRequest(
            **_named(urn),
            id=id,
            olds=to_struct(elided(olds)),
            old_inputs=to_struct(elided(old_inputs)),
            news=to_struct(news),
            timeout=timeout,
            ignoreChanges=ignore_changes,
            preview=preview,
        )
        with self._calls.making(urn, id, news, self._properties):
            answer = self._calls.Update(request)
        return self._known(answer.properties, preview)

    def delete(self, urn: str, id: str, inputs: PropertyMap, properties: PropertyMap, timeout: float) -> None:
        """Deletes the resource."""
        self._calls.Delete(
            provider_pb2.DeleteRequest(
                **_named(urn),
                id=id,
                properties=to_struct(elided(properties)),
                old_inputs=to_struct(elided(inputs)),
                timeout=timeout,
            )
        )

    def invoke(self, token: str, arguments: PropertyMap) -> InvokeResult:
        """A data function's answer."""
        answer = self._calls.Invoke(provider_pb2.InvokeRequest(tok=token, args=to_struct(arguments)))
        return InvokeResult(self._properties(getattr(answer, "return")), _failures(answer))

    def cancel(self) -> None:
        """Asks calls under way to end; a provider that cannot is left alone."""
        self._calls.cancel(Empty(), _CANCEL_SECONDS)

    def close(self) -> None:
        """Lets the provider end in good order, then ends its process."""
        if self._process is not None and self._process.status is None:
            self.cancel()
        self._calls.close()
        if self._process is not None:
            self._process.stop()

    # How the two sides agree

    def _shake_hands(self, engine: str, home: Path) -> None:
        request = provider_pb2.ProviderHandshakeRequest(engine_address=engine, configure_with_urn=True)
        if self._process is not None:
            request.root_directory = request.program_directory = str(home)
        with contextlib.suppress(Unimplemented):
            self._answer = self._calls.Handshake(request)
        if self._process is None:
            self._calls.Attach(plugin_pb2.PluginAttach(address=engine))

    def _configure(self, inputs: PropertyMap, **named: str) -> None:
        variables = {
            f"{self._package}:config:{key}": value if isinstance(value, str) else json.dumps(value)
            for key, value in plain(inputs).items()
            if key != "version"
        }
        answer = self._calls.Configure(
            provider_pb2.ConfigureRequest(
                **named,
                variables=variables,
                args=to_struct(inputs),
                acceptSecrets=True,
                acceptResources=True,
                sends_old_inputs=True,
                sends_old_inputs_to_delete=True,
            )
        )
        if self._answer is None:
            self._answer = answer
            self._previews = answer.supportsPreview

    # Answers

    def _properties(self, struct: Struct) -> PropertyMap:
        return from_struct(struct, self._folder)

    def _known(self, struct: Struct, preview: bool) -> PropertyMap:
        properties = self._properties(struct)
        if not preview and contains_unknown(properties):
            raise ProviderError(f"the provider of '{self._package}' gave an unknown value outside a preview")
        return properties


def _named(urn: str) -> dict[str, Any]:
    return {"urn": urn, "name": urns.name_of(urn), "type": urns.type_of(urn)}


def _secrets(answer: Any) -> bool:
    return bool(getattr(answer, "accept_secrets", False) or getattr(answer, "acceptSecrets", False))


def _references(answer: Any) -> bool:
    return bool(getattr(answer, "accept_resources", False) or getattr(answer, "acceptResources", False))


def _failures(answer: Any) -> tuple[CheckFailure, ...]:
    return tuple(CheckFailure(one.property, one.reason) for one in answer.failures)


def _difference(answer: Any) -> DiffResult:
    detailed: dict[str, DiffKind] = {}
    if answer.hasDetailedDiff:
        detailed = {path: _KINDS.get(one.kind, "update") for path, one in answer.detailedDiff.items()}
    return DiffResult(
        changes=_CHANGES.get(answer.changes),
        replaces=tuple(answer.replaces),
        stables=tuple(answer.stables),
        delete_before_replace=answer.deleteBeforeReplace,
        detailed=detailed,
    )
