"""What paths, templates, intrinsic functions, choices and definitions of state machines come to."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.runtime.workflows.choices import holds
from sandbox.runtime.workflows.definition import DefinitionError, parse
from sandbox.runtime.workflows.errors import StateError, covers
from sandbox.runtime.workflows.paths import Scope, put_at, value_at
from sandbox.runtime.workflows.templates import filled

_INPUT = {"name": "a", "n": 3, "items": [{"id": 1}, {"id": 2}], "deep": {"id": 9, "with space": True}}
_SCOPE = Scope(_INPUT, {"Execution": {"Name": "e"}}, {"kept": {"x": 7}})


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$", _INPUT),
        ("$.deep.id", 9),
        ("$['deep']['with space']", True),
        ("$.items[0].id", 1),
        ("$.items[-1].id", 2),
        ("$.items[*].id", [1, 2]),
        ("$.items[1:]", [{"id": 2}]),
        ("$..id", [1, 2, 9]),
        ("$$.Execution.Name", "e"),
        ("$kept.x", 7),
    ],
)
def test_a_path_names_a_value(path: str, expected: Any) -> None:
    assert value_at(path, _SCOPE) == expected


@pytest.mark.parametrize("path", ["$.nobody", "$.items[7]", "$other", "items", "$.items[?(@.id > 1)]"])
def test_a_path_to_nothing_fails_the_state(path: str) -> None:
    with pytest.raises(StateError, match="States.Runtime"):
        value_at(path, _SCOPE)


def test_a_result_is_put_in_its_place_and_the_input_stays() -> None:
    assert put_at("$.result.of", {"a": 1}, 5) == {"a": 1, "result": {"of": 5}}
    assert put_at("$", {"a": 1}, 5) == 5
    assert put_at("$.a", "text", 5) == {"a": 5}


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("States.Format('{} is {}', $.name, $.n)", "a is 3"),
        (r"States.Format('\{{}\}', $.n)", "{3}"),
        (r"States.Format('it\'s {}', $.name)", "it's a"),
        ("States.Array($.n, 'x', null, true)", [3, "x", None, True]),
        ("States.ArrayPartition(States.ArrayRange(1, 5, 1), 2)", [[1, 2], [3, 4], [5]]),
        ("States.ArrayContains($.items[*].id, 2)", True),
        ("States.ArrayGetItem($.items, 1)", {"id": 2}),
        ("States.ArrayLength($.items)", 2),
        ("States.ArrayUnique(States.Array(1, 1, 2))", [1, 2]),
        ("States.Base64Decode(States.Base64Encode('hello'))", "hello"),
        ("States.Hash('hello', 'SHA-1')", "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"),
        (
            "States.JsonMerge($.deep, States.StringToJson('{\"id\": 1}'), false)",
            {"id": 1, "with space": True},
        ),
        ("States.JsonToString($.items[0])", '{"id":1}'),
        ("States.MathAdd($.n, -1)", 2),
        ("States.StringSplit('a.b+c', '.+')", ["a", "b", "c"]),
    ],
)
def test_an_intrinsic_function_comes_to(function: str, expected: Any) -> None:
    assert filled({"v.$": function, "same": [1, {"x": 2}]}, _SCOPE) == {
        "v": expected,
        "same": [1, {"x": 2}],
    }


@pytest.mark.parametrize(
    "function", ["States.Nothing()", "States.MathAdd(1)", "States.Array(1", "States.UUID() x"]
)
def test_a_wrong_intrinsic_function_fails_the_state(function: str) -> None:
    with pytest.raises(StateError, match="States.IntrinsicFailure"):
        filled({"v.$": function}, _SCOPE)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"Variable": "$.n", "NumericGreaterThan": 2}, True),
        ({"Variable": "$.name", "NumericGreaterThan": 2}, False),
        ({"Variable": "$.n", "NumericEqualsPath": "$.deep.id"}, False),
        ({"Variable": "$.name", "StringMatches": "*a*"}, True),
        ({"Variable": "$.nobody", "IsPresent": False}, True),
        ({"Variable": "$.n", "IsString": True}, False),
        ({"Not": {"Variable": "$.n", "NumericEquals": 3}}, False),
        (
            {
                "And": [
                    {"Variable": "$.n", "NumericLessThanEquals": 3},
                    {
                        "Or": [
                            {"Variable": "$.name", "StringEquals": "b"},
                            {"Variable": "$.n", "IsNumeric": True},
                        ]
                    },
                ]
            },
            True,
        ),
    ],
)
def test_a_choice_rule_holds_or_not(rule: dict[str, Any], expected: bool) -> None:
    assert holds({**rule, "Next": "x"}, _SCOPE) is expected


def test_timestamps_are_compared_as_moments() -> None:
    scope = Scope({"t": "2026-01-01T12:00:00+02:00"}, {})
    assert holds({"Variable": "$.t", "TimestampLessThan": "2026-01-01T11:00:00Z"}, scope)


def test_errors_are_covered_by_their_names() -> None:
    assert covers(["States.ALL"], "anything")
    assert not covers(["States.ALL"], "States.Runtime")
    assert covers(["States.TaskFailed"], "Lambda.Unknown")
    assert not covers(["States.TaskFailed"], "States.Timeout")


@pytest.mark.parametrize(
    ("states", "told"),
    [
        ({"A": {"Type": "Pass", "Next": "B"}}, "Missing 'Next' target: B"),
        ({"A": {"Type": "Pass"}}, "needs either Next or End"),
        ({"A": {"Type": "Nap", "End": True}}, "must be one of Choice, Fail"),
        ({"A": {"Type": "Task", "End": True}}, "needs Resource"),
        ({"A": {"Type": "Wait", "End": True}}, "needs one of Seconds"),
        ({"A": {"Type": "Map", "End": True}}, "needs ItemProcessor"),
        ({"A": {"Type": "Parallel", "Branches": [{"StartAt": "X", "States": {}}], "End": True}}, "Branches"),
    ],
)
def test_an_unsound_definition_is_refused_with_its_place(states: dict[str, Any], told: str) -> None:
    with pytest.raises(DefinitionError, match=told):
        parse(json.dumps({"StartAt": "A", "States": states}))
