"""Whether a resource's policy allows or denies a request: the rules of IAM's policy language.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import fnmatch
import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any


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
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


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
        and _fits(statement, "Action", access.action, ignore_case=True)
        and _fits(statement, "Resource", access.resource)
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


def _fits(statement: Mapping[str, Any], element: str, given: str, ignore_case: bool = False) -> bool:
    if f"Not{element}" in statement:
        return not _any_match(_listed(statement[f"Not{element}"]), given, ignore_case)
    return element not in statement or _any_match(_listed(statement[element]), given, ignore_case)


def _any_match(patterns: Iterable[str], given: str, ignore_case: bool) -> bool:
    if ignore_case:
        return any(matches(pattern.lower(), given.lower()) for pattern in patterns)
    return any(matches(pattern, given) for pattern in patterns)


def matches(pattern: str, given: str) -> bool:
    """IAM's wildcards: `*` stands for any characters, `?` for one; nothing else is special."""
    return re.fullmatch(fnmatch.translate(pattern.replace("[", "[[]")), given) is not None


def conditions_hold(conditions: Mapping[str, Any], context: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether every condition of a statement holds."""
    return all(
        _condition_holds(operator, context.get(key.lower()), [str(value) for value in _listed(values)])
        for operator, keys in conditions.items()
        for key, values in keys.items()
    )


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
