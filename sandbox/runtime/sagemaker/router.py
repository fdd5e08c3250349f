"""Which instance answers an invocation? Variants by weight, instances in turn, another one if one dies."""

from __future__ import annotations

import asyncio
import json
import random
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.runtime.overlay import Caller
from sandbox.runtime.sagemaker.capture import Capture, Captured
from sandbox.runtime.sagemaker.fleet import Fleet, Variant
from sandbox.runtime.sagemaker.instance import Instance
from sandbox.runtime.sagemaker.traffic import Traffic
from sandbox.runtime.sagemaker.upstream import Answer, Pools, UpstreamLostError

BODY_LIMIT = 6 * 1024 * 1024
"""Bytes of a request's body, the service's limit for real-time endpoints (InvokeEndpoint, Body)."""
_MODEL_SECONDS = 60.0
"""How long a model may take, the service's limit."""
_PATIENCE_SECONDS = 60.0
"""How long a request waits for an instance while all of them are being replaced or brought up again."""
_TARGET = b"x-amzn-sagemaker-target-variant"
_ATTRIBUTES = b"x-amzn-sagemaker-custom-attributes"
_INFERENCE_ID = b"x-amzn-sagemaker-inference-id"


@dataclass
class Route:
    """Where an endpoint's invocations go. `shares`, replaced whole: fleets and their parts of the traffic."""

    name: str
    caller: Caller
    shares: Sequence[tuple[Fleet, float]] = ()
    capture: Capture | None = None


@dataclass
class Routes:
    """All endpoints that can be invoked. Written by the control plane, read on the event loop."""

    by_name: dict[tuple[str, str], Route] = field(default_factory=dict)

    def put(self, route: Route) -> None:
        self.by_name[(route.caller.region, route.name)] = route

    def drop(self, route: Route) -> None:
        if self.by_name.get((route.caller.region, route.name)) is route:
            del self.by_name[(route.caller.region, route.name)]

    def find(self, region: str, name: str) -> Route | None:
        """The endpoint of that name in the region; in any region where the request names none."""
        if region:
            return self.by_name.get((region, name))
        return next((route for key, route in list(self.by_name.items()) if key[1] == name), None)


class _RefusedError(Exception):
    def __init__(self, status: int, kind: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.body = {"Message": message, **more}


@dataclass(frozen=True)
class _Request:
    head: bytes
    body: bytes
    region: str
    content_type: str
    variant: str
    attributes: bytes
    inference_id: str


class Router:
    """The ASGI application behind `POST /endpoints/{name}/invocations`."""

    def __init__(self, routes: Routes, traffic: Traffic) -> None:
        self._routes = routes
        self._traffic = traffic
        self._pools = Pools()
        self._swept = 0.0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request_id = str(uuid.uuid4())
        try:
            name = _endpoint_name(scope)
            request = await _read(scope, receive)
            status, headers, body = await self._invoke(name, request)
        except _RefusedError as refusal:
            status, body = refusal.status, json.dumps(refusal.body).encode()
            kind = refusal.kind.encode()
            headers = [(b"content-type", b"application/json"), (b"x-amzn-errortype", kind)]
        headers.append((b"x-amzn-requestid", request_id.encode()))
        headers.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _invoke(self, name: str, request: _Request) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        route = self._routes.find(request.region, name)
        if route is None:
            raise _RefusedError(
                400,
                "ValidationError",
                f"Endpoint {name} of account not found.",
            )
        started = time.perf_counter()
        variant, instance, answer, model_seconds = await self._ask(route, request)
        self._traffic.count(
            route, variant.plan.name, answer.status, model_seconds, time.perf_counter() - started
        )
        if answer.status >= 400:
            raise _model_error(route, variant, instance, answer)
        capture = route.capture
        if capture is not None and capture.sampled():
            capture.put(
                Captured(
                    variant.plan.name,
                    request.body,
                    request.content_type,
                    answer.body,
                    answer.content_type.decode("latin-1"),
                    request.attributes.decode("latin-1"),
                    request.inference_id,
                )
            )
        headers = [
            (b"content-type", answer.content_type),
            (b"x-amzn-invoked-production-variant", variant.plan.name.encode()),
        ]
        if request.attributes:
            headers.append((_ATTRIBUTES, request.attributes))
        return 200, headers, answer.body

    async def _ask(self, route: Route, request: _Request) -> tuple[Variant, Instance, Answer, float]:
        """Asks one instance after the other until one answers; an instance that dies loses no request."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        lost: set[str] = set()
        while True:
            chosen = _choose(route, request.variant, lost)
            if chosen is None:
                if time.monotonic() > deadline or self._routes.find(route.caller.region, route.name) is None:
                    raise _RefusedError(
                        503, "ServiceUnavailable", f"Endpoint {route.name} has no instance that answers."
                    )
                await asyncio.sleep(0.02)
                continue
            variant, instance = chosen
            started = time.perf_counter()
            try:
                answer = await self._pools.invoke(instance, request.head, request.body, _MODEL_SECONDS)
            except UpstreamLostError:
                lost.add(instance.id)
                self._sweep()
                continue
            except TimeoutError:
                took = time.perf_counter() - started
                self._traffic.count(route, variant.plan.name, 504, took, took)
                raise _model_error(
                    route,
                    variant,
                    instance,
                    Answer(
                        0,
                        b"",
                        b"Your invocation timed out while waiting for a "
                        b"response from container primary. Review the latency metrics for each container in "
                        b"Amazon CloudWatch, resolve the issue, and try again.",
                    ),
                ) from None
            return variant, instance, answer, time.perf_counter() - started

    def _sweep(self) -> None:
        alive = {
            instance.id
            for route in list(self._routes.by_name.values())
            for fleet, _ in route.shares
            for variant in fleet.variants.values()
            for instance in variant.instances
        }
        self._pools.forget(alive)


def _choose(route: Route, wanted: str, lost: set[str]) -> tuple[Variant, Instance] | None:
    """A variant by its weight and an instance by turn; None while there is none."""
    shares = route.shares
    if not shares:
        return None
    fleet = shares[0][0]
    if len(shares) > 1:
        pick = random.random()  # noqa: S311 - chooses traffic, keeps no secret
        for candidate, share in shares:
            pick -= share
            if pick < 0:
                fleet = candidate
                break
    if wanted:
        variant = fleet.variants.get(wanted)
        if variant is None:
            raise _RefusedError(
                400, "ValidationError", f"Variant {wanted} does not exist in endpoint {route.name}."
            )
    else:
        variant = _weighted(fleet)
    instances = variant.instances
    for _ in range(len(instances)):
        variant.turn += 1
        instance = instances[variant.turn % len(instances)]
        if instance.id not in lost:
            return variant, instance
    # Perhaps only a kept connection was lost: try everybody again rather than refuse.
    lost.clear()
    return None


def _weighted(fleet: Fleet) -> Variant:
    variants = list(fleet.variants.values())
    if len(variants) == 1:
        return variants[0]
    total = sum(v.weight for v in variants)
    if total <= 0:
        raise _RefusedError(400, "ValidationError", "All variants of the endpoint have a weight of 0.")
    pick = random.random() * total  # noqa: S311 - chooses traffic, keeps no secret
    for variant in variants:
        pick -= variant.weight
        if pick < 0:
            return variant
    return variants[-1]


def _endpoint_name(scope: Any) -> str:
    parts = scope["path"].split("/")
    if scope["method"] != "POST" or len(parts) != 4 or parts[3] != "invocations":
        raise _RefusedError(
            404,
            "ValidationError",
            f"The sandbox answers POST /endpoints/NAME/invocations, not {scope['path']}",
        )
    return str(parts[2])


async def _read(scope: Any, receive: Any) -> _Request:
    content_type = accept = attributes = b""
    authorization = variant = inference_id = b""
    for name, value in scope["headers"]:
        if name == b"content-type":
            content_type = value
        elif name == b"accept":
            accept = value
        elif name == b"authorization":
            authorization = value
        elif name == _ATTRIBUTES:
            attributes = value
        elif name == _TARGET:
            variant = value
        elif name == _INFERENCE_ID:
            inference_id = value
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body"):
        message = await receive()
        body += message.get("body", b"")
        if len(body) > BODY_LIMIT:
            break
    if len(body) > BODY_LIMIT:
        raise _RefusedError(413, "ValidationError", f"Request body exceeds the limit of {BODY_LIMIT} bytes.")
    head = b"POST /invocations HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: %d\r\n" % len(body)
    if content_type:
        head += b"content-type: %s\r\n" % content_type
    if accept:
        head += b"accept: %s\r\n" % accept
    if attributes:
        head += b"%s: %s\r\n" % (_ATTRIBUTES, attributes)
    return _Request(
        head + b"\r\n",
        body,
        _region(authorization),
        content_type.decode("latin-1"),
        variant.decode("latin-1"),
        attributes,
        inference_id.decode("latin-1"),
    )


def _region(authorization: bytes) -> str:
    """The region of a signature's scope, `Credential=KEY/DATE/REGION/sagemaker/aws4_request`."""
    scope = authorization.partition(b"Credential=")[2].split(b",", 1)[0].split(b"/")
    return scope[2].decode("latin-1") if len(scope) == 5 else ""


def _model_error(route: Route, variant: Variant, instance: Instance, answer: Answer) -> _RefusedError:
    text = answer.body.decode("utf-8", "replace")
    side = "client" if 400 <= answer.status < 500 else "server"
    code = answer.status or 0
    group = f"/aws/sagemaker/Endpoints/{route.name}"
    region, account = route.caller.region, route.caller.account_id
    return _RefusedError(
        424,
        "ModelError",
        f'Received {side} error ({code}) from primary with message "{text}". See {group} in the CloudWatch '
        f"Logs of account {account} for more information.",
        OriginalStatusCode=answer.status,
        OriginalMessage=text,
        LogStreamArn=f"arn:aws:logs:{region}:{account}:log-group:{group}:log-stream:"
        f"{variant.plan.name}/{instance.id}",
    )
