"""Would more data help? The model again on shares of the rows and on shorter histories."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ml.training.comparison import Part
from ml.training.data import Rows
from ml.training.variants import Floats, Setting, boosted

SHARES = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)
"""Of the rows to learn from: each doubles the one before, and holds its rows."""

DRAWS = 3
"""Orders in which rows are taken: their spread says what is chance."""

_FEWEST = 50
"""Rows of the rarer class below which nothing is trained."""


@dataclass(frozen=True)
class Point:
    """A model that learned from `rows` rows: what it said of those, and of the rows that judge.

    Of the kind `rows` they were drawn of all periods; of the kind `periods` they are those of the last ones.
    """

    kind: Literal["rows", "periods"]
    rows: int
    periods: int
    draw: int
    learned: tuple[Floats, Floats]
    """Labels and uncalibrated probabilities of the rows that it learned from."""
    judged: tuple[Floats, Floats]
    """The same of the rows that judge."""


def points(
    part: Part,
    periods: np.ndarray[tuple[int], np.dtype[np.int64]],
    setting: Setting,
    *,
    draws: int = DRAWS,
    say: Callable[[str], None] = print,
) -> list[Point]:
    """Every share of the rows so many times, then every length of history once.

    `periods` (rows,) are those of the rows to learn from. Shares with too few of a class are left out.
    """
    known = np.unique(periods)
    found = []
    for kind, draw, chosen, covered in _choices(part.train, periods, draws, setting.parameters.seed):
        some = Rows(part.train.values[chosen], part.train.labels[chosen])
        if min(some.labels.sum(), (1 - some.labels).sum()) < _FEWEST:
            continue
        seeded = replace(setting, parameters=replace(setting.parameters, seed=setting.parameters.seed + draw))
        scorer = boosted(some, part.stop, seeded)
        found.append(
            Point(
                kind=kind,
                rows=len(chosen),
                periods=covered,
                draw=draw,
                learned=(some.labels.astype(np.float64), _logistic(scorer(some.values))),
                judged=(part.judge.labels.astype(np.float64), _logistic(scorer(part.judge.values))),
            )
        )
        say(f"{kind}: {len(chosen):,} rows of {covered} of {len(known)} periods, draw {draw + 1}")
    return found


def _choices(
    rows: Rows, periods: np.ndarray[tuple[int], np.dtype[np.int64]], draws: int, seed: int
) -> Iterator[tuple[Literal["rows", "periods"], int, np.ndarray[tuple[int], np.dtype[np.int64]], int]]:
    known = np.unique(periods)
    for draw in range(draws):
        order = np.random.default_rng([seed, draw]).permutation(len(rows.labels))
        for share in SHARES:
            yield "rows", draw, np.sort(order[: round(share * len(order))]), len(known)
    for length in histories(len(known)):
        yield "periods", 0, np.flatnonzero(periods >= known[-length]), length


def histories(count: int) -> Sequence[int]:
    """Lengths of history of so many periods: doubling, and the whole."""
    return sorted({*(2**power for power in range(count.bit_length()) if 2**power <= count), count})


def _logistic(margins: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-margins)))
