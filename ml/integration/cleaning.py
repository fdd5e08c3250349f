"""Cleaning by stated rules, and references that lead nowhere: counted, and too many of them are an error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ibis
from ibis.expr.types import Table

from ml.container import JobFailed
from ml.integration.declared import CleaningRule, Reference
from ml.integration.engines import Engine
from ml.integration.stages import Cleaned, Counted


class SourceGoneBad(JobFailed):
    """A rule found more wrong, or a reference less, than its source ever has when it is sound."""

    def __init__(self, what: str, source: str, count: Counted, why: str) -> None:
        super().__init__(
            f"{what} was found in {count.rows:,} rows of {source} ({count.share:.2%}); allowed: at most "
            f"{count.at_most:.2%}; nothing was written. {why} Look at the source: it may have changed or "
            "been cut; raise `at_most` in the use case's declaration only if it is sound."
        )


def clean(engine: Engine, tables: Mapping[str, Table], rules: Sequence[CleaningRule]) -> Cleaned:
    """The tables as the rules leave them, with what each rule did. Raises SourceGoneBad."""
    found = dict(tables)
    counts: dict[str, Counted] = {}
    for source in dict.fromkeys(rule.source for rule in rules):
        mine = [rule for rule in rules if rule.source == source]
        flagged, flags = _flagged(found[source], mine)
        sums = {flag: flagged[flag].sum() for flag in flags}
        total, *rows = engine.first_row(flagged.aggregate(total=flagged.count(), **sums))
        for rule, count in zip(mine, rows, strict=True):
            counts[rule.name] = one = Counted.of(
                source, rule.action, int(count or 0), int(total), rule.at_most
            )
            if one.share > one.at_most:
                raise SourceGoneBad(f"What the rule {rule.name} looks for", source, one, f"It is {rule.why}.")
        gone = [flag for flag, rule in zip(flags, mine, strict=True) if rule.action == "drop"]
        kept = flagged.filter(*(~flagged[flag] for flag in gone)) if gone else flagged
        found[source] = kept.drop(*flags)
    return Cleaned(tables=found, rules=counts)


def _flagged(table: Table, rules: Sequence[CleaningRule]) -> tuple[Table, list[str]]:
    """The table with every value as the rules leave it, and a column for each rule: whether it applied."""
    flags: list[str] = []
    dropped: list[str] = []
    for number, rule in enumerate(rules):
        flag = f"rule_{number}_applied"
        wrong = rule.wrong(table).fill_null(False)
        for before in dropped:
            wrong = wrong & ~table[before]
        table = table.mutate(**{flag: wrong})
        if rule.column is None:
            dropped.append(flag)
        else:
            value = None if rule.mend is None else rule.mend(table).cast(table[rule.column].type())
            table = table.mutate(**{rule.column: ibis.ifelse(table[flag], value, table[rule.column])})
        flags.append(flag)
    return table, flags


def unmatched(
    engine: Engine, tables: Mapping[str, Table], references: Sequence[Reference], rows: Mapping[str, int]
) -> dict[str, Counted]:
    """Rows whose reference the other source does not know, by `source.column`. Raises SourceGoneBad."""
    found: dict[str, Counted] = {}
    for one in references:
        source, to = tables[one.source], tables[one.to]
        lost = source.anti_join(to, source[one.column] == to[one.key])
        (count,) = engine.first_row(lost.aggregate(count=lost.count()))
        name = f"{one.source}.{one.column}"
        found[name] = counted = Counted.of(one.source, "unmatched", int(count), rows[one.source], one.at_most)
        if counted.share > counted.at_most:
            raise SourceGoneBad(
                f"No row of {one.to} for {name}", one.source, counted, f"{one.to} may lack rows."
            )
    return found
