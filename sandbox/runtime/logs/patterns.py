"""Which log events does a filter pattern match, and what are their fields? CloudWatch Logs' own language.

Source: CloudWatch Logs guide, "Filter pattern syntax for metric filters, subscription filters, filter log
events, and Live Tail". Three kinds: terms, fields between spaces (`[ip, status = 4*]`), and JSON
(`{ $.status = 404 && $.path = "/*" }`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

_MISSING = object()


class PatternError(Exception):
    """A pattern that the service would refuse; the text says where."""


class Pattern(Protocol):
    """A pattern that was read."""

    def match(self, message: str) -> Fields | None:
        """The fields of a message that matches, else None."""


class Fields:
    """What a transformation may ask of a message that matched: `$.a.b[0]` of JSON, `$name` of a field."""

    def __init__(self, look_up: Callable[[str], object]) -> None:
        self._look_up = look_up

    def value(self, named: str) -> object:
        """The value, or None where there is none."""
        found = self._look_up(named)
        return None if found is _MISSING else found


def read(pattern: str) -> Pattern:
    """The pattern, ready to match. Raises PatternError."""
    text = pattern.strip()
    if text.startswith("{"):
        if not text.endswith("}"):
            raise PatternError(f"{pattern!r} has no closing brace")
        return _Json(_Conditions(text[1:-1]).read())
    if text.startswith("["):
        if not text.endswith("]"):
            raise PatternError(f"{pattern!r} has no closing bracket")
        return _Spaced.of(text[1:-1])
    return _Terms.of(text)


Test = Callable[[object], bool]
"""From a value, or `_MISSING`, to whether it is as asked."""


@dataclass(frozen=True)
class _Json:
    holds: Callable[[Any], bool]

    def match(self, message: str) -> Fields | None:
        try:
            document = json.loads(message)
        except ValueError:
            return None
        if not isinstance(document, (dict, list)) or not self.holds(document):
            return None
        return Fields(lambda named: _selected(document, _path(named)))


_TOKEN = re.compile(
    r"""\s*(?:
    (?P<logic>&&|\|\||\(|\))
  | (?P<selector>\$(?:\.[\w\-:]+|\[(?:\d+|"[^"]*")\])+)
  | (?P<operator>!=|<=|>=|=|<|>)
  | (?P<quoted>"(?:[^"\\]|\\.)*")
  | (?P<regex>%(?:[^%\\]|\\.)*%)
  | (?P<word>[^\s()&|=<>!"%]+)
)""",
    re.VERBOSE,
)


class _Conditions:
    """Reads the conditions between the braces: `||` binds less than `&&`."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: list[tuple[str, str]] = []
        place = 0
        while text[place:].strip():
            found = _TOKEN.match(text, place)
            if found is None:
                raise PatternError(f"{text[place:].strip()!r} is not understood")
            self._tokens.append((str(found.lastgroup), found[str(found.lastgroup)]))
            place = found.end()

    def read(self) -> Callable[[Any], bool]:
        found = self._either()
        if self._tokens:
            raise PatternError(f"{self._tokens[0][1]!r} stands where nothing may follow")
        return found

    def _either(self) -> Callable[[Any], bool]:
        parts = [self._both()]
        while self._takes("||"):
            parts.append(self._both())
        return lambda document: any(part(document) for part in parts)

    def _both(self) -> Callable[[Any], bool]:
        parts = [self._one()]
        while self._takes("&&"):
            parts.append(self._one())
        return lambda document: all(part(document) for part in parts)

    def _one(self) -> Callable[[Any], bool]:
        if self._takes("("):
            inner = self._either()
            if not self._takes(")"):
                raise PatternError(f"a parenthesis is not closed in {self._text!r}")
            return inner
        kind, selector = self._next("a selector")
        if kind != "selector":
            raise PatternError(f"{selector!r} stands where a selector such as $.name is wanted")
        path, test = _path(selector), self._test()
        return lambda document: test(_selected(document, path))

    def _test(self) -> Test:
        kind, text = self._next("an operator")
        word = text.upper()
        if kind == "operator":
            return _comparison(text, *self._next("a value"))
        if word == "EXISTS":
            return lambda value: value is not _MISSING
        if word == "NOT" and self._takes_word("EXISTS"):
            return lambda value: value is _MISSING
        if word == "IS":
            wanted = self._next("TRUE, FALSE or NULL")[1].upper()
            known: Mapping[str, object] = {"TRUE": True, "FALSE": False, "NULL": None}
            if wanted in known:
                return lambda value: value is known[wanted]
            raise PatternError(f"IS {wanted}; allowed: TRUE, FALSE, NULL")
        raise PatternError(f"{text!r} is no operator")

    def _next(self, wanted: str) -> tuple[str, str]:
        if not self._tokens:
            raise PatternError(f"{self._text!r} ends where {wanted} is wanted")
        return self._tokens.pop(0)

    def _takes(self, text: str) -> bool:
        if self._tokens and self._tokens[0] == ("logic", text):
            del self._tokens[0]
            return True
        return False

    def _takes_word(self, text: str) -> bool:
        if self._tokens and self._tokens[0][1].upper() == text:
            del self._tokens[0]
            return True
        return False


_STEP = re.compile(r'\.([\w\-:]+)|\[(\d+)\]|\["([^"]*)"\]')


def _path(selector: str) -> tuple[str | int, ...]:
    return tuple(
        int(place) if place else (name or quoted) for name, place, quoted in _STEP.findall(selector[1:])
    )


def _selected(document: Any, path: tuple[str | int, ...]) -> object:
    for step in path:
        if isinstance(document, list):
            known = isinstance(step, int) and step < len(document)
        else:
            known = isinstance(document, dict) and step in document
        if not known:
            return _MISSING
        document = document[step]
    return document


def _comparison(operator: str, kind: str, text: str) -> Test:
    if kind == "quoted":
        text = json.loads(text) if "\\" not in text else text[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    if operator in ("=", "!="):
        same = _same(kind, text)
        if operator == "=":
            return same
        return lambda value: value is not _MISSING and not same(value)
    limit = _number(text)
    if limit is None:
        raise PatternError(f"{operator} compares numbers; given: {text!r}")
    compare: Mapping[str, Callable[[float, float], bool]] = {
        "<": lambda value, limit: value < limit,
        "<=": lambda value, limit: value <= limit,
        ">": lambda value, limit: value > limit,
        ">=": lambda value, limit: value >= limit,
    }
    holds = compare[operator]

    def test(value: object) -> bool:
        number = _number(value)
        return number is not None and holds(number, limit)

    return test


def _same(kind: str, text: str) -> Test:
    """Equality: of numbers as numbers, of text with `*` for anything, by a regular expression between `%`."""
    if kind == "regex":
        expression = re.compile(text[1:-1])
        return lambda value: isinstance(value, str) and expression.search(value) is not None
    wild = re.compile(".*".join(re.escape(part) for part in text.split("*")), re.DOTALL)
    limit = _number(text) if kind == "word" else None

    def test(value: object) -> bool:
        if value is _MISSING or value is None or isinstance(value, (dict, list)):
            return False
        if limit is not None and (number := _number(value)) is not None:
            return number == limit
        shown = str(value).lower() if isinstance(value, bool) else str(value)
        return wild.fullmatch(shown) is not None

    return test


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        return float(value)
    except ValueError:
        return None


@dataclass(frozen=True)
class _Terms:
    """All of `wanted`, one of `either` where there are any, none of `never`."""

    wanted: tuple[Callable[[str], bool], ...]
    either: tuple[Callable[[str], bool], ...]
    never: tuple[Callable[[str], bool], ...]

    @classmethod
    def of(cls, text: str) -> _Terms:
        found: dict[str, list[Callable[[str], bool]]] = {"": [], "?": [], "-": []}
        for sign, quoted, regex, word in re.findall(r'([?-]?)(?:"([^"]*)"|%((?:[^%\\]|\\.)*)%|(\S+))', text):
            found[sign].append(_regex(regex) if regex else _term(quoted or word))
        if found[""] and found["?"]:
            # Beside other terms a question mark counts for nothing.
            found[""], found["?"] = found[""] + found["?"], []
        return cls(tuple(found[""]), tuple(found["?"]), tuple(found["-"]))

    def match(self, message: str) -> Fields | None:
        holds = (
            all(term(message) for term in self.wanted)
            and (not self.either or any(term(message) for term in self.either))
            and not any(term(message) for term in self.never)
        )
        return Fields(lambda _: _MISSING) if holds else None


def _term(text: str) -> Callable[[str], bool]:
    """The text as whole words, case counting."""
    expression = re.compile(rf"(?<!\w){re.escape(text)}(?!\w)" if text[:1].isalnum() else re.escape(text))
    return lambda message: expression.search(message) is not None


def _regex(text: str) -> Callable[[str], bool]:
    expression = re.compile(text)
    return lambda message: expression.search(message) is not None


_FIELD = re.compile(r'"([^"]*)"|\[([^\]]*)\]|(\S+)')


@dataclass(frozen=True)
class _Spaced:
    """Fields between spaces, by place; `...` stands for any number of them."""

    names: tuple[str, ...]
    tests: tuple[Test, ...]

    @classmethod
    def of(cls, text: str) -> _Spaced:
        names, tests = [], []
        for part in text.split(","):
            found = re.fullmatch(r"\s*(\.\.\.|[\w\-.:]+)\s*(?:(!=|<=|>=|=|<|>)\s*(\S.*?))?\s*", part)
            if found is None:
                raise PatternError(f"{part.strip()!r} is no field")
            name, operator, value = found.groups()
            names.append(name)
            kind = "quoted" if value and value[0] == '"' else "regex" if value and value[0] == "%" else "word"
            tests.append(_comparison(operator, kind, value) if operator else lambda _: True)
        if names.count("...") > 1:
            raise PatternError("`...` may stand there once")
        return cls(tuple(names), tuple(tests))

    def match(self, message: str) -> Fields | None:
        given = [quoted or bracketed or word for quoted, bracketed, word in _FIELD.findall(message)]
        names = list(self.names)
        if "..." in names:
            place, more = names.index("..."), len(given) - (len(names) - 1)
            if more < 0:
                return None
            given = [*given[:place], "", *given[place + more :]]
        if len(given) != len(names) or not all(
            test(value) for test, value in zip(self.tests, given, strict=True)
        ):
            return None
        values: Mapping[str, object] = dict(zip(names, given, strict=True))
        return Fields(lambda named: values.get(named.removeprefix("$"), _MISSING))
