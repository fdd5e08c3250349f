"""What a run looks like so far: a row for each resource, as a tree, made from the engine's events.

Nothing here writes: rows come out as lines of text with their style, for a terminal or a pipe.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from ops.properties import Change, changes
from ops.screen import Style, duration
from sandbox.engine import urn as urns
from sandbox.engine.events import Operation, StepDone, StepFailed, StepStarted

State = Literal["running", "done", "failed"]


@dataclass(frozen=True)
class Wording:
    """How an operation is shown: its sign and colour; planned, under way, done and failed."""

    sign: str
    style: Style
    planned: str
    running: str
    done: str


_CREATE: Final = Wording("+", "green", "create", "creating", "created")
_DELETE: Final = Wording("-", "red", "delete", "deleting", "deleted")
_READ: Final = Wording(">", "cyan", "read", "reading", "read")
_IMPORT: Final = Wording("=", "blue", "import", "importing", "imported")
_DISCARD: Final = Wording("<", "red", "discard", "discarding", "discarded")
WORDINGS: Final[Mapping[Operation, Wording]] = {
    "same": Wording(" ", "dim", "unchanged", "checking", "unchanged"),
    "create": _CREATE,
    "update": Wording("~", "yellow", "update", "updating", "updated"),
    "delete": _DELETE,
    "replace": Wording("+-", "magenta", "replace", "replacing", "replaced"),
    "create-replacement": Wording(
        "++", "green", "create replacement", "creating replacement", "created replacement"
    ),
    "delete-replaced": Wording("--", "red", "delete original", "deleting original", "deleted original"),
    "read": _READ,
    "read-replacement": _READ,
    "discard": _DISCARD,
    "discard-replaced": _DISCARD,
    "refresh": Wording("~", "cyan", "refresh", "refreshing", "refreshed"),
    "import": _IMPORT,
    "import-replacement": _IMPORT,
    "remove-pending-replace": _DELETE,
}
"""Signs and words of the Pulumi CLI (its docs, `pulumi up`)."""

_TELLS_NO_CHANGE: Final = frozenset(
    {"same", "read", "refresh", "delete-replaced", "discard-replaced", "remove-pending-replace"}
)
"""What a resource's properties are compared for no more: the rest of a replacement tells it."""
_REPLACING: Final = frozenset({"replace", "create-replacement", "delete-replaced"})


@dataclass
class Row:
    """One resource of the run."""

    urn: str
    type: str
    operation: Operation
    state: State
    since: float
    order: int
    seconds: float = 0.0
    message: str = ""
    changes: tuple[Change, ...] = ()
    operations: set[Operation] = field(default_factory=set)

    @property
    def name(self) -> str:
        return urns.name_of(self.urn)

    @property
    def wording(self) -> Wording:
        replaced = self.operations & _REPLACING and self.state == "done"
        return WORDINGS["replace" if replaced else self.operation]

    @property
    def shown(self) -> bool:
        """Whether the row is worth a line when the run has ended."""
        return self.state == "failed" or any(operation != "same" for operation in self.operations)

    def status(self, now: float, *, planning: bool) -> str:
        """What stands in the last column."""
        if self.state == "failed":
            return f"{self.wording.running} failed ({duration(self.seconds)})"
        if planning:
            names = sorted(
                {f"{change.sign}{change.path.split('.')[0].split('[')[0]}" for change in self.changes}
            )
            detail = f" [diff: {', '.join(names)}]" if names and self.operation != "create" else ""
            return f"{self.wording.planned}{detail}" if self.operation != "same" else ""
        if self.state == "running":
            return f"{self.wording.running} ({now - self.since:.0f}s)"
        if self.operation == "same":
            return ""
        return f"{self.wording.done} ({duration(self.seconds)})"


@dataclass(frozen=True)
class Line:
    """A row as it is drawn: sign, indented type, name and status, with the style of sign and status."""

    row: Row
    sign: str
    branch: str
    type: str
    name: str
    status: str
    style: Style


class Rows:
    """The rows of a run. Not safe for threads: the display that owns it holds the lock."""

    def __init__(self, *, planning: bool = False) -> None:
        self.planning = planning
        self._rows: dict[str, Row] = {}
        self._by_qualified_type: dict[str, list[Row]] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def take(self, event: StepStarted | StepDone | StepFailed, now: float) -> Row:
        """Takes an event in. `now` is a monotonic time in seconds. Answers the row that it changed."""
        row = self._rows.get(event.urn)
        if row is None:
            row = Row(event.urn, event.type, event.operation, "running", now, order=len(self._rows))
            self._rows[event.urn] = row
            self._by_qualified_type.setdefault(urns.qualified_type(event.urn), []).append(row)
        row.operation = event.operation
        row.operations.add(event.operation)
        match event:
            case StepStarted():
                row.state, row.since = "running", now
                if event.operation not in _TELLS_NO_CHANGE:
                    row.changes = tuple(
                        changes(event.old_inputs, event.new_inputs, event.detailed, event.hidden)
                    )
                if self.planning:
                    row.state = "done"
            case StepDone():
                row.state = "done"
                if event.old_outputs is not None and event.operation == "update":
                    row.changes = tuple(changes(event.old_outputs, event.outputs))
                row.seconds += event.seconds
            case StepFailed():
                row.state = "failed"
                row.seconds += event.seconds
                row.message = event.message
        return row

    def running(self) -> list[Row]:
        """Rows under way."""
        return [row for row in self._rows.values() if row.state == "running"]

    def finished(self) -> int:
        """How many rows have ended."""
        return sum(row.state != "running" for row in self._rows.values())

    def changed(self) -> list[Row]:
        """Rows with an operation that changes something, in the order of their first event."""
        return [row for row in self._rows.values() if row.shown]

    def tree(self, now: float, *, everything: bool = False) -> list[Line]:
        """The rows as a tree: those that changed something, those under way, and their parents."""
        parents = {urn: self._parent(row) for urn, row in self._rows.items()}
        wanted: set[str] = set()
        for urn, row in self._rows.items():
            if everything or row.shown or row.state == "running":
                at: str | None = urn
                while at is not None and at not in wanted:
                    wanted.add(at)
                    at = parents[at]
        children: dict[str | None, list[Row]] = {}
        for urn in wanted:
            children.setdefault(parents[urn], []).append(self._rows[urn])
        lines: list[Line] = []

        def add(row: Row, lead: str, branch: str) -> None:
            lines.append(
                Line(
                    row=row,
                    sign=row.wording.sign if row.shown else " ",
                    branch=branch,
                    type=short_type(row.type),
                    name=row.name,
                    status=row.status(now, planning=self.planning),
                    style="red" if row.state == "failed" else row.wording.style,
                )
            )
            below = sorted(children.get(row.urn, ()), key=lambda child: child.order)
            for child in below:
                last = child is below[-1]
                add(child, lead + ("   " if last else "│  "), lead + ("└─ " if last else "├─ "))

        for root in sorted(children.get(None, ()), key=lambda row: row.order):
            add(root, "", "")
        return lines

    def _parent(self, row: Row) -> str | None:
        """The row that this one stands under.

        A URN names the types of its parents, not their names: among components of that type it is the one
        whose name this resource's begins with, as children are named after their parent.
        """
        qualified = urns.qualified_type(row.urn)
        if qualified == urns.ROOT_STACK_TYPE:
            return None
        above = qualified.rsplit("$", 1)[0] if "$" in qualified else urns.ROOT_STACK_TYPE
        candidates = self._by_qualified_type.get(above)
        if not candidates:
            return None
        return max(
            candidates, key=lambda other: (row.name.startswith(other.name) * len(other.name), -other.order)
        ).urn


def short_type(type: str) -> str:
    """A type token as the Pulumi CLI shows it: `aws:s3/bucket:Bucket` is `aws:s3:Bucket`."""
    parts = type.split(":")
    if len(parts) == 3 and "/" in parts[1]:
        module, _, member = parts[1].partition("/")
        if member.lower() == parts[2].lower():
            return f"{parts[0]}:{module}:{parts[2]}"
    return type
