"""Cleaning by stated rules: a value that cannot be true is taken as missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ibis
from ibis.expr.types import Table

from ml.integration.declared import CleaningRule


def cleaned(tables: Mapping[str, Table], rules: Sequence[CleaningRule]) -> dict[str, Table]:
    """The tables without the values that the rules take out."""
    found = dict(tables)
    for rule in rules:
        table = found[rule.source]
        value = ibis.ifelse(rule.wrong(table), None, table[rule.column])
        found[rule.source] = table.mutate(**{rule.column: value})
    return found


def wrong(tables: Mapping[str, Table], rule: CleaningRule) -> Table:
    """The rows in which a rule takes a value out."""
    table = tables[rule.source]
    return table.filter(rule.wrong(table))
