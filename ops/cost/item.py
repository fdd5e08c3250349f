"""What is priced: a resource of a state or of a plan, and what stands beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ops.properties import plain
from sandbox.engine.state import Resource
from sandbox.engine.urn import name_of
from sandbox.engine.values import UNKNOWN


@dataclass(frozen=True)
class Item:
    """A resource. What a plan does not know yet is None among its properties."""

    urn: str
    type: str
    """As rules know it: `ec2/natGateway` for `aws:ec2/natGateway:NatGateway`."""
    properties: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return name_of(self.urn)

    def number(self, *path: str, default: float = 0) -> float:
        """A number of the resource's properties; the default where it is not given or not known."""
        found = self.get(*path)
        try:
            return float(found)
        except (TypeError, ValueError):
            return default

    def get(self, *path: str) -> Any:
        """What stands there; None where nothing does, or it is not known yet."""
        found: Any = self.properties
        for part in path:
            found = found.get(part) if isinstance(found, Mapping) else None
        return found

    def list(self, *path: str) -> Sequence[Any]:
        """A list of the properties; empty where there is none, or it is not known yet."""
        found = self.get(*path)
        return found if isinstance(found, Sequence) and not isinstance(found, str) else []


@dataclass(frozen=True)
class Stack:
    """All that is priced together."""

    items: Sequence[Item]
    parked: bool = False
    """Whether the endpoint is put away, and what it takes to bring it back kept."""

    def of(self, type: str) -> list[Item]:
        """The resources of a type."""
        return [one for one in self.items if one.type == type]


def priced(resources: Sequence[Resource]) -> list[Item]:
    """What a state or a plan holds, without what it only reads and what is about to go."""
    return [
        Item(one.urn, _short(one.type), {**_plain(one.outputs), **_plain(one.inputs)})
        for one in resources
        if one.custom and not one.delete and not one.external and not one.is_provider
    ]


def _plain(properties: Mapping[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = plain({key: value for key, value in properties.items() if value is not UNKNOWN})
    return shown


def _short(type: str) -> str:
    package, _, rest = type.partition(":")
    return rest.partition(":")[0] if package == "aws" else type
