"""How do JSON records become Parquet? By the columns of a table in the Glue catalog, as Firehose does it.

Source: https://docs.aws.amazon.com/firehose/latest/dev/record-format-conversion.html
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

_DECIMAL = re.compile(r"decimal\((\d+),\s*(\d+)\)")
_ARRAY = re.compile(r"array<(.+)>")


class UnconvertibleError(ValueError):
    """A table whose columns the sandbox cannot write, or no table."""


def parquet(
    records: Sequence[bytes], columns: Sequence[Mapping[str, Any]]
) -> tuple[bytes | None, list[bytes]]:
    """The good records as one Parquet file, none where none is good, and the bad ones.

    A record may hold several JSON objects, one behind the other. Members without a column are left out,
    columns without a member are empty; names are compared in lower case. Raises UnconvertibleError.
    """
    import pyarrow as pa
    from pyarrow import parquet as files

    kinds = {str(one["Name"]).lower(): str(one.get("Type", "string")).lower() for one in columns}
    schema = pa.schema([(name, _arrow(kind)) for name, kind in kinds.items()])
    makes = {name: _maker(kind) for name, kind in kinds.items()}
    rows: list[dict[str, Any]] = []
    bad: list[bytes] = []
    for record in records:
        try:
            rows += [_row(one, makes) for one in _objects(record)]
        except (ValueError, TypeError, ArithmeticError):
            bad.append(record)
    if not rows:
        return None, bad
    written = io.BytesIO()
    files.write_table(pa.Table.from_pylist(rows, schema), written, compression="snappy")
    return written.getvalue(), bad


def _objects(record: bytes) -> list[dict[str, Any]]:
    """Raises ValueError for what is no row of JSON objects."""
    text, decoder, place, found = record.decode(), json.JSONDecoder(), 0, []
    while place < len(text):
        if text[place].isspace():
            place += 1
            continue
        value, place = decoder.raw_decode(text, place)
        if not isinstance(value, dict):
            raise ValueError("not an object")
        found.append(value)
    return found


def _row(given: Mapping[str, Any], makes: Mapping[str, Callable[[Any], Any]]) -> dict[str, Any]:
    lower = {name.lower(): value for name, value in given.items()}
    return {name: None if lower.get(name) is None else make(lower[name]) for name, make in makes.items()}


def _arrow(kind: str) -> Any:
    import pyarrow as pa

    plain = {
        "string": pa.string(),
        "boolean": pa.bool_(),
        "tinyint": pa.int8(),
        "smallint": pa.int16(),
        "int": pa.int32(),
        "integer": pa.int32(),
        "bigint": pa.int64(),
        "float": pa.float32(),
        "double": pa.float64(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("ms"),
    }
    if kind in plain:
        return plain[kind]
    if found := _DECIMAL.fullmatch(kind):
        return pa.decimal128(int(found[1]), int(found[2]))
    if found := _ARRAY.fullmatch(kind):
        return pa.list_(_arrow(found[1]))
    if kind.startswith(("map<", "struct<")):
        # Kept as text: what is within is the reader's to look into.
        return pa.string()
    raise UnconvertibleError(f"The sandbox writes no column of the type {kind}")


def _maker(kind: str) -> Callable[[Any], Any]:
    """How a value of JSON becomes one of the column; it raises for what does not fit."""
    if kind in {"tinyint", "smallint", "int", "integer", "bigint"}:
        return _whole
    if kind in {"float", "double"}:
        return float
    if kind == "boolean":
        return _truth
    if kind == "timestamp":
        return _moment
    if kind == "date":
        return lambda value: _moment(value).date()
    if _DECIMAL.fullmatch(kind):
        return lambda value: Decimal(str(value))
    if found := _ARRAY.fullmatch(kind):
        each = _maker(found[1])
        return lambda value: [None if one is None else each(one) for one in list(value)]
    return lambda value: value if isinstance(value, str) else json.dumps(value)


def _whole(value: Any) -> int:
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise ValueError(f"{value!r} is no whole number")
    return int(value)


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{value!r} is neither true nor false")
    return value


def _moment(value: Any) -> datetime:
    """From text of ISO 8601, or from milliseconds since 1970; without its zone, in UTC."""
    moment = (
        datetime.fromtimestamp(value / 1000, UTC)
        if isinstance(value, (int, float))
        else datetime.fromisoformat(value)
    )
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
