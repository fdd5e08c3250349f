"""On which rows is learned, on which is stopped, and on which is judged, so that nothing leaks between them?

Source of the embargo: López de Prado, Advances in Financial Machine Learning (2018), chapter 7.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ml.container import JobFailed

Places = npt.NDArray[np.int64]


class TooFewToSplit(JobFailed):
    """There are too few periods, groups or rows of a class for so many folds."""


@dataclass(frozen=True)
class Fold:
    """Numbers of rows, rising: `train` learns, `stop` stops and calibrates, `judge` judges; no row stands
    in two of them.
    """

    name: str
    train: Places
    stop: Places
    judge: Places


def rolling_origin(
    periods: npt.NDArray[Any],
    *,
    folds: int = 3,
    moments: npt.NDArray[Any] | None = None,
    embargo: float = 0,
) -> tuple[Fold, ...]:
    """Each fold judges one period, stops by the one before and learns from all before that; the last period
    judges the last fold.

    `periods` and `moments` have the shape (rows,). With moments a row learns, or stops, only if it was asked
    `embargo` or more before the first row of the part that follows: its label was known by then. Raises
    TooFewToSplit.
    """
    known = np.unique(periods)
    if len(known) < folds + 2:
        raise TooFewToSplit(
            f"{folds} folds by time need {folds + 2} periods, there are {len(known)}: ask for fewer folds."
        )
    step = max(1, (len(known) - 3) // folds)
    judging = [len(known) - 1 - step * back for back in reversed(range(folds))]
    return tuple(_by_time(periods, known, place, moments, embargo) for place in judging)


def _by_time(
    periods: npt.NDArray[Any],
    known: npt.NDArray[Any],
    place: int,
    moments: npt.NDArray[Any] | None,
    embargo: float,
) -> Fold:
    train = np.flatnonzero(periods < known[place - 1])
    stop = np.flatnonzero(periods == known[place - 1])
    judge = np.flatnonzero(periods == known[place])
    if moments is not None:
        stop = stop[moments[stop] <= moments[judge].min() - embargo]
        if len(stop):
            train = train[moments[train] <= moments[stop].min() - embargo]
    if not len(train) or not len(stop):
        raise TooFewToSplit(
            f"Before period {known[place]} nothing is left to learn from or to stop by, with an embargo of "
            f"{embargo:g}: ask for fewer folds, or make periods longer than the embargo."
        )
    return Fold(str(known[place]), train, stop, judge)


def grouped(
    labels: npt.NDArray[Any], groups: npt.NDArray[Any] | None, *, folds: int = 5, seed: int = 7
) -> tuple[Fold, ...]:
    """Folds with like shares of positives that keep each group on one side; without groups, each row.

    Each fold judges one part, stops by the next, learns from the rest. Time is not kept: for rows that have
    an order such folds flatter. Both arrays have the shape (rows,). Raises TooFewToSplit.
    """
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    some = labels if groups is None else groups
    fewest = min(
        len(np.unique(some[labels == value])) if groups is not None else int((labels == value).sum())
        for value in (0, 1)
    )
    if folds < 3 or fewest < folds:
        raise TooFewToSplit(
            f"{folds} folds; allowed: 3 at least, and at most {fewest}, of which the rarer class has rows"
            f"{'' if groups is None else ' of different groups'}."
        )
    kind: Callable[..., Any] = StratifiedKFold if groups is None else StratifiedGroupKFold
    cut = kind(n_splits=folds, shuffle=True, random_state=seed).split(np.empty(len(labels)), labels, groups)
    parts = [np.asarray(judge, dtype=np.int64) for _, judge in cut]
    return tuple(_of_parts(number, parts) for number in range(folds))


def _of_parts(number: int, parts: Sequence[Places]) -> Fold:
    following = (number + 1) % len(parts)
    rest = [part for place, part in enumerate(parts) if place not in (number, following)]
    return Fold(f"part {number + 1}", np.sort(np.concatenate(rest)), parts[following], parts[number])
