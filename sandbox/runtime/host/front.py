"""Where each request goes: an overlay's raw path, the administration, an overlay's operation, or the
emulator."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

from botocore.model import OperationModel

from sandbox.runtime.host.emulator import Emulator
from sandbox.runtime.host.faults import Faults
from sandbox.runtime.host.http import HttpAnswer, HttpRequest
from sandbox.runtime.host.operation import (
    Operation,
    caller_of,
    operation_of,
    rest_operation,
    service_model,
)
from sandbox.runtime.host.protocol import (
    error_answer,
    json_answer,
    parse_json,
    parse_rest_json,
    rest_json_answer,
)
from sandbox.runtime.overlay import AsgiHandler, HttpOverlay, Overlay, ServiceError

_log = logging.getLogger(__name__)

Gate = Callable[[HttpRequest, Operation], HttpAnswer | None]
"""Looks at a request before it goes on; an answer stops it."""
Administration = Callable[[HttpRequest], HttpAnswer]

_WAITING = frozenset({"sqs"})
"""Services whose requests may wait (long polls), and so must not fill the emulator's few workers."""
_LATENCY = 2.0
"""Seconds that the fault `latency` adds."""


class Front:
    """The ASGI application."""

    def __init__(
        self,
        emulator: Emulator,
        overlays: Sequence[Overlay],
        administration: Administration,
        faults: Faults,
        gates: Mapping[str, Sequence[Gate]],
        account_id: str,
        region: str,
    ) -> None:
        self._emulator = emulator
        self._administration = administration
        self._faults = faults
        self._gates = gates
        self._account_id = account_id
        self._region = region
        self._operations = {
            (overlay.service, name): overlay for overlay in overlays for name in overlay.operations
        }
        self._services = {overlay.service for overlay in overlays}
        self._raw: list[tuple[str, AsgiHandler]] = []
        for overlay in overlays:
            if hasattr(overlay, "path_prefix"):
                raw = cast(HttpOverlay, overlay)
                self._raw.append((raw.path_prefix, raw.asgi))
        # Overlays call the cloud in their turn, so they wait in a pool of their own.
        self._emulating = ThreadPoolExecutor(4, "emulator")
        self._overlaying = ThreadPoolExecutor(64, "overlay")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One request, as ASGI has it."""
        if scope["type"] != "http":
            return
        path: str = scope["path"]
        for prefix, handler in self._raw:
            if path.startswith(prefix):
                await handler(scope, receive, send)
                return
        request = await _received(scope, receive)
        loop = asyncio.get_running_loop()
        if path.startswith("/_sandbox/"):
            answer = await loop.run_in_executor(self._overlaying, self._administration, request)
        else:
            operation = operation_of(request, self._region)
            service = operation.service
            apart = service in self._services or service in self._gates or service in _WAITING
            pool = self._overlaying if apart or self._faults.armed else self._emulating
            answer = await loop.run_in_executor(pool, self._answer, request, operation)
        await _send(send, answer)

    def close(self) -> None:
        """Lets requests in progress end."""
        self._emulating.shutdown(wait=True, cancel_futures=True)
        self._overlaying.shutdown(wait=True, cancel_futures=True)

    def _answer(self, request: HttpRequest, operation: Operation) -> HttpAnswer:
        service = operation.service
        try:
            model, in_path = self._modelled(request, operation)
            name = model.name if model else operation.name
            if self._faults.armed:
                self._play_faults(service, name)
            overlay = self._operations.get((service, name))
            if overlay is not None and model is not None:
                return self._overlaid(overlay, model, in_path, request, operation)
            for gate in self._gates.get(service, ()):
                stopped = gate(request, operation)
                if stopped is not None:
                    return stopped
            return self._emulator.call(request)
        except ServiceError as refused:
            return error_answer(service, refused.code, refused.message, refused.status)

    def _modelled(
        self, request: HttpRequest, operation: Operation
    ) -> tuple[OperationModel | None, dict[str, str]]:
        if operation.service not in self._services and not self._faults.armed:
            return None, {}
        if not operation.name:
            return rest_operation(operation.service, request) or (None, {})
        if (operation.service, operation.name) in self._operations:
            return service_model(operation.service).operation_model(operation.name), {}
        return None, {}

    def _overlaid(
        self,
        overlay: Overlay,
        model: OperationModel,
        in_path: Mapping[str, str],
        request: HttpRequest,
        operation: Operation,
    ) -> HttpAnswer:
        caller = caller_of(operation, self._account_id)
        rest = not operation.name
        params = parse_rest_json(model, request, in_path) if rest else parse_json(model, request)
        try:
            answer = overlay.call(model.name, params, caller)
        except ServiceError:
            raise
        except Exception as fault:
            _log.exception("%s %s failed", operation.service, model.name)
            message = f"The sandbox failed on {model.name}: {fault!r}. Its log says where."
            raise ServiceError("InternalFailure", message, 500) from fault
        return rest_json_answer(model, answer) if rest else json_answer(model, answer)

    def _play_faults(self, service: str, name: str) -> None:
        target = f"{service}:{name}"
        if self._faults.take("latency", target):
            time.sleep(_LATENCY)
        if self._faults.take("throttle", target):
            # S3's own way, which a HEAD without a body can tell too.
            if service == "s3":
                raise ServiceError("SlowDown", "Please reduce your request rate.", 503)
            raise ServiceError("ThrottlingException", "Rate exceeded", 400)
        if self._faults.take("error500", target):
            raise ServiceError("InternalFailure", "A fault that was asked for.", 500)


async def _received(scope: Any, receive: Any) -> HttpRequest:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
    return HttpRequest(
        scope["method"],
        scope["raw_path"].decode("latin-1"),
        scope["query_string"].decode("latin-1"),
        headers,
        bytes(body),
    )


async def _send(send: Any, answer: HttpAnswer) -> None:
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
    if not any(name == b"content-length" for name, _ in headers):
        headers.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
