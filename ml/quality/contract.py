"""What a source file must look like: its columns, their types and ranges, its key, and its older versions."""

from __future__ import annotations

import datetime
import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from ibis.expr.types import Value

NULL = "NA"
"""How a missing value is written in a source file."""

Kind = Literal["integer", "number", "text", "moment"]

Personal = Literal["identifier", "quasi"]
"""`identifier` names a person (or one's own thing) by itself; `quasi` may, together with others."""

OnFault = Literal["refuse", "quarantine"]
"""`refuse`: a file with any fault is not loaded. `quarantine`: its bad rows are set aside, with reasons."""

_ALLOWED: dict[Kind, str] = {
    "integer": "a whole number",
    "number": "a number",
    "text": "text",
    "moment": "a moment in UTC such as 2013-01-31T17:00:00Z",
}
_MOMENT = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a source file; `minimum` and `maximum` are inclusive, `pattern` matches all of it.

    A personal column goes no further than the reading unless it has a purpose, and an identifier only as a
    pseudonym. Raises ValueError on a pseudonym of what is no text.
    """

    name: str
    kind: Kind
    nullable: bool = False
    minimum: float | None = None
    maximum: float | None = None
    pattern: str | None = None
    personal: Personal | None = None
    purpose: str = ""
    """What a personal column is used for; without a purpose it is dropped after the reading."""
    used: bool = True
    """Whether anything uses the column; one that nothing uses is checked, and dropped after the reading."""
    names: str = ""
    """What kind of thing an identifier names, by default the column's name. Columns that name the same kind,
    in whatever source, get the same pseudonyms; those of different kinds never can be joined."""

    def __post_init__(self) -> None:
        if self.personal == "identifier" and self.kind != "text":
            raise ValueError(
                f"The column {self.name} is an identifier of the kind {self.kind}; allowed: text, since a "
                "pseudonym is text. Declare it as text with a pattern."
            )

    @property
    def domain(self) -> str:
        """What kind of thing the column names."""
        return self.names or self.name

    @property
    def goes_on(self) -> bool:
        """Whether the column is there after the reading."""
        return self.used and (self.personal is None or bool(self.purpose))

    def allowed(self) -> str:
        """What the column may hold, in words."""
        words = _ALLOWED[self.kind]
        if self.pattern is not None:
            words += f" that matches {self.pattern}"
        if self.minimum is not None and self.maximum is not None:
            words += f" from {self.minimum:g} to {self.maximum:g}"
        elif self.minimum is not None:
            words += f" of at least {self.minimum:g}"
        elif self.maximum is not None:
            words += f" of at most {self.maximum:g}"
        return f"{words}, or {NULL}" if self.nullable else words

    def accepts(self, given: str) -> bool:
        """Whether the text `given`, a field of the file, is allowed."""
        if given == NULL:
            return self.nullable
        try:
            if self.kind == "text":
                return self.pattern is None or re.fullmatch(self.pattern, given) is not None
            if self.kind == "moment":
                datetime.datetime.strptime(given, _MOMENT).replace(tzinfo=datetime.UTC)
                return True
            value = int(given) if self.kind == "integer" else float(given)
        except ValueError:
            return False
        low = -float("inf") if self.minimum is None else self.minimum
        high = float("inf") if self.maximum is None else self.maximum
        return low <= value <= high and abs(value) != float("inf")


@dataclass(frozen=True, kw_only=True)
class Renamed:
    """The present column had another name."""

    column: str
    was: str


@dataclass(frozen=True, kw_only=True)
class Converted:
    """The present column follows from one of another unit or kind (and perhaps another name)."""

    column: str
    was: Column
    by: Callable[[Value], Value]
    """From the old column to the present one's values, as an Ibis expression; missing stays missing."""
    why: str
    """What was another, with the source of any number."""


@dataclass(frozen=True, kw_only=True)
class Added:
    """The present column was not there yet: what its value is then."""

    column: str
    default: int | float | str | None


@dataclass(frozen=True, kw_only=True)
class Dropped:
    """A column that is there no more, and that nobody needs."""

    was: Column


Change = Renamed | Converted | Added | Dropped


@dataclass(frozen=True, kw_only=True)
class SourceVersion:
    """An older version of a source: how the present one follows from it. Columns not named are the same."""

    name: str
    changes: tuple[Change, ...]

    def of(self, present: Source) -> Source:
        """The contract that files of this version keep."""
        renamed = {change.column: change.was for change in self.changes if isinstance(change, Renamed)}
        converted = {change.column: change.was for change in self.changes if isinstance(change, Converted)}
        added = {change.column for change in self.changes if isinstance(change, Added)}
        columns = [
            converted.get(column.name) or replace(column, name=renamed.get(column.name, column.name))
            for column in present.columns
            if column.name not in added
        ]
        columns += [change.was for change in self.changes if isinstance(change, Dropped)]
        names = {column.name: column.name for column in present.columns} | renamed
        names |= {column: was.name for column, was in converted.items()}
        key = () if added & set(present.key) else tuple(names[name] for name in present.key)
        return Source(
            name=present.name,
            columns=tuple(columns),
            key=key,
            on_fault=present.on_fault,
            quarantined_at_most=present.quarantined_at_most,
        )


PRESENT = "present"
"""What the version is called that a source's own columns describe."""


class BadContract(ValueError):
    """A source is declared in a way that cannot work."""

    def __init__(self, source: str, given: str, allowed: str) -> None:
        super().__init__(f"The contract of {source}: {given}; allowed: {allowed}.")


@dataclass(frozen=True, kw_only=True)
class Source:
    """A source: its name, its columns, the columns that identify a row, and its older versions.

    It lies in a folder as `<name>.csv`, or as parts in `<name>/` (by day, by month), each with all columns.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = field(default=())
    versions: tuple[SourceVersion, ...] = ()
    overlap: Literal["refuse", "last"] = "refuse"
    """Where a key stands in two parts: an error, or the row of the last part (by name) counts."""
    time: str | None = None
    """The column that says when a row happened: rows of a part from before an earlier part's end are late."""
    on_fault: OnFault = "refuse"
    """What becomes of a file that breaks the contract."""
    quarantined_at_most: float = 0.05
    """The share of a batch's rows that may be set aside; above it the batch is refused whole."""

    def __post_init__(self) -> None:
        known = {column.name for column in self.columns}
        seen = {fingerprint(known): PRESENT}
        for version in self.versions:
            named = [change.column for change in version.changes if not isinstance(change, Dropped)]
            if strange := [name for name in named if name not in known]:
                raise BadContract(
                    self.name,
                    f"version {version.name!r} changes {', '.join(strange)}",
                    f"the present columns {', '.join(sorted(known))}",
                )
            mark = fingerprint(column.name for column in version.of(self).columns)
            if mark in seen:
                raise BadContract(
                    self.name,
                    f"versions {seen[mark]!r} and {version.name!r} have the same column names",
                    "names that tell the versions apart: a header is all that a file says of its version",
                )
            seen[mark] = version.name

    @property
    def personal(self) -> tuple[Column, ...]:
        """The columns that are about a person."""
        return tuple(column for column in self.columns if column.personal is not None)

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)


def fingerprint(columns: Iterable[str]) -> str:
    """What tells a version by its columns' names, in any order: 12 hexadecimal digits."""
    return hashlib.sha256("\n".join(sorted(columns)).encode()).hexdigest()[:12]
