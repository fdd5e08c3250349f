"""Calls to a provider's process: how they are made, and what its errors say."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import grpc
from google.protobuf.message import DecodeError
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc, status_pb2

from sandbox.engine.channels import channel_to
from sandbox.engine.plugins import PluginProcess
from sandbox.engine.provider import InitializationError, ProviderError
from sandbox.engine.values import PropertyMap

_CONNECT_SECONDS: Final = 10.0
"""Seconds until a plugin that has told its port must answer (`pluginRPCConnectionTimeout`)."""
_FIRST_SECONDS: Final = 30.0
_END_SECONDS: Final = 1.0
_DETAILS: Final = "grpc-status-details-bin"


class Unimplemented(ProviderError):
    """A call that the provider does not know."""


class PartlyMade(ProviderError):
    """A resource that exists but is not as it should be: the message with which the provider says so."""

    def __init__(self, message: provider_pb2.ErrorResourceInitFailed) -> None:
        super().__init__("; ".join(message.reasons) or "the resource could not be initialized")
        self.message = message


class Calls:
    """The methods of `ResourceProvider`, by their names. Each raises `ProviderError`, `Unimplemented`."""

    def __init__(self, package: str, process: PluginProcess | None, address: str) -> None:
        self._package = package
        self._process = process
        self._channel = channel_to(address)
        self._stub = provider_pb2_grpc.ResourceProviderStub(self._channel)
        try:
            grpc.channel_ready_future(self._channel).result(_CONNECT_SECONDS)
        except grpc.FutureTimeoutError:
            raise self._unreachable(f"does not answer at {address}") from None

    def __getattr__(self, method: str) -> Callable[[Any], Any]:
        call = getattr(self._stub, method)

        def made(request: Any) -> Any:
            try:
                return call(request)
            except grpc.RpcError as error:
                raise self._told(error) from None

        return made

    def Handshake(self, request: Any) -> Any:  # noqa: N802 - the service's name
        """The first call, which a plugin that hangs must not keep the run waiting for."""
        try:
            return self._stub.Handshake(request, timeout=_FIRST_SECONDS)
        except grpc.RpcError as error:
            if error.code() == grpc.StatusCode.DEADLINE_EXCEEDED:
                raise self._unreachable(f"has not answered within {_FIRST_SECONDS:g} seconds") from None
            raise self._told(error) from None

    def cancel(self, request: Any, seconds: float) -> None:
        """Calls Cancel, whose failure is nobody's business."""
        with contextlib.suppress(grpc.RpcError):
            self._stub.Cancel(request, timeout=seconds)

    def close(self) -> None:
        """Closes the connection."""
        self._channel.close()

    @contextlib.contextmanager
    def making(
        self, urn: str, id: str, inputs: PropertyMap, properties: Callable[[Struct], PropertyMap]
    ) -> Iterator[None]:
        """Around a call that may make a resource in part: raises `InitializationError` for that."""
        try:
            yield
        except PartlyMade as error:
            told = error.message
            raise InitializationError(
                told.id or id,
                properties(told.properties),
                properties(told.inputs) if told.HasField("inputs") else inputs,
                list(told.reasons) or [str(error)],
            ) from error

    def _told(self, error: Any) -> ProviderError:
        code, text = error.code(), error.details() or ""
        if code == grpc.StatusCode.UNIMPLEMENTED:
            return Unimplemented(text or f"the provider of '{self._package}' does not implement this call")
        if code == grpc.StatusCode.UNAVAILABLE and self._process is not None:
            return self._unreachable(f"does not answer ({text})")
        for detail in _details(error):
            if detail.Is(provider_pb2.ErrorResourceInitFailed.DESCRIPTOR):
                failed = provider_pb2.ErrorResourceInitFailed()
                detail.Unpack(failed)
                return PartlyMade(failed)
            if detail.Is(provider_pb2.ConfigureErrorMissingKeys.DESCRIPTOR):
                missing = provider_pb2.ConfigureErrorMissingKeys()
                detail.Unpack(missing)
                return ProviderError(
                    "\n".join(
                        f'missing required configuration key "{key.name}": {key.description}'
                        for key in missing.missingKeys
                    )
                )
        return ProviderError(text.strip() or f"the provider of '{self._package}' failed ({code.name})")

    def _unreachable(self, reason: str) -> ProviderError:
        """What became of the process; a connection breaks a moment before its process has ended."""
        process = self._process
        if process is None:
            return ProviderError(f"the provider of '{self._package}' {reason}")
        deadline = time.monotonic() + _END_SECONDS
        while process.status is None and time.monotonic() < deadline:
            time.sleep(0.01)
        return ProviderError(
            f"the plugin {process.name} {reason}" if process.status is None else str(process.ended())
        )


def _details(error: Any) -> list[Any]:
    for key, value in error.trailing_metadata() or ():
        if key == _DETAILS:
            with contextlib.suppress(DecodeError):
                return list(status_pb2.Status.FromString(value).details)
    return []
