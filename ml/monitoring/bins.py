"""How do values become counts? Bins of a feature, and the counts of many rows in them, day by day.

The bins of all features stand side by side in one row of numbers, so that whatever is computed of counts is
computed of all features, and of many days, at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml.training.schema import Feature

QUANTILES = 10
"""Inner bins of a number: deciles of the reference, as usual for the population stability index. Beside them
stand a bin below and a bin above all that was seen, and one for missing values."""

NEW = -1.0
"""The code of a category's value that training did not see."""

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Bins:
    """The bins of one feature: of a number between `edges`, of a category by value, and one of the missing.

    A number's bins are left-closed: below `edges[0]`, between neighbours, from `edges[-1]` on, missing. A
    category's are its values in the order of their codes, new values, missing.
    """

    name: str
    edges: tuple[float, ...] = ()
    values: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        return len(self.values) + 2 if self.values else len(self.edges) + 2

    def labels(self) -> list[str]:
        """What each bin is called on a page."""
        if self.values:
            return [*self.values, "new", "missing"]
        between = [f"{low:.3g} to {high:.3g}" for low, high in zip(self.edges, self.edges[1:], strict=False)]
        return [f"below {self.edges[0]:.3g}", *between, f"above {self.edges[-1]:.3g}", "missing"]

    def places(self, column: Matrix) -> npt.NDArray[np.intp]:
        """The bin of each value, shape (rows,)."""
        missing = np.isnan(column)
        if self.values:
            codes = np.where(missing, 0, column).astype(np.intp)
            known = (codes >= 0) & (codes < len(self.values))
            return np.where(missing, len(self.values) + 1, np.where(known, codes, len(self.values)))
        # NaN sorts behind every edge and so falls into the bin "above": it is moved on to the last.
        found = np.searchsorted(np.asarray(self.edges, dtype=np.float32), column, side="right")
        found[missing] += 1
        return found


def quantile_bins(name: str, column: Matrix, quantiles: int = QUANTILES) -> Bins:
    """Bins of equal count of a number. Equal values stay together, so there may be fewer.

    The last edge is the next number above the largest value: "from it on" holds nothing of the reference.
    A column without any value has the one edge 0.
    """
    present = column[~np.isnan(column)]
    if not len(present):
        return Bins(name, edges=(0.0,))
    edges = np.unique(np.quantile(present, np.linspace(0, 1, quantiles + 1), method="inverted_cdf"))
    top = np.nextafter(edges[-1].astype(np.float32), np.float32(np.inf))
    inner = edges[:-1] if len(edges) > 1 else edges
    return Bins(name, edges=tuple(float(edge) for edge in (*inner.astype(np.float32), top)))


def bins_of(features: Sequence[Feature], values: Matrix) -> tuple[Bins, ...]:
    """The bins of each feature of a reference, `values` of shape (rows, features)."""
    return tuple(
        Bins(feature.name, values=feature.values or ("none",))
        if feature.kind == "category"
        else quantile_bins(feature.name, values[:, place])
        for place, feature in enumerate(features)
    )


def starts(bins: Sequence[Bins]) -> npt.NDArray[np.intp]:
    """Where each feature's counts begin in a row of all."""
    return np.concatenate([[0], np.cumsum([one.count for one in bins])[:-1]]).astype(np.intp)


def count(bins: Sequence[Bins], values: Matrix) -> Counts:
    """The counts of all rows, shape (bins of all features,)."""
    return np.concatenate(
        [
            np.bincount(one.places(np.ascontiguousarray(values[:, place])), minlength=one.count)
            for place, one in enumerate(bins)
        ]
    ).astype(np.int64)


def count_by_day(
    bins: Sequence[Bins], values: Matrix, day: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], Counts]:
    """The days in order, and the counts of each, shape (days, bins of all features)."""
    days, place_of_day = np.unique(day, return_inverse=True)
    parts = []
    for place, one in enumerate(bins):
        where = place_of_day * one.count + one.places(np.ascontiguousarray(values[:, place]))
        found = np.bincount(where, minlength=len(days) * one.count)
        parts.append(found.reshape(len(days), one.count))
    return days, np.concatenate(parts, axis=1).astype(np.int64)
