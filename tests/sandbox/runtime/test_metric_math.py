"""What metric math expressions and composite alarms' rules come to."""

from __future__ import annotations

import pytest

from sandbox.runtime.alarms.composite import RuleError, read, suppression
from sandbox.runtime.alarms.mathematics import MathError, Surroundings, names_in, work_out

_SERIES = {
    "m1": (1.0, 2.0, None, 4.0),
    "m2": (2.0, 0.0, 3.0, 8.0),
    "errors_a": (1.0, None, 1.0, 1.0),
    "errors_b": (0.0, 2.0, 1.0, None),
    "e1": (9.0, 9.0, 9.0, 9.0),
}
_AROUND = Surroundings(_SERIES, frozenset({"m1", "m2", "errors_a", "errors_b"}), 60.0)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("m1 + m2", (3.0, 2.0, None, 12.0)),
        ("100 * (m1 / m2)", (50.0, None, None, 50.0)),
        ("-m2 ^ 2", (-4.0, 0.0, -9.0, -64.0)),
        ("m1 > 1", (0.0, 1.0, None, 1.0)),
        ("m2 > 1 AND m2 < 5", (1.0, 0.0, 1.0, 0.0)),
        ("m2 == 0 || m2 == 8", (0.0, 1.0, 0.0, 1.0)),
        ("SUM([m1, m2])", (3.0, 2.0, 3.0, 12.0)),
        ("SUM(METRICS('errors'))", (1.0, 2.0, 2.0, 1.0)),
        ("AVG(METRICS('errors'))", (0.5, 2.0, 1.0, 1.0)),
        ("METRIC_COUNT(METRICS())", (4.0,) * 4),
        ("MAX([m1, m2]) - MIN([m1, m2])", (1.0, 2.0, 0.0, 4.0)),
        ("m2 / MAX(m2)", (0.25, 0.0, 0.375, 1.0)),
        ("FILL(m1, 0)", (1.0, 2.0, 0.0, 4.0)),
        ("FILL(m1, REPEAT)", (1.0, 2.0, 2.0, 4.0)),
        ("FILL(m1, LINEAR)", (1.0, 2.0, 3.0, 4.0)),
        ("IF(m2 > 2, m2, 0)", (0.0, 0.0, 3.0, 8.0)),
        ("IF(m2 > 2, 7)", (None, None, 7.0, 7.0)),
        ("DIFF(m2)", (None, -2.0, 3.0, 5.0)),
        ("RATE(m2)", (None, -2 / 60, 0.05, 5 / 60)),
        ("m2 * PERIOD(m2)", (120.0, 0.0, 180.0, 480.0)),
        ("RUNNING_SUM(m2)", (2.0, 2.0, 5.0, 13.0)),
        ("FIRST([m1, m2])", (1.0, 2.0, None, 4.0)),
        ("CEIL(m2 / 3)", (1.0, 0.0, 1.0, 3.0)),
        ("ABS(m2 - 3)", (1.0, 3.0, 0.0, 5.0)),
        ("METRICS('nobody')", None),
    ],
)
def test_an_expression_comes_to(expression: str, expected: tuple[float | None, ...] | None) -> None:
    if expected is None:
        with pytest.raises(MathError, match="several series"):
            work_out(expression, _AROUND, 4)
        return
    found = work_out(expression, _AROUND, 4)
    assert [None if one is None else round(one, 6) for one in found] == [
        None if one is None else round(one, 6) for one in expected
    ]


def test_the_queries_that_an_expression_reads_are_known() -> None:
    assert names_in("IF(m1 > 2, FILL(m2, REPEAT), e1)") == {"m1", "m2", "e1"}


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("SEARCH('x', 'Sum')", "works out no SEARCH. It works out: ABS, AVG"),
        ("m1 +", "cannot be read"),
        ("m1.real", "no part of metric math"),
        ("[x for x in m1]", "no part of metric math"),
    ],
)
def test_what_is_not_worked_out_is_refused_by_name(expression: str, told: str) -> None:
    with pytest.raises(MathError, match=told):
        names_in(expression)


@pytest.mark.parametrize(
    "expression", ["nobody + 1", "m1 + 'x'", "METRICS() + METRICS()", "RATE(1)", "SUM()"]
)
def test_what_does_not_go_together_is_an_error(expression: str) -> None:
    with pytest.raises(MathError):
        work_out(expression, _AROUND, 4)


_STATES = {"a": "ALARM", "b": "OK", "spaced name": "INSUFFICIENT_DATA"}


@pytest.mark.parametrize(
    ("rule", "state"),
    [
        ("ALARM(a)", "ALARM"),
        ("OK(a)", "OK"),
        ("ALARM(a) AND OK(b)", "ALARM"),
        ("ALARM(b) OR ALARM(a) AND NOT OK(b)", "OK"),
        ("(ALARM(b) OR ALARM(a)) AND NOT ALARM(b)", "ALARM"),
        ('INSUFFICIENT_DATA("spaced name")', "ALARM"),
        ("ALARM(arn:aws:cloudwatch:us-east-1:123456789012:alarm:a)", "ALARM"),
        ("INSUFFICIENT_DATA(gone)", "ALARM"),
        ("NOT FALSE AND TRUE", "ALARM"),
    ],
)
def test_a_rule_comes_to_a_state(rule: str, state: str) -> None:
    assert read(rule).state(_STATES) == state


@pytest.mark.parametrize(
    "rule", ["", "ALARM(a) AND", "ALARM(a) ALARM(b)", "(ALARM(a)", "alarm(a)", "ALARM()", "a OR b"]
)
def test_what_is_no_rule_is_refused_with_what_is_allowed(rule: str) -> None:
    with pytest.raises(RuleError):
        read(rule)


def test_a_rule_knows_its_alarms() -> None:
    assert read("ALARM(a) OR (OK(b) AND NOT ALARM(a))").alarms == ("a", "b")


def test_actions_wait_for_the_suppressor_and_after_it() -> None:
    quiet, speaking, spoke = [("OK", 0.0)], [("ALARM", 50.0), ("OK", 0.0)], [("OK", 90.0), ("ALARM", 50.0)]
    assert suppression(100.0, "ALARM", 30, 60, quiet, 110.0).by == "WaitPeriod"
    assert not suppression(100.0, "ALARM", 30, 60, quiet, 131.0).held
    assert suppression(100.0, "ALARM", 30, 60, speaking, 999.0).by == "Alarm"
    assert suppression(100.0, "ALARM", 30, 60, spoke, 149.0).by == "ExtensionPeriod"
    assert not suppression(100.0, "ALARM", 30, 60, spoke, 151.0).held
