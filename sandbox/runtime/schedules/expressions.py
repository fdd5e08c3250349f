"""When does a schedule expression fire? `rate(…)`, `cron(…)` and `at(…)`, in a time zone.

Sources: https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html and
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
_DAYS = {"SUN": 1, "MON": 2, "TUE": 3, "WED": 4, "THU": 5, "FRI": 6, "SAT": 7}
_UNITS = {"minute": 60, "hour": 3600, "day": 86400}
_RATE = re.compile(r"rate\((\d+) (minute|hour|day)(s?)\)")
_CRON = re.compile(r"cron\(([^()]+)\)")
_AT = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")
_FURTHEST_DAYS = 366 * 12
"""How far ahead a cron expression is looked for; 29 February on a Monday comes once in 28 years, but no one
asks for that here."""


class ExpressionError(Exception):
    """An expression that names no times; the text says what is wrong, and what is allowed."""

    def __init__(self, expression: str, reason: str) -> None:
        super().__init__(
            f"{expression!r}: {reason}. Allowed: rate(5 minutes), cron(0 12 * * ? *) with minute, hour, day "
            "of the month, month, day of the week and year, or at(2030-01-31T12:00:00)."
        )


@dataclass(frozen=True)
class Rate:
    """Every so many seconds from its anchor."""

    seconds: int


@dataclass(frozen=True)
class At:
    """Once, at that wall-clock time."""

    moment: datetime


@dataclass(frozen=True)
class _Days:
    """Days of a month or week as cron names them; `special` holds L, 15W and 6#3, which no set can."""

    plain: frozenset[int]
    special: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cron:
    """At the minutes that all its fields name. One of the two fields of days is `?`, and None here."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    month_days: _Days | None
    months: frozenset[int]
    week_days: _Days | None
    years: frozenset[int]


Expression = Rate | At | Cron


def parse(text: str) -> Expression:
    """Reads an expression. Raises ExpressionError."""
    text = text.strip()
    if found := _RATE.fullmatch(text):
        count, unit, plural = int(found[1]), found[2], found[3]
        if count < 1 or (count == 1) == bool(plural):
            raise ExpressionError(text, "a rate is 1 minute, or 2 minutes and more")
        return Rate(count * _UNITS[unit])
    if found := _AT.fullmatch(text):
        try:
            return At(datetime.fromisoformat(found[1]))
        except ValueError as wrong:
            raise ExpressionError(text, str(wrong)) from wrong
    if found := _CRON.fullmatch(text):
        fields = found[1].split()
        if len(fields) != 6:
            raise ExpressionError(text, f"cron has 6 fields, not {len(fields)}")
        if (fields[2] == "?") == (fields[4] == "?"):
            raise ExpressionError(text, "exactly one of day of the month and day of the week is ?")
        try:
            return Cron(
                tuple(sorted(_numbers(fields[0], 0, 59))),
                tuple(sorted(_numbers(fields[1], 0, 23))),
                _days(fields[2], 1, 31, {}),
                _numbers(fields[3], 1, 12, _MONTHS),
                _days(fields[4], 1, 7, _DAYS),
                _numbers(fields[5], 1970, 2199),
            )
        except ValueError as wrong:
            raise ExpressionError(text, str(wrong)) from wrong
    raise ExpressionError(text, "it is none of the three forms")


def zone_of(name: str) -> tzinfo:
    """The time zone of that name. Raises ExpressionError where there is none."""
    if name in {"", "UTC"}:
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as unknown:
        raise ExpressionError(name, "no time zone of the IANA database") from unknown


def next_after(expression: Expression, after: float, anchor: float, zone: tzinfo) -> float | None:
    """The first time later than `after` at which it fires, or None; all in seconds since 1970.

    A cron time that daylight saving skips is skipped, and one that comes twice fires the first time, as the
    service has it."""
    if isinstance(expression, Rate):
        past = max(0, int((after - anchor) // expression.seconds) + 1)
        return anchor + past * expression.seconds
    if isinstance(expression, At):
        moment = expression.moment.replace(tzinfo=zone).timestamp()
        return moment if moment > after else None
    began = datetime.fromtimestamp(after, zone)
    # An hour that comes twice: the wall clock may stand before what has been.
    day = (began - timedelta(hours=2)).date()
    for _ in range(_FURTHEST_DAYS):
        if _falls_on(expression, day):
            for hour in expression.hours:
                if day == began.date() and hour < began.hour - 1:
                    continue
                for minute in expression.minutes:
                    moment = datetime.combine(day, time(hour, minute), zone).timestamp()
                    exists = datetime.fromtimestamp(moment, zone).replace(tzinfo=None)
                    if moment > after and exists == datetime.combine(day, time(hour, minute)):
                        return moment
        if day == date.max:
            return None
        day += timedelta(days=1)
    return None


def _falls_on(cron: Cron, day: date) -> bool:
    if day.year not in cron.years or day.month not in cron.months:
        return False
    if cron.month_days is not None:
        days = cron.month_days
        return day.day in days.plain or any(day.day == _month_day(one, day) for one in days.special)
    assert cron.week_days is not None  # noqa: S101
    number = day.isoweekday() % 7 + 1
    return number in cron.week_days.plain or any(
        _is_week_day(one, number, day) for one in cron.week_days.special
    )


def _month_day(special: str, day: date) -> int:
    """The day that `L` or `15W` names in a month: the last, the working day nearest to the 15th."""
    last = calendar.monthrange(day.year, day.month)[1]
    if special == "L":
        return last
    wanted = last if special == "LW" else min(int(special[:-1]), last)
    weekday = date(day.year, day.month, wanted).isoweekday()
    if weekday == 6:
        return wanted - 1 if wanted > 1 else wanted + 2
    if weekday == 7:
        return wanted + 1 if wanted < last else wanted - 2
    return wanted


def _is_week_day(special: str, number: int, day: date) -> bool:
    """Whether `6L` (the month's last Friday) or `6#3` (its third) names the day."""
    if special.endswith("L"):
        last = calendar.monthrange(day.year, day.month)[1]
        return number == int(special[:-1]) and day.day + 7 > last
    wanted, _, which = special.partition("#")
    return number == int(wanted) and (day.day - 1) // 7 + 1 == int(which)


def _days(field: str, low: int, high: int, names: Mapping[str, int]) -> _Days | None:
    if field == "?":
        return None
    plain: set[int] = set()
    special: list[str] = []
    for part in field.upper().split(","):
        for name, number in names.items():
            part = part.replace(name, str(number)) if "#" in part or part.endswith("L") else part
        if re.fullmatch(r"L|LW|\d+W" if high == 31 else r"[1-7](L|#[1-5])", part):
            special.append(part)
        elif high == 7 and part == "L":
            plain.add(7)
        else:
            plain |= _numbers(part, low, high, names)
    return _Days(frozenset(plain), tuple(special))


def _numbers(field: str, low: int, high: int, names: Mapping[str, int] | None = None) -> frozenset[int]:
    """What a field names: `*`, `5`, `MON-FRI`, `0/15`, `1,2,3`. Raises ValueError."""
    found: set[int] = set()
    for part in field.upper().split(","):
        span, stepped, step = part.partition("/")
        first, ranged, last = span.partition("-")
        begin = low if first == "*" else _number(first, names or {})
        end = _number(last, names or {}) if ranged else high if first == "*" or stepped else begin
        width = _number(step, {}) if stepped else 1
        if not (low <= begin <= high and low <= end <= high and width > 0):
            raise ValueError(f"{part!r} is not between {low} and {high}")
        # FRI-MON goes over the end of the week.
        wrapped = [*range(begin, high + 1), *range(low, end + 1)]
        span_of = [*range(begin, end + 1)] if begin <= end else wrapped
        found.update(span_of[::width])
    return frozenset(found)


def _number(text: str, names: Mapping[str, int]) -> int:
    if text in names:
        return names[text]
    if not text.isdigit():
        raise ValueError(f"{text!r} is no number" + (f" and none of {', '.join(names)}" if names else ""))
    return int(text)
