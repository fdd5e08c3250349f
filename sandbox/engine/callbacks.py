"""The functions that a program lends to the engine: the program serves them (`callback.proto`)."""

from __future__ import annotations

import threading
from typing import Any

import grpc
from pulumi.runtime.proto import callback_pb2, callback_pb2_grpc

from sandbox.engine.channels import channel_to


class CallbackFailed(Exception):
    """A function of the program raised, or the program has gone; the text is its own."""


class Callbacks:
    """Calls the functions of one program. Several threads may do so at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._channels: dict[str, grpc.Channel] = {}

    def call(self, callback: Any, message: Any) -> bytes:
        """Calls a function with a message; the answer's bytes. Raises `CallbackFailed`."""
        with self._lock:
            channel = self._channels.get(callback.target)
            if channel is None:
                channel = self._channels[callback.target] = channel_to(callback.target)
        request = callback_pb2.CallbackInvokeRequest(
            token=callback.token, request=message.SerializeToString()
        )
        try:
            answer: bytes = callback_pb2_grpc.CallbacksStub(channel).Invoke(request).response
        except grpc.RpcError as error:
            raise CallbackFailed(error.details()) from error
        return answer

    def close(self) -> None:
        """Closes the connections to the program."""
        with self._lock:
            channels = list(self._channels.values())
            self._channels.clear()
        for channel in channels:
            channel.close()
