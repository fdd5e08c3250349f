"""How a run is shown while it runs: live rows on a terminal, append-only lines in a pipe; then the summary.

Order and wording are those of the Pulumi CLI: resources, diagnostics, outputs, resource counts, duration.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Final, Self

from ops.policy_report import PolicyReport
from ops.rows import WORDINGS, Line, Row, Rows, short_type
from ops.screen import Screen, Style, counted, duration
from ops.summary import count_lines, output_lines
from sandbox.engine import urn as urns
from sandbox.engine.events import (
    Event,
    Message,
    PolicyPackStarted,
    PolicyRemediation,
    PolicyViolation,
    ProgramOutput,
    StepDone,
    StepFailed,
    StepStarted,
    Summary,
)

_FRAME_SECONDS: Final = 0.1
_LONG_SECONDS: Final = 5.0
"""In a pipe, a resource under way for longer is mentioned before it ends."""


class Display:
    """Shows one run. Give `self.take` to the engine as its `on_event`, inside a `with`."""

    def __init__(
        self,
        screen: Screen,
        *,
        planning: bool = False,
        details: bool = False,
        brief: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._screen = screen
        self._planning = planning
        self._details = details or planning
        self._creates_too = details
        self._brief = brief
        self._clock = clock
        self._rows = Rows(planning=planning)
        self._messages: list[Message] = []
        self._printed: list[str] = []
        self._mentioned: set[str] = set()
        self._drawn = 0
        self._began = clock()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._ticker: threading.Thread | None = None
        self.summary: Summary | None = None
        self.policies = PolicyReport()

    def __enter__(self) -> Self:
        self._ticker = threading.Thread(target=self._tick, name="display", daemon=True)
        self._ticker.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._ticker is not None:
            self._ticker.join()
        with self._lock:
            self._erase()
            if self._screen.live:
                for line in self._rows.tree(self._clock()):
                    self._screen.line(self._drawn_line(line))
            if self._details and error is None:
                self._show_changes()
            self._show_policies()
            self._show_diagnostics()
            if self.summary is not None:
                self._show_summary(self.summary)

    def take(self, event: Event) -> None:
        """Takes one event of the engine; from any thread."""
        with self._lock:
            match event:
                case StepStarted() | StepDone() | StepFailed():
                    row = self._rows.take(event, self._clock())
                    # A plan is told when it is made; that it "ended" says nothing more.
                    told = self._planning and isinstance(event, StepDone)
                    if not self._screen.live and row.shown and row.state != "running" and not told:
                        self._screen.line(self._plain_line(row))
                case Message():
                    self._messages.append(event)
                case PolicyPackStarted() | PolicyViolation() | PolicyRemediation():
                    self.policies.take(event)
                case ProgramOutput():
                    self._printed.append(event.text)
                case Summary():
                    self.summary = event

    def _tick(self) -> None:
        while not self._ended.wait(_FRAME_SECONDS if self._screen.live else 1.0):
            with self._lock:
                if self._screen.live:
                    self._draw()
                else:
                    self._mention_the_slow()

    def _mention_the_slow(self) -> None:
        now = self._clock()
        for row in self._rows.running():
            if (
                now - row.since > _LONG_SECONDS
                and row.urn not in self._mentioned
                and row.operation not in ("same",)
                and row.type.count(":") == 2
                and not _is_component(row)
            ):
                self._mentioned.add(row.urn)
                self._screen.line(self._plain_line(row))

    def _draw(self) -> None:
        columns, height = self._screen.size()
        now = self._clock()
        shown, left_out = clipped(self._rows.tree(now), max(height - 4, 4))
        lines = [self._drawn_line(line, columns) for line in shown]
        under_way = sum(not _is_component(row) for row in self._rows.running())
        counts = (
            f"{self._rows.finished()} done, {under_way} under way" if self._rows else "starting the program"
        )
        counts += f", {now - self._began:.0f}s"
        if left_out:
            counts += f" ({counted(left_out, 'row')} not shown)"
        lines.append(self._screen.paint(f"     {counts}"[:columns], "dim"))
        self._erase()
        self._screen.progress.write("\n".join(lines) + "\n")
        self._screen.progress.flush()
        self._drawn = len(lines)

    def _erase(self) -> None:
        if self._drawn:
            self._screen.progress.write(f"\x1b[{self._drawn}F\x1b[0J")
            self._drawn = 0

    def _drawn_line(self, line: Line, columns: int = 0) -> str:
        head = f" {line.sign:<2}  {line.branch}{line.type}  "
        text = f"{head}{line.name}  {line.status}"
        if columns and len(text) >= columns:
            return self._screen.paint(text[: columns - 1], line.style)
        name = f"{line.name}  "
        return (
            self._screen.paint(head[:4], line.style)
            + self._screen.paint(head[4:], "dim")
            + name
            + self._screen.paint(line.status, line.style)
        ).rstrip()

    def _plain_line(self, row: Row) -> str:
        wording = WORDINGS[row.operation]
        status = (
            f"{wording.running} …"
            if row.state == "running"
            else f"{wording.running} failed ({duration(row.seconds)})"
            if row.state == "failed"
            else row.status(self._clock(), planning=True)
            if self._planning
            else f"{wording.done} ({duration(row.seconds)})"
        )
        return self._screen.paint(
            f" {wording.sign:<2}  {short_type(row.type)} {row.name} {status}",
            "red" if row.state == "failed" else wording.style,
        )

    def _show_changes(self) -> None:
        for row in self._rows.changed():
            if not row.changes or (row.operation in ("create", "delete") and not self._creates_too):
                continue
            self._screen.line()
            self._screen.line(
                self._screen.paint(
                    f" {row.wording.sign:<2}  {short_type(row.type)} {row.name}", row.wording.style
                )
            )
            colours: dict[str, Style] = {"+": "green", "-": "red", "~": "yellow"}
            for change in row.changes:
                self._screen.line(self._screen.paint(f"        {change}", colours[change.sign]))

    def _show_policies(self) -> None:
        lines = self.policies.lines(details=self._details)
        if not lines:
            return
        self._screen.line()
        self._screen.line(self._screen.paint("Policies:", "bold"))
        for line in lines:
            self._screen.line(self._screen.paint(line.text, line.style) if line.style else line.text)

    def _show_diagnostics(self) -> None:
        failed = [row for row in self._rows.changed() if row.state == "failed"]
        told = [message for message in self._messages if message.severity in ("info", "warning", "error")]
        if not failed and not told and not self._printed:
            return
        self._screen.line()
        self._screen.line(self._screen.paint("Diagnostics:", "bold"))
        by_urn: dict[str, list[tuple[str, str]]] = {}
        for row in failed:
            by_urn.setdefault(row.urn, []).append(("error", row.message))
        for message in told:
            entry = (message.severity, message.text.rstrip())
            already = by_urn.setdefault(message.urn, [])
            if entry not in already:
                already.append(entry)
        if self._printed:
            self._screen.line("  program:")
            for text in self._printed:
                self._screen.line(f"    {text}")
        for urn, entries in by_urn.items():
            if urns.is_valid(urn):
                self._screen.line(f"  {short_type(urns.type_of(urn))} ({urns.name_of(urn)}):")
            for severity, text in entries:
                styles: dict[str, Style] = {"error": "red", "warning": "yellow"}
                first, *rest = text.splitlines() or [""]
                mark = f"{severity}: " if severity != "info" else ""
                shown = self._screen.paint(mark, styles[severity]) if severity in styles else mark
                self._screen.line(f"    {shown}{first}")
                for more in rest:
                    self._screen.line(f"    {more}")

    def _show_summary(self, summary: Summary) -> None:
        lines = output_lines(summary.old_outputs, summary.outputs, changed_only=self._brief)
        if lines:
            self._screen.line()
            self._screen.line(self._screen.paint("Outputs:", "bold"))
            for line in lines:
                self._screen.line(line)
        self._screen.line()
        self._screen.line(self._screen.paint("Resources:", "bold"))
        for line in count_lines(summary.changes, planning=self._planning):
            self._screen.line(f"    {line}")
        self._screen.line()
        self._screen.line(f"{self._screen.paint('Duration:', 'bold')} {duration(summary.seconds)}")


def clipped(lines: Sequence[Line], most: int) -> tuple[list[Line], int]:
    """At most `most` of the lines, and how many were left out.

    Those that failed or are under way stay, then the newest.
    """
    if len(lines) <= most:
        return list(lines), 0
    ranked = sorted(
        range(len(lines)),
        key=lambda at: (
            lines[at].row.state == "failed",
            lines[at].row.state == "running" and not _is_component(lines[at].row),
            lines[at].row.since,
        ),
        reverse=True,
    )
    kept = sorted(ranked[:most])
    return [lines[at] for at in kept], len(lines) - len(kept)


def _is_component(row: Row) -> bool:
    """Whether the row stands for others: a component, or the stack. Packages' own types name a module."""
    return row.type == urns.ROOT_STACK_TYPE or "/" not in row.type
