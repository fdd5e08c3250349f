"""When is a rule or a schedule next due, and which of its times that have passed is made up for?"""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

from sandbox.runtime.schedules.expressions import Rate, next_after, parse, zone_of
from sandbox.runtime.schedules.known import Timed

OLDEST_SECONDS = 86400.0
"""How late an event may come, where its target names nothing else: the services' own limit."""


@dataclass(frozen=True)
class Due:
    """What has come: `at` is the time that is made up for, None where it is too late for any; `following` is
    the next time, None after the last. Seconds since 1970."""

    at: float | None
    following: float | None


def first_time(one: Timed, now: float) -> float | None:
    """The first time of one that was not known before. A schedule by rate begins at once, a rule after its
    first period. Raises ExpressionError."""
    expression, zone = parse(one.expression), zone_of(one.timezone)
    begin = now if one.begin is None else one.begin
    early = begin - 1 if isinstance(expression, Rate) and not one.is_rule else begin
    return _before_end(one, next_after(expression, early, begin, zone))


def has_come(one: Timed, due: float, now: float) -> Due | None:
    """What follows from `due`, once it has come; None before. Of several times that nobody was there for, the
    last one is made up for."""
    if moment_of(one, due) > now:
        return None
    expression, zone = parse(one.expression), zone_of(one.timezone)
    oldest = now - _oldest(one)
    last, following = due, _before_end(one, next_after(expression, due, due, zone))
    if following is not None and following < oldest:
        following = _before_end(one, next_after(expression, oldest, due, zone))
    while following is not None and moment_of(one, following) <= now:
        last, following = following, _before_end(one, next_after(expression, following, due, zone))
    return Due(last if last >= oldest else None, following)


def moment_of(one: Timed, due: float) -> float:
    """When in its flexible window it fires: the same for the same time."""
    if not one.window:
        return due
    return due + crc32(f"{one.arn}/{due}".encode()) % int(one.window)


def _oldest(one: Timed) -> float:
    ages = [
        float((target.get("RetryPolicy") or {}).get("MaximumEventAgeInSeconds", OLDEST_SECONDS))
        for target in one.targets
    ]
    return max(ages, default=OLDEST_SECONDS)


def _before_end(one: Timed, due: float | None) -> float | None:
    return None if due is None or (one.end is not None and due > one.end) else due
