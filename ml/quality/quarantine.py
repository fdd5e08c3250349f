"""What becomes of a bad row? It is set aside with its reasons, so that the good rows can go on.

`quarantine/<source>.parquet` has the columns of the source as text (null where missing), its `file`, `line`
(null where it is not known) and `reasons`: a list of `rule`, `column`, `given`, `allowed`. Values of personal
columns are masked in both: whoever may see them finds them by the line in the file itself.
"""

from __future__ import annotations

import csv
import datetime
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ml.quality.contract import NULL, Source
from ml.quality.findings import MASKED, CorruptSource, Finding, Row, rows

CONTRACT = "contract"
"""The rule that stands with a reason where the source's contract was broken."""

_TOLD = 5


@dataclass(frozen=True)
class Reason:
    """Why a row was set aside; `column` is empty for a whole row."""

    rule: str
    column: str
    given: str
    allowed: str


@dataclass(frozen=True)
class BadRow:
    """A row that was set aside: its values as text by column, None where missing, personal ones masked."""

    file: str
    line: int | None
    values: Mapping[str, str | None]
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class Screened:
    """A source file without the rows that break its contract."""

    path: Path
    total: int
    bad: list[BadRow]


class TooMuchQuarantined(ValueError):
    """More of a batch is bad than may be set aside: the rest would be another batch, not a cleaner one."""

    def __init__(self, source: Source, bad: Sequence[BadRow], total: int) -> None:
        first = "\n".join(f"  {_told(source, row)}" for row in bad[:_TOLD])
        super().__init__(
            f"{len(bad):,} of {total:,} rows of {source.name} would be set aside "
            f"({len(bad) / max(total, 1):.1%}); allowed: {source.quarantined_at_most:.1%}. "
            f"Nothing was loaded. The first:\n{first}\n"
            "Correct the batch and run again; if such rows are no mistake, change the contract or the rule."
        )


def screen(source: Source, path: Path, header: list[str], label: Path, into: Path) -> Screened:
    """Writes the good rows of the file to `into` and gives the others; slow. `label` is what people read.

    Raises CorruptSource where none is found, TooMuchQuarantined above the source's share.
    """
    total, bad = 0, []
    into.parent.mkdir(parents=True, exist_ok=True)
    with into.open("w", encoding="utf-8", errors="surrogateescape", newline="") as good:
        writer = csv.writer(good, lineterminator="\n")
        writer.writerow(header)
        for row in rows(source, path, header):
            total += 1
            if row.faults:
                bad.append(_bad(source, header, label, row))
            else:
                writer.writerow(row.fields)
    require_few(source, bad, total)
    if not bad:
        # The quick reader refused a file in which the slow one finds nothing: neither may be believed.
        given, allowed = "the file cannot be read", "a file that the contract and the CSV reader both accept"
        raise CorruptSource([Finding(label, 1, None, given, allowed)])
    return Screened(into, total, bad)


def require_few(source: Source, bad: Sequence[BadRow], total: int) -> None:
    """Raises TooMuchQuarantined where more is bad than the source allows."""
    if len(bad) > source.quarantined_at_most * total:
        raise TooMuchQuarantined(source, bad, total)


def as_parquet(source: Source, bad: Sequence[BadRow]) -> bytes:
    """The content of `<source>.parquet`. Columns that an older version of the source has come last."""
    import pyarrow
    import pyarrow.parquet

    reason = pyarrow.struct([(name, pyarrow.string()) for name in ("rule", "column", "given", "allowed")])
    names = dict.fromkeys([column.name for column in source.columns])
    names |= dict.fromkeys(name for row in bad for name in row.values)
    schema = pyarrow.schema(
        [
            *((name, pyarrow.string()) for name in names),
            ("file", pyarrow.string()),
            ("line", pyarrow.int64()),
            ("reasons", pyarrow.list_(reason)),
        ]
    )
    listed = [
        {
            **row.values,
            "file": row.file,
            "line": row.line,
            "reasons": [asdict(reason) for reason in row.reasons],
        }
        for row in bad
    ]
    content = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(listed, schema=schema), content)
    return content.getvalue()


def masked(source: Source, values: Mapping[str, str | None]) -> dict[str, str | None]:
    """The values with those of personal columns masked."""
    personal = {column.name for column in source.personal}
    return {
        name: MASKED if name in personal and value is not None else value for name, value in values.items()
    }


def as_text(value: object) -> str | None:
    """A value as a source file writes it."""
    if value is None:
        return None
    if isinstance(value, datetime.datetime):
        return f"{value:%Y-%m-%dT%H:%M:%SZ}"
    return str(value)


def _bad(source: Source, header: list[str], label: Path, row: Row) -> BadRow:
    # Of a row with too many or too few fields nobody can say which is which: none is kept.
    fits = len(row.fields) == len(header)
    given = dict(zip(header, row.fields, strict=True)) if fits else {}
    values = {
        column.name: None if (text := given.get(column.name, NULL)) == NULL else _printable(text)
        for column in source.columns
    }
    reasons = tuple(Reason(CONTRACT, fault.column or "", fault.given, fault.allowed) for fault in row.faults)
    return BadRow(label.as_posix(), row.line, masked(source, values), reasons)


def _printable(text: str) -> str:
    return text.encode("utf-8", errors="surrogateescape").decode("utf-8", errors="backslashreplace")


def _told(source: Source, row: BadRow) -> str:
    reason = row.reasons[0]
    where = f"{row.file}:{row.line}" if row.line else source.name
    column = f", column {reason.column}" if reason.column else ""
    return f"{where}{column}: {reason.given}; {reason.rule} allows: {reason.allowed}"
