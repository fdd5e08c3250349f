"""Whether a resource's policy allows or denies a request: the rules of IAM's policy language.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

Context = Mapping[str, tuple[str, ...]]
"""The condition keys that a request has, in lower case, with their values."""

_VARIABLE = re.compile(r"\$\{([^}]*)\}")


class Verdict(Enum):
    """What a policy says about a request. A denial in any statement outweighs every permission."""

    ALLOWED = "allowed"
    DENIED = "denied"
    SILENT = "silent"


@dataclass(frozen=True)
class Access:
    """One request as a policy sees it.

    `principals` are the caller's names by kind: `{"AWS": {"arn:aws:iam::1:root", "1"}}` or
    `{"Service": {"budgets.amazonaws.com"}}`. `context` holds the condition keys that the request has, in
    lower case.
    """

    principals: Mapping[str, frozenset[str]]
    action: str
    resource: str
    context: Context = field(default_factory=dict)


class UnknownOperatorError(Exception):
    """A condition uses an operator that is none of IAM's."""

    def __init__(self, operator: str) -> None:
        super().__init__(f"{operator} is no condition operator of the policy language.")
        self.operator = operator


def verdict(policy: Mapping[str, Any], access: Access) -> Verdict:
    """What the policy says. Raises UnknownOperatorError."""
    said = Verdict.SILENT
    for statement in _listed(policy.get("Statement", [])):
        if not _applies(statement, access):
            continue
        if statement.get("Effect") == "Deny":
            return Verdict.DENIED
        said = Verdict.ALLOWED
    return said


def _applies(statement: Mapping[str, Any], access: Access) -> bool:
    return (
        _principal_fits(statement, access.principals)
        and _fits(statement, "Action", access.action.lower(), {}, lower=True)
        and _fits(statement, "Resource", access.resource, access.context)
        and conditions_hold(statement.get("Condition", {}), access.context)
    )


def _principal_fits(statement: Mapping[str, Any], callers: Mapping[str, frozenset[str]]) -> bool:
    if "NotPrincipal" in statement:
        return not _names_fit(statement["NotPrincipal"], callers)
    return _names_fit(statement.get("Principal", {}), callers)


def _names_fit(principal: Any, callers: Mapping[str, frozenset[str]]) -> bool:
    if principal == "*":
        return True
    for kind, names in dict(principal).items():
        for name in _listed(names):
            if name == "*" or name in callers.get(kind, frozenset()):
                return True
    return False


def _fits(
    statement: Mapping[str, Any], element: str, given: str, context: Context, lower: bool = False
) -> bool:
    def any_match(patterns: Iterable[str]) -> bool:
        return any(matches(one.lower() if lower else one, given, context) for one in patterns)

    if f"Not{element}" in statement:
        return not any_match(_listed(statement[f"Not{element}"]))
    return element not in statement or any_match(_listed(statement[element]))


def matches(pattern: str, given: str, context: Context | None = None) -> bool:
    """IAM's wildcards: `*` stands for any characters, `?` for one; nothing else is special.

    A variable, `${aws:PrincipalTag/Team}` or `${key, 'default'}`, stands for its value in the context, in
    which no wildcard counts; a pattern with one that has no single value matches nothing.
    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
    """
    parts = _VARIABLE.split(pattern) if context is not None else [pattern]
    wanted = ""
    for place, part in enumerate(parts):
        if place % 2 == 0:
            wanted += _wildcards(part)
        elif (value := _value_of(part, context or {})) is None:
            return False
        else:
            wanted += re.escape(value)
    return re.fullmatch(wanted, given, re.DOTALL) is not None


def _wildcards(pattern: str) -> str:
    return "".join({"*": ".*", "?": "."}.get(one) or re.escape(one) for one in pattern)


def _value_of(variable: str, context: Context) -> str | None:
    if variable in ("*", "?", "$"):
        return variable
    key, _, default = variable.partition(",")
    values = context.get(key.strip().lower(), ())
    if len(values) == 1:
        return values[0]
    return default.strip().strip("'") if default and not values else None


def conditions_hold(conditions: Mapping[str, Any], context: Context) -> bool:
    """Whether every condition of a statement holds."""
    return all(
        _condition_holds(operator, context.get(key.lower()), _wanted(operator, values, context))
        for operator, keys in conditions.items()
        for key, values in keys.items()
    )


def _wanted(operator: str, values: Any, context: Context) -> list[str]:
    """The values of a condition with their variables replaced; without those whose variable has no value.

    Nor does one count whose variable brings a wildcard where the operator would take it for one.
    """
    found: list[str] = []
    for value in map(str, _listed(values)):
        parts = {one: _value_of(one, context) for one in _VARIABLE.findall(value)}
        known = {one: part for one, part in parts.items() if part is not None}
        wild = ("Like" in operator or "Arn" in operator) and any(
            set(part) & set("*?") for part in known.values()
        )
        if len(known) == len(parts) and not wild:
            found.append(_VARIABLE.sub(lambda one, known=known: known[one[1]], value))  # type: ignore[misc]
    return found


def _condition_holds(operator: str, given: tuple[str, ...] | None, wanted: list[str]) -> bool:
    quantifier, _, name = operator.rpartition(":")
    if_exists = name.endswith("IfExists")
    name = name.removesuffix("IfExists")
    if name == "Null":
        return (given is None) == (wanted[0].lower() == "true")
    try:
        test, negated = _OPERATORS[name]
    except KeyError:
        raise UnknownOperatorError(operator) from None
    if quantifier == "ForAllValues":
        return all(_one_holds(test, negated, value, wanted) for value in given or ())
    if quantifier == "ForAnyValue":
        return any(_one_holds(test, negated, value, wanted) for value in given or ())
    if given is None:
        # A key that is not there fails a test and passes a negated one.
        return if_exists or negated
    return all(_one_holds(test, negated, value, wanted) for value in given)


def _one_holds(test: Callable[[str, str], bool], negated: bool, given: str, wanted: list[str]) -> bool:
    return any(test(given, value) for value in wanted) != negated


def _number(compare: Callable[[float, float], bool]) -> Callable[[str, str], bool]:
    return lambda given, wanted: compare(float(given), float(wanted))


def _date(compare: Callable[[float, float], bool]) -> Callable[[str, str], bool]:
    return lambda given, wanted: compare(_seconds(given), _seconds(wanted))


def _seconds(text: str) -> float:
    return float(text) if text.isdigit() else datetime.fromisoformat(text).timestamp()


def _within(given: str, wanted: str) -> bool:
    address, network = ipaddress.ip_address(given), ipaddress.ip_network(wanted, strict=False)
    return address.version == network.version and address in network


def _equal(given: str, wanted: str) -> bool:
    return given == wanted


def _equal_ignoring_case(given: str, wanted: str) -> bool:
    return given.lower() == wanted.lower()


def _like(given: str, wanted: str) -> bool:
    return matches(wanted, given)


_OPERATORS: dict[str, tuple[Callable[[str, str], bool], bool]] = {
    "StringEquals": (_equal, False),
    "StringNotEquals": (_equal, True),
    "StringEqualsIgnoreCase": (_equal_ignoring_case, False),
    "StringNotEqualsIgnoreCase": (_equal_ignoring_case, True),
    "StringLike": (_like, False),
    "StringNotLike": (_like, True),
    "ArnEquals": (_like, False),
    "ArnNotEquals": (_like, True),
    "ArnLike": (_like, False),
    "ArnNotLike": (_like, True),
    "BinaryEquals": (_equal, False),
    "Bool": (_equal_ignoring_case, False),
    "IpAddress": (_within, False),
    "NotIpAddress": (_within, True),
    "NumericEquals": (_number(lambda a, b: a == b), False),
    "NumericNotEquals": (_number(lambda a, b: a == b), True),
    "NumericLessThan": (_number(lambda a, b: a < b), False),
    "NumericLessThanEquals": (_number(lambda a, b: a <= b), False),
    "NumericGreaterThan": (_number(lambda a, b: a > b), False),
    "NumericGreaterThanEquals": (_number(lambda a, b: a >= b), False),
    "DateEquals": (_date(lambda a, b: a == b), False),
    "DateNotEquals": (_date(lambda a, b: a == b), True),
    "DateLessThan": (_date(lambda a, b: a < b), False),
    "DateLessThanEquals": (_date(lambda a, b: a <= b), False),
    "DateGreaterThan": (_date(lambda a, b: a > b), False),
    "DateGreaterThanEquals": (_date(lambda a, b: a >= b), False),
}


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
