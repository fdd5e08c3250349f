"""Where a command writes: colour on a terminal, plain lines in a pipe, one document with `--json`."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping
from typing import Any, Final, Literal, TextIO

Style = Literal["bold", "dim", "red", "green", "yellow", "blue", "magenta", "cyan"]
_CODES: Final[Mapping[Style, str]] = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "magenta": "35",
    "cyan": "36",
}


class Screen:
    """A command's standard streams and what they can show.

    With `as_json` the progress goes to `err`, so that `out` carries one JSON document and nothing else.
    `live` says whether lines may be drawn over: a terminal that understands cursor movements.
    """

    # No dataclass: the module would be a sixth of what `groundplan --help` takes.
    def __init__(
        self, out: TextIO, err: TextIO, *, as_json: bool = False, colour: bool = False, live: bool = False
    ) -> None:
        self.out: Final = out
        self.err: Final = err
        self.as_json: Final = as_json
        self.colour: Final = colour
        self.live: Final = live
        self._documents: list[Any] = []

    @classmethod
    def of_process(cls, *, as_json: bool = False, environment: Mapping[str, str] | None = None) -> Screen:
        """The screen of this process. `NO_COLOR` (https://no-color.org) and `TERM=dumb` are honoured."""
        environment = os.environ if environment is None else environment
        progress = sys.stderr if as_json else sys.stdout
        terminal = progress.isatty() and environment.get("TERM") != "dumb"
        return cls(
            out=sys.stdout,
            err=sys.stderr,
            as_json=as_json,
            colour=terminal and not environment.get("NO_COLOR"),
            live=terminal,
        )

    @property
    def progress(self) -> TextIO:
        """The stream that progress goes to."""
        return self.err if self.as_json else self.out

    def line(self, text: str = "") -> None:
        """One line of progress."""
        print(text, file=self.progress, flush=True)

    def paint(self, text: str, *styles: Style) -> str:
        """The text in colour, where there is colour."""
        if not self.colour or not text:
            return text
        return f"\x1b[{';'.join(_CODES[style] for style in styles)}m{text}\x1b[0m"

    def document(self, value: Any) -> None:
        """The command's one JSON document, where `--json` was given; the first stands.

        A run that failed tells its steps; that it failed, in the words of the error, comes after it.
        """
        if self.as_json and not self._documents:
            self._documents.append(value)
            print(json.dumps(value, indent=2, ensure_ascii=False), file=self.out, flush=True)

    def error(self, message: str, next_step: str = "") -> None:
        """An error on the error stream, with what to do next."""
        print(f"{self._err_paint('error:')} {message}", file=self.err, flush=True)
        if next_step:
            print(f"next: {next_step}", file=self.err, flush=True)

    def _err_paint(self, text: str) -> str:
        return f"\x1b[1;31m{text}\x1b[0m" if self.colour and self.err.isatty() else text

    def size(self) -> tuple[int, int]:
        """Columns and lines of the terminal; 80 by 24 where there is none."""
        size = shutil.get_terminal_size((80, 24))
        return size.columns, size.lines


def duration(seconds: float) -> str:
    """A duration as people read it: `0.21s`, `12s`, `2m05s`."""
    if seconds < 9.95:
        return f"{seconds:.2f}s" if seconds < 0.995 else f"{seconds:.1f}s"
    if seconds < 59.5:
        return f"{seconds:.0f}s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m{rest:02d}s"


def counted(number: int, one: str, many: str = "") -> str:
    """`1 instance`, `2 instances`."""
    return f"{number} {one if number == 1 else many or one + 's'}"
