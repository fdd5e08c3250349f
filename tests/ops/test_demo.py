"""Whether the demonstration's days move together, by whole weeks, and never into the future."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ml.streaming.replay import weeks_to
from ops.demo.calendar import Calendar
from ops.demo.loop import Plan

TODAY = st.dates(date(2020, 1, 1), date(2100, 1, 1))


@given(TODAY, st.integers(0, 20), st.integers(1, 21))
def test_every_replay_is_moved_by_the_same_weeks(today: date, number: int, days: int) -> None:
    calendar = Calendar(Plan().first, today, Plan().days)
    moved = weeks_to(calendar.real(number), days, calendar.shift_to(number, days))
    assert moved == calendar.weeks


@given(TODAY)
def test_the_last_day_and_what_lands_after_it_is_over_and_not_long_ago(today: date) -> None:
    plan = Plan()
    calendar = Calendar(plan.first, today, plan.days)
    last = calendar.shown(plan.days - 1)
    assert last + timedelta(days=1) < today
    assert today - last <= timedelta(days=9)
    assert last.weekday() == calendar.real(plan.days - 1).weekday()
