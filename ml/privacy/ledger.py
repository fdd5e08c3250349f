"""How much of the budget is spent? What was told of which data is written down before it is told.

Guarantees of figures of the same data add up (sequential composition; Dwork and Roth, "The Algorithmic
Foundations of Differential Privacy", theorem 3.16). Other data, another account.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ml.container import JobFailed, write_json
from ml.privacy.declared import Budget, Figure

_SLACK = 1e-9
"""Sums of floating-point numbers such as 0.1 are not exact."""


@dataclass(frozen=True)
class Spent:
    """A figure that was told of the data with this digest."""

    data: str
    figure: str
    epsilon: float
    delta: float


class BudgetSpent(JobFailed):
    """Telling more of the same data would tell more than was promised."""

    def __init__(
        self, data: str, budget: Budget, spent: tuple[float, float], asked: tuple[float, float]
    ) -> None:
        super().__init__(
            f"Of these data (digest {data[:12]}) figures with epsilon {spent[0]:g} and delta {spent[1]:g} "
            f"were told; these ask for {asked[0]:g} and {asked[1]:g} more; allowed in all: "
            f"{budget.epsilon:g} and {budget.delta:g}. Nothing was told. Use the figures that were told, or "
            "ask again of new data."
        )


class BrokenLedger(JobFailed):
    """The ledger cannot be read, so nobody knows what was spent."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} is no ledger; allowed: what an earlier run wrote there. Bring it back from an older "
            "version: with a new one the data would be told of as if nothing had been."
        )


def spend(path: Path, data: str, figures: Sequence[Figure], budget: Budget) -> list[Spent]:
    """Writes the figures into the ledger. Gives all that is now spent of these data.

    Raises BudgetSpent, and then writes nothing, or BrokenLedger.
    """
    known = _read(path)
    before = [one for one in known if one.data == data]
    spent = _sums(before)
    asked = (math.fsum(one.epsilon for one in figures), math.fsum(one.delta for one in figures))
    if spent[0] + asked[0] > budget.epsilon + _SLACK or spent[1] + asked[1] > budget.delta * (1 + _SLACK):
        raise BudgetSpent(data, budget, spent, asked)
    more = [Spent(data, one.name, one.epsilon, one.delta) for one in figures]
    write_json(path, {"spent": [asdict(one) for one in [*known, *more]]})
    return [*before, *more]


def _sums(entries: Sequence[Spent]) -> tuple[float, float]:
    return math.fsum(one.epsilon for one in entries), math.fsum(one.delta for one in entries)


def _read(path: Path) -> list[Spent]:
    if not path.exists():
        return []
    try:
        return [Spent(**one) for one in json.loads(path.read_text())["spent"]]
    except (ValueError, KeyError, TypeError):
        raise BrokenLedger(path) from None
