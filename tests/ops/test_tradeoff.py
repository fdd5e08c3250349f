"""Whether the frontier keeps what is worth choosing, and the cheapest that is in time is recommended."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.cost.prices import prices
from ops.tradeoff.frontier import (
    BURSTABLE,
    Needs,
    Option,
    Variant,
    cores,
    frontier,
    options,
    recommended,
)
from ops.tradeoff.page import page

FULL = Variant(
    name="full",
    what="all",
    accepted=True,
    why_not="",
    pr_auc=0.39,
    brier=0.057,
    bytes=400_000,
    one_row_ms=0.02,
    one_row_p99_ms=0.04,
)
SMALL = replace(FULL, name="pruned", pr_auc=0.388, one_row_ms=0.01, one_row_p99_ms=0.02, bytes=100_000)
LOSSY = replace(FULL, name="int8", accepted=False, why_not="PR-AUC worse by 0.1; allowed: 0.005", pr_auc=0.2)
NEEDS = Needs(rate=100, p99_ms=5, machines=2)
HOURLY = {name: price.usd for name, price in prices().instances["sagemaker"].items()}


def test_what_was_refused_is_no_option() -> None:
    assert {one.variant.name for one in options([FULL, SMALL, LOSSY], HOURLY, NEEDS)} == {"full", "pruned"}


def test_every_machine_that_is_offered_has_a_price_and_cores() -> None:
    offered = {one.instance for one in options([FULL], HOURLY, NEEDS)}
    assert offered
    assert all((cores(name) or 0) > 0 for name in offered)
    assert not any(name.startswith("ml.g") for name in offered)
    assert set(BURSTABLE) <= set(HOURLY)


def test_the_cheapest_that_is_in_time_is_recommended() -> None:
    found = options([FULL, SMALL], HOURLY, NEEDS)
    chosen = recommended(found, NEEDS)
    assert chosen is not None
    assert chosen.monthly_usd == min(one.monthly_usd for one in found)
    assert chosen.machines == 2


def test_a_higher_peak_takes_more_machines() -> None:
    few = recommended(options([FULL], {"ml.m5.large": 0.115}, NEEDS), NEEDS)
    busy = replace(NEEDS, rate=1e6)
    many = recommended(options([FULL], {"ml.m5.large": 0.115}, busy), busy)
    assert few is not None
    assert many is not None
    assert many.machines > few.machines
    assert many.capacity * busy.busy >= 1e6


def test_nothing_is_recommended_where_nothing_is_in_time() -> None:
    hasty = replace(NEEDS, p99_ms=0.01)
    assert recommended(options([FULL, SMALL], HOURLY, hasty), hasty) is None


def option(quality: int, latency: int, price: int) -> Option:
    variant = replace(FULL, pr_auc=quality / 10)
    return Option(
        variant=variant, instance="ml.m5.large", machines=1, capacity=1, p99_ms=latency, monthly_usd=price
    )


@given(st.lists(st.tuples(*[st.integers(0, 3)] * 3), min_size=1, max_size=12))
def test_each_option_is_on_the_frontier_or_beaten_by_one_that_is(given_: list[tuple[int, int, int]]) -> None:
    found = [option(*one) for one in given_]
    best = frontier(found)
    assert best

    def at_least(other: Option, one: Option) -> bool:
        return (
            other.variant.pr_auc >= one.variant.pr_auc
            and other.p99_ms <= one.p99_ms
            and other.monthly_usd <= one.monthly_usd
        )

    assert all(any(at_least(other, one) for other in best) for one in found)
    keys = {(one.variant.pr_auc, one.p99_ms, one.monthly_usd) for one in best}
    assert not any(
        at_least(other, one) and (other.variant.pr_auc, other.p99_ms, other.monthly_usd) not in keys
        for one in best
        for other in found
    )


@pytest.mark.parametrize("names", [["full"], ["full", "pruned"]])
def test_the_picture_shows_each_variant_and_rings_the_recommended(names: list[str]) -> None:
    variants = [one for one in (FULL, SMALL, LOSSY) if one.name in names or not one.accepted]
    found = options(variants, HOURLY, NEEDS)
    chosen = recommended(found, NEEDS)
    shown = page("dev", "group/1", variants, found, frontier(found), chosen, NEEDS)
    assert all(f">{name}</text>" in shown for name in names)
    assert shown.count('r="11"') == 1
    assert "PR-AUC worse by 0.1" in shown
