"""When does something run by itself? The expressions and time zones that EventBridge Scheduler takes."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

_RATE = re.compile(r"rate\([1-9][0-9]{0,4} (minute|hour|day)s?\)")
_CRON = re.compile(r"cron\(([^() ]+) ([^() ]+) ([^() ]+) ([^() ]+) ([^() ]+) ([^() ]+)\)")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")

_CRON_FORM = (
    "cron(minutes hours day month weekday year) with ? as one of day and weekday, such as cron(0 3 ? * SUN *)"
)


def _cron(expression: str) -> str:
    """Refuses what EventBridge does (Scheduler guide, "Cron-based schedules")."""
    match = _CRON.fullmatch(expression)
    if match is None or not _fits(*match.groups()):
        raise ValueError(_CRON_FORM)
    return expression


def _schedule(expression: str) -> str:
    if _RATE.fullmatch(expression):
        return expression
    try:
        return _cron(expression)
    except ValueError:
        raise ValueError(f"rate(7 days), in minutes, hours or days; or {_CRON_FORM}") from None


def _fits(minutes: str, hours: str, day: str, month: str, weekday: str, year: str) -> bool:
    days = day in ("?", "L", "LW") or _matches(r"([1-9]|[12][0-9]|3[01])W", day) or _listed(day, 1, 31)
    weekdays = (
        weekday in ("?", "L")
        or _matches(rf"([1-7]|{'|'.join(_DAYS)})(L|#[1-5])", weekday)
        or _listed(weekday, 1, 7, _DAYS)
    )
    others = (
        _listed(minutes, 0, 59)
        and _listed(hours, 0, 23)
        and _listed(month, 1, 12, _MONTHS)
        and _listed(year, 1970, 2199)
    )
    return days and weekdays and others and (day == "?") != (weekday == "?")


def _matches(pattern: str, text: str) -> bool:
    return re.fullmatch(pattern, text) is not None


def _listed(field: str, least: int, most: int, names: tuple[str, ...] = ()) -> bool:
    """Whether a field is a list of values, of ranges and of steps within the bounds."""

    def value(text: str) -> int | None:
        number = int(text) if _matches(r"[0-9]{1,4}", text) else None
        if text.upper() in names:
            number = names.index(text.upper()) + least
        return number if number is not None and least <= number <= most else None

    def fits(one: str) -> bool:
        span, slash, step = one.partition("/")
        if slash and not _matches(r"[1-9][0-9]{0,3}", step):
            return False
        ends = [value(end) for end in span.split("-")]
        return span == "*" or (len(ends) <= 2 and None not in ends)

    return all(fits(one) for one in field.split(","))


CronExpression = Annotated[str, Field(max_length=256), AfterValidator(_cron)]
"""`cron(0 3 ? * SUN *)`: minutes, hours, day of month, month, day of week, year."""

ScheduleExpression = Annotated[str, Field(max_length=256), AfterValidator(_schedule)]
"""`rate(7 days)`, or a CronExpression."""

TimeZone = Annotated[str, Field(pattern=r"^(UTC|[A-Za-z_]+(/[A-Za-z0-9_+-]+)+)$", max_length=50)]
"""A time zone by its IANA name, such as `Europe/Berlin`."""
