"""Which state does a composite alarm's rule come to? `ALARM(a) AND NOT (OK(b) OR INSUFFICIENT_DATA("c"))`.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sandbox.runtime.alarms.evaluation import ALARM, INSUFFICIENT_DATA, OK

_TOKEN = re.compile(
    r"""\s*(?:(?P<test>ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?:"(?P<quoted>[^"]+)"|(?P<bare>[^\s()"]+))\s*\)
|(?P<word>AND|OR|NOT|TRUE|FALSE)\b|(?P<mark>[()]))""".replace("\n", "")
)
_ALLOWED = "ALARM(name), OK(name), INSUFFICIENT_DATA(name), TRUE, FALSE, AND, OR, NOT and parentheses"
_LONGEST = 10240


class RuleError(Exception):
    """A rule that cannot be read; the text says where, and what is allowed."""


@dataclass(frozen=True)
class CompositeRule:
    """A rule that was read: the alarms that it names, and whether it holds for their states."""

    alarms: tuple[str, ...]
    _holds: Callable[[Mapping[str, str]], bool]

    def state(self, states: Mapping[str, str]) -> str:
        """By the states of its alarms, by name; an alarm that is not there has no data."""
        return ALARM if self._holds(states) else OK


def read(text: str) -> CompositeRule:
    """Raises RuleError."""
    if not text.strip() or len(text) > _LONGEST:
        raise RuleError(f"an alarm rule has 1 to {_LONGEST} characters, not {len(text)}")
    reader = _Reader(text)
    holds = reader.either()
    reader.end()
    return CompositeRule(tuple(dict.fromkeys(reader.alarms)), holds)


_Holds = Callable[[Mapping[str, str]], bool]


class _Reader:
    """Reads by descent: OR binds least, then AND, then NOT."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._place = 0
        self.alarms: list[str] = []

    def either(self) -> _Holds:
        parts = [self._both()]
        while self._take("OR"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else lambda states: any(part(states) for part in parts)

    def _both(self) -> _Holds:
        parts = [self._one()]
        while self._take("AND"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else lambda states: all(part(states) for part in parts)

    def _one(self) -> _Holds:
        if self._take("NOT"):
            inner = self._one()
            return lambda states: not inner(states)
        if self._take("("):
            inner = self.either()
            if not self._take(")"):
                raise self._wrong("a parenthesis is not closed")
            return inner
        found = self._next()
        if found is None:
            raise self._wrong("a condition is missing")
        self._place = found.end()
        if word := found["word"]:
            if word not in {"TRUE", "FALSE"}:
                raise self._wrong(f"{word} stands where a condition is missing")
            return lambda _: word == "TRUE"
        if not found["test"]:
            raise self._wrong("a condition is missing")
        wanted, name = found["test"], (found["quoted"] or found["bare"]).rpartition(":alarm:")[2]
        self.alarms.append(name)
        return lambda states: states.get(name, INSUFFICIENT_DATA) == wanted

    def end(self) -> None:
        if self._text[self._place :].strip():
            raise self._wrong("nothing may follow here")

    def _take(self, token: str) -> bool:
        found = self._next()
        if found is None or token not in {found["word"], found["mark"]}:
            return False
        self._place = found.end()
        return True

    def _next(self) -> re.Match[str] | None:
        return _TOKEN.match(self._text, self._place)

    def _wrong(self, reason: str) -> RuleError:
        rest = self._text[self._place :].strip()[:60] or "the end"
        return RuleError(f"AlarmRule: {reason}, before {rest!r}. Allowed: {_ALLOWED}.")


@dataclass(frozen=True)
class Suppression:
    """Whether a composite alarm's actions are held back now, and by what."""

    held: bool
    by: str = ""
    """`Alarm`, `WaitPeriod` or `ExtensionPeriod`, as DescribeAlarms has it."""


def suppression(
    changed: float,
    state: str,
    wait: float,
    extension: float,
    suppressor: Sequence[tuple[str, float]],
    now: float,
) -> Suppression:
    """Of a composite alarm that came to `state` at `changed`. `suppressor` holds its suppressor's states with
    the times at which they began, latest first; all in seconds.

    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Create_Composite_Alarm.html
    (alarm suppression)."""
    latest, since = suppressor[0] if suppressor else (INSUFFICIENT_DATA, 0.0)
    if latest == ALARM:
        return Suppression(held=True, by="Alarm")
    was_alarm = any(earlier == ALARM for earlier, _ in suppressor[1:2])
    if was_alarm and since + extension > now:
        return Suppression(held=True, by="ExtensionPeriod")
    if state == ALARM and not was_alarm and changed + wait > now:
        return Suppression(held=True, by="WaitPeriod")
    return Suppression(held=False)
