"""What a source file must look like: its columns, their types and ranges, and what identifies a row."""

import datetime
import re
from dataclasses import dataclass, field
from typing import Literal

NULL = "NA"
"""How a missing value is written in a source file."""

Kind = Literal["integer", "number", "text", "moment"]

_ALLOWED: dict[Kind, str] = {
    "integer": "a whole number",
    "number": "a number",
    "text": "text",
    "moment": "a moment in UTC such as 2013-01-31T17:00:00Z",
}
_MOMENT = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a source file; `minimum` and `maximum` are inclusive, `pattern` matches all of it."""

    name: str
    kind: Kind
    nullable: bool = False
    minimum: float | None = None
    maximum: float | None = None
    pattern: str | None = None

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

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)
