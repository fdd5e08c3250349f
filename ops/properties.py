"""How property values, and what changed between two of them, are written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from sandbox.engine.values import (
    Archive,
    Asset,
    Located,
    OutputValue,
    PropertyMap,
    ResourceReference,
    Secret,
    Unknown,
)

SECRET: Final = "[secret]"  # noqa: S105 - the mark that stands for one
UNKNOWN: Final = "[unknown]"
_LONGEST: Final = 100
_MISSING: Final = object()


@dataclass(frozen=True)
class Change:
    """One property that differs. `old` and `new` are as they are written, empty where there is none."""

    kind: Literal["add", "delete", "update"]
    path: str
    old: str
    new: str
    replaces: bool = False

    @property
    def sign(self) -> str:
        return {"add": "+", "delete": "-", "update": "~"}[self.kind]

    @property
    def top(self) -> str:
        """The property of the resource that it stands in."""
        return self.path.split(".")[0].split("[")[0]

    def __str__(self) -> str:
        values = {"add": self.new, "delete": self.old, "update": f"{self.old} => {self.new}"}[self.kind]
        return f"{self.sign} {self.path}: {values}" + (" (forces replacement)" if self.replaces else "")


def plain(value: Any, *, show_secrets: bool = False) -> Any:
    """The value in JSON's terms; secrets are hidden unless they are asked for."""
    match value:
        case Secret():
            return plain(value.value, show_secrets=True) if show_secrets else SECRET
        case OutputValue():
            if value.secret and not show_secrets:
                return SECRET
            return plain(value.value, show_secrets=show_secrets)
        case Unknown():
            return UNKNOWN
        case ResourceReference():
            return value.urn
        case Asset() | Archive():
            name = "archive" if isinstance(value, Archive) else "asset"
            return f"{name}({value.path or value.uri or 'content'}:{value.hash[:7]})"
        case Mapping():
            return {
                key: plain(item, show_secrets=show_secrets)
                for key, item in sorted(value.items())
                if not key.startswith("__")
            }
        case list() | tuple():
            return [plain(item, show_secrets=show_secrets) for item in value]
        case float() if value.is_integer():
            return int(value)
        case _:
            return value


def written(value: Any, *, show_secrets: bool = False, longest: int = _LONGEST) -> str:
    """The value on one line, cut at `longest` characters."""
    shown = plain(value, show_secrets=show_secrets)
    if shown in (SECRET, UNKNOWN):
        return str(shown)
    text = json.dumps(shown, ensure_ascii=False)
    return text if len(text) <= longest else text[: longest - 1] + "…"


def changes(
    old: PropertyMap,
    new: PropertyMap,
    detailed: Mapping[str, str] | None = None,
    hidden: Sequence[str] = (),
) -> list[Change]:
    """What differs between two sets of properties, by path, in the order of the paths' spelling.

    `detailed` is a provider's own diff: where a kind ends in `-replace`, the property forces replacement.
    What stands at a path of `hidden` or below is left out.
    """
    replacing = [path for path, kind in (detailed or {}).items() if kind.endswith("-replace")]
    return [
        Change(
            kind=change.kind,
            path=change.path,
            old=change.old,
            new=change.new,
            replaces=any(_covers(path, change.path) or _covers(change.path, path) for path in replacing),
        )
        for change in _walk((), old, new)
        if not any(_covers(path, change.path) for path in hidden)
    ]


def _covers(outer: str, inner: str) -> bool:
    return inner == outer or inner.startswith((f"{outer}.", f"{outer}["))


def _walk(path: tuple[str | int, ...], old: Any, new: Any) -> Iterator[Change]:
    old, new = _opened(old), _opened(new)
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted({*old, *new}):
            if not str(key).startswith("__"):
                yield from _walk((*path, key), old.get(key, _MISSING), new.get(key, _MISSING))
        return
    if isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            yield from _walk(
                (*path, index),
                old[index] if index < len(old) else _MISSING,
                new[index] if index < len(new) else _MISSING,
            )
        return
    where = str(Located(path))
    if old is _MISSING:
        yield Change("add", where, "", written(new))
    elif new is _MISSING:
        yield Change("delete", where, written(old), "")
    elif old != new:
        yield Change("update", where, written(old), written(new))


def _opened(value: Any) -> Any:
    """A JSON document as the structure it holds, so that a policy's change shows as its one statement."""
    if isinstance(value, str) and value[:1] in "{[" and len(value) > 2:
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
