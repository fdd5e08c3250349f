"""Every setting of a stack, one at a time, with another value than the one that it has."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, Union

from random_settings import PLAUSIBLE

from infra.settings.block import Settings
from infra.settings.loading import PlatformSettings, read_settings

_CHOSEN = {
    "network.cidr": "10.40.0.0/16",
    "recovery.region": "us-west-2",
    "runbooks": "https://example.com/runbooks",
}
"""Another value where the field's own type says too little to make one."""

_FIXED = {"environment", "useCase", "release", "network.cidr"}
"""What is chosen once: another environment or use case is another stack, another range another network."""


@dataclass(frozen=True)
class Switch:
    """One setting, and what it is switched to."""

    path: str
    value: Any

    def over(self, given: dict[str, Any]) -> dict[str, Any]:
        """The settings of a stack with this one switched."""
        *blocks, last = self.path.split(".")
        merged = dict(given)
        inner = merged
        for block in blocks:
            inner[block] = dict(inner.get(block) or {})
            inner = inner[block]
        inner[last] = self.value
        return merged


def switches(environment: str, given: dict[str, Any]) -> list[Switch]:
    """A switch for every setting of the stack that has another value to take."""
    return [
        one for one in _of(PlatformSettings, read_settings(environment, given), "") if one.path not in _FIXED
    ]


def _of(model: type[Settings], values: Settings, above: str) -> Iterator[Switch]:
    for name, info in model.model_fields.items():
        path = f"{above}{info.alias or name}"
        now = getattr(values, name)
        if path in _FIXED:
            continue
        if path in _CHOSEN:
            yield Switch(path, _CHOSEN[path] if now != _CHOSEN[path] else None)
        elif isinstance(now, Settings):
            yield from _of(type(now), now, f"{path}.")
        else:
            yield from (
                Switch(path, value) for value in _others(info.annotation, name, now, list(info.metadata))
            )


def _others(kind: Any, name: str, now: Any, metadata: list[Any]) -> Iterator[Any]:
    """Other values than the present one: the opposite, the next, one item fewer, nothing."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:
        inner = [one for extra in arguments[1:] for one in getattr(extra, "metadata", [extra])]
        yield from _others(arguments[0], name, now, [*metadata, *inner])
    elif origin in (Union, types.UnionType):
        if type(None) in arguments and now is not None:
            yield None
        yield from _others(next(one for one in arguments if one is not type(None)), name, now, metadata)
    elif origin is Literal:
        yield from [one for one in arguments if one != now][:4]
    elif origin is tuple and now:
        yield list(now[:-1])
    elif origin is tuple and typing.get_origin(arguments[0]) is Literal:
        yield [typing.get_args(arguments[0])[0]]
    elif kind is bool:
        yield not now
    elif kind in (int, float):
        yield from _next(kind, now, metadata)
    elif kind is str:
        yield from [one for one in PLAUSIBLE.get(name, []) if one != now][:1]


def _next(kind: type[int] | type[float], now: float | None, metadata: list[Any]) -> Iterator[float]:
    """A number a little above the present one, or below where that is the most."""
    bounds = {one: getattr(m, one) for m in metadata for one in ("ge", "le", "gt", "lt") if hasattr(m, one)}
    least = bounds.get("ge", bounds.get("gt", 0))
    most = bounds.get("le", bounds.get("lt", 10**6))
    start = least if now is None else now
    step = 1 if kind is int else (most - least) / 100
    wanted = start + step * (30 if now is None else 1)
    yield kind(wanted if wanted < most else start - step)
