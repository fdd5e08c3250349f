"""What does a JSON path of a state's input name, and how is a result put in its place?

Understood: `$`, `$$` (the context object), `$name` (a variable), `.name`, `['name']`, `[0]`, `[-1]`, `[1:3]`,
`[*]` and `..name`.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.runtime.workflows.errors import RUNTIME, StateError

_STEP = re.compile(
    r"\.\.(?P<deep>[\w-]+)|\.(?P<name>[\w-]+)|\.?\[(?P<quote>['\"])(?P<quoted>.*?)(?P=quote)\]"
    r"|\[(?P<index>-?\d+)\]|\[(?P<start>-?\d*):(?P<end>-?\d*)\]|\.?\[?(?P<all>\*)\]?"
)
_ROOT = re.compile(r"\$\$|\$(?P<variable>[A-Za-z_]\w*)|\$")


@dataclass(frozen=True)
class Scope:
    """What paths can name: the state's input, the context object, the variables that were assigned."""

    input: Any
    context: Mapping[str, Any]
    variables: Mapping[str, Any] = field(default_factory=dict)

    def with_input(self, given: Any) -> Scope:
        """The same around another input."""
        return Scope(given, self.context, self.variables)


def value_at(path: str, scope: Scope) -> Any:
    """The value that a path names, or the list of them where it may name several. Raises StateError."""
    found, several = _all_at(path, scope)
    if several:
        return found
    if not found:
        raise StateError(RUNTIME, f"The JsonPath {path!r} could not be found in the input {scope.input!r}")
    return found[0]


def is_there(path: str, scope: Scope) -> bool:
    """Whether a path names anything."""
    return bool(_all_at(path, scope)[0])


def put_at(path: str, document: Any, value: Any) -> Any:
    """A copy of `document` with the value in the place that a reference path names. Raises StateError."""
    if path == "$":
        return value
    changed = copy.deepcopy(document) if isinstance(document, dict) else {}
    steps = [step.groupdict() for step in _steps(path, path.removeprefix("$"))]
    place: Any = changed
    for number, step in enumerate(steps):
        key = step["name"] if step["name"] is not None else step["quoted"]
        if key is None or not isinstance(place, dict):
            raise StateError("States.ResultPathMatchFailure", f"ResultPath {path!r} does not fit the input")
        if number == len(steps) - 1:
            place[key] = value
        else:
            if not isinstance(place.get(key), dict):
                place[key] = {}
            place = place[key]
    return changed


def _all_at(path: str, scope: Scope) -> tuple[list[Any], bool]:
    """What a path names, and whether it is of a kind that may name several."""
    root = _ROOT.match(path)
    if root is None:
        raise StateError(RUNTIME, f"{path!r} is no JsonPath: one begins with $")
    if name := root["variable"]:
        if name not in scope.variables:
            raise StateError(RUNTIME, f"There is no variable ${name}")
        found = [scope.variables[name]]
    else:
        found = [scope.context if root[0] == "$$" else scope.input]
    several = False
    for step in _steps(path, path[root.end() :]):
        several = several or any(step[kind] is not None for kind in ("deep", "all", "end"))
        found = [one for value in found for one in _step_into(value, step)]
    return found, several


def _steps(path: str, rest: str) -> Iterator[re.Match[str]]:
    place = 0
    while place < len(rest):
        step = _STEP.match(rest, place)
        if step is None:
            raise StateError(
                RUNTIME, f"The JsonPath {path!r} has a part that the sandbox does not read: {rest}"
            )
        yield step
        place = step.end()


def _step_into(value: Any, step: re.Match[str]) -> Iterator[Any]:
    name = step["name"] if step["name"] is not None else step["quoted"]
    if name is not None:
        if isinstance(value, Mapping) and name in value:
            yield value[name]
    elif step["index"] is not None:
        place = int(step["index"])
        if isinstance(value, list) and -len(value) <= place < len(value):
            yield value[place]
    elif step["end"] is not None:
        if isinstance(value, list):
            start, end = (int(step[edge]) if step[edge] else None for edge in ("start", "end"))
            yield from value[start:end]
    elif step["all"] is not None:
        if isinstance(value, Mapping):
            yield from value.values()
        elif isinstance(value, list):
            yield from value
    else:
        yield from _deep(value, step["deep"])


def _deep(value: Any, name: str) -> Iterator[Any]:
    if isinstance(value, Mapping):
        if name in value:
            yield value[name]
        for inner in value.values():
            yield from _deep(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from _deep(inner, name)
