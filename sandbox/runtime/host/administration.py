"""What the address `/_sandbox/` answers: status, remaining resources, spend, the chat channel, faults,
reset."""

from __future__ import annotations

import json
import os
import resource
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any
from urllib.parse import unquote

from sandbox.runtime.host.faults import KINDS, Faults, UnknownFaultError
from sandbox.runtime.host.http import HttpAnswer, HttpRequest
from sandbox.runtime.overlay import ServiceError

Handler = Callable[[HttpRequest, str], Any]
"""Takes the request and what stands behind the route's path; returns what is answered as JSON."""


class Administration:
    """Routes of the administration API."""

    def __init__(self) -> None:
        self._routes: dict[tuple[str, str], Handler] = {}

    def add(self, method: str, path: str, handler: Handler) -> None:
        """Adds `METHOD /_sandbox/path`; what follows the path is handed over too."""
        self._routes[(method, path)] = handler

    def __call__(self, request: HttpRequest) -> HttpAnswer:
        """Answers one request."""
        name, _, rest = unquote(request.path).removeprefix("/_sandbox/").partition("/")
        handler = self._routes.get((request.method, name))
        if handler is None:
            known = sorted(f"{method} /_sandbox/{path}" for method, path in self._routes)
            return _json({"error": f"{request.method} {request.path} is not known", "known": known}, 404)
        try:
            answer = handler(request, rest)
        except ServiceError as refused:
            return _json({"error": refused.message, "code": refused.code}, refused.status)
        return answer if isinstance(answer, HttpAnswer) else _json(answer)


def body_of(request: HttpRequest) -> Mapping[str, Any]:
    """The request's JSON object. Raises ServiceError when it is none."""
    try:
        document = json.loads(request.body or b"{}")
    except ValueError as wrong:
        raise ServiceError("InvalidRequest", f"The body is not JSON: {wrong}") from wrong
    if not isinstance(document, dict):
        raise ServiceError("InvalidRequest", "The body is not a JSON object.")
    return document


def add_faults(administration: Administration, faults: Faults) -> None:
    """`POST /_sandbox/faults {"name", "target", "times"}`, `GET` lists what can be asked for and what waits,
    `DELETE` forgets."""

    def ask(request: HttpRequest, _: str) -> Any:
        body = body_of(request)
        name, target, times = body.get("name"), body.get("target", "*"), body.get("times", 1)
        if not isinstance(name, str) or not name or not isinstance(target, str):
            raise ServiceError("InvalidRequest", 'Wanted: {"name": "throttle", "target": "s3:PutObject"}.')
        if not isinstance(times, int) or times < 1:
            raise ServiceError("InvalidRequest", f"times: given {times!r}, wanted a whole number from 1.")
        try:
            faults.ask(name, target, times)
        except UnknownFaultError as unknown:
            raise ServiceError("InvalidRequest", str(unknown)) from unknown
        return {"waiting": [asdict(fault) for fault in faults.waiting()]}

    def clear(_: HttpRequest, __: str) -> Any:
        faults.clear()
        return {"waiting": []}

    def show(_: HttpRequest, __: str) -> Any:
        known, waiting = [asdict(kind) for kind in KINDS], [asdict(fault) for fault in faults.waiting()]
        return {"known": known, "waiting": waiting}

    administration.add("POST", "faults", ask)
    administration.add("DELETE", "faults", clear)
    administration.add("GET", "faults", show)


def process_figures() -> dict[str, Any]:
    """The process's id and its memory, in megabytes: the most that it has held."""
    return {"pid": os.getpid(), "peakMemoryMb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}


def _json(document: Any, status: int = 200) -> HttpAnswer:
    body = json.dumps(document, default=str).encode()
    return HttpAnswer(status, (("content-type", "application/json"),), body)
