"""What is wrong with a source file: each finding with its line, column, value and what is allowed."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from ml.quality.contract import NULL, PRESENT, Column, Source

if TYPE_CHECKING:
    from ml.integration.places import Edges

SHOWN = 20
"""How many findings are told at once."""

MASKED = "[personal]"
"""What stands in the place of a personal value, wherever one would be told or kept."""


@dataclass(frozen=True)
class Finding:
    """One fault; `line` counts from 1, the header being line 1; `column` is None for a whole line.

    `given` never holds the value of a personal column.
    """

    path: Path
    line: int
    column: str | None
    given: str
    allowed: str

    def __str__(self) -> str:
        # By its name alone: the folder is a job's own, and the reader's copy lies elsewhere. A part's folder
        # is the source's: its path is a relative one.
        name = self.path.name if self.path.is_absolute() else self.path.as_posix()
        where = f"{name}:{self.line}" + (f", column {self.column}" if self.column else "")
        return f"{where}: {self.given}; allowed: {self.allowed}"


class CorruptSource(ValueError):
    """Source files break their contracts; nothing was loaded. `more` says that there are further findings."""

    def __init__(self, findings: list[Finding], more: bool = False) -> None:
        self.findings = findings
        self.more = more
        count = (
            f"the first {len(findings)} faults"
            if more
            else f"{len(findings)} fault" + "s" * (len(findings) > 1)
        )
        lines = "\n".join(f"  {finding}" for finding in findings)
        super().__init__(
            f"The source does not keep its contract ({count}); nothing was loaded.\n{lines}\n"
            "Correct the file and run again, or change its contract if the source has really changed."
        )


class UnannouncedChange(CorruptSource):
    """A file has the columns of no known version of its source."""

    def __init__(self, source: Source, version: str, found: list[Finding], header: list[str]) -> None:
        super().__init__(found[:SHOWN], more=len(found) > SHOWN)
        told = str(self).splitlines()[1:-1]
        known = ", ".join([PRESENT, *(one.name for one in source.versions)])
        self.args = (
            f"The columns of {found[0].path.name} are those of no known version of the source {source.name} "
            f"(known: {known}; nearest: {version}); nothing was loaded.\n"
            + "\n".join(told)
            + f"\nHave the file corrected. If {source.name} has really changed, announce it: let `columns` "
            f"of its contract say what it has now, and add SourceVersion(name=..., changes=(Renamed, "
            "Converted, Added or Dropped, ...)) that says how it was.",
        )
        self.version = version
        self.columns = tuple(_header_name(source, header, name) for name in header)


@dataclass(frozen=True)
class Recognised:
    """What a file's header says: the version's name, the contract that it keeps, its columns in order."""

    version: str
    contract: Source
    header: list[str]


def recognise(source: Source, edges: Edges, path: Path, lines: Callable[[], int]) -> Recognised:
    """Which version of the source a file is, by its header; `lines` counts the file's lines.

    Raises UnannouncedChange where no version has these columns, and CorruptSource on an empty file, a
    repeated column, or an unfinished last line.
    """
    header = edges.first.decode("utf-8-sig", errors="replace").split(",")
    known = {PRESENT: source} | {version.name: version.of(source) for version in source.versions}
    apart = {name: len({column.name for column in one.columns} ^ set(header)) for name, one in known.items()}
    version = min(apart, key=lambda name: apart[name])
    contract = known[version]
    expected = [column.name for column in contract.columns]
    names = ", ".join(expected)
    if not edges.first.strip():
        raise CorruptSource([Finding(path, 1, None, "no header", f"the columns {names}")])
    found = [
        Finding(path, 1, name, "no such column in the file", f"the columns {names}")
        for name in expected
        if name not in header
    ]
    found += [
        Finding(
            path,
            1,
            _header_name(source, header, name),
            "a column that the contract does not know",
            f"the columns {names}",
        )
        for name in dict.fromkeys(header)
        if name not in expected
    ]
    if found:
        raise UnannouncedChange(source, version, found, header)
    found = [
        Finding(path, 1, name, "the column stands there twice", "each column once")
        for name in expected
        if header.count(name) > 1
    ]
    if found:
        raise CorruptSource(found[:SHOWN], more=len(found) > SHOWN)
    if edges.last != b"\n":
        given = "the last line has no end, so the file may have been cut off"
        raise CorruptSource([Finding(path, lines(), None, given, "a line break after the last line")])
    return Recognised(version, contract, header)


def _header_name(source: Source, header: list[str], name: str) -> str:
    """A name of the file's own; where people are in the file only its place, since a file without a header
    has a row there."""
    return f"number {header.index(name) + 1}" if source.personal else name


def findings(source: Source, path: Path, header: list[str]) -> list[Finding]:
    """The first faults of the file, one more than are shown if there are more; slow."""
    found = (fault for row in rows(source, path, header) for fault in row.faults)
    return list(islice(found, SHOWN + 1))


@dataclass(frozen=True)
class Row:
    """A row of a file as it stands there, and what is wrong with it."""

    line: int
    fields: list[str]
    faults: list[Finding]


def rows(source: Source, path: Path, header: list[str]) -> Iterator[Row]:
    """Every row of the file, in order; slow. Of rows with the same key the first is sound."""
    columns = [source.column(name) for name in header]
    key = [header.index(name) for name in source.key]
    seen: dict[tuple[str, ...], int] = {}
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        reader = csv.reader(file)
        next(reader)
        line = reader.line_num + 1
        for fields in reader:
            faults = list(_faults(path, line, columns, fields))
            if key and len(fields) == len(header):
                identity = tuple(fields[index] for index in key)
                if identity in seen:
                    told = ", ".join(shown(columns[index], fields[index]) for index in key)
                    given = f"{told} again, first on line {seen[identity]}"
                    faults.append(Finding(path, line, ", ".join(source.key), given, "each key once"))
                elif not faults:
                    seen[identity] = line
            yield Row(line, fields, faults)
            line = reader.line_num + 1


def _faults(path: Path, line: int, columns: list[Column], fields: list[str]) -> Iterator[Finding]:
    if len(fields) != len(columns):
        given = f"{len(fields)} fields" if fields else "an empty line"
        yield Finding(path, line, None, given, f"{len(columns)} fields, as the header has")
        return
    for column, value in zip(columns, fields, strict=True):
        if not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value):
            raw = value.encode("utf-8", errors="surrogateescape")
            given = MASKED if column.personal else f"the bytes {raw!r}"
            yield Finding(path, line, column.name, given, "text in UTF-8")
        elif not column.accepts(value):
            given = "nothing" if value == "" else f"{NULL}" if value == NULL else _quoted(column, value)
            yield Finding(path, line, column.name, given, column.allowed())


def _quoted(column: Column, value: str) -> str:
    return MASKED if column.personal else repr(value)


def shown(column: Column, value: str) -> str:
    """A value as it may be told: one of a personal column is not."""
    return MASKED if column.personal and value != NULL else value
