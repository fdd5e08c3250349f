"""What does a ruleset in DQDL say, and which of its rules hold for a table?

Source: https://docs.aws.amazon.com/glue/latest/dg/dqdl.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

_RULES = re.compile(r"\s*Rules\s*=\s*\[(.*)\]\s*", re.DOTALL)
_COMMENT = re.compile(r"#[^\n]*")
_RULE = re.compile(r'(?P<kind>[A-Z]\w*)(?P<columns>(?:\s+"[^"]+")*)\s*(?P<rest>.*)', re.DOTALL)
_NUMBER = r"-?\d+(?:\.\d+)?"
_COMPARISON = re.compile(rf"(>=|<=|!=|=|>|<)\s*({_NUMBER})")
_BETWEEN = re.compile(rf"between\s+({_NUMBER})\s+and\s+({_NUMBER})")
_AMONG = re.compile(r"in\s*\[(.*)\]", re.DOTALL)
_THRESHOLD = re.compile(r"(.*)\bwith\s+threshold\s+(.+)", re.DOTALL)

Ask = Callable[[str], Any]
"""Gives the value of an aggregate in SQL over the table's rows."""


class RulesetError(ValueError):
    """A ruleset that cannot be read."""


@dataclass(frozen=True)
class Verdict:
    """What came of one rule: `PASS`, `FAIL` or `ERROR`, with what was measured, or why."""

    rule: str
    result: str
    message: str = ""
    measured: float | None = None


def rules_of(text: str) -> list[str]:
    """The rules one by one. Raises RulesetError."""
    found = _RULES.fullmatch(_COMMENT.sub("", text))
    if found is None:
        raise RulesetError("A ruleset is written as: Rules = [ rule, rule ]")
    return [" ".join(rule.split()) for rule in _split(found[1])]


def judge(rule: str, columns: Sequence[str], ask: Ask) -> Verdict:
    """One rule on a table."""
    found = _RULE.fullmatch(rule)
    if found is None:
        return Verdict(rule, "ERROR", f"The sandbox cannot read the rule {rule}")
    named = re.findall(r'"([^"]+)"', found["columns"])
    missing = [name for name in named if name not in columns]
    if found["kind"] == "ColumnExists":
        return Verdict(
            rule, "FAIL" if missing else "PASS", "".join(f"There is no column {one}" for one in missing)
        )
    if missing:
        return Verdict(rule, "ERROR", f"There is no column {', '.join(missing)}")
    try:
        return _measured(rule, found["kind"], named, found["rest"].strip(), columns, ask)
    except RulesetError as unknown:
        return Verdict(rule, "ERROR", str(unknown))


def _measured(
    rule: str, kind: str, named: Sequence[str], rest: str, columns: Sequence[str], ask: Ask
) -> Verdict:
    column = f'"{named[0]}"' if named else ""
    if kind == "ColumnValues":
        bound = _THRESHOLD.fullmatch(rest)
        condition, share_wanted = (bound[1].strip(), bound[2].strip()) if bound else (rest, "= 1")
        # What is empty is another rule's to judge (IsComplete).
        share = ask(
            f"avg(case when {column} is null then null when {_sql(column, condition)} then 1.0 else 0.0 end)"
        )
        return _verdict(rule, 1.0 if share is None else float(share), share_wanted, "of the values comply")
    several = ", ".join(f'"{name}"' for name in named)
    every = " and ".join(f'"{name}" is not null' for name in named)
    complete = (f"avg(case when {every} then 1.0 else 0.0 end)", "of the values are there")
    counts = f"map_values(histogram(({several})))"
    unique = (f"len(list_filter({counts}, n -> n = 1)) / count(*)", "of the values are unique")
    measures = {
        "RowCount": ("count(*)", "rows"),
        "ColumnCount": (f"any_value({len(columns)})", "columns"),
        "IsComplete": complete,
        "Completeness": complete,
        "IsUnique": unique,
        "Uniqueness": unique,
        "Mean": (f"avg({column})", "is the mean"),
        "Sum": (f"sum({column})", "is the sum"),
        "StandardDeviation": (f"stddev_samp({column})", "is the standard deviation"),
        "DistinctValuesCount": (f"count(distinct {column})", "distinct values"),
    }
    if kind not in measures or (not named and kind not in {"RowCount", "ColumnCount"}):
        raise RulesetError(f"The sandbox does not judge the rule {kind}")
    measure, words = measures[kind]
    wanted = "= 1" if kind in {"IsComplete", "IsUnique"} else rest
    return _verdict(rule, float(ask(measure) or 0.0), wanted, words)


def _verdict(rule: str, measured: float, wanted: str, words: str) -> Verdict:
    if found := _COMPARISON.fullmatch(wanted):
        bound = float(found[2])
        holds = {
            ">": measured > bound,
            "<": measured < bound,
            ">=": measured >= bound,
            "<=": measured <= bound,
            "=": measured == bound,
            "!=": measured != bound,
        }[found[1]]
    elif found := _BETWEEN.fullmatch(wanted):
        # DQDL's `between` leaves its bounds out.
        holds = float(found[1]) < measured < float(found[2])
    else:
        raise RulesetError(f"The sandbox cannot read the condition {wanted!r}")
    return Verdict(
        rule,
        "PASS" if holds else "FAIL",
        "" if holds else f"{measured:g} {words}; wanted: {wanted}",
        measured,
    )


def _sql(column: str, condition: str) -> str:
    """The condition on a column's values, in SQL. Raises RulesetError."""
    if found := _AMONG.fullmatch(condition):
        return f"{column} in ({', '.join(_literal(value) for value in _split(found[1]))})"
    if found := _BETWEEN.fullmatch(condition):
        return f"{column} > {found[1]} and {column} < {found[2]}"
    if found := _COMPARISON.fullmatch(condition):
        return f"{column} {found[1]} {found[2]}"
    if found := re.fullmatch(r'matches\s+"([^\']*)"', condition):
        return f"regexp_full_match({column}, '{found[1]}')"
    raise RulesetError(f"The sandbox cannot read the condition {condition!r}")


def _literal(value: str) -> str:
    if re.fullmatch(_NUMBER, value):
        return value
    if re.fullmatch(r'"[^"]*"', value):
        return "'" + value[1:-1].replace("'", "''") + "'"
    raise RulesetError(f"The sandbox cannot read the value {value!r}")


def _split(text: str) -> list[str]:
    """At the commas that stand in no bracket and no quotes."""
    parts, depth, quoted, begun = [], 0, False, 0
    for place, sign in enumerate(text):
        if sign == '"':
            quoted = not quoted
        elif not quoted and sign in "[(":
            depth += 1
        elif not quoted and sign in "])":
            depth -= 1
        elif sign == "," and not quoted and depth == 0:
            parts.append(text[begun:place])
            begun = place + 1
    return [part.strip() for part in (*parts, text[begun:]) if part.strip()]
