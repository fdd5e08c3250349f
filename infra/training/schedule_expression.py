"""When does something run by itself? The expressions that EventBridge Scheduler takes."""

from typing import Annotated

from pydantic import Field

ScheduleExpression = Annotated[
    str,
    Field(
        pattern=r"^(rate\([1-9]\d{0,4} (minutes?|hours?|days?)\)|cron\((\S+ ){5}\S+\))$",
        max_length=256,
    ),
]
"""`rate(7 days)` or `cron(0 3 ? * SUN *)`: minute, hour, day of month, month, day of week, year."""
