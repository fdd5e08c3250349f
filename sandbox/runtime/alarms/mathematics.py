"""What does a metric math expression come to? Arithmetic, comparisons and functions over series of values.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.runtime.alarms.series import (
    FUNCTIONS,
    Series,
    SeriesError,
    Several,
    Value,
    both,
    each,
    rate,
    spread,
)

_SPECIAL = ("IF", "METRICS", "PERIOD", "RATE")
BAND = "ANOMALY_DETECTION_BAND"


class MathError(Exception):
    """An expression that cannot be worked out; the text says why, and what is allowed."""


@dataclass(frozen=True)
class Surroundings:
    """What an expression finds: the series of the other queries by id, which of those are metrics rather than
    expressions, and the seconds of a period."""

    series: Mapping[str, Series]
    metrics: frozenset[str]
    period: float


def names_in(expression: str) -> frozenset[str]:
    """The ids of queries that it reads. Raises MathError for what is not worked out here."""
    tree = _tree(expression)
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = _function_name(node)
            if name not in FUNCTIONS and name not in _SPECIAL:
                known = ", ".join(sorted({*FUNCTIONS, *_SPECIAL}))
                raise MathError(f"{expression!r}: the sandbox works out no {name}. It works out: {known}.")
        elif isinstance(node, ast.Name):
            # An id begins with a small letter, which functions and words such as REPEAT do not.
            if node.id[0].islower():
                found.add(node.id)
        elif not isinstance(node, _NODES):
            raise MathError(f"{expression!r}: {type(node).__name__} is no part of metric math")
    return frozenset(found)


def work_out(expression: str, around: Surroundings, length: int) -> Series:
    """The series that an expression comes to. Raises MathError."""
    try:
        value = _Worker(expression, around).value(_tree(expression))
    except SeriesError as wrong:
        raise MathError(f"{expression!r}: {wrong}") from wrong
    if isinstance(value, Several):
        raise MathError(f"{expression!r} comes to several series, and an alarm watches one")
    if isinstance(value, tuple):
        return value or (None,) * length
    return (value,) * length


def is_band(expression: str | None) -> bool:
    """Whether it asks for the band of an anomaly detector."""
    return BAND in (expression or "").upper()


_NODES = (
    ast.Expression,
    ast.BinOp,
    ast.UnaryOp,
    ast.BoolOp,
    ast.Compare,
    ast.Constant,
    ast.List,
    ast.Load,
    ast.operator,
    ast.unaryop,
    ast.boolop,
    ast.cmpop,
)


def _tree(expression: str) -> ast.Expression:
    text = expression.replace("&&", " and ").replace("||", " or ").replace("^", "**")
    text = re.sub(r"\b(AND|OR)\b", lambda found: found[0].lower(), text)
    try:
        return ast.parse(text.strip(), mode="eval")
    except SyntaxError as wrong:
        raise MathError(f"{expression!r} cannot be read: {wrong.msg}") from wrong


def _function_name(node: ast.Call) -> str:
    return node.func.id.upper() if isinstance(node.func, ast.Name) else ast.dump(node.func)


def _quotient(left: float, right: float) -> float | None:
    return left / right if right else None


def _power(left: float, right: float) -> float | None:
    try:
        raised = left**right
    except (OverflowError, ZeroDivisionError):
        return None
    return raised if isinstance(raised, int | float) else None


_BINARY: Mapping[type[ast.AST], Callable[[float, float], float | None]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: _quotient,
    ast.Pow: _power,
    ast.Eq: lambda left, right: float(left == right),
    ast.NotEq: lambda left, right: float(left != right),
    ast.Lt: lambda left, right: float(left < right),
    ast.LtE: lambda left, right: float(left <= right),
    ast.Gt: lambda left, right: float(left > right),
    ast.GtE: lambda left, right: float(left >= right),
    ast.And: lambda left, right: float(bool(left) and bool(right)),
    ast.Or: lambda left, right: float(bool(left) or bool(right)),
}


class _Worker:
    def __init__(self, expression: str, around: Surroundings) -> None:
        self._expression = expression
        self._around = around

    def value(self, node: ast.AST) -> Value:
        match node:
            case ast.Expression():
                return self.value(node.body)
            case ast.Constant(value=bool()) | ast.Constant(value=str()):
                raise self._wrong(f"{node.value!r} is no number")
            case ast.Constant(value=int() | float()):
                return float(str(node.value))
            case ast.Name():
                if node.id not in self._around.series:
                    known = ", ".join(sorted(self._around.series)) or "none"
                    raise self._wrong(f"there is no query {node.id!r}; the ids are: {known}")
                return self._around.series[node.id]
            case ast.List():
                return Several(tuple(self._series(self.value(one)) for one in node.elts))
            case ast.UnaryOp(op=ast.USub()):
                return each(self.value(node.operand), operator.neg)
            case ast.BinOp() if type(node.op) in _BINARY:
                return both(self.value(node.left), self.value(node.right), _BINARY[type(node.op)])
            case ast.BoolOp():
                found = self.value(node.values[0])
                for more in node.values[1:]:
                    found = both(found, self.value(more), _BINARY[type(node.op)])
                return found
            case ast.Compare() if len(node.ops) == 1 and type(node.ops[0]) in _BINARY:
                right = self.value(node.comparators[0])
                return both(self.value(node.left), right, _BINARY[type(node.ops[0])])
            case ast.Call():
                return self._call(_function_name(node), node.args)
        raise self._wrong(f"{type(node).__name__} is no part of metric math")

    def _call(self, name: str, arguments: Sequence[ast.expr]) -> Value:
        if name == "METRICS":
            part = arguments[0].value if arguments and isinstance(arguments[0], ast.Constant) else ""
            found = self._around.series.items()
            chosen = [one for key, one in found if key in self._around.metrics and str(part) in key]
            return Several(tuple(chosen))
        given: list[Any] = [
            one.id if isinstance(one, ast.Name) and name == "FILL" and place else self.value(one)
            for place, one in enumerate(arguments)
        ]
        if name == "PERIOD":
            return self._around.period
        if name == "RATE":
            return rate(self._one_series(name, given), self._around.period)
        if name == "IF":
            return self._choose(given)
        try:
            return FUNCTIONS[name](*given)
        except (KeyError, TypeError, AttributeError, IndexError) as wrong:
            raise self._wrong(f"{name} does not take what it is given") from wrong

    def _choose(self, given: Sequence[Value]) -> Value:
        if len(given) not in {2, 3}:
            raise self._wrong("IF takes a condition, a value, and a value for otherwise")
        length = max((len(one) for one in given if isinstance(one, tuple)), default=0)
        if any(isinstance(one, Several) for one in given):
            raise self._wrong("IF takes single series")
        test, yes, *rest = (spread(one, length or 1) for one in given)
        no = rest[0] if rest else (None,) * (length or 1)
        chosen = tuple(
            (y if t else n) if t is not None else None for t, y, n in zip(test, yes, no, strict=True)
        )
        return chosen if length else (chosen[0] or 0.0)

    def _one_series(self, name: str, given: Sequence[Value]) -> Series:
        if len(given) != 1:
            raise self._wrong(f"{name} takes one series")
        return self._series(given[0])

    def _series(self, value: Value) -> Series:
        if isinstance(value, tuple):
            return value
        raise self._wrong(f"{value!r} stands where one series is wanted")

    def _wrong(self, reason: str) -> MathError:
        return MathError(f"{self._expression!r}: {reason}")
