"""Whether the demonstration's days move together, by whole weeks, never into the future, and until a trial
has decided.
"""

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.streaming.replay import weeks_to
from ops.demo.calendar import Calendar
from ops.demo.loop import Plan, may_answer, until_decided
from ops.errors import UsageError
from ops.experiment.judging import Judgement

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


def judged(decision: str) -> Judgement:
    return Judgement("ab", decision, "", Path("experiment.html"), {})


@pytest.mark.parametrize("decision", ["promote", "stop for harm", "keep", "void"])
def test_days_are_replayed_until_the_trial_decides(decision: str) -> None:
    days: list[int] = []

    def after(number: int) -> Judgement:
        days.append(number)
        return judged(decision if number == 17 else "go on")

    assert until_decided(range(15, 25), after).decision == decision
    assert days == [15, 16, 17]


def test_a_trial_without_a_decision_uses_all_its_days() -> None:
    days: list[int] = []

    def after(number: int) -> Judgement:
        days.append(number)
        return judged("go on")

    assert until_decided(range(15, 19), after).decision == "go on"
    assert days == [15, 16, 17, 18]
    with pytest.raises(UsageError):
        until_decided(range(0), after)


def test_a_challenger_whose_shadow_says_stop_answers_nobody() -> None:
    assert not may_answer(judged("stop"))
    assert may_answer(judged("watch on"))
    assert may_answer(judged("go on to A/B"))
