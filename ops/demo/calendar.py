"""Which real days are replayed, and as which days of now?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True)
class Calendar:
    """Real days from `first` on, all moved by the same whole weeks, so that weekdays stay.

    The last of `most` days, and what lands a day later, lies before `today`: no event is of the future.
    """

    first: date
    today: date
    most: int

    @property
    def weeks(self) -> int:
        """By how many weeks all is moved."""
        # A day more, for what lands late.
        return (self.today - self.first - timedelta(days=self.most + 1)).days // 7

    def real(self, number: int) -> date:
        """The real day of a number, from 0."""
        return self.first + timedelta(days=number)

    def shown(self, number: int) -> date:
        """As which day it is replayed."""
        return self.real(number) + timedelta(weeks=self.weeks)

    def shift_to(self, number: int, days: int) -> date:
        """What `replay --shift-to` has to be told for `days` days from a number on."""
        return self.real(number) + timedelta(weeks=self.weeks, days=days + 1)
