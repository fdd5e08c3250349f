"""Property values as the engine and its providers exchange them.

Plain values are `None`, `bool`, `float`, `int`, `str`, `list` and `dict` with string keys. What has no plain
form is one of the classes here; `sandbox.engine.wire` turns each into Pulumi's protobuf form and back.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

_PLAIN_KEY: Final = re.compile(r"[\w$#*-]+")
"""A key that a path holds as it is; any other stands in brackets and quotes."""

PropertyValue = Any
"""Plain, or one of this module's classes. A recursive type would cost each reader more than it gives."""

PropertyMap = dict[str, PropertyValue]


class Unknown:
    """A value that only an update can tell; there is one, `UNKNOWN`."""

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __copy__(self) -> Unknown:
        return self

    def __deepcopy__(self, memo: object) -> Unknown:
        return self


UNKNOWN: Final = Unknown()


@dataclass(frozen=True)
class Secret:
    """A value that is encrypted in the state and hidden on the screen. Secrets do not nest."""

    value: PropertyValue


@dataclass(frozen=True)
class OutputValue:
    """A value with its dependencies: `Output` on the wire. Providers never see it."""

    value: PropertyValue
    dependencies: frozenset[str] = frozenset()
    secret: bool = False


@dataclass(frozen=True)
class ResourceReference:
    """A resource as a value: its URN, and its id where it is a custom resource."""

    urn: str
    id: PropertyValue = None
    package_version: str = ""


@dataclass(frozen=True)
class Asset:
    """One file's content: exactly one of `text`, `path` and `uri`, with the SHA-256 of the content."""

    text: str | None = None
    path: str | None = None
    uri: str | None = None
    hash: str = ""


@dataclass(frozen=True)
class Archive:
    """Many files: exactly one of `assets` (by name), `path` and `uri`, with the SHA-256 of the content."""

    assets: Mapping[str, Asset | Archive] | None = None
    path: str | None = None
    uri: str | None = None
    hash: str = ""


@dataclass(frozen=True)
class Located:
    """Where a value stands in a resource's properties, as Pulumi writes it: `rules[0].bucketKeyEnabled`."""

    parts: tuple[str | int, ...] = field(default_factory=tuple)

    def __str__(self) -> str:
        text = ""
        for part in self.parts:
            if isinstance(part, int):
                text += f"[{part}]"
            elif _PLAIN_KEY.fullmatch(part):
                text += f".{part}" if text else part
            else:
                text += f"[{json.dumps(part, ensure_ascii=False)}]"
        return text
