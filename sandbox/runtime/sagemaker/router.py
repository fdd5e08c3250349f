"""Which instance answers an invocation? Variants by weight, instances in turn, another one if one dies."""

from __future__ import annotations

import asyncio
import json
import random
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.runtime.overlay import Caller, ServiceError
from sandbox.runtime.sagemaker.asynchronous import AsynchronousInference
from sandbox.runtime.sagemaker.capture import Capture, Captured
from sandbox.runtime.sagemaker.fleet import Fleet, Variant
from sandbox.runtime.sagemaker.instance import Instance
from sandbox.runtime.sagemaker.invocation import ATTRIBUTES, RefusedError, Request, endpoint_of, read
from sandbox.runtime.sagemaker.traffic import Traffic
from sandbox.runtime.sagemaker.upstream import Answer, Pools, UpstreamLostError

_MODEL_SECONDS = 60.0
"""How long a model may take, the service's limit."""
_PATIENCE_SECONDS = 60.0
"""How long a request waits for an instance while all of them are being replaced or brought up again."""


@dataclass
class Route:
    """Where an endpoint's invocations go. `shares`, replaced whole: fleets and their parts of the traffic."""

    name: str
    caller: Caller
    shares: Sequence[tuple[Fleet, float]] = ()
    asynchronous: Mapping[str, Any] | None = None
    """Its AsyncInferenceConfig, where requests lie in S3."""
    capture: Capture | None = None


@dataclass
class Routes:
    """All endpoints that can be invoked. Written by the control plane, read on the event loop."""

    by_name: dict[tuple[str, str, str], Route] = field(default_factory=dict)

    def put(self, route: Route) -> None:
        self.by_name[_place(route)] = route

    def drop(self, route: Route) -> None:
        if self.by_name.get(_place(route)) is route:
            del self.by_name[_place(route)]

    def holds(self, route: Route) -> bool:
        """Whether an endpoint of that name is there, in the route's account and region."""
        return _place(route) in self.by_name

    def find(self, account: str, region: str, name: str) -> Route | None:
        """The endpoint of that name in the account and region; in any where the request names none."""
        if account and region:
            return self.by_name.get((account, region, name))
        for (its_account, its_region, its_name), route in list(self.by_name.items()):
            if its_name == name and account in ("", its_account) and region in ("", its_region):
                return route
        return None


def _place(route: Route) -> tuple[str, str, str]:
    return route.caller.account_id, route.caller.region, route.name


class Router:
    """The ASGI application behind `POST /endpoints/{name}/invocations`."""

    def __init__(self, routes: Routes, traffic: Traffic, later: AsynchronousInference) -> None:
        self._routes = routes
        self._later = later
        self._traffic = traffic
        self._pools = Pools()
        self._copies: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request_id = str(uuid.uuid4())
        try:
            name, kept = endpoint_of(scope)
            if kept:
                status, headers, body = await self._accept(name, scope, receive)
            else:
                status, headers, body = await self._invoke(name, await read(scope, receive))
        except RefusedError as refusal:
            status, body = refusal.status, json.dumps(refusal.body).encode()
            kind = refusal.kind.encode()
            headers = [(b"content-type", b"application/json"), (b"x-amzn-errortype", kind)]
        headers.append((b"x-amzn-requestid", request_id.encode()))
        headers.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _accept(
        self, name: str, scope: Any, receive: Any
    ) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        request = await read(scope, receive)
        route = self._routes.find(request.account, request.region, name)
        if route is None or route.asynchronous is None:
            what = "not found" if route is None else "has no AsyncInferenceConfig"
            raise RefusedError(400, "ValidationError", f"Endpoint {name} of account {what}.")
        given = {key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]}
        try:
            told, where = await self._later.accept(name, route.asynchronous, given, route.caller)
        except ServiceError as refused:
            raise RefusedError(400, "ValidationError", refused.message) from refused
        headers = [(key.encode(), value.encode()) for key, value in where.items()]
        return 202, [(b"content-type", b"application/json"), *headers], json.dumps(told).encode()

    async def _invoke(self, name: str, request: Request) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        route = self._routes.find(request.account, request.region, name)
        if route is None:
            raise RefusedError(
                400,
                "ValidationError",
                f"Endpoint {name} of account not found.",
            )
        started = time.perf_counter()
        if route.asynchronous is not None and not request.internal:
            raise RefusedError(
                400,
                "ValidationError",
                f"Endpoint {name} is of type Async, which InvokeEndpoint does not support; use "
                "InvokeEndpointAsync.",
            )
        self._copy_to_shadows(route, request)
        variant, instance, answer, model_seconds = await self._ask(route, request)
        self._traffic.count(
            route, variant.plan.name, answer.status, model_seconds, time.perf_counter() - started
        )
        if answer.status >= 400:
            raise _model_error(route, variant, instance, answer)
        _capture(route, variant, request, answer)
        headers = [
            (b"content-type", answer.content_type),
            (b"x-amzn-invoked-production-variant", variant.plan.name.encode()),
        ]
        if request.attributes:
            headers.append((ATTRIBUTES, request.attributes))
        return 200, headers, answer.body

    async def _ask(self, route: Route, request: Request) -> tuple[Variant, Instance, Answer, float]:
        """Asks one instance after the other until one answers; an instance that dies loses no request."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        lost: set[str] = set()
        while True:
            chosen = _choose(route, request.variant, lost)
            if chosen is None:
                if time.monotonic() > deadline or not self._routes.holds(route):
                    raise RefusedError(
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

    def _copy_to_shadows(self, route: Route, request: Request) -> None:
        """Sends copies to the shadow variants, as often as their weights say; their answers are dropped."""
        for fleet, _ in route.shares[:1]:
            if not fleet.shadows:
                return
            total = sum(variant.weight for variant in fleet.production.values()) or 1.0
            for shadow in fleet.shadows:
                if shadow.instances and random.random() < shadow.weight / total:  # noqa: S311
                    shadow.turn += 1
                    instance = shadow.instances[shadow.turn % len(shadow.instances)]
                    task = asyncio.get_running_loop().create_task(
                        self._shadowed(route, shadow, instance, request)
                    )
                    self._copies.add(task)
                    task.add_done_callback(self._copies.discard)

    async def _shadowed(self, route: Route, shadow: Variant, instance: Instance, request: Request) -> None:
        started = time.perf_counter()
        try:
            answer = await self._pools.invoke(instance, request.head, request.body, _MODEL_SECONDS)
        except (UpstreamLostError, TimeoutError):
            return
        took = time.perf_counter() - started
        self._traffic.count(route, shadow.plan.name, answer.status, took, took)
        if answer.status < 400:
            # Its answers reach nobody but the captures, so that they can be compared.
            _capture(route, shadow, request, answer)

    def _sweep(self) -> None:
        alive = {
            instance.id
            for route in list(self._routes.by_name.values())
            for fleet, _ in route.shares
            for variant in fleet.variants.values()
            for instance in variant.instances
        }
        self._pools.forget(alive)


def _capture(route: Route, variant: Variant, request: Request, answer: Answer) -> None:
    """Keeps the request and the answer, as often as the endpoint's sampling says."""
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
        variant = fleet.production.get(wanted)
        if variant is None:
            raise RefusedError(
                400, "ValidationError", f"Variant {wanted} does not exist in endpoint {route.name}."
            )
    else:
        variant = _weighted(fleet)
    variant.asked = time.monotonic()
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
    variants = list(fleet.production.values())
    if len(variants) == 1:
        return variants[0]
    total = sum(v.weight for v in variants)
    if total <= 0:
        raise RefusedError(400, "ValidationError", "All variants of the endpoint have a weight of 0.")
    pick = random.random() * total  # noqa: S311 - chooses traffic, keeps no secret
    for variant in variants:
        pick -= variant.weight
        if pick < 0:
            return variant
    return variants[-1]


def _model_error(route: Route, variant: Variant, instance: Instance, answer: Answer) -> RefusedError:
    text = answer.body.decode("utf-8", "replace")
    side = "client" if 400 <= answer.status < 500 else "server"
    code = answer.status or 0
    group = f"/aws/sagemaker/Endpoints/{route.name}"
    region, account = route.caller.region, route.caller.account_id
    return RefusedError(
        424,
        "ModelError",
        f'Received {side} error ({code}) from primary with message "{text}". See {group} in the CloudWatch '
        f"Logs of account {account} for more information.",
        OriginalStatusCode=answer.status,
        OriginalMessage=text,
        LogStreamArn=f"arn:aws:logs:{region}:{account}:log-group:{group}:log-stream:"
        f"{variant.plan.name}/{instance.id}",
    )
