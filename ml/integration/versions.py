"""From a file of an older version of a source to the present one, by the announced changes."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
from ibis.expr.types import Table, Value

from ml.integration.engines import Engine
from ml.quality.contract import PRESENT, Added, Converted, Dropped, Kind, Renamed, Source
from ml.quality.reading import Checked, count_faults

_TYPES: Mapping[Kind, str] = {
    "integer": "int32",
    "number": "float64",
    "text": "string",
    "moment": "timestamp",
}


class ConversionBroken(ValueError):
    """What an older version is converted to breaks the present contract."""

    def __init__(self, source: Source, version: str, faults: Mapping[str, int]) -> None:
        told = ", ".join(
            f"{count} values of {name} (allowed: {source.column(name).allowed()})"
            for name, count in faults.items()
        )
        super().__init__(
            f"Converted from version {version!r}, the source {source.name} breaks its present contract: "
            f"{told}. Correct the conversion that the version declares, or the file."
        )


def presented(engine: Engine, source: Source, checked: Checked) -> Table:
    """The rows as the present version has them. Raises ConversionBroken where that breaks the contract."""
    table = checked.table
    if checked.version == PRESENT:
        return table
    version = next(one for one in source.versions if one.name == checked.version)
    columns: dict[str, Value] = {
        column.name: table[column.name] for column in source.columns if column.name in table.columns
    }
    for change in version.changes:
        if isinstance(change, Dropped):
            continue
        kind = _TYPES[source.column(change.column).kind]
        if isinstance(change, Renamed):
            columns[change.column] = table[change.was]
        elif isinstance(change, Converted):
            columns[change.column] = change.by(table[change.was.name]).cast(kind)
        elif isinstance(change, Added):
            columns[change.column] = ibis.literal(change.default, type=kind)
    found = table.select(**{column.name: columns[column.name] for column in source.columns})
    # The rest was checked by the version's own contract, which has its ranges.
    changed = [change.column for change in version.changes if isinstance(change, Converted | Added)]
    alone = {name: Source(name=source.name, columns=(source.column(name),)) for name in changed}
    faults = {name: count_faults(engine, found, one) for name, one in alone.items()}
    if broken := {name: count for name, count in faults.items() if count}:
        raise ConversionBroken(source, version.name, broken)
    return found
