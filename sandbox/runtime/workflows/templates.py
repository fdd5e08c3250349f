"""What does a payload template come to? Keys that end with `.$` hold paths or intrinsic functions.

Source: https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.runtime.workflows.errors import StateError
from sandbox.runtime.workflows.paths import Scope, value_at

_INTRINSIC = "States.IntrinsicFailure"
_TOKEN = re.compile(
    r"\s*(?:(?P<function>States\.\w+)\s*\(|(?P<text>'(?:[^'\\]|\\.)*')|(?P<path>\$[^\s,()]*(?:\[[^\]]*\][^\s,()]*)*)"
    r"|(?P<number>-?\d+(?:\.\d+)?)|(?P<word>true|false|null)|(?P<mark>[,)]))"
)


def filled(template: Any, scope: Scope) -> Any:
    """The template with every `.$` key's value worked out. Raises StateError."""
    if isinstance(template, Mapping):
        result = {}
        for key, value in template.items():
            if key.endswith(".$"):
                result[key[:-2]] = worked_out(value, scope)
            else:
                result[key] = filled(value, scope)
        return result
    return [filled(one, scope) for one in template] if isinstance(template, list) else template


def worked_out(expression: Any, scope: Scope) -> Any:
    """The value of a path or an intrinsic function. Raises StateError."""
    if not isinstance(expression, str):
        raise StateError("States.ParameterPathFailure", f"{expression!r} is no path: it must be a text")
    if not expression.startswith("States."):
        return value_at(expression, scope)
    reader = _Reader(expression, scope)
    value = reader.value()
    reader.end()
    return value


class _Reader:
    def __init__(self, text: str, scope: Scope) -> None:
        self._text = text
        self._scope = scope
        self._place = 0

    def value(self) -> Any:
        token = self._next()
        if token["path"]:
            return value_at(token["path"], self._scope)
        if token["text"]:
            return re.sub(r"\\(['\\{}])", _unescaped, token["text"][1:-1])
        if token["number"]:
            return json.loads(token["number"])
        if token["word"]:
            return json.loads(token["word"])
        if not token["function"]:
            raise self._wrong("a value is missing")
        arguments = []
        if not self._take(")"):
            arguments.append(self.value())
            while self._take(","):
                arguments.append(self.value())
            if not self._take(")"):
                raise self._wrong("a parenthesis is not closed")
        return _call(token["function"], arguments)

    def end(self) -> None:
        if self._text[self._place :].strip():
            raise self._wrong("nothing may follow")

    def _next(self) -> re.Match[str]:
        token = _TOKEN.match(self._text, self._place)
        if token is None:
            raise self._wrong("it cannot be read")
        self._place = token.end()
        return token

    def _take(self, mark: str) -> bool:
        token = _TOKEN.match(self._text, self._place)
        if token is None or token["mark"] != mark:
            return False
        self._place = token.end()
        return True

    def _wrong(self, reason: str) -> StateError:
        return StateError(_INTRINSIC, f"{self._text!r}: {reason}, at character {self._place}")


def _unescaped(found: re.Match[str]) -> str:
    # Braces keep their backslash until States.Format has looked for its own.
    return found[0] if found[1] in "{}" else found[1]


def _call(name: str, arguments: list[Any]) -> Any:
    function = _FUNCTIONS.get(name)
    if function is None:
        raise StateError(
            _INTRINSIC, f"There is no intrinsic function {name}: {', '.join(sorted(_FUNCTIONS))}"
        )
    try:
        return function(*arguments)
    except (TypeError, ValueError, IndexError, KeyError, AttributeError) as wrong:
        raise StateError(_INTRINSIC, f"{name}: {wrong}") from wrong


def _format(template: str, *values: Any) -> str:
    left = list(values)

    def put(found: re.Match[str]) -> str:
        if found[0] != "{}":
            return found[0][1:]
        value = left.pop(0)
        return value if isinstance(value, str) else json.dumps(value)

    text = re.sub(r"\{\}|\\[{}]", put, template)
    if left:
        raise ValueError(f"{len(left)} values more than places")
    return text


def _partition(items: list[Any], size: int) -> list[list[Any]]:
    return [items[start : start + size] for start in range(0, len(items), size)]


def _unique(items: list[Any]) -> list[Any]:
    kept: dict[str, Any] = {}
    for one in items:
        kept.setdefault(json.dumps(one, sort_keys=True), one)
    return list(kept.values())


def _hash(data: Any, algorithm: str) -> str:
    text = data if isinstance(data, str) else json.dumps(data)
    return hashlib.new(algorithm.replace("-", "").lower(), text.encode()).hexdigest()


def _split(text: str, separators: str) -> list[str]:
    return [part for part in re.split(f"[{re.escape(separators)}]", text) if part]


def _random(low: int, high: int, seed: int | None = None) -> int:
    chosen = random.Random(seed)  # noqa: S311 - a state machine's chance is no secret
    return chosen.randrange(low, high)


_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "States.Array": lambda *items: list(items),
    "States.ArrayContains": lambda items, wanted: wanted in items,
    "States.ArrayGetItem": lambda items, place: items[place],
    "States.ArrayLength": len,
    "States.ArrayPartition": _partition,
    "States.ArrayRange": lambda first, last, step: list(range(first, last + (1 if step > 0 else -1), step)),
    "States.ArrayUnique": _unique,
    "States.Base64Decode": lambda text: base64.b64decode(text).decode(),
    "States.Base64Encode": lambda text: base64.b64encode(text.encode()).decode(),
    "States.Format": _format,
    "States.Hash": _hash,
    "States.JsonMerge": lambda left, right, deep: {**left, **right},
    "States.JsonToString": lambda value: json.dumps(value, separators=(",", ":")),
    "States.MathAdd": lambda left, right: left + right,
    "States.MathRandom": _random,
    "States.StringSplit": _split,
    "States.StringToJson": json.loads,
    "States.UUID": lambda: str(uuid.uuid4()),
}
