"""What a source file must look like: its columns, their types and ranges, and what identifies a row."""

import datetime
import re
from dataclasses import dataclass, field
from typing import Literal

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
class Source:
    """A source: its name (the file is `<name>.csv`), its columns, and the columns that identify a row."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = field(default=())
    on_fault: OnFault = "refuse"
    """What becomes of a file that breaks the contract."""
    quarantined_at_most: float = 0.05
    """The share of a batch's rows that may be set aside; above it the batch is refused whole."""

    @property
    def personal(self) -> tuple[Column, ...]:
        """The columns that are about a person."""
        return tuple(column for column in self.columns if column.personal is not None)

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)
