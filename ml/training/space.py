"""Where may a search for hyperparameters look?"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Span:
    """From `low` to `high`, ends included; even in the logarithm where `log`, whole numbers where `whole`."""

    low: float
    high: float
    log: bool = False
    whole: bool = False

    def __post_init__(self) -> None:
        if not self.low < self.high or (self.log and self.low <= 0):
            raise ValueError(
                f"A span from {self.low} to {self.high}: it must grow, and begin above 0 where `log`."
            )

    def levels(self, count: int) -> list[float]:
        """So many values, two at least, from end to end, at equal distance (of the logarithm where `log`).

        Of whole numbers no more than there are.
        """
        shares = [place / (count - 1) for place in range(1, count - 1)]
        if self.log:
            between = [self.low * (self.high / self.low) ** share for share in shares]
        else:
            between = [self.low + (self.high - self.low) * share for share in shares]
        found = [self.low, *between, self.high]
        return sorted({round(value) for value in found}) if self.whole else found


SPACE: Mapping[str, Span] = {
    "eta": Span(low=0.02, high=0.3, log=True),
    "max_depth": Span(low=3, high=10, whole=True),
    "min_child_weight": Span(low=1, high=100, log=True),
    "subsample": Span(low=0.5, high=1.0),
    "colsample_bytree": Span(low=0.3, high=1.0),
    "reg_lambda": Span(low=0.1, high=50, log=True),
    "reg_alpha": Span(low=0.001, high=20, log=True),
    "gamma": Span(low=0.001, high=5, log=True),
}
"""For tables of tens of thousands to millions of rows; a use case may narrow it (`UseCase.search`)."""
