"""How is each rule on rows said of a table? As what is wrong, row by row, and what is allowed, in words."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce

import ibis
from ibis.expr.types import BooleanValue, Table

from ml.quality.declared import Holds, Matches, Present, Refers, RowRule, Unique, Within

_KNOWN = "_known"


def columns_of(rule: RowRule) -> tuple[str, ...]:
    """The columns of the source that the rule reads."""
    if isinstance(rule, (Unique, Holds)):
        return rule.columns
    return (rule.column,)


def allowed(rule: RowRule) -> str:
    """What the rule allows, in words."""
    if isinstance(rule, Within):
        ends = [
            f"at least {rule.minimum:g}" if rule.minimum is not None else "",
            f"at most {rule.maximum:g}" if rule.maximum is not None else "",
        ]
        return " and ".join(end for end in ends if end)
    if isinstance(rule, Matches):
        return f"text that matches {rule.pattern}"
    if isinstance(rule, Present):
        return "a value"
    if isinstance(rule, Unique):
        return "each once"
    if isinstance(rule, Refers):
        return f"a {rule.key} of {rule.to}"
    return rule.why


def marked(table: Table, rules: Mapping[str, RowRule], tables: Mapping[str, Table]) -> Table:
    """The table with a column for each rule, by the given names: whether the row breaks it, never null."""
    for name, rule in rules.items():
        table = _with(table, name, rule, tables)
    return table


def _with(table: Table, name: str, rule: RowRule, tables: Mapping[str, Table]) -> Table:
    if isinstance(rule, Holds) and rule.beside is not None:
        own = list(table.columns)
        wide = rule.beside({**tables, rule.source: table})
        return wide.mutate(**{name: _broken(~rule.holds(wide))}).select(*own, name)
    if isinstance(rule, Holds):
        return table.mutate(**{name: _broken(~rule.holds(table))})
    if isinstance(rule, Unique):
        place = ibis.row_number().over(group_by=list(rule.columns), order_by=list(table.columns))
        named = reduce(BooleanValue.__and__, [table[column].notnull() for column in rule.columns])
        return table.mutate(**{name: _broken(named & (place > 0))})
    if isinstance(rule, Refers):
        known = tables[rule.to].select(**{_KNOWN: rule.key}).distinct()
        wide = table.left_join(known, table[rule.column] == known[_KNOWN])
        return wide.mutate(**{name: wide[rule.column].notnull() & wide[_KNOWN].isnull()}).drop(_KNOWN)
    value = table[rule.column]
    if isinstance(rule, Within):
        low = ibis.literal(False) if rule.minimum is None else value < rule.minimum
        high = ibis.literal(False) if rule.maximum is None else value > rule.maximum
        return table.mutate(**{name: _broken(low | high)})
    if isinstance(rule, Matches):
        return table.mutate(**{name: _broken(~value.re_search(f"^(?:{rule.pattern})$"))})
    asked = ibis.literal(True) if rule.where is None else rule.where(table)
    return table.mutate(**{name: _broken(asked & value.isnull())})


def _broken(wrong: BooleanValue) -> BooleanValue:
    return wrong.fill_null(False)
