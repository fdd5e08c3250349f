"""The steps that a plan is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sandbox.engine.adapter import Adapter
from sandbox.engine.events import Operation
from sandbox.engine.provider import DiffKind
from sandbox.engine.state import Resource


@dataclass(eq=False)
class Step:
    """One operation on one resource: from `old` (None for what is new) to `new` (None for what goes)."""

    operation: Operation
    old: Resource | None
    new: Resource | None
    provider: Adapter | None = None
    """None for components, and for what no provider is asked about."""
    detailed: Mapping[str, DiffKind] = field(default_factory=dict)
    ignore_changes: Sequence[str] = ()
    leaves_old: bool = False
    """The old one stays until the end of the run, marked for deletion (create before delete)."""
    leaves_marker: bool = False
    """A deletion before a replacement: the old one stays (`pendingReplacement`) until the new is there."""
    untargeted: bool = False
    """A resource outside the targets: it stays as it is in the state, errors included."""
    skipped: bool = False
    """A resource outside the targets that does not exist: it is not made, and dependents must not be."""

    @property
    def resource(self) -> Resource:
        """The resource that the step is about."""
        found = self.new if self.new is not None else self.old
        if found is None:
            raise AssertionError("a step needs a resource")
        return found

    @property
    def logical(self) -> bool:
        """Whether the step counts; the parts of a replacement do not, the replacement itself does."""
        return not self.operation.endswith(("-replacement", "-replaced", "-replace"))
