"""A provider of this process as Pulumi's `ResourceProvider` service: what an engine's calls become.

Knows only the interface of `sandbox.engine.provider`. The provider gets what the engine's adapter gives it in
process: plain values, and assets with absolute paths; the same rules mark its answers as secret. So a state
is the same whichever engine has written it.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import grpc
from google.protobuf import empty_pb2
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from sandbox.engine import provider_answers as answers
from sandbox.engine.adapter import Crossing
from sandbox.engine.builtin import contains_secret
from sandbox.engine.hashing import AssetUnreadable
from sandbox.engine.provider import Accepted, InitializationError, Provider, ProviderError
from sandbox.engine.values import PropertyMap, Secret
from sandbox.engine.wire import from_struct, to_struct

_STATUS_DETAILS: Final = "grpc-status-details-bin"
_ENGINES_OWN: Final = frozenset({"version", "pluginDownloadURL", "__internal"})
"""What an engine keeps beside a provider's own configuration."""


class NotConfigured(ProviderError):
    """A call about resources before the provider was told its configuration."""

    def __init__(self, package: str) -> None:
        super().__init__(f"the provider of {package} has not been configured: Configure comes first")


class ProviderService(provider_pb2_grpc.ResourceProviderServicer):
    """Serves one provider, which `make` gives when it is first needed.

    `folder` is where the relative paths of assets begin: the folder that the engine started the plugin in.
    """

    def __init__(self, make: Callable[[], Provider], *, package: str, version: str, folder: Path) -> None:
        self._make = make
        self._package = package
        self._version = version
        self._folder = folder
        self._lock = threading.Lock()
        self._made: Provider | None = None
        self._configured = False
        self._cancelled = False

    def prepare(self) -> Provider:
        """The provider, made now where it has not been."""
        with self._lock:
            if self._made is None:
                self._made = self._make()
                if self._cancelled:
                    self._made.cancel()
            return self._made

    def cancel(self) -> None:
        """Asks calls under way to end soon. Does not wait for a provider that is being made."""
        self._cancelled = True
        if self._made is not None:
            self._made.cancel()

    def close(self) -> None:
        """Closes the provider, where it was made. Does not wait for one that is being made."""
        if self._made is not None:
            self._made.close()

    def Handshake(  # noqa: N802 - the services' names are Pulumi's
        self, request: provider_pb2.ProviderHandshakeRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ProviderHandshakeResponse:
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True, accept_resources=True)

    def Attach(self, request: Any, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:  # noqa: N802
        return plugin_pb2.PluginInfo(version=self._version)

    def GetSchema(  # noqa: N802
        self, request: provider_pb2.GetSchemaRequest, context: grpc.ServicerContext
    ) -> provider_pb2.GetSchemaResponse:
        # Programs bring the types with the package's own SDK; no run asks a provider for them.
        schema = {"name": self._package, "version": self._version}
        return provider_pb2.GetSchemaResponse(schema=json.dumps(schema))

    def GetMapping(  # noqa: N802
        self, request: Any, context: grpc.ServicerContext
    ) -> provider_pb2.GetMappingResponse:
        return provider_pb2.GetMappingResponse()

    def GetMappings(  # noqa: N802
        self, request: Any, context: grpc.ServicerContext
    ) -> provider_pb2.GetMappingsResponse:
        return provider_pb2.GetMappingsResponse()

    def CheckConfig(  # noqa: N802
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        with self._answering(context):
            olds, news = self._properties(request.olds), self._properties(request.news)
            way = self._crossing()
            result = self.prepare().check_config(request.urn, _own(way.over(olds)), _own(way.over(news)))
            inputs = {**way.back(result.inputs, news), **_engines(news)}
            return provider_pb2.CheckResponse(
                inputs=to_struct(inputs), failures=answers.failures(result.failures)
            )

    def DiffConfig(  # noqa: N802
        self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext
    ) -> provider_pb2.DiffResponse:
        with self._answering(context):
            way = self._crossing()
            olds = way.over(self._properties(request.old_inputs) or self._properties(request.olds))
            news = way.over(self._properties(request.news))
            result = self.prepare().diff_config(request.urn, _own(olds), _own(news))
            return answers.difference(result, of_inputs=True)

    def Configure(  # noqa: N802
        self, request: provider_pb2.ConfigureRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        with self._answering(context):
            self.prepare().configure(_own(self._crossing().over(self._properties(request.args))))
            self._configured = True
            return provider_pb2.ConfigureResponse(
                acceptSecrets=True, acceptResources=True, supportsPreview=True
            )

    def Check(  # noqa: N802
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        with self._answering(context):
            olds, news = self._properties(request.olds), self._properties(request.news)
            way = self._crossing()
            result = self._provider().check(request.urn, way.over(olds), way.over(news), request.randomSeed)
            return provider_pb2.CheckResponse(
                inputs=to_struct(way.back(result.inputs, news)), failures=answers.failures(result.failures)
            )

    def Diff(  # noqa: N802
        self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext
    ) -> provider_pb2.DiffResponse:
        with self._answering(context):
            way = self._crossing()
            old_inputs = way.over(self._properties(request.old_inputs))
            result = self._provider().diff(
                request.urn,
                request.id,
                way.over(self._properties(request.olds)),
                old_inputs,
                way.over(self._properties(request.news)),
                list(request.ignoreChanges),
            )
            return answers.difference(result, of_inputs=bool(old_inputs))

    def Create(  # noqa: N802
        self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CreateResponse:
        inputs = self._properties(request.properties)
        way = self._crossing()
        with self._answering(context, way, inputs):
            id, outputs = self._provider().create(
                request.urn, way.over(inputs), request.timeout, request.preview
            )
            return provider_pb2.CreateResponse(id=id, properties=to_struct(way.back(outputs, inputs)))

    def Read(  # noqa: N802
        self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ReadResponse:
        inputs, properties = self._properties(request.inputs), self._properties(request.properties)
        way = self._crossing()
        with self._answering(context, way, inputs):
            found = self._provider().read(request.urn, request.id, way.over(inputs), way.over(properties))
            if not found.id:
                return provider_pb2.ReadResponse()
            return provider_pb2.ReadResponse(
                id=found.id,
                inputs=to_struct(way.back(found.inputs, inputs)),
                properties=to_struct(way.back(found.properties, {**properties, **inputs})),
            )

    def Update(  # noqa: N802
        self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext
    ) -> provider_pb2.UpdateResponse:
        news = self._properties(request.news)
        way = self._crossing()
        with self._answering(context, way, news):
            outputs = self._provider().update(
                request.urn,
                request.id,
                way.over(self._properties(request.olds)),
                way.over(self._properties(request.old_inputs)),
                way.over(news),
                request.timeout,
                list(request.ignoreChanges),
                request.preview,
            )
            return provider_pb2.UpdateResponse(properties=to_struct(way.back(outputs, news)))

    def Delete(  # noqa: N802
        self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext
    ) -> empty_pb2.Empty:
        with self._answering(context):
            way = self._crossing()
            self._provider().delete(
                request.urn,
                request.id,
                way.over(self._properties(request.old_inputs)),
                way.over(self._properties(request.properties)),
                request.timeout,
            )
            return empty_pb2.Empty()

    def Invoke(  # noqa: N802
        self, request: provider_pb2.InvokeRequest, context: grpc.ServicerContext
    ) -> provider_pb2.InvokeResponse:
        with self._answering(context):
            arguments = self._properties(request.args)
            result = self._provider().invoke(request.tok, self._crossing().over(arguments))
            answer = result.properties
            if contains_secret(arguments):
                # The function cannot say which of its answers the secret went into.
                answer = {
                    key: value if isinstance(value, Secret) else Secret(value)
                    for key, value in answer.items()
                }
            return provider_pb2.InvokeResponse(
                **{"return": to_struct(answer)}, failures=answers.failures(result.failures)
            )

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802
        self.cancel()
        return empty_pb2.Empty()

    def Construct(self, request: Any, context: grpc.ServicerContext) -> None:  # noqa: N802
        self._refuse(context, "Construct", "it has no components of its own")

    def Call(self, request: Any, context: grpc.ServicerContext) -> None:  # noqa: N802
        self._refuse(context, "Call", "its resources have no methods")

    def Parameterize(self, request: Any, context: grpc.ServicerContext) -> None:  # noqa: N802
        self._refuse(context, "Parameterize", "it takes no parameters")

    def List(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:  # noqa: N802
        self._refuse(context, "List", "it lists no resources")
        return iter(())

    def _refuse(self, context: grpc.ServicerContext, call: str, reason: str) -> None:
        message = f"the provider of {self._package} does not answer {call}: {reason}"
        context.abort(grpc.StatusCode.UNIMPLEMENTED, message)

    def _provider(self) -> Provider:
        if not self._configured:
            raise NotConfigured(self._package)
        return self.prepare()

    def _properties(self, struct: Struct) -> PropertyMap:
        return from_struct(struct, self._folder)

    def _crossing(self) -> Crossing:
        return Crossing(self._folder, Accepted())

    @contextmanager
    def _answering(
        self,
        context: grpc.ServicerContext,
        way: Crossing | None = None,
        given: PropertyMap | None = None,
    ) -> Iterator[None]:
        try:
            yield
        except InitializationError as error:
            back, known = (way or self._crossing()).back, given or {}
            details = answers.unfinished(error, back(error.properties, known), back(error.inputs, known))
            context.set_trailing_metadata(((_STATUS_DETAILS, details),))
            context.abort(grpc.StatusCode.UNKNOWN, str(error))
        except NotConfigured as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
        except (ProviderError, AssetUnreadable) as error:
            context.abort(grpc.StatusCode.UNKNOWN, str(error))


def _own(configuration: PropertyMap) -> PropertyMap:
    return {key: value for key, value in configuration.items() if key not in _ENGINES_OWN}


def _engines(configuration: PropertyMap) -> PropertyMap:
    return {key: value for key, value in configuration.items() if key in _ENGINES_OWN}
