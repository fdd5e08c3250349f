"""The text of docs/cost.md: what each environment costs idle, line by line, with every price's source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from ops.cost.command import names
from ops.cost.estimate import Estimate, Row, estimate
from ops.cost.item import Stack, priced
from ops.cost.prices import Price, prices
from sandbox.engine.state import Resource

PARKED: Final = frozenset({"dev"})
"""Where the endpoint is put away while nobody needs it."""
TARGETS: Final[Mapping[str, float]] = {"dev": 40, "staging": 250}
"""US dollars a month that an idle stack stays under."""

_HEAD: Final = """# What it costs

What a month costs while nobody uses the platform, line by line, from a plan of each stack as its file in
`stacks/` has it, with a model released. Written by `make pages`; do not edit it. For your own stack:

```
groundplan cost dev                          # from its state; --preview: what an up would make
groundplan cost dev --usage july.yaml        # with use: a price's id and its units, a line each
groundplan cost staging --preview --limit 250
```

An estimate at list prices in {region}, on demand, without taxes and discounts; other regions differ by some
percent. AWS bills, this counts. A month has {hours:g} hours. What an account has free of charge for good
(ten alarms, three dashboards) is taken off, which supposes an account for each stack; trials are not.

What is metered by use is not in these sums, and an idle account still uses a little of it: Config records
what changes, Security Hub checks its standards at least once a day, GuardDuty reads what CloudTrail writes,
alarms and logs ask for keys. Put the units of your first bill into a usage file to see the whole. A key costs
another dollar after its first rotation and another after its second, then no more.
"""


def estimates(found: Mapping[str, Sequence[Resource]]) -> dict[str, Estimate]:
    """What each environment costs idle, from what it holds."""
    return {
        stack: estimate(Stack(priced(resources), parked=stack in PARKED))
        for stack, resources in found.items()
    }


def cost_page(found: Mapping[str, Sequence[Resource]]) -> str:
    """The page, as Markdown. `found` has the resources of each stack."""
    return page(estimates(found)) + "\n"


def page(found: Mapping[str, Estimate]) -> str:
    """The page, as Markdown."""
    lines = [_HEAD.format(region=prices().region, hours=prices().hours)]
    lines += ["| stack | idle, USD a month | target | budget, USD a month |", "|---|---:|---|---:|"]
    for stack, one in found.items():
        target = f"under {TARGETS[stack]:g}" if stack in TARGETS else "–"
        parked = ", endpoint parked" if one.parked else ""
        lines.append(f"| {stack}{parked} | {one.idle_usd:,.2f} | {target} | {one.budget_usd or 0:,.0f} |")
    for stack, one in found.items():
        lines += ["", f"## {stack}", "", *_table(one)]
    lines += ["", "## Prices", "", *_sources(found)]
    return "\n".join(lines)


def _table(one: Estimate) -> Iterator[str]:
    yield "| what | resources | units a month | USD a unit | USD a month |"
    yield "|---|---|---:|---:|---:|"
    for row in one.standing:
        note = f" ({row.note})" if row.note else ""
        free = f", {row.price.free:g} free" if row.price.free else ""
        units = f"{row.units:,.6g} {_unit(row.price, row.units)}{free}"
        yield (
            f"| {row.price.what}{note} | {names(row.resources)} | {units} | {row.price.usd:.10g} "
            f"| {row.usd:,.2f} |"
        )
    yield f"| **idle** |  |  |  | **{one.idle_usd:,.2f}** |"
    yield ""
    used = ", ".join(f"`{id}`" for id in sorted(row.price.id for row in one.used))
    yield f"By use, 0 units here: {used}."
    yield ""
    yield f"{one.free} resources cost nothing by themselves."
    if one.not_priced:
        yield ""
        yield f"Not priced: {', '.join(f'`{type}`' for type in one.not_priced)}."


def _unit(price: Price, units: float) -> str:
    return price.unit if units == 1 or not price.unit.isalpha() else f"{price.unit}s"


def _sources(found: Mapping[str, Estimate]) -> Iterator[str]:
    yield "Where a price was read elsewhere than at AWS, that text is named. Without one it is known from"
    yield "AWS's own pages of that date, and was not read again."
    yield ""
    yield "| id | what | USD | unit | AWS's page | as of | read in |"
    yield "|---|---|---:|---|---|---|---|"
    for price in _prices(found):
        read = f"[text]({price.read})" if price.read else "–"
        yield (
            f"| `{price.id}` | {price.what} | {price.usd:.10g} | {price.unit} | [page]({price.source}) "
            f"| {price.as_of.isoformat()} | {read} |"
        )


def _prices(found: Mapping[str, Estimate]) -> Sequence[Price]:
    rows: list[Row] = [row for one in found.values() for row in (*one.standing, *one.used)]
    return sorted({row.price.id: row.price for row in rows}.values(), key=lambda price: price.id)
