"""A set of rows for the trainer: features as numbers, labels, and what the data was."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt

from ml.case import PERIOD
from ml.container import JobFailed
from ml.training.schema import Feature


@dataclass(frozen=True)
class Rows:
    """`values` (rows, features), NaN where missing, codes for categories; `labels` (rows,) of 0 and 1."""

    values: npt.NDArray[np.float32]
    labels: npt.NDArray[np.float32]


def files(folder: Path) -> list[Path]:
    """The Parquet files of a channel, in order. Raises JobFailed where there are none."""
    found = sorted(folder.rglob("*.parquet"))
    if not found:
        raise JobFailed(f"{folder} holds no Parquet file; it is a channel that the step Prepare writes.")
    return found


def digest(folder: Path) -> str:
    """The SHA-256 of a channel's content, in hexadecimal."""
    whole = hashlib.sha256()
    for path in files(folder):
        with path.open("rb") as file:
            whole.update(hashlib.file_digest(file, "sha256").digest())
    return whole.hexdigest()


def periods(folder: Path) -> list[int]:
    """The periods that a channel's rows are of, in order. Raises JobFailed where they carry none."""
    (found,) = columns(folder, [PERIOD], distinct=True)
    return sorted(int(period) for period in found.tolist())


def with_values(features: Sequence[Feature], folder: Path) -> tuple[Feature, ...]:
    """The features, each category with the values that stand in the folder's files, in order."""

    def known(feature: Feature) -> Feature:
        if feature.kind == "number":
            return feature
        (values,) = columns(folder, [feature.name], distinct=True)
        return replace(feature, values=tuple(sorted(str(value) for value in values if value is not None)))

    return tuple(known(feature) for feature in features)


def read(folder: Path, features: Sequence[Feature], label: str) -> Rows:
    """The rows of a channel in the order of its files; a category's unknown value is missing.

    Raises JobFailed where a column is missing.
    """
    arrays = columns(folder, [feature.name for feature in features] + [label])
    table = np.empty((len(arrays[-1]), len(features)), dtype=np.float32)
    for place, feature in enumerate(features):
        table[:, place] = encode(arrays[place], feature)
    return Rows(table, np.asarray(arrays[-1], dtype=np.float32))


def encode(values: npt.NDArray[np.generic], feature: Feature) -> npt.NDArray[np.float32]:
    """A column as numbers: NaN for missing, the place in `feature.values` for a category."""
    if feature.kind == "category":
        codes = {value: code for code, value in enumerate(feature.values)}
        names, places = np.unique(np.ma.filled(values, "").astype(str), return_inverse=True)
        return np.array([codes.get(name, np.nan) for name in names], dtype=np.float32)[places]
    missing = np.ma.getmaskarray(values)
    return np.where(missing, np.float32(np.nan), np.ma.getdata(values).astype(np.float32))


def columns(folder: Path, names: Sequence[str], *, distinct: bool = False) -> list[npt.NDArray[np.generic]]:
    """Columns of a channel by name, masked where null. Raises JobFailed where a column is missing."""
    chosen = ", ".join(f'"{name}"' for name in names)
    query = f"SELECT {'DISTINCT ' if distinct else ''}{chosen} FROM read_parquet(?)"  # noqa: S608 – our own names
    with duckdb.connect() as connection:
        try:
            found = connection.execute(query, [[str(path) for path in files(folder)]]).fetchnumpy()
        except duckdb.BinderException as error:
            raise JobFailed(f"{folder} lacks a column: {str(error).splitlines()[0]}") from None
        except duckdb.Error as error:
            raise JobFailed(f"{folder} cannot be read as Parquet: {str(error).splitlines()[0]}") from None
    return [np.ma.asanyarray(found[name]) for name in names]
