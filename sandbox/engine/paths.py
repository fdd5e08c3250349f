"""Where a property stands inside a resource: Pulumi's property paths, such as `rules[0].tags["a.b"]`."""

from __future__ import annotations

import re
from typing import Any, Final

from sandbox.engine.errors import EngineError
from sandbox.engine.values import Secret

Path = tuple[str | int, ...]
_PART = re.compile(r"""\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|\[(\*)\]|\.?([^.\[\]"]+)""")
_MISSING: Final = object()


class InvalidPath(EngineError):
    """A text that is no property path."""

    def __init__(self, text: str) -> None:
        super().__init__(f"'{text}' is not a property path such as 'a.b', 'a[0]' or 'a[\"b.c\"]'")


def parse(text: str) -> Path:
    """The parts of a path; `*` stands for every key or element."""
    parts: list[str | int] = []
    position = 0
    while position < len(text):
        match = _PART.match(text, position)
        if match is None:
            raise InvalidPath(text)
        index, quoted, star, name = match.groups()
        if index is not None:
            parts.append(int(index))
        elif quoted is not None:
            parts.append(re.sub(r"\\(.)", r"\1", quoted))
        else:
            parts.append(star or name)
        position = match.end()
    return tuple(parts)


def contains(outer: Path, inner: Path) -> bool:
    """Whether `inner` is `outer` or lies below it; `*` in `outer` matches anything."""
    return len(inner) >= len(outer) and all(a in ("*", b) for a, b in zip(outer, inner, strict=False))


def reset(path: Path, old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Sets what stands at `path` in `new` to what stands there in `old`; False where that cannot be.

    `new` is changed in place, so it must be a copy that nobody else holds.
    """
    return _reset(path, old, new)


def _reset(path: Path, old: Any, new: Any) -> bool:
    old, new = _plain(old), _plain(new)
    head, rest = path[0], path[1:]
    if head == "*":
        if isinstance(old, dict) and isinstance(new, dict):
            keys: list[str | int] = sorted(set(old) | set(new))
        elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
            keys = list(range(len(new)))
        else:
            return False
        return min([_reset((key, *rest), old, new) for key in keys], default=True)
    before, after = _item(old, head), _item(new, head)
    if not rest:
        return _place(new, head, before)
    if before is _MISSING or after is _MISSING:
        return before is _MISSING and after is _MISSING
    return _reset(rest, before, after)


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Secret) else value


def _item(container: Any, key: str | int) -> Any:
    if isinstance(container, dict) and isinstance(key, str):
        return container.get(key, _MISSING)
    if isinstance(container, list) and isinstance(key, int) and key < len(container):
        return container[key]
    return _MISSING


def _place(container: Any, key: str | int, value: Any) -> bool:
    if isinstance(container, dict) and isinstance(key, str):
        if value is _MISSING:
            container.pop(key, None)
        else:
            container[key] = value
        return True
    if (
        isinstance(container, list)
        and isinstance(key, int)
        and key < len(container)
        and value is not _MISSING
    ):
        container[key] = value
        return True
    return False
