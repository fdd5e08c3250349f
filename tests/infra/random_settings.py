"""Random settings of a stack, drawn from the models: every field, every bound, and values beyond."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from typing import Any, Literal, Union

from hypothesis import strategies as st
from pydantic.fields import FieldInfo

from infra.settings.block import Settings
from infra.settings.loading import PlatformSettings

PLAUSIBLE: Mapping[str, list[Any]] = {
    "cidr": ["10.20.0.0/16", "172.16.0.0/18", "192.168.0.0/20", "10.0.0.0/8", "8.8.0.0/16", "10.1.0.1/16"],
    "region": ["us-west-2", "eu-west-1", "us-east-1", "us-east-9"],
    "instance": ["ml.m5.large", "ml.c5.xlarge", "ml.g5.xlarge", "ml.g4dn.2xlarge", "ml.p4d.24xlarge"],
    "model_package_arn": [
        "arn:aws:sagemaker:us-east-1:123456789012:model-package/groundplan-dev-flights/3",
        "arn:aws:sagemaker:us-east-1:123456789012:model-package/groundplan-dev-flights/4",
    ],
    "use_case": ["ml.flights"],
    "time_zone": ["UTC", "Europe/Berlin", "Mars/Olympus"],
    "repository": ["acme/groundplan", "acme"],
}
"""What people would write where a field's own bounds say little: by the end of the field's name."""

_ODD = st.sampled_from([None, True, -1, 0, 10**9, "", "?", [], {}, 0.5, ["a"]])
"""What does not belong there."""


def stacks() -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    """An environment, and what its stack's file says of it: a few blocks, seldom something odd in them."""
    return st.tuples(st.sampled_from(["dev", "staging", "prod"]), _block(PlatformSettings, 6))


def _block(model: type[Settings], most: int) -> st.SearchStrategy[dict[str, Any]]:
    fields = {
        (info.alias or name): _field(name, info)
        for name, info in model.model_fields.items()
        if name != "environment"
    }
    required = [info.alias or name for name, info in model.model_fields.items() if info.is_required()]

    def of(names: list[str]) -> st.SearchStrategy[dict[str, Any]]:
        return st.fixed_dictionaries({name: fields[name] for name in sorted({*names, *required} & {*fields})})

    return st.lists(st.sampled_from(sorted(fields)), max_size=most, unique=True).flatmap(of)


def _field(name: str, info: FieldInfo) -> st.SearchStrategy[Any]:
    usual = _plausible(name)
    if usual is None:
        usual = _typed(info.annotation, name, list(info.metadata))
    # One in forty is odd: most stacks are then whole, and go on to be built.
    return st.integers(0, 39).flatmap(lambda die: _ODD if die == 39 else usual)


def _plausible(name: str) -> st.SearchStrategy[Any] | None:
    for ending, values in PLAUSIBLE.items():
        if name == ending or name.endswith(f"_{ending}"):
            return st.sampled_from(values)
    return None


def _typed(kind: Any, name: str, metadata: list[Any]) -> st.SearchStrategy[Any]:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:
        inner = [one for extra in arguments[1:] for one in getattr(extra, "metadata", [extra])]
        return _typed(arguments[0], name, [*metadata, *inner])
    if origin in (Union, types.UnionType):
        return st.one_of(*(_typed(one, name, metadata) for one in arguments))
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin is tuple:
        item = _plausible(name.removesuffix("s"))
        if item is None:
            item = _typed(arguments[0], name, [])
        least, most = _bound(metadata, "min_length", 0), _bound(metadata, "max_length", 4)
        return st.lists(item, min_size=max(least - 1, 0), max_size=min(most + 1, least + 4), unique_by=repr)
    if origin in (dict, Mapping) or (isinstance(origin, type) and issubclass(origin, Mapping)):
        return st.dictionaries(_typed(arguments[0], name, []), _typed(arguments[1], name, []), max_size=3)
    if isinstance(kind, type) and issubclass(kind, Settings):
        return _block(kind, 4)
    if kind is type(None):
        return st.none()
    if kind is bool:
        return st.booleans()
    if kind is int:
        return _number(metadata)
    if kind is float:
        return st.floats(
            _bound(metadata, "gt", _bound(metadata, "ge", 0)),
            _bound(metadata, "lt", _bound(metadata, "le", 1000)),
            allow_nan=False,
        )
    if kind is str:
        pattern = next((one.pattern for one in metadata if getattr(one, "pattern", None)), None)
        return st.from_regex(pattern, fullmatch=True) if pattern else st.text("abcxyz019.-_", max_size=12)
    raise TypeError(f"{name}: no strategy for {kind}; add one to tests/infra/random_settings.py")


def _number(metadata: list[Any]) -> st.SearchStrategy[int]:
    """Within the bounds, at them, and one beyond."""
    least = _bound(metadata, "ge", _bound(metadata, "gt", -1) + 1)
    most = max(_bound(metadata, "le", _bound(metadata, "lt", least + 1001) - 1), least)
    edges = st.sampled_from([least, most, (least + most) // 2])
    return st.one_of(edges, st.integers(least, most), st.integers(0, 19).map(lambda die: most + (die == 19)))


def _bound(metadata: list[Any], name: str, otherwise: int) -> int:
    return next((getattr(one, name) for one in metadata if getattr(one, name, None) is not None), otherwise)
