"""What is the verdict on each day? The drift of the days up to it, that has to last before it counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from ml.monitoring.baseline import Reference
from ml.monitoring.bins import Counts, Floats
from ml.monitoring.drift import psi

Verdict = Literal["quiet", "ok", "watch", "drifted", "recovered"]
"""`quiet`: too few rows to say. `watch`: over its bound, not yet long enough. `recovered`: the first day
of being drifted no more."""

LOOKED_AT = 7
"""The last days with rows that decide."""
TO_ALARM = 5
"""So many of them have to be over the bound before drift is told: three days of a storm are none."""
TO_STAY = 3
"""Drift that was told stands while so many of them are over it, so that it does not come and go."""
LEAST_ROWS = 100
"""Rows of a window below which it says nothing."""


@dataclass(frozen=True)
class Series:
    """By day and feature: the index (days, features), what it may be at most, and the verdict by day.

    `lasting` is what is published: the index relative to its bound that TO_ALARM of the last days reached, or
    TO_STAY of them while the feature is drifted. Above 1 the feature is drifted, and at most 1 it is not.
    """

    days: tuple[int, ...]
    psi: Floats
    bound: Floats
    lasting: Floats
    rows: npt.NDArray[np.int64]
    """Of the window that ends with the day."""
    verdict: tuple[Verdict, ...]

    @property
    def relative(self) -> Floats:
        return self.psi / self.bound

    @property
    def drifted(self) -> npt.NDArray[np.bool_]:
        """By day and feature."""
        return self.lasting > 1


def follow(reference: Reference, days: list[int], counts: Counts) -> Series:
    """Every day's verdict, of counts (days, bins) of days in a row."""
    begin, sizes, normal = reference.begin, reference.sizes, reference.normal
    longest = normal.longest
    present = counts[:, : sizes[0]].sum(axis=1)
    index = np.zeros((len(days), len(sizes)))
    bound = np.ones_like(index)
    rows = np.zeros(len(days), dtype=np.int64)
    for place in range(len(days)):
        window = slice(max(0, place + 1 - longest), place + 1)
        inside = counts[window].sum(axis=0)
        rows[place] = present[window].sum()
        index[place] = psi(reference.counts, inside, begin)
        bound[place] = normal.threshold(max(1, int((present[window] > 0).sum())), int(rows[place]), sizes)
    speaks = (present > 0) & (rows >= LEAST_ROWS)
    lasting = _lasting(index / bound, speaks)
    return Series(tuple(days), index, bound, lasting, rows, _verdicts(index / bound, lasting, speaks))


def _lasting(relative: Floats, speaks: npt.NDArray[np.bool_]) -> Floats:
    """Order statistics of the last days that say something; a quiet day keeps what was."""
    found = np.zeros_like(relative)
    standing = np.zeros(relative.shape[1], dtype=bool)
    heard: list[Floats] = []
    for place in range(len(relative)):
        if not speaks[place]:
            found[place] = found[place - 1] if place else 0.0
            continue
        heard = [*heard, relative[place]][-LOOKED_AT:]
        ordered = -np.sort(-np.array(heard), axis=0)
        none = np.zeros(relative.shape[1])
        to_alarm = ordered[TO_ALARM - 1] if len(ordered) >= TO_ALARM else none
        to_stay = ordered[TO_STAY - 1] if len(ordered) >= TO_STAY else none
        found[place] = np.where(standing, to_stay, to_alarm)
        standing = found[place] > 1
    return found


def _verdicts(relative: Floats, lasting: Floats, speaks: npt.NDArray[np.bool_]) -> tuple[Verdict, ...]:
    found: list[Verdict] = []
    before = False
    for place in range(len(relative)):
        drifted = bool((lasting[place] > 1).any())
        if not speaks[place]:
            found.append("quiet")
            continue
        if drifted:
            found.append("drifted")
        elif before:
            found.append("recovered")
        else:
            found.append("watch" if bool((relative[place] > 1).any()) else "ok")
        before = drifted
    return tuple(found)
