"""Which choice rule holds for a state's input?

Source: https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from sandbox.runtime.workflows.errors import RUNTIME, StateError
from sandbox.runtime.workflows.paths import Scope, is_there, value_at

_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "GreaterThan": operator.gt,
    "LessThanEquals": operator.le,
    "GreaterThanEquals": operator.ge,
}
_TESTS: Mapping[str, Callable[[Any], bool]] = {
    "IsNull": lambda value: value is None,
    "IsString": lambda value: isinstance(value, str),
    "IsNumeric": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "IsBoolean": lambda value: isinstance(value, bool),
    "IsTimestamp": lambda value: isinstance(value, str) and _moment(value) is not None,
}
_TYPED = re.compile(r"(String|Numeric|Boolean|Timestamp)(\w+?)(Path)?")


def holds(rule: Mapping[str, Any], scope: Scope) -> bool:
    """Whether a rule holds. Raises StateError for a path to nothing, and for an unknown comparison."""
    if "And" in rule:
        return all(holds(one, scope) for one in rule["And"])
    if "Or" in rule:
        return any(holds(one, scope) for one in rule["Or"])
    if "Not" in rule:
        return not holds(rule["Not"], scope)
    path = rule["Variable"]
    name = next((key for key in rule if key not in {"Variable", "Next", "Comment", "Assign"}), "")
    wanted: Any = rule.get(name)
    if name == "IsPresent":
        return is_there(path, scope) is bool(wanted)
    value = value_at(path, scope)
    if name in _TESTS:
        return _TESTS[name](value) is bool(wanted)
    if name == "StringMatches":
        pattern = "".join(".*" if part == "*" else re.escape(part) for part in re.split(r"(\*)", wanted))
        return isinstance(value, str) and re.fullmatch(pattern, value, re.DOTALL) is not None
    found = _TYPED.fullmatch(name)
    if found is None or found[2] not in _COMPARISONS:
        raise StateError(RUNTIME, f"There is no comparison {name!r} in a choice rule")
    if found[3]:
        wanted = value_at(wanted, scope)
    return _compare(found[1], _COMPARISONS[found[2]], value, wanted)


def _compare(kind: str, compare: Callable[[Any, Any], bool], value: Any, wanted: Any) -> bool:
    """Values of another type than the comparison's never hold."""
    if kind == "Timestamp":
        left, right = (_moment(one) if isinstance(one, str) else None for one in (value, wanted))
        return left is not None and right is not None and compare(left, right)
    test = {"String": "IsString", "Numeric": "IsNumeric", "Boolean": "IsBoolean"}[kind]
    return _TESTS[test](value) and _TESTS[test](wanted) and compare(value, wanted)


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
