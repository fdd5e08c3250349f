"""The estimate: what each price is multiplied by, what that makes, and what has no price."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ops.cost.free import FREE
from ops.cost.item import Item, Stack
from ops.cost.prices import Price, prices
from ops.cost.standing import STANDING
from ops.cost.used import USED, meters


@dataclass(frozen=True)
class Row:
    """One line: a price, its units in a month, and the resources that they are counted of."""

    price: Price
    units: float
    resources: Sequence[str]
    note: str = ""

    @property
    def charged(self) -> float:
        """The units without those that an account has free."""
        return max(self.units - self.price.free, 0.0)

    @property
    def usd(self) -> float:
        """US dollars a month."""
        return self.charged * self.price.usd


@dataclass(frozen=True)
class Estimate:
    """What a month costs. Rows are in the order of what they cost, then of their names."""

    standing: Sequence[Row]
    """What is there costs this, used or not."""
    used: Sequence[Row]
    """What is used costs this more; 0 units where nobody told of any."""
    not_priced: Mapping[str, Sequence[str]]
    """Types without a rule, or without a price of their instances, and their resources."""
    free: int
    """Resources that cost nothing by themselves."""
    budget_usd: float | None
    """The stack's own monthly budget for all of its cost."""
    parked: bool

    @property
    def idle_usd(self) -> float:
        return sum(row.usd for row in self.standing)

    @property
    def used_usd(self) -> float:
        return sum(row.usd for row in self.used)

    @property
    def total_usd(self) -> float:
        return self.idle_usd + self.used_usd


@dataclass
class _Sum:
    units: float = 0.0
    resources: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def estimate(stack: Stack, usage: Mapping[str, float] | None = None) -> Estimate:
    """Counts a stack. `usage` has units by the id of a price: `{"logs-gb": 12}`."""
    known = prices()
    standing: dict[str, _Sum] = {}
    used: dict[str, _Sum] = {}
    not_priced: dict[str, list[str]] = {}
    free = 0
    for item in stack.items:
        if item.type not in STANDING and item.type not in USED:
            if item.type in FREE:
                free += 1
            else:
                not_priced.setdefault(item.type, []).append(item.name)
            continue
        for count in STANDING[item.type](item, stack) if item.type in STANDING else ():
            if known.find(count.price) is None:
                not_priced.setdefault(f"{item.type} ({count.price})", []).append(item.name)
                continue
            _add(standing, count.price, count.units, item, count.note)
        for price in USED.get(item.type, ()) if meters(item) else ():
            _add(used, price, 0, item)
    for price, units in (usage or {}).items():
        used.setdefault(price, _Sum()).units = units
    return Estimate(
        _rows(standing), _rows(used), not_priced, free, _budget(stack.of("budgets/budget")), stack.parked
    )


def _add(sums: dict[str, _Sum], price: str, units: float, item: Item, note: str = "") -> None:
    one = sums.setdefault(price, _Sum())
    one.units += units
    one.resources.append(item.name)
    if note and note not in one.notes:
        one.notes.append(note)


def _rows(sums: Mapping[str, _Sum]) -> list[Row]:
    rows = []
    for id, one in sums.items():
        price = prices().find(id)
        assert price is not None, f"no price is called {id}"  # noqa: S101 - usage and rules were checked
        rows.append(Row(price, one.units, sorted(one.resources), ", ".join(sorted(one.notes))))
    return sorted(rows, key=lambda row: (-row.usd, row.price.id))


def _budget(budgets: Iterable[Item]) -> float | None:
    """The largest monthly budget of cost: those of teams and services are parts of it."""
    limits = [
        one.number("limitAmount")
        for one in budgets
        if one.get("budgetType") == "COST" and one.get("timeUnit") == "MONTHLY"
    ]
    return max(limits, default=0.0) or None
