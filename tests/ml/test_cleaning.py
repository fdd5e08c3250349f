"""Whether rules take out, mend and leave out what they say, count it, and stop at their ceiling."""

import pytest
from ibis.expr.types import BooleanValue, Table, Value

from ml.integration.cleaning import SourceGoneBad, clean, unmatched
from ml.integration.declared import CleaningRule, Reference
from ml.integration.engines import DuckDB


def seen(engine: DuckDB) -> Table:
    engine.connection.raw_sql(
        "CREATE TABLE seen AS SELECT * FROM "
        "(VALUES (1, 'a', 10), (2, 'b', -10), (3, 'c', NULL), (4, 'z', 999)) AS t(id, plane, speed)"
    )
    return engine.connection.table("seen")


def negative(table: Table) -> BooleanValue:
    return table.speed < 0


def fast(table: Table) -> BooleanValue:
    return table.speed > 500


def turned(table: Table) -> Value:
    return -table.speed


TAKE_OUT = CleaningRule(name="fast", source="seen", column="speed", why="none is so fast", wrong=fast)
MEND = CleaningRule(
    name="sign", source="seen", column="speed", why="a sign too much", wrong=negative, mend=turned
)
LEAVE_OUT = CleaningRule(name="lost", source="seen", why="none is so fast", wrong=fast)


def test_a_rule_takes_a_value_as_missing_mends_it_or_leaves_the_row_out() -> None:
    engine = DuckDB()
    table = seen(engine)
    for rules, speeds in (
        ([TAKE_OUT], [10, -10, None, None]),
        ([MEND], [10, 10, None, 999]),
        ([LEAVE_OUT], [10, -10, None]),
        ([MEND, LEAVE_OUT], [10, 10, None]),
    ):
        cleaned = clean(engine, {"seen": table}, rules)
        found = cleaned.tables["seen"]
        assert found.columns == table.columns
        assert [row[2] for row in engine.rows(found.order_by("id"))] == speeds
        assert {name: (one.rows, one.share) for name, one in cleaned.rules.items()} == {
            rule.name: (1, 0.25) for rule in rules
        }


def test_rules_run_in_their_order_on_what_the_ones_before_left() -> None:
    engine = DuckDB()
    table = seen(engine)
    again = CleaningRule(name="again", source="seen", column="speed", why="as before", wrong=fast)
    for first in (TAKE_OUT, LEAVE_OUT):
        assert clean(engine, {"seen": table}, [first, again]).rules["again"].rows == 0


def test_more_than_the_ceiling_means_that_the_source_has_gone_bad() -> None:
    engine = DuckDB()
    tables = {"seen": seen(engine)}
    few = CleaningRule(name="fast", source="seen", column="speed", why="above 500", wrong=fast, at_most=0.24)
    with pytest.raises(SourceGoneBad, match=r"rule fast .* of seen \(25\.00%\); allowed: at most 24\.00%"):
        clean(engine, tables, [few])


def test_a_reference_that_leads_nowhere_is_counted_up_to_its_ceiling() -> None:
    engine = DuckDB()
    engine.connection.raw_sql("CREATE TABLE planes AS SELECT unnest(['a', 'b', 'c']) AS plane")
    tables = {"seen": seen(engine), "planes": engine.connection.table("planes")}
    some = Reference(source="seen", column="plane", to="planes", key="plane", at_most=0.25)
    found = unmatched(engine, tables, [some], {"seen": 4})
    assert (found["seen.plane"].rows, found["seen.plane"].action) == (1, "unmatched")
    none = Reference(source="seen", column="plane", to="planes", key="plane", at_most=0.0)
    with pytest.raises(SourceGoneBad, match=r"No row of planes for seen\.plane .* at most 0\.00%"):
        unmatched(engine, tables, [none], {"seen": 4})
