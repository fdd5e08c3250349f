"""The command `cost`: an estimate on the screen, against the stack's budget or a limit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ops.cost.estimate import Estimate, Row, estimate
from ops.cost.item import Stack, priced
from ops.cost.prices import prices
from ops.cost.usage import read_usage
from ops.errors import OK, CommandError, StackNotUpError
from ops.screen import Screen, counted
from ops.session import Session
from ops.settings import settings_of, tells_settings
from ops.workspace import Workspace

_NAMES = 3


class CostAboveLimitError(CommandError):
    """The month costs more than was allowed."""

    def __init__(self, stack: str, usd: float, limit: float) -> None:
        super().__init__(
            f"a month of the stack '{stack}' costs {usd:,.2f} USD, {usd - limit:,.2f} USD above the limit",
            f"groundplan settings {stack} shows what there is to switch off",
        )


def cost(
    session: Session, *, preview: bool, usage: Path | None, parked: bool | None, limit: float | None
) -> int:
    """`groundplan cost`."""
    units = read_usage(usage) if usage else {}
    workspace, stack = session.workspace, session.stack
    items = priced(session.plan() if preview else session.resources())
    if not items:
        raise StackNotUpError(stack)
    put_away = parks(workspace, stack) if parked is None else parked
    found = estimate(Stack(items, put_away), units)
    _show(session.screen, found, stack)
    session.screen.document({"command": "cost", "stack": stack, **document(found)})
    if limit is not None and found.total_usd > limit:
        raise CostAboveLimitError(stack, found.total_usd, limit)
    return OK


def parks(workspace: Workspace, stack: str) -> bool:
    """Whether the stack's settings put its endpoint away while nobody needs it."""
    return tells_settings(workspace) and any(
        one.path.endswith("parking.enabled") and one.value is True for one in settings_of(workspace, stack)
    )


def document(found: Estimate) -> dict[str, Any]:
    """The estimate in JSON's terms; sums in US dollars a month."""
    return {
        "region": prices().region,
        "parked": found.parked,
        "idle": round(found.idle_usd, 2),
        "use": round(found.used_usd, 2),
        "total": round(found.total_usd, 2),
        "budget": found.budget_usd,
        "standing": [_row(row) for row in found.standing],
        "used": [_row(row) for row in found.used],
        "free": found.free,
        "notPriced": {type: list(names) for type, names in found.not_priced.items()},
    }


def _row(row: Row) -> dict[str, Any]:
    price = row.price
    return {
        "price": price.id,
        "what": price.what,
        "unit": price.unit,
        "unitUsd": price.usd,
        "units": row.units,
        "free": price.free,
        "usd": round(row.usd, 4),
        "note": row.note,
        "resources": list(row.resources),
        "source": price.source,
        "asOf": price.as_of.isoformat(),
        "read": price.read or None,
    }


def _show(screen: Screen, found: Estimate, stack: str) -> None:
    told = ", its endpoint parked" if found.parked else ""
    screen.line(screen.paint(f"A month of the stack {stack} in {prices().region}, idle{told}", "bold"))
    _table(screen, found.standing)
    screen.line(f"  {'idle':<56}{'':>26}{found.idle_usd:>12,.2f} USD")
    screen.line()
    screen.line(screen.paint("What use adds (--usage FILE)", "bold"))
    _table(screen, found.used)
    if found.used_usd:
        screen.line(f"  {'use':<56}{'':>26}{found.used_usd:>12,.2f} USD")
    screen.line()
    for type, names in found.not_priced.items():
        screen.line(screen.paint(f"not priced: {type}: {', '.join(names)}", "yellow"))
    budget = found.budget_usd
    share = f", {found.total_usd / budget:.0%} of the budget of {budget:,.0f} USD" if budget else ""
    screen.line(
        f"{found.total_usd:,.2f} USD a month{share}; "
        f"{counted(found.free, 'resource')} of it cost nothing. An estimate: AWS bills."
    )


def _table(screen: Screen, rows: Sequence[Row]) -> None:
    for row in rows:
        price = row.price
        free = f", {price.free:g} free" if price.free and row.units else ""
        note = f" ({row.note})" if row.note else ""
        quantity = f"{row.units:,.6g} x {price.usd:.10g}"
        screen.line(
            f"  {f'{price.what}{note}':<56.56}{f'{quantity} / {price.unit}{free}':>26}{row.usd:>12,.2f}"
            f"  {screen.paint(names(row.resources), 'dim')}"
        )


def names(resources: Sequence[str]) -> str:
    """The first of them by name, and how many more."""
    more = len(resources) - _NAMES
    return ", ".join(resources[:_NAMES]) + (f" and {more} more" if more > 0 else "")
