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
    own = list(table.columns)
    alone: dict[str, BooleanValue] = {}
    beside: dict[str, Refers | Holds] = {}
    for name, rule in rules.items():
        if isinstance(rule, Refers) or (isinstance(rule, Holds) and rule.beside is not None):
            beside[name] = rule
        else:
            alone[name] = _broken(_wrong(table, rule))
    # All that need nothing else at once: a step for each would be a query within a query.
    found = table.mutate(**alone)
    for name, other in beside.items():
        found = _beside(found, name, other, tables)
    return found.select(*own, *rules)


def _beside(table: Table, name: str, rule: Refers | Holds, tables: Mapping[str, Table]) -> Table:
    """The table with a rule's column, where the rule looks at other sources too."""
    own = list(table.columns)
    if isinstance(rule, Holds):
        wide = table if rule.beside is None else rule.beside({**tables, rule.source: table})
        return wide.select(*own, **{name: _broken(~rule.holds(wide))})
    known = tables[rule.to].select(**{_KNOWN: rule.key}).distinct()
    wide = table.left_join(known, table[rule.column] == known[_KNOWN])
    return wide.select(*own, **{name: wide[rule.column].notnull() & wide[_KNOWN].isnull()})


def _wrong(table: Table, rule: Within | Matches | Present | Unique | Holds) -> BooleanValue:
    """Where a row breaks a rule that looks at the row's own source; null where nobody can say."""
    if isinstance(rule, Holds):
        return ~rule.holds(table)
    if isinstance(rule, Unique):
        place = ibis.row_number().over(group_by=list(rule.columns), order_by=list(table.columns))
        named = reduce(BooleanValue.__and__, [table[column].notnull() for column in rule.columns])
        return named & (place > 0)
    value = table[rule.column]
    if isinstance(rule, Present):
        asked = ibis.literal(True) if rule.where is None else rule.where(table)
        return asked & value.isnull()
    if isinstance(rule, Within):
        low = ibis.literal(False) if rule.minimum is None else value < rule.minimum
        high = ibis.literal(False) if rule.maximum is None else value > rule.maximum
        return low | high
    return ~value.re_search(f"^(?:{rule.pattern})$")


def _broken(wrong: BooleanValue) -> BooleanValue:
    return wrong.fill_null(False)
