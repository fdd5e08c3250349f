"""What does a use case declare of what it tells about people in numbers? Figures, and the budget for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A figure that is told with noise: how many rows, or the mean of a column, by group.

    The guarantee is for whole persons where `person` names the column that tells them apart, and else for
    single rows. Raises ValueError on what cannot be meant.
    """

    name: str
    source: str
    kind: Literal["count", "mean"]
    epsilon: float
    column: str = ""
    """Of which a mean is taken, within the bounds of the contract: values beyond are taken as the bound."""
    by: str = ""
    """The column whose values are the groups; none for one figure of all."""
    groups: tuple[str, ...] = ()
    """The groups, where they are no secret. Without them a group itself may tell of somebody: then one is
    only told from a threshold on, which costs `delta`, and only counts are."""
    delta: float = 0.0
    person: str = ""
    rows_each: int = 1
    """How many rows of one person count, at most; further ones are left out."""

    def __post_init__(self) -> None:
        wrong = self._wrong()
        if wrong:
            raise ValueError(f"The figure {self.name} of {self.source}: {wrong}.")

    def _wrong(self) -> str:
        if not 0 < self.epsilon <= 10:
            return f"epsilon is {self.epsilon:g}; allowed: above 0, and at most 10, which protects little"
        if (self.kind == "mean") != bool(self.column):
            return "a mean names its column, and a count none"
        if self.rows_each < 1 or (self.rows_each > 1 and not self.person):
            return f"rows_each is {self.rows_each}; allowed: 1, or more where `person` is named"
        if self.groups and not self.by:
            return "groups need the column that they are of, `by`"
        hidden = bool(self.by) and not self.groups
        if hidden and (self.kind == "mean" or not 0 < self.delta <= 1e-5):
            return (
                "groups that are not listed need the kind count and a delta above 0 and at most 1e-5; "
                "list them in `groups` if they are no secret"
            )
        if not hidden and self.delta:
            return "delta is for groups that are not listed alone; allowed: 0"
        return ""


@dataclass(frozen=True, kw_only=True)
class Budget:
    """How much may ever be told of one batch of sources: the sums of all figures' epsilons and deltas."""

    epsilon: float
    delta: float = 0.0
    smallest: int = 20
    """A group with a smaller noisy count is not told."""
