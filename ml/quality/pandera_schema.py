"""A contract as a pandera schema: for notebooks and other pipelines, which have frames and not files.

The jobs do not import it (decision 0061): they need lines, and pandas takes seconds to load.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa

from ml.quality.contract import Column, Kind, Source

_TYPES: Mapping[Kind, str] = {
    "integer": "Int32",
    "number": "float64",
    "text": "string",
    "moment": "datetime64[ns]",
}


def as_pandera(source: Source) -> pa.DataFrameSchema:
    """The schema of the present version: columns (no others), kinds, ranges, patterns, the key.

    It judges a frame as `frame_of` or `pandas.read_parquet` gives it: integers as `Int32`, a missing value as
    NA (NaN in a number's column, where pandas knows no difference; infinities are refused). With
    `validate(frame, lazy=True)` every fault is told at once.
    """
    return pa.DataFrameSchema(
        {column.name: _column(column) for column in source.columns},
        unique=list(source.key) or None,
        strict=True,
        name=source.name,
    )


def _column(column: Column) -> pa.Column:
    checks = []
    if column.kind == "number":
        checks.append(pa.Check(lambda values: ~np.isinf(values), name="finite", error="no infinity"))
    if column.minimum is not None:
        checks.append(pa.Check.ge(column.minimum))
    if column.maximum is not None:
        checks.append(pa.Check.le(column.maximum))
    if column.pattern is not None:
        checks.append(pa.Check.str_matches(f"^(?:{column.pattern})$"))
    return pa.Column(_TYPES[column.kind], checks, nullable=column.nullable)


def frame_of(source: Source, texts: pd.DataFrame) -> pd.DataFrame:
    """A frame of the fields of a file (texts, a missing one as NA) in the contract's kinds.

    Raises ValueError where a text is not of its column's kind.
    """
    found: dict[str, Any] = {}
    for column in source.columns:
        values = texts[column.name]
        if column.kind == "text":
            found[column.name] = values.astype("string")
        elif column.kind == "moment":
            moments = pd.to_datetime(values, format="%Y-%m-%dT%H:%M:%SZ")
            found[column.name] = moments.astype("datetime64[ns]")
        elif column.kind == "integer":
            found[column.name] = pd.to_numeric(values).astype("Int32")
        else:
            found[column.name] = pd.to_numeric(values).astype("float64")
    return pd.DataFrame(found)
