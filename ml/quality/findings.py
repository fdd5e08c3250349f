"""What is wrong with a source file: each finding with its line, column, value and what is allowed."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from ml.quality.contract import NULL, PRESENT, Source

if TYPE_CHECKING:
    from ml.integration.places import Edges

SHOWN = 20
"""How many findings are told at once."""


@dataclass(frozen=True)
class Finding:
    """One fault; `line` counts from 1, the header being line 1; `column` is None for a whole line."""

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
        self.columns = tuple(header)


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
        Finding(path, 1, name, "a column that the contract does not know", f"the columns {names}")
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


def findings(source: Source, path: Path, header: list[str]) -> list[Finding]:
    """The first faults of the file, one more than are shown if there are more; slow."""
    return list(islice(_search(source, path, header), SHOWN + 1))


def _search(source: Source, path: Path, header: list[str]) -> Iterator[Finding]:
    columns = [source.column(name) for name in header]
    key = [header.index(name) for name in source.key]
    seen: dict[tuple[str, ...], int] = {}
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        line = rows.line_num + 1
        for row in rows:
            if len(row) != len(header):
                given = f"{len(row)} fields" if row else "an empty line"
                yield Finding(path, line, None, given, f"{len(header)} fields, as the header has")
                line = rows.line_num + 1
                continue
            for column, value in zip(columns, row, strict=True):
                if not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value):
                    raw = value.encode("utf-8", errors="surrogateescape")
                    yield Finding(path, line, column.name, f"the bytes {raw!r}", "text in UTF-8")
                elif not column.accepts(value):
                    given = "nothing" if value == "" else f"{NULL}" if value == NULL else repr(value)
                    yield Finding(path, line, column.name, given, column.allowed())
            identity = tuple(row[index] for index in key)
            if key and identity in seen:
                name = ", ".join(source.key)
                given = f"{', '.join(identity)} again, first on line {seen[identity]}"
                yield Finding(path, line, name, given, "each key once")
            seen.setdefault(identity, line)
            line = rows.line_num + 1
