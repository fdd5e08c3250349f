"""The sets of a use case in memory, with what folds are cut by: period, moment, group."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ml.case import PERIOD, UseCase
from ml.container import JobFailed
from ml.training import data
from ml.training.data import Rows
from ml.training.schema import Feature
from ml.training.splits import Fold, grouped, rolling_origin


@dataclass(frozen=True)
class Sets:
    """Rows to learn from, to stop by and, perhaps, to judge on.

    `periods`, `moments` and `groups` are those of training and validation together, (rows,); the last two are
    None where the use case names no column.
    """

    features: tuple[Feature, ...]
    train: Rows
    validation: Rows
    test: Rows | None
    periods: npt.NDArray[Any]
    moments: npt.NDArray[Any] | None
    groups: npt.NDArray[Any] | None

    @property
    def both(self) -> Rows:
        """Training and validation together, in this order."""
        return Rows(
            np.concatenate([self.train.values, self.validation.values]),
            np.concatenate([self.train.labels, self.validation.labels]),
        )


def read_all(case: UseCase, train: Path, validation: Path, test: Path | None = None) -> Sets:
    """Raises JobFailed where a folder has no files, or they lack a column."""
    features = data.with_values(case.features, train)

    def beside(column: str | None) -> npt.NDArray[Any] | None:
        if column is None:
            return None
        told = [data.columns(folder, [column])[0] for folder in (train, validation)]
        # Rows of nobody known are one group: whether they are the same nobody knows.
        filled = [np.ma.filled(part, "") if part.dtype == object else np.ma.getdata(part) for part in told]
        return np.concatenate(filled)

    periods = beside(PERIOD)
    assert periods is not None  # noqa: S101 – the column has a name
    return Sets(
        features=features,
        train=data.read(train, features, case.label),
        validation=data.read(validation, features, case.label),
        test=None if test is None else data.read(test, features, case.label),
        periods=periods,
        moments=beside(case.moment),
        groups=beside(case.group),
    )


def folds_of(case: UseCase, known: Sets, by: str, folds: int) -> Sequence[Fold]:
    """Folds by `time`, by `group` or by `row` over training and validation. Raises JobFailed."""
    if by == "time":
        return rolling_origin(known.periods, folds=folds, moments=known.moments, embargo=case.label_after)
    if by == "group" and known.groups is None:
        raise JobFailed(
            f"Folds by group: the use case {case.name} names no group; allowed: time, row, or a column as "
            "`UseCase.group`."
        )
    return grouped(known.both.labels, known.groups if by == "group" else None, folds=folds)
